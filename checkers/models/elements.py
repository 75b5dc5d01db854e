"""What the calls of sets say of each element: who asked to add or to remove it, and which reads showed or missed it.

A set is empty at first. Elements are judged each by itself, and so are keys.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from checkers.calls import Call, OutOfBudget, in_order
from checkers.history import OddHistory
from checkers.models.steps import Spent, frozen, spend
from checkers.verdict import Verdict, Violation, conclude

NEVER = float("inf")
EVER = -NEVER

by_end = attrgetter("end")
_PLAIN = frozenset({int, str})
_BREATH = 0xFFF  # how many steps are taken between two looks at the budget


class Reads(NamedTuple):
    """All of one key that were answered, by their ends."""

    calls: list[Call]
    ends: list[int]
    last_start: float


class Element(NamedTuple):
    """`seen` are the places among the reads of the key that showed it; `invented` those that nobody's add explains."""

    key: str | None
    value: Any
    reads: Reads
    adds: Sequence[Call]
    removes: Sequence[Call]
    failed: Sequence[Call]  # adds that definitely never took effect
    seen: Sequence[int]
    shown: Sequence[Call]  # by `contains`, by their ends, as are those that follow
    missed: Sequence[Call]
    invented: Sequence[Call]
    twice: Sequence[Call]  # reads in which it is more than once


Judge = Callable[[Element], tuple[int, list[Violation]]]


def judge(name: str, calls: Sequence[Call], out_of_budget: OutOfBudget, judge_one: Judge) -> Verdict:
    """By a rule that says of one element how much of it was looked at and what is wrong."""
    violations: list[Violation] = []
    checked = 0
    try:
        for number, element in enumerate(gather(calls, out_of_budget)):
            if not number & _BREATH:
                spend(out_of_budget)
            looked_at, wrong = judge_one(element)
            checked += looked_at
            violations += wrong
    except Spent as spent:
        return conclude(name, violations, checked, str(spent))
    return conclude(name, sorted(violations, key=lambda it: (it.events, it.summary)), checked)


def gather(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Iterator[Element]:
    keyed: dict[str | None, list[Call]] = defaultdict(list)
    for call in in_order(calls):
        keyed[call.key].append(call)
    for key, those in keyed.items():
        yield from _Gathering(key, those, out_of_budget).elements()


class _Gathering:
    """Of one key. Most elements have an add and are seen, and little else; a million of them have to fit."""

    def __init__(self, key: str | None, calls: list[Call], out_of_budget: OutOfBudget) -> None:
        self.key = key
        self.values: dict[Hashable, Any] = {}
        self.adds: dict[Hashable, list[Call]] = {}
        self.seen: dict[Hashable, list[int]] = {}
        self.removes, self.failed, self.shown, self.missed, self.twice = _many(), _many(), _many(), _many(), _many()
        answered = sorted((call for call in calls if call.outcome == "ok" and call.end is not None), key=by_end)
        reads = [call for call in answered if call.function == "read"]
        last_start = max((call.start for call in reads), default=EVER)
        self.reads = Reads(reads, [call.place() for call in reads], last_start)
        for number, call in enumerate(calls):
            if not number & _BREATH:
                spend(out_of_budget)
            if call.function == "add":
                adds = self.failed if call.outcome == "failed" else self.adds
                adds.setdefault(self._name(call.value), []).append(call)
            elif call.function == "remove" and call.outcome != "failed":
                self.removes[self._name(call.value)].append(call)
        for place, read in enumerate(reads):
            self._note(read, place)
            if not place & _BREATH or len(read.result) > _BREATH:
                spend(out_of_budget)
        for call in answered:
            if call.function == "contains":
                if not isinstance(call.result, bool):
                    raise OddHistory(f"call {call.id} is a contains that returned neither true nor false: record which")
                (self.shown if call.result else self.missed)[self._name(call.value)].append(call)

    def _name(self, value: Any) -> Hashable:
        name: Hashable = value if value.__class__ in _PLAIN else frozen(value)
        self.values.setdefault(name, value)
        return name

    def _note(self, read: Call, place: int) -> None:
        if not isinstance(read.result, list | tuple | set | frozenset):
            raise OddHistory(f"call {read.id} is a read of a set that did not return a list: record its elements")
        for value in read.result:
            name = value if value.__class__ in _PLAIN else frozen(value)
            places = self.seen.get(name)
            if places is None:
                self.seen[self._name(value)] = [place]
            elif places[-1] != place:
                places.append(place)
            elif not self.twice[name] or self.twice[name][-1] is not read:
                self.twice[name].append(read)

    def elements(self) -> Iterator[Element]:
        """What was shown before anyone asked for it is no sign of any add: it is told apart."""
        for name, value in self.values.items():
            adds, seen, shown = self.adds.get(name, ()), self.seen.get(name, ()), self.shown.get(name, ())
            asked = adds[0].start if adds else NEVER
            invented: list[Call] = []
            if seen and self.reads.ends[seen[0]] < asked:
                early = bisect_left(seen, bisect_left(self.reads.ends, asked))
                invented += [self.reads.calls[place] for place in seen[:early]]
                seen = seen[early:]
            if shown and shown[0].place() < asked:
                early = bisect_left(shown, asked, key=by_end)
                invented += shown[:early]
                shown = shown[early:]
            yield Element(
                self.key,
                value,
                self.reads,
                adds,
                self.removes.get(name, ()),
                self.failed.get(name, ()),
                seen,
                shown,
                self.missed.get(name, ()),
                sorted(invented, key=by_end),
                self.twice.get(name, ()),
            )


def _many() -> dict[Hashable, list[Call]]:
    return defaultdict(list)
