"""The smallest window of calls that shows why a whole history cannot be ordered.

Whatever is left out here can be left out of any order, so what remains is a proof by itself.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from msgspec.structs import replace

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models.search import Search
from checkers.models.steps import ANYTHING, Part, Spent, Step, part_of, without_idle
from checkers.models.zones import contradiction


class Window(NamedTuple):
    """Calls that have no order, in the order of their starts. `since`: the place of the return with which there is no
    order any more; None if it is not known. `whatever`: they have none, whatever was there before."""

    calls: list[Call]
    since: int | None
    whatever: bool


def until(calls: Sequence[Call], place: int) -> list[Call]:
    """What was known there: what had not returned is of unknown outcome."""
    return [
        call if call.end is None or call.end <= place else replace(call, outcome="unknown", result=None, end=None)
        for call in calls
        if call.start <= place
    ]


def first_bad(low: int, high: int, bounds: Callable[[int], tuple[int, int]], stride: int) -> int:
    """The first bad of a row of good ones and then bad ones. `low` is good, `high` is bad, and the answer is thought to
    be near the one (stride 1) or the other (stride -1). `bounds` says what is known of one in between."""
    while high - low > 1:
        near = low + stride if stride > 0 else high + stride
        middle = (low + high) // 2
        at = min(near, middle) if stride > 0 else max(near, middle)
        below, above = bounds(at)
        low, high = max(low, below), min(high, above)
        stride *= 2
    return high


def by_proof(calls: Sequence[Call], proof: list[Call], out_of_budget: OutOfBudget) -> Window:
    """`proof` is what `zones` found against them."""
    ends = _ends(calls)
    proofs: dict[int, list[Call]] = {}

    def add(proof: list[Call]) -> int:
        at = bisect_right(ends, max(call.end for call in proof if call.end is not None)) - 1
        proofs[at] = proof
        return at

    def bounds(at: int) -> tuple[int, int]:
        found = contradiction(until(calls, ends[at]), out_of_budget)
        return (-1, add(found)) if found else (at, len(ends))

    at = add(proof)
    since: int | None = None
    with suppress(Spent):
        since = ends[first_bad(-1, at, bounds, -1)]
    fewest = _fewest(part_of(proofs[min(proofs)], _never), _Effort(out_of_budget))
    return Window(_calls(calls, fewest), since, whatever=False)


def by_search(calls: Sequence[Call], stuck: int, out_of_budget: OutOfBudget) -> Window:
    """`stuck` is what the search through all of the calls said."""
    ends, known = _ends(calls), calls
    effort = _Effort(out_of_budget)

    def bounds(at: int) -> tuple[int, int]:
        stuck = Search(part_of(until(calls, ends[at]), effort.stop), effort.stop).run()
        return (at, len(ends)) if stuck is None else (ends.index(stuck) - 1, at)

    since: int | None = None
    with suppress(Spent):
        since = ends[first_bad(ends.index(stuck) - 1, len(ends) - 1, bounds, 1)]
        known = until(calls, since)
    part = part_of(known, _never)
    late = _latest(part, _Effort(out_of_budget))
    fewest = _fewest(late or part, _Effort(out_of_budget))
    return Window(_calls(calls, fewest), since, whatever=late is not None)


class _Effort:
    """That there is no order is known; to show it well must not cost much more. An exhausted trial shows nothing."""

    WHOLE, EACH = 300, 12  # in questions of the search for its budget

    def __init__(self, out_of_budget: OutOfBudget) -> None:
        self._out_of_budget = out_of_budget
        self._asked = 0

    def stop(self) -> str | None:
        self._asked += 1
        return "it takes too long to show" if self._asked > self.WHOLE else self._out_of_budget()

    def is_bad(self, part: Part) -> bool:
        last = self._asked + self.EACH
        try:
            return Search(part, lambda: self.stop() or ("too hard" if self._asked > last else None)).run() is not None
        except Spent:
            if self._asked <= last:
                raise
            return False


def _never() -> None:
    """For what is short, or known to be affordable."""


def _ends(calls: Sequence[Call]) -> list[int]:
    return sorted({call.end for call in calls if call.end is not None})


def _calls(calls: Sequence[Call], part: Part) -> list[Call]:
    ids = {step.call.id for step in part.steps if step.call is not None}
    return in_order(call for call in calls if call.id in ids)


def _latest(part: Part, effort: _Effort) -> Part | None:
    """The shortest end of it that is bad, whatever was there before."""
    starts = sorted({step.start for step in part.steps})
    found: Part | None = None

    def bounds(at: int) -> tuple[int, int]:
        nonlocal found
        tail = _tail(part, starts[at])
        if effort.is_bad(tail):
            found = tail
            return at, len(starts)
        return -1, at

    with suppress(Spent):
        first_bad(-1, len(starts), bounds, -1)  # here the first ones are bad, and the last ones may be good
    return found


def _tail(part: Part, start: int) -> Part:
    """What started earlier and still was under way may take effect in it, or has done so before."""
    numbers = part.numbers
    steps = [
        step if step.start >= start else replace(step, end=None)
        for step in part.steps
        if step.start >= start or (step.gives and (step.end is None or step.end >= start))
    ]
    needed = sorted({content for step in steps for content in step.needs} - numbers.nowhere)
    anything = {key: numbers.of(key, ANYTHING) for key in list(numbers.keys)}
    first = [
        Step(None, start - 1, None, frozenset([anything[numbers.keys[each]]]), frozenset([each])) for each in needed
    ]
    return Part(without_idle([*first, *steps]), frozenset(anything.values()), numbers)


def _fewest(part: Part, effort: _Effort) -> Part:
    """Leaves out calls, many at a time and then single ones, as long as the rest is bad."""
    size = max(1, len(part.steps) // 2)
    with suppress(Spent):
        while True:
            at, before = 0, len(part.steps)
            while at < len(part.steps):
                fewer = _without(part, at, at + size)
                if fewer is not None and effort.is_bad(fewer):
                    part = fewer
                else:
                    at += size
            if size == 1 and len(part.steps) == before:
                break
            size = max(1, size // 2)
    return part


def _without(part: Part, first: int, last: int) -> Part | None:
    """None where a call that stays may need what one that goes gave: then that it has no order would prove nothing."""
    stay = part.steps[:first] + part.steps[last:]
    needed = {content for step in stay for content in step.needs}
    if any(not step.gives.isdisjoint(needed) for step in part.steps[first:last]):
        return None
    return part._replace(steps=without_idle(stay))
