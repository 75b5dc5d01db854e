"""What the calls of a counter say: which adds may be in a read, and which certainly are. It starts at 0."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

from checkers.calls import Call, OutOfBudget, in_order
from checkers.history import OddHistory
from checkers.models import words
from checkers.models.steps import spend

NAMED = 3
_BREATH = 0xFFF  # how many steps are taken between two looks at the budget
_start, _end = attrgetter("start"), attrgetter("end")


class Open(NamedTuple):
    """Adds that may be in a read and need not be: under way during it, or of unknown outcome. The last few by name."""

    many: int
    some: list[Call]

    def words(self) -> str:
        rest = self.many - len(self.some)
        return words.calls(self.some) + (f" and {rest} more" if rest else "")


class Adds:
    """Those of one key that all raise it, or all lower it, and did not definitely fail."""

    def __init__(self, calls: list[Call]) -> None:
        """The calls are in the order of their starts."""
        self.returned = sorted((call for call in calls if call.end is not None), key=_end)
        self.ends = [call.place() for call in self.returned]
        self._starts = [call.start for call in calls]
        self._asked: list[int] = [0, *accumulate(call.value for call in calls)]
        self._certain: list[int] = [0, *accumulate(call.value for call in self.returned)]
        self._begun = [call for call in calls if call.end is not None]
        self._unknown = [call for call in calls if call.end is None]

    def asked(self, upto: int) -> int:
        """The sum of those that began at this place or before."""
        return self._asked[bisect_right(self._starts, upto)]

    def certain(self, before: int) -> int:
        """The sum of those that had ended before this place."""
        return self._certain[bisect_left(self.ends, before)]

    def last(self, before: int) -> list[Call]:
        """The last of those to end, if there is one."""
        upto = bisect_left(self.ends, before)
        return self.returned[max(0, upto - 1) : upto]

    def between(self, after: int, before: int) -> Iterator[Call]:
        """From the last to end, those that lie between these places."""
        for place in range(bisect_left(self.ends, before) - 1, -1, -1):
            if self.ends[place] <= after:
                return
            if self.returned[place].start > after:
                yield self.returned[place]

    def open(self, read: Call) -> Open:
        begun = bisect_right(self._begun, read.place(), key=_start)
        unknown = bisect_right(self._unknown, read.place(), key=_start)
        under_way = begun - bisect_left(self.ends, read.start)
        some = self._unknown[max(0, unknown - NAMED) : unknown]
        sought = min(under_way, NAMED)
        while sought:
            begun -= 1
            if self._begun[begun].place() >= read.start:
                some.append(self._begun[begun])
                sought -= 1
        return Open(under_way + unknown, in_order(some)[-NAMED:])


class Counter(NamedTuple):
    """Of one key. `reads` are those that were answered, by their starts."""

    key: str | None
    reads: list[Call]
    up: Adds
    down: Adds


def counters(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Iterator[Counter]:
    keyed: dict[str | None, list[Call]] = defaultdict(list)
    for number, call in enumerate(in_order(calls)):
        if not number & _BREATH:
            spend(out_of_budget)
        keyed[call.key].append(call)
    for key, those in keyed.items():
        reads = [call for call in those if call.function == "read" and call.outcome == "ok" and call.end is not None]
        adds = [call for call in those if call.function == "add" and call.outcome != "failed"]
        for read in reads:
            if type(read.result) is not int:
                raise OddHistory(f"call {read.id} is a read of a counter that returned no integer: record its value")
        for add in adds:
            if type(add.value) is not int:
                raise OddHistory(f"call {add.id} adds no integer: record by how much it raises or lowers the counter")
        spend(out_of_budget)
        up, down = [add for add in adds if add.value > 0], [add for add in adds if add.value < 0]
        yield Counter(key, reads, Adds(up), Adds(down))


def lowest(it: Counter, read: Call) -> int:
    return it.up.certain(read.start) + it.down.asked(read.place())


def highest(it: Counter, read: Call) -> int:
    return it.down.certain(read.start) + it.up.asked(read.place())
