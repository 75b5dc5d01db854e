"""No tombstone resurrection: for a tombstone d, no live v ≺ d comes back, by version order and not by client time.

A copy that was found damaged and discarded takes with it what its incarnation knew, as a wipe does. A tombstone that
was lost so, or stayed on a node that is down, never took effect, unless it was acknowledged or purged before.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from operator import attrgetter

import msgspec
from msgspec import UNSET

from checkers import words
from checkers.facts import Answer, Facts, Final, Peaks, final, gather
from checkers.history import Change, Copy, History
from checkers.verdict import Verdict, Violation, conclude

NAME = "no tombstone resurrection"
_seq = attrgetter("seq")


class _Tomb(msgspec.Struct, frozen=True):
    """A tombstone and the event that showed it first."""

    copy: Copy
    seq: int


class _Found:
    def __init__(self) -> None:
        self._seqs: dict[str, dict[Copy, int]] = defaultdict(dict)

    def add(self, key: str, copy: Copy | None, seq: int) -> None:
        if copy is not None and copy.dead:
            seqs = self._seqs[key]
            seqs[copy] = min(seq, seqs.get(copy, seq))

    def tombs(self) -> dict[str, list[_Tomb]]:
        return {key: sorted(map(_Tomb, seqs, seqs.values()), key=_seq) for key, seqs in self._seqs.items()}


def check(history: History) -> Verdict:
    facts = gather(history)
    tombs = _lasting(facts)
    violations = [*_installed(facts), *_read(facts)]
    undecided: list[str] = []
    settled = facts.last_dumps("settled")
    for key, all_known in tombs.items():
        end = final(facts, settled, key)
        known = [tomb for tomb in all_known if not end.dumps or tomb.seq < end.dumps[0]]  # a dump knows no later one
        if not known:
            continue
        top = _highest(facts, known)
        if end.copy is not None and not _is_older(facts, facts.raised(key, end.copy, None), top.copy):
            continue  # a missing dump could only raise it
        if end.missing:
            undecided.append(f"key {key}: no settled dump of {', '.join(end.missing)}")
        elif end.copy is not None and not end.copy.dead:
            violations.append(_left(key, top, end))
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, sum(map(len, tombs.values())), undecided[0] if undecided else "")


def _held(facts: Facts) -> dict[str, list[_Tomb]]:
    """Key -> every tombstone that any replica ever held."""
    found = _Found()
    for change in facts.changes:
        found.add(change.key, change.new, change.seq)
    for dump in facts.dumps:
        for key, copy in dump.copies.items():
            found.add(key, copy, dump.seq)
    return found.tombs()


def _lasting(facts: Facts) -> dict[str, list[_Tomb]]:
    """Key -> the tombstones that hold at the end: a client or a purge counted on them, or one that is up held them."""
    found = _Found()
    for ack in facts.acks:
        found.add(ack.invoke.key, ack.copy, ack.back.seq)
    for purge in facts.purges:
        found.add(purge.key, purge.old, purge.seq)
    for dump in facts.dumps:
        if dump.node not in facts.down:
            for key, copy in dump.copies.items():
                found.add(key, copy, dump.seq)
    for change in _known_at_the_end(facts):
        found.add(change.key, change.new, change.seq)
    return found.tombs()


def _known_at_the_end(facts: Facts) -> Iterator[Change]:
    """Tombstones on the disks of the nodes that are up, but for what damaged copies took with them."""
    damaged: dict[tuple[str, str, str], int] = {}
    for change in facts.changes:
        if change.cause == "corrupt":
            damaged[change.node, change.incarnation, change.key] = change.seq
    for (node, incarnation), keys in facts.trails.items():
        stay = facts.lifetimes.last(node)
        if node in facts.down or stay is None or stay.incarnation != incarnation:
            continue
        for key, trail in keys.items():
            since = max(stay.since, damaged.get((node, incarnation, key), 0))
            yield from (each for each in trail if each.new is not None and each.new.dead and each.seq >= since)


def _installed(facts: Facts) -> Iterator[Violation]:
    held = _held(facts) if facts.drops else {}
    for change, floor in facts.drops:
        if change.new is None or change.new.dead or floor.new is None:
            continue
        for tomb in held.get(change.key, []):
            if facts.at_least(floor.new, tomb.copy) and _is_older(facts, change.new, tomb.copy):
                deleted = f"{words.change(floor)}, no older than {words.copy(tomb.copy)}"
                summary = f"key {change.key}: {deleted}; later {words.change(change)}"
                events = sorted({tomb.seq, floor.seq, change.seq})
                yield Violation(change.key, "what was deleted is not installed again", events, summary)
                break


def _read(facts: Facts) -> Iterator[Violation]:
    for answer in facts.reads:
        peaks = facts.purged.get(answer.invoke.key)
        if peaks is None or answer.copy is None or answer.copy.dead:
            continue
        purge = _purged_before(facts, peaks, answer, answer.copy)
        if purge is not None:
            summary = f"key {answer.invoke.key}: {words.answer(answer)}, although {words.change(purge)}"
            events = [purge.seq, answer.invoke.seq, answer.back.seq]
            yield Violation(answer.invoke.key, "what was purged is not read again", events, summary)


def _purged_before(facts: Facts, peaks: Peaks[Change], answer: Answer, copy: Copy) -> Change | None:
    top = peaks.top(answer.invoke.seq)
    if top is None:
        return None
    if facts.header.versions is UNSET:
        covered = facts.at_least(top[0], copy) and not facts.at_least(copy, top[0])
        return top[1] if covered else None
    return top[1] if facts.order.brings_back(copy.version, top[0].version) else None


def _highest(facts: Facts, known: list[_Tomb]) -> _Tomb:
    """Of siblings what all tombstones together have replaced, and the last that was shown."""
    if facts.header.versions is UNSET:
        return max(known, key=lambda tomb: facts.rank(tomb.copy))
    return _Tomb(reduce(facts.order.join, (tomb.copy for tomb in known)), known[-1].seq)


def _is_older(facts: Facts, end: Copy, tomb: Copy) -> bool:
    if facts.header.versions is UNSET:
        return not facts.at_least(end, tomb)
    return facts.order.brings_back(end.version, tomb.version)


def _left(key: str, tomb: _Tomb, end: Final) -> Violation:
    summary = f"key {key}: the final state is {words.copy(end.copy)}, although {words.copy(tomb.copy)} deleted it"
    return Violation(key, "no deleted value at the end", sorted({tomb.seq, *end.dumps}), summary)
