"""No tombstone resurrection: for a tombstone d, no live v ≺ d comes back, by version order and not by client time.

A copy that was found damaged and discarded takes with it what its incarnation knew, as a wipe would.
"""

from collections.abc import Iterator

import msgspec

from checkers import words
from checkers.facts import Facts, Final, final, gather
from checkers.history import Copy, History
from checkers.verdict import Verdict, Violation, conclude

NAME = "no tombstone resurrection"


class _Tomb(msgspec.Struct, frozen=True):
    """A tombstone and the event that showed it first."""

    copy: Copy
    seq: int


def check(history: History) -> Verdict:
    facts = gather(history)
    held = _held(facts)
    tombs = _promised(facts, held)
    violations = [*_installed(facts, held), *_read(facts)]
    undecided: list[str] = []
    settled = facts.last_dumps("settled")
    for key, known in tombs.items():
        end = final(facts, settled, key)
        top = max(known, key=lambda tomb: facts.rank(tomb.copy))
        if end.copy is not None and facts.at_least(end.copy, top.copy):
            continue  # a missing dump could only raise it
        if end.missing:
            undecided.append(f"key {key}: no settled dump of {', '.join(end.missing)}")
        elif end.copy is not None and not end.copy.dead:
            violations.append(_left(key, top, end))
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, sum(map(len, tombs.values())), undecided[0] if undecided else "")


def _held(facts: Facts) -> dict[str, list[_Tomb]]:
    """Key -> every tombstone that any replica ever held."""
    found: dict[str, dict[Copy, int]] = {}
    for change in facts.changes:
        if change.new is not None and change.new.dead:
            found.setdefault(change.key, {}).setdefault(change.new, change.seq)
    for dump in facts.dumps:
        for key, copy in dump.copies.items():
            if copy.dead:
                found.setdefault(key, {}).setdefault(copy, dump.seq)
    return {key: [_Tomb(copy, seq) for copy, seq in seqs.items()] for key, seqs in found.items()}


def _promised(facts: Facts, held: dict[str, list[_Tomb]]) -> dict[str, list[_Tomb]]:
    """With the tombstones that clients were promised, held by a replica or not."""
    tombs = {key: list(known) for key, known in held.items()}
    for ack in facts.acks:
        if ack.copy is not None and ack.copy.dead:
            tombs.setdefault(ack.invoke.key, []).append(_Tomb(ack.copy, ack.back.seq))
    return tombs


def _installed(facts: Facts, held: dict[str, list[_Tomb]]) -> Iterator[Violation]:
    for change, floor in facts.drops:
        if change.new is None or change.new.dead or floor.new is None:
            continue
        for tomb in held.get(change.key, []):
            if facts.at_least(floor.new, tomb.copy) and not facts.at_least(change.new, tomb.copy):
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
        purge = peaks.covering(answer.copy, answer.invoke.seq, facts.at_least)
        if purge is not None and purge.old is not None and not facts.at_least(answer.copy, purge.old):
            summary = f"key {answer.invoke.key}: {words.answer(answer)}, although {words.change(purge)}"
            events = [purge.seq, answer.invoke.seq, answer.back.seq]
            yield Violation(answer.invoke.key, "what was purged is not read again", events, summary)


def _left(key: str, tomb: _Tomb, end: Final) -> Violation:
    summary = f"key {key}: the final state is {words.copy(end.copy)}, although {words.copy(tomb.copy)} deleted it"
    return Violation(key, "no deleted value at the end", sorted({tomb.seq, *end.dumps}), summary)
