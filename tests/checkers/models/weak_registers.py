"""Small histories of registers to judge, and the definitions of what is asked of them by trying every order."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call, Function
from checkers.history import Outcome

KEYS = "xy"
Order = tuple[Call | None, ...]  # of the writes of one key; None: nothing is there yet


def never() -> str | None:
    return None


class Calls:
    """Written down one by one; each ends before the next begins, but for those that are said to overlap."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.now = 0

    def call(
        self, process: str, function: Function, value: Any = None, result: Any = None, *, key: str = "x",
        outcome: Outcome = "ok", start: int | None = None, end: int | None = None,
    ) -> Call:  # fmt: skip
        begun = self.now + 1 if start is None else start
        ended = (begun + 1 if end is None else end) if outcome != "unknown" else None
        made = Call(len(self.made) + 1, process, function, key, value, result, outcome, begun, ended)
        self.made.append(made)
        self.now = max(self.now, begun if ended is None else ended)
        return made

    def write(self, process: str, value: Any, **more: Any) -> Call:
        return self.call(process, "write", value, **more)

    def read(self, process: str, result: Any, **more: Any) -> Call:
        return self.call(process, "read", None, result, **more)


@st.composite
def histories(draw: st.DrawFn, *, unique: bool = False, writes_most: int = 4) -> list[Call]:
    """Of processes that make one call at a time, in steps that overlap; reads return what somebody writes, mostly."""
    calls: list[Call] = []
    clock = dict.fromkeys("abc", 0)
    keys = draw(st.sampled_from(["x", "x", "xy"]))
    processes = draw(st.sampled_from(["ab", "abc"]))
    values = iter(range(1, 100))
    writes = 0
    for number in range(1, draw(st.integers(1, 11)) + 1):
        process, key = draw(st.sampled_from(processes)), draw(st.sampled_from(keys))
        start = clock[process] + draw(st.integers(0, 4))
        end: int | None = start + draw(st.integers(0, 5))
        outcome: Outcome = draw(st.sampled_from(["ok", "ok", "ok", "ok", "unknown", "failed"]))
        clock[process] = end or 0
        if outcome == "unknown":
            end = None
        kind = draw(st.sampled_from(["read", "read", "read", "write", "write", "delete"]))
        value: Any = None
        if kind != "read" and writes < writes_most:
            writes += 1
            function: Function = "delete" if kind == "delete" and not unique else "write"
            if function == "write":
                value = next(values) if unique else draw(st.integers(1, 3))
        else:
            function = "read"
        calls.append(Call(number, process, function, key, value, None, outcome, start, end))
    return [_told(draw, call, calls) for call in calls]


def _told(draw: st.DrawFn, call: Call, calls: list[Call]) -> Call:
    if call.function != "read" or call.outcome != "ok":
        return call
    of_key = [each for each in calls if each.key == call.key and each.function != "read"]
    nearer = [each.value for each in of_key if each.start <= (call.end or 0) and each.outcome != "failed"]
    odd = [9, *(each.value for each in of_key)]
    return replace(call, result=draw(st.sampled_from(odd if draw(st.integers(0, 30)) == 0 else [None, *nearer * 2])))


def effective_writes(calls: Sequence[Call], key: str | None) -> list[Call]:
    return [call for call in calls if call.key == key and call.function != "read" and call.outcome != "failed"]


def told_reads(calls: Sequence[Call], key: str | None) -> list[Call]:
    return [call for call in calls if call.key == key and call.function == "read" and call.outcome == "ok"]


def precedes(one: Call, other: Call) -> bool:
    return one.end is not None and one.end < other.start


def regular(read: Call, writes: list[Call]) -> bool:
    """Some order of the read and the writes (those of unknown outcome may be left out) keeps to their times and has
    what was read right before the read."""
    sure = [write for write in writes if write.end is not None]
    unsure = [write for write in writes if write.end is None]
    for chosen in product([False, True], repeat=len(unsure)):
        some = [*sure, *(write for write, taken in zip(unsure, chosen, strict=True) if taken), read]
        for order in permutations(some):
            place = order.index(read)
            held = order[place - 1].value if place else None
            keeps = not any(precedes(later, one) for at, one in enumerate(order) for later in order[at:])
            if keeps and held == read.result:
                return True
    return False


def overlapped(read: Call, writes: list[Call]) -> bool:
    return any(not precedes(read, write) and not precedes(write, read) for write in writes)


def follows(one: Call, other: Call) -> bool:
    """In their process."""
    return one.process == other.process and (one.start, one.id) < (other.start, other.id)


def sources(read: Call, writes: list[Call]) -> list[Call | None]:
    """That read and write do not tell their versions."""
    some: list[Call | None] = [
        write
        for write in writes
        if write.value == read.result and write.start <= (read.end or 0) and not follows(read, write)
    ]
    return [*some, None] if read.result is None else some


Taken = dict[int, Call | None]  # what each read is from, by its id
Holds = Callable[[list[Call], Taken, Order], bool]


def _pairs(calls: list[Call]) -> Iterator[tuple[Call, Call]]:
    return ((one, other) for one in calls for other in calls if follows(one, other))


def own_writes(calls: list[Call], taken: Taken, order: Order) -> bool:
    return all(
        order.index(one) <= order.index(taken[other.id])
        for one, other in _pairs(calls)
        if one.function != "read" and one.outcome == "ok" and other.id in taken
    )


def reads(calls: list[Call], taken: Taken, order: Order) -> bool:
    return all(
        order.index(taken[one.id]) <= order.index(taken[other.id])
        for one, other in _pairs(calls)
        if one.id in taken and other.id in taken
    )


def writes(calls: list[Call], taken: Taken, order: Order) -> bool:
    of_reads = own_writes(calls, taken, order) and reads(calls, taken, order)
    return of_reads and all(
        order.index(one) < order.index(other)
        for one, other in _pairs(calls)
        if one in order and other in order and one.outcome == "ok"
    )


def writes_after_reads(calls: list[Call], taken: Taken, order: Order) -> bool:
    of_reads = own_writes(calls, taken, order) and reads(calls, taken, order)
    return of_reads and all(
        order.index(taken[one.id]) < order.index(other)
        for one, other in _pairs(calls)
        if one.id in taken and other in order
    )


def of_reads(calls: list[Call], taken: Taken, order: Order) -> bool:
    return own_writes(calls, taken, order) and reads(calls, taken, order)


GUARANTEES: dict[str, Holds] = {
    "read your writes": own_writes,
    "monotonic reads": reads,
    "monotonic writes": writes,
    "writes follow reads": writes_after_reads,
}


def some_order(calls: list[Call], key: str | None, taken: Taken, holds: Holds) -> bool:
    of_key = [call for call in calls if call.key == key and call.outcome != "failed"]
    return any(holds(of_key, taken, (None, *order)) for order in permutations(effective_writes(calls, key)))


def allowed(name: str, calls: list[Call]) -> set[str]:
    """What may be said of a guarantee: certain where all reads are from one write each."""
    verdicts: set[str] = set()
    keys = sorted({call.key for call in calls}, key=str)
    said = [_allowed_of(name, calls, key) for key in keys]
    if any("violated" in each for each in said):
        verdicts.add("violated")
    if all(each != {"violated"} for each in said):
        verdicts |= {"unknown"} if any("unknown" in each for each in said) else set()
        verdicts |= {"holds"} if all("holds" in each for each in said) else set()
    return verdicts


def _allowed_of(name: str, calls: list[Call], key: str | None) -> set[str]:
    of_key = effective_writes(calls, key)
    choices = {read.id: sources(read, of_key) for read in told_reads(calls, key)}
    sure = {number: some[0] for number, some in choices.items() if len(some) == 1}
    holds = GUARANTEES[name]
    if not some_order(calls, key, sure, holds):
        blamed = name in ("read your writes", "monotonic reads") or some_order(calls, key, sure, of_reads)
        return {"violated"} if blamed else {"unknown"}
    if any(not some for some in choices.values()):
        return {"unknown"}
    if len(sure) == len(choices):
        return {"holds"}
    ways = (dict(zip(choices, way, strict=True)) for way in product(*choices.values()))
    return {"unknown", "holds"} if any(some_order(calls, key, way, holds) for way in ways) else {"unknown"}
