"""Nothing invented: what is read or held was written by a client before, and one version is one content everywhere.

Where versions keep siblings, that is said of each of them. Of a union that was read it is said of its elements.
"""

from collections.abc import Iterator

import msgspec
from msgspec import UNSET

from checkers import clocks, words
from checkers.facts import Answer, Facts, gather
from checkers.history import Change, Copy, Dump, History, Version
from checkers.verdict import Verdict, Violation, conclude
from checkers.versions import same

NAME = "nothing invented"

_Content = tuple[str, bool, str | None]  # a key, and a tombstone or a value of it


class _Sight(msgspec.Struct, frozen=True, gc=False):
    key: str
    copy: Copy
    seq: int
    witness: Change | Answer | Dump


def check(history: History) -> Verdict:
    facts = gather(history)
    sources = _sources(facts)
    contents: dict[tuple[str, Version], _Sight] = {}
    versions: dict[_Content, _Sight] = {}
    bare = [answer for answer in facts.reads if answer.copy is None and answer.back.value is not None]
    violations = [*_unversioned(bare, sources)]
    checked = len(bare)
    violations += _unions(facts)
    for sight in _sights(facts):
        checked += 1
        known = contents.setdefault((sight.key, sight.copy.version), sight)
        if known is sight or known.seq > sight.seq or not same(known.copy, sight.copy):
            violations += _doubts(sight, known, versions, sources)
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, checked)


def _sources(facts: Facts) -> dict[_Content, int]:
    """What may have been written, and since when."""
    sources: dict[_Content, int] = {}
    for invoke in facts.operations.values():
        if invoke.kind != "get" and invoke.op not in facts.failed:
            dead = invoke.kind == "delete"
            sources.setdefault((invoke.key, dead, None if dead else invoke.value), invoke.seq)
    return sources


def _sights(facts: Facts) -> Iterator[_Sight]:
    if facts.header.versions is UNSET:
        yield from _whole(facts)
        return
    for sight in _whole(facts):
        for copy in _alone(facts, sight):
            yield _Sight(sight.key, copy, sight.seq, sight.witness)


def _alone(facts: Facts, sight: _Sight) -> list[Copy]:
    """Of a write, itself. A union that was read is of no single sibling."""
    copy, witness, merge = sight.copy, sight.witness, facts.header.merge
    if not isinstance(witness, Answer):
        return clocks.alone(copy)
    if witness.invoke.kind != "get" or merge == "last":
        return [Copy(Version(*clocks.own_dot(copy.version)), copy.dead, copy.value)]
    return clocks.alone(copy) if merge == "siblings" else []


def _unions(facts: Facts) -> Iterator[Violation]:
    if facts.header.merge != "union":
        return
    since: dict[tuple[str, str], int] = {}
    for invoke in facts.operations.values():
        if invoke.kind == "put" and invoke.op not in facts.failed:
            for element in clocks.elements(invoke.value) or []:
                since.setdefault((invoke.key, element), invoke.seq)
    for answer in facts.reads:
        key, seq = answer.invoke.key, answer.back.seq
        read = clocks.elements(answer.back.value)
        unknown = [each for each in read or [] if since.get((key, each), seq) >= seq]
        if read is None or unknown:
            what = f"the element {words.value(unknown[0])} in it" if unknown else "such a value, which is no list"
            deed = f"op {answer.invoke.op} read {words.value(answer.back.value)} at {words.seconds(answer.back.at)}"
            why = f"no put of {what} was asked for before that did not fail"
            yield Violation(key, "someone wrote it", [seq], f"key {key}: {deed}, and {why}")


def _whole(facts: Facts) -> Iterator[_Sight]:
    for change in facts.changes:
        if change.new is not None:
            yield _Sight(change.key, change.new, change.seq, change)
    for answer in [*facts.acks, *facts.reads]:
        if answer.copy is not None:
            yield _Sight(answer.invoke.key, answer.copy, answer.back.seq, answer)
    for dump in facts.dumps:
        for key, copy in dump.copies.items():
            yield _Sight(key, copy, dump.seq, dump)


def _doubts(
    sight: _Sight, known: _Sight, versions: dict[_Content, _Sight], sources: dict[_Content, int]
) -> Iterator[Violation]:
    key, copy = sight.key, sight.copy
    content = (key, copy.dead, None if copy.dead else copy.value)
    source = sources.get(content)
    if source is None or source >= sight.seq:
        deed = "delete of it" if copy.dead else f"put of {words.value(copy.value)}"
        yield _doubt("someone wrote it", sight, None, f"no {deed} was asked for before that did not fail")
    if not same(known.copy, copy):
        yield _doubt("one version, one content", sight, known, f"{_tell(known)} under the same version")
    if not copy.dead:
        first = versions.setdefault(content, sight)
        if first.copy.version != copy.version:
            yield _doubt("one value, one version", sight, first, f"{_tell(first)}: one value under two versions")


def _unversioned(bare: list[Answer], sources: dict[_Content, int]) -> Iterator[Violation]:
    """Values that were read without a version."""
    for answer in bare:
        key, value = answer.invoke.key, answer.back.value
        source = sources.get((key, False, value))
        if source is None or source >= answer.back.seq:
            deed = f"op {answer.invoke.op} read {words.value(value)} at {words.seconds(answer.back.at)}"
            why = "no put of it was asked for before that did not fail"
            yield Violation(key, "someone wrote it", [answer.back.seq], f"key {key}: {deed}, and {why}")


def _doubt(rule: str, sight: _Sight, other: _Sight | None, why: str) -> Violation:
    seqs = {sight.seq, other.seq} if other else {sight.seq}
    return Violation(sight.key, rule, sorted(seqs), f"key {sight.key}: {_tell(sight)}, and {why}")


def _tell(sight: _Sight) -> str:
    match sight.witness:
        case Change():
            return words.change(sight.witness)
        case Dump():
            return f"{sight.witness.node} held {words.copy(sight.copy)} at {words.seconds(sight.witness.at)}"
        case Answer():
            return words.answer(sight.witness)
