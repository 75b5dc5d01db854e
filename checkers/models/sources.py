"""Registers as their clients see them: a key has writes and reads, and a read has writes that it may be from.

Nothing (None) is there at first, and again after a delete. A read is from a write of the same value that was asked for
before the read was answered, and not by the same process afterwards. Where both tell their versions, these are equal.
A write of unknown outcome may be read; one that failed is none.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models.steps import frozen, spend

BREATH = 0xFFF  # how many steps are taken between two looks at the budget
Source = Call | None  # None: nothing was ever written

_start = attrgetter("start")


class Register(msgspec.Struct):
    """All in the order of their starts. `odd`: the first call that is neither read nor write nor delete."""

    key: str | None
    writes: list[Call]
    reads: list[Call]
    calls: list[Call]
    givers: dict[Any, list[Call]]  # value -> who wrote it
    odd: Call | None = None

    def sources(self, read: Call) -> Iterator[Source]:
        """All that the read may be from, the latest first; there is none if nobody had asked for what it returned."""
        value, found = frozen(read.result), False
        givers = self.givers.get(value, ())
        for place in range(bisect_right(givers, ended(read), key=_start) - 1, -1, -1):
            if _may_be_from(read, givers[place]):
                found = True
                yield givers[place]
        if value is None and (read.version is None or not found):
            yield None


def registers(calls: Sequence[Call], out_of_budget: OutOfBudget) -> list[Register]:
    """In the order in which their keys were first asked for."""
    found: dict[str | None, Register] = {}
    for number, call in enumerate(in_order(calls)):
        if not number & BREATH:
            spend(out_of_budget)
        if call.outcome == "failed":
            continue
        register = found.get(call.key)
        if register is None:
            register = found[call.key] = Register(call.key, [], [], [], defaultdict(list))
        if call.function in ("write", "delete"):
            register.writes.append(call)
            register.calls.append(call)
            register.givers[written(call)].append(call)
        elif call.function != "read":
            register.odd = register.odd or call
        elif call.outcome == "ok":
            register.reads.append(call)
            register.calls.append(call)
    return list(found.values())


def written(write: Call) -> Any:
    return None if write.function == "delete" else frozen(write.value)


def _may_be_from(read: Call, write: Call) -> bool:
    if write.process == read.process and (write.start, write.id) > (read.start, read.id):
        return False
    return read.version is None or write.version is None or read.version == write.version


def ended(call: Call) -> float:
    """Of unknown outcome: never, as it may take effect at any time."""
    return float("inf") if call.end is None else call.end
