"""Staleness: how far behind each read was, in versions and in time. A measurement, and no verdict.

A read is behind by the versions of its key that were acknowledged before it began and are newer than what it returned;
and it is as old as the time from the first of those acknowledgements to its own start. A read that returns nothing
returned the newest tombstone that was purged, or marked as purgeable, before it returned.

Curves depend on what was asked, and when: two policies are compared over the same operations.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from checkers.facts import Answer, Facts, gather
from checkers.history import Copy, History
from checkers.statistics import Quantiles, Share, quantiles, share

MS = 1_000_000
VERSIONS = (0, 1, 2, 3, 5, 10, 20, 50, 100)  # points of the curve
TIMES_NS = tuple(at * MS for at in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000))


class Lag(msgspec.Struct, frozen=True):
    """Of one stale read: how many versions behind, and how old."""

    op: int
    key: str
    versions: int
    age_ns: int


class Point(msgspec.Struct, frozen=True):
    """The share of the reads that were behind by no more than `at`."""

    at: int
    share: Share


class Staleness(msgspec.Struct, frozen=True):
    """Over `reads` that returned; `skipped` are those of which it cannot be told. `ages` are those of stale reads, in
    nanoseconds, and `worst` is the oldest. `versions` is the curve of k-staleness: at most so many versions behind.
    `visible` is that of t-visibility: nothing was missed that had been acknowledged for more than so many nanoseconds.
    Either goes on until it reaches all reads."""

    reads: int
    skipped: int
    stale: Share
    ages: Quantiles | None
    worst: Lag | None
    versions: list[Point]
    visible: list[Point]


class _Asked(NamedTuple):
    """A stale read: it comes at this place of the order and time, and returned what has this rank."""

    answer: Answer
    returned: tuple[Any, ...]


def measure(history: History) -> Staleness:
    facts = gather(history)
    found = list(lags(facts))
    skipped = sum(is_untold(facts, answer) for answer in facts.reads)
    reads = len(facts.reads) - skipped
    oldest = max(found, key=lambda lag: (lag.age_ns, lag.versions, -lag.op), default=None)
    return Staleness(
        reads,
        skipped,
        share(len(found), reads),
        quantiles([lag.age_ns for lag in found]),
        oldest,
        _curve(VERSIONS, [lag.versions for lag in found], reads),
        _curve(TIMES_NS, [lag.age_ns for lag in found], reads),
    )


def lags(history: History) -> Iterable[Lag]:
    """Of each stale read, key by key. In n log n of the number of operations."""
    facts = gather(history)
    acks: dict[str, list[Answer]] = defaultdict(list)
    for ack in facts.acks:
        if ack.copy is not None:
            acks[ack.invoke.key].append(ack)
    reads: dict[str, list[Answer]] = defaultdict(list)
    for answer in facts.reads:
        if answer.invoke.key in acks and not is_untold(facts, answer):
            reads[answer.invoke.key].append(answer)
    for key, of_key in reads.items():
        yield from _lags_of_key(facts, acks[key], of_key)


def is_untold(facts: Facts, answer: Answer) -> bool:
    """A value of no known version has no place in the order; nor has nothing, where purges are not told of."""
    if answer.copy is not None:
        return False
    return answer.back.value is not None or facts.may_be_purged_unseen(answer.invoke.key)


def _lags_of_key(facts: Facts, acks: list[Answer], reads: list[Answer]) -> Iterable[Lag]:
    """Acknowledgements come in the order of their returns. Most reads are fresh: the newest version tells that."""
    ranks = [facts.rank(ack.copy) for ack in acks if ack.copy is not None]
    newest: list[tuple[Any, ...]] = []
    for each in ranks:
        newest.append(each if not newest or each > newest[-1] else newest[-1])
    seqs = [ack.back.seq for ack in acks]
    stale: list[tuple[int, _Asked]] = []
    for answer in reads:
        before = bisect_right(seqs, answer.invoke.seq)
        returned = _returned(facts, answer)
        if before and newest[before - 1] > returned:
            stale.append((before, _Asked(answer, returned)))
    if not stale:
        return
    stale.sort(key=lambda each: each[0])
    ranked = sorted(set(ranks))
    seen = _Newer(len(ranked))
    place = {each: number for number, each in enumerate(ranked)}
    done = 0
    for before, asked in stale:
        for number in range(done, before):
            seen.add(place[ranks[number]], acks[number].back.at)
        done = before
        versions, first_at = seen.above(bisect_right(ranked, asked.returned))
        invoke = asked.answer.invoke
        yield Lag(invoke.op, invoke.key, versions, max(0, invoke.at - first_at))


def _returned(facts: Facts, answer: Answer) -> tuple[Any, ...]:
    copy: Copy | None = answer.copy
    if copy is None and answer.invoke.key in facts.buried:
        top = facts.buried[answer.invoke.key].top(answer.back.seq)
        copy = top[0] if top else None
    return facts.rank(copy) if copy is not None else ()


class _Newer:
    """Versions by rank, each once, with when it was first added: how many there are from a rank on, and the first time
    of any. Two Fenwick trees over the ranks, highest first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._counts = [0] * (size + 1)
        self._firsts: list[int | None] = [None] * (size + 1)
        self._added: set[int] = set()

    def add(self, place: int, at: int) -> None:
        if place in self._added:
            return
        self._added.add(place)
        node = self._size - place
        while node <= self._size:
            self._counts[node] += 1
            first = self._firsts[node]
            self._firsts[node] = at if first is None else min(first, at)
            node += node & -node

    def above(self, place: int) -> tuple[int, int]:
        """From this place on."""
        node, count, first_at = self._size - place, 0, None
        while node > 0:
            count += self._counts[node]
            first = self._firsts[node]
            if first is not None:
                first_at = first if first_at is None else min(first, first_at)
            node -= node & -node
        return count, first_at or 0


def _curve(places: Sequence[int], behind: list[int], reads: int) -> list[Point]:
    """Reads that are not stale are behind by nothing."""
    ranked = sorted(behind)
    fresh = reads - len(ranked)
    points: list[Point] = []
    for at in places:
        points.append(Point(at, share(fresh + bisect_right(ranked, at), reads)))
        if points[-1].share.count == reads:
            break
    return points
