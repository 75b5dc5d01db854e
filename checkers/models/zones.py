"""Linearizability of one register whose writes have values of their own, in O(n log n) (after Gibbons & Korach).

A write and the reads of its value are a cluster. Where its first end is before its last start, its value must be there
from the one to the other: a forward zone. Else any moment between the two will do: a backward zone. There is an order
exactly if no read is of a value never written or ends before its write starts, no two forward zones overlap, and no
backward zone lies within a forward one.

Deletes all write the same, nothing. Each read of nothing is then taken for one of what is the most likely delete. If
that gives an order, it is one; if it does not, that proves nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import pairwise
from math import inf
from operator import attrgetter
from typing import Any, NamedTuple

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models.steps import frozen, paced

_PLAIN = (str, int, float)
_TRIED = 12


class _Cluster:
    __slots__ = ("end", "first", "last", "start", "write")

    def __init__(self, write: Call | None, call: Call, start: float, end: float) -> None:
        self.write = write
        self.first, self.end = call, end  # the first to end
        self.last, self.start = call, start  # the last to start

    def read(self, call: Call, end: int) -> None:
        if end < self.end:
            self.first, self.end = call, end
        if call.start > self.start:
            self.last, self.start = call, call.start

    def calls(self) -> list[Call]:
        return [*([self.write] if self.write else []), self.first, self.last]


class _Sorted(NamedTuple):
    clusters: list[_Cluster]  # of values that are there
    deletes: list[Call]
    empty: list[Call]  # reads of nothing


def contradiction(calls: Iterable[Call], out_of_budget: OutOfBudget) -> list[Call] | None:
    """Calls that cannot be ordered, even if they were the only ones; none if all can. None: this cannot tell."""
    known = _sorted(paced(calls, out_of_budget))
    if known is None:
        return None
    if not known.deletes or not known.empty:
        return _against([*known.clusters, *_unread(known.deletes), *_initial(known.empty)])
    proof = _against(known.clusters)
    if not proof and _against([*known.clusters, *_guessed(known.deletes, known.empty, known.clusters, out_of_budget)]):
        return None
    return proof


def _sorted(calls: Iterable[Call]) -> _Sorted | None:
    clusters: dict[Any, _Cluster] = {}
    reads: list[Call] = []
    deletes: list[Call] = []
    empty: list[Call] = []
    for call in calls:
        function = call.function
        if function == "read":
            if call.end is not None:
                (empty if call.result is None else reads).append(call)
        elif function == "delete" or (function == "write" and call.value is None):
            deletes.append(call)
        elif function == "write":
            value = call.value
            if value.__class__ not in _PLAIN:
                value = frozen(value)
            if value in clusters:
                return None
            clusters[value] = _Cluster(call, call, call.start, inf if call.end is None else call.end)
        else:
            return None
    never: list[_Cluster] = []
    for call in reads:
        value = call.result
        if value.__class__ not in _PLAIN:
            value = frozen(value)
        cluster = clusters.get(value)
        if cluster is None:
            never.append(_Cluster(None, call, call.start, call.end or 0))
        else:
            cluster.read(call, call.end or 0)
    return _Sorted([*never, *clusters.values()], deletes, empty)


def _unread(deletes: list[Call]) -> list[_Cluster]:
    return [_Cluster(call, call, call.start, inf if call.end is None else call.end) for call in deletes]


def _initial(empty: list[Call]) -> list[_Cluster]:
    """Nothing was there before all else."""
    if not empty:
        return []
    cluster = _Cluster(None, empty[0], -inf, -inf)
    for call in empty:
        cluster.read(call, call.end or 0)
    cluster.first = cluster.last
    return [cluster]


def _guessed(
    deletes: list[Call], empty: list[Call], values: list[_Cluster], out_of_budget: OutOfBudget
) -> list[_Cluster]:
    """Each read goes to a delete that no value comes between: to one that it costs nothing, else to the first to end,
    so that later reads find the others free."""
    clusters = _unread(sorted(deletes, key=attrgetter("start", "id")))
    starts = [cluster.start for cluster in clusters]
    between = _Values(values)
    early: list[Call] = []
    ends = sorted(((call.end or 0, call) for call in empty), key=lambda each: (each[0], each[1].id))
    for end, call in paced(ends, out_of_budget):
        begun = bisect_right(starts, end)
        best, least = None, (inf, inf)
        for cluster in reversed(clusters[max(0, begun - _TRIED) : begun]):
            start, first = max(cluster.start, call.start), min(cluster.end, end)
            grown = max(0, start - first) - max(0, cluster.start - cluster.end)
            if (grown, cluster.end) < least and not between.conflict(first, start):
                best, least = cluster, (grown, cluster.end)
        if best is None:
            early.append(call)
        else:
            best.read(call, end)
    return _joined([*clusters, *_initial(early)])


class _Values:
    def __init__(self, clusters: list[_Cluster]) -> None:
        self._forward = _Spans([each for each in clusters if each.end < each.start])
        self._backward = sorted((each.start, each.end) for each in clusters if each.start <= each.end)

    def conflict(self, end: float, start: float) -> bool:
        """Whether some value cannot be there for the sake of a zone with this first end and last start."""
        if start <= end:
            return self._forward.cover(start, end) is not None
        if self._forward.meet(end, start):
            return True
        at = bisect_right(self._backward, (end, inf))
        while at < len(self._backward) and self._backward[at][0] < start:
            if self._backward[at][1] < start:
                return True
            at += 1
        return False


def _joined(clusters: list[_Cluster]) -> list[_Cluster]:
    """Of one value, so that none is in the way of another."""
    joined: list[_Cluster] = []
    for each in sorted((each for each in clusters if each.end < each.start), key=attrgetter("end")):
        if joined and each.end <= joined[-1].start:
            joined[-1].start = max(joined[-1].start, each.start)
        else:
            joined.append(each)
    spans = _Spans(joined)
    return [*joined, *(each for each in clusters if each.start <= each.end and not spans.cover(each.start, each.end))]


class _Spans:
    """Forward zones that do not overlap."""

    def __init__(self, clusters: list[_Cluster]) -> None:
        self.clusters = sorted(clusters, key=attrgetter("end", "start"))
        self._ends = [each.end for each in self.clusters]

    def cover(self, since: float, until: float) -> _Cluster | None:
        """The one that has all of it inside."""
        at = bisect_left(self._ends, since) - 1  # the last that begins before it
        return self.clusters[at] if at >= 0 and until < self.clusters[at].start else None

    def meet(self, since: float, until: float) -> bool:
        at = bisect_left(self._ends, until) - 1  # the last that begins before its end
        return at >= 0 and since < self.clusters[at].start


def _against(clusters: list[_Cluster]) -> list[Call]:
    forward: list[_Cluster] = []
    backward: list[_Cluster] = []
    for each in clusters:
        write = each.write
        if write is None and each.end > -inf:
            return [each.first]
        if write is not None and each.end < write.start:
            return [write, each.first]
        if each.end < each.start:
            forward.append(each)
        elif each.end < inf:
            backward.append(each)
    spans = _Spans(forward)
    for one, other in pairwise(spans.clusters):
        if other.end < one.start:
            return _distinct(one, other)
    for each in backward:
        around = spans.cover(each.start, each.end)
        if around:
            return _distinct(around, each)
    return []


def _distinct(*clusters: _Cluster) -> list[Call]:
    calls = {call.id: call for cluster in clusters for call in cluster.calls()}
    return in_order(calls.values())
