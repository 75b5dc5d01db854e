"""Evidence agrees: each change starts from what the changes before it left, and each dump is what they add up to."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter

from checkers import words
from checkers.facts import Facts, Trail, gather
from checkers.history import Copy, Dump, History
from checkers.verdict import Verdict, Violation, conclude

NAME = "evidence agrees"
_seq = attrgetter("seq")
_batch = attrgetter("batch")


def check(history: History) -> Verdict:
    facts = gather(history)
    if not facts.header.audited:
        return conclude(NAME, [], 0, "the replicas report no changes of their own")
    violations: list[Violation] = []
    for keys in facts.trails.values():
        for trail in keys.values():
            violations += _gaps(trail)
    for dump in facts.dumps:
        violations += _differences(facts, dump)
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, len(facts.changes) + len(facts.dumps))


def _gaps(trail: Trail) -> Iterator[Violation]:
    held: Copy | None = None
    for place, change in enumerate(trail):
        if change.cause == "corrupt":
            held = change.new  # what the disk gave back is not what was put there
            continue
        if change.old is not held and change.old != held:
            events = [before.seq for before in trail[max(0, place - 1) : place + 1]]
            summary = f"key {change.key}: {words.change(change)}, and yet it had been left with {words.copy(held)}"
            yield Violation(change.key, "a change starts from what was held", events, summary)
        held = change.new


def _differences(facts: Facts, dump: Dump) -> Iterator[Violation]:
    trails = facts.trails.get((dump.node, dump.incarnation), {})
    for key in sorted(trails.keys() | dump.copies.keys()):
        trail = trails.get(key, [])
        past = (
            bisect_left(trail, dump.seq, key=_seq)
            if dump.batch is None
            else bisect_right(trail, dump.batch, key=_batch)
        )
        held, dumped = trail[past - 1].new if past else None, dump.copies.get(key)
        if held is not dumped and held != dumped:
            summary = (
                f"key {key}: {dump.node} ({dump.incarnation}) dumped {words.copy(dumped)} at {words.seconds(dump.at)},"
                f" and its changes add up to {words.copy(held)}"
            )
            events = sorted([*map(_seq, trail[max(0, past - 1) : past]), dump.seq])
            yield Violation(key, "a dump is the sum of its changes", events, summary)
