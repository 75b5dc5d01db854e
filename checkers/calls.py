"""What clients asked of a system, and what they were told: all that the models of checkers/models know of it.

`start` and `end` are places in one explicit order, be it a time or a number. Both belong to the call: a call that ends
where another starts is concurrent with it.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Literal

import msgspec

from checkers.history import History, Invoke, OddHistory, Outcome, Return, Version

Function = Literal["read", "write", "delete", "cas", "txn", "add", "remove", "contains", "generate"]
OutOfBudget = Callable[[], str | None]
"""Asked every few thousand steps of a search: why it is to stop, or None to go on."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call of one process, which makes one at a time.

    `value` is what was asked: what to write or add, the pair (old, new) of a cas, the list of (function, key, value) of
    a txn. `result` is what was told, None otherwise: of a read the value, or None for nothing there. A call whose
    outcome is `unknown` has no end: it takes effect at any place from its start on, or never. One that `failed` never
    did.
    """

    id: int
    process: str
    function: Function
    key: str | None
    value: Any
    result: Any
    outcome: Outcome
    start: int
    end: int | None
    version: Version | None = None

    def place(self) -> int:
        """By which a violation names the call among its `events`."""
        return self.start if self.end is None else self.end


_FUNCTIONS: dict[str, Function] = {"get": "read", "put": "write", "delete": "delete"}


def calls_of(history: History) -> list[Call]:
    """In the order of their starts. A call that never returned is unknown."""
    returns = {event.op: event for event in history.events if type(event) is Return}
    invokes = [event for event in history.events if type(event) is Invoke]
    unasked = returns.keys() - {each.op for each in invokes}
    if unasked:
        back = min(returns[op].seq for op in unasked)
        raise OddHistory(f"event {back} is the return of an operation that was never invoked: record both")
    return in_order(_call(invoke, returns.get(invoke.op)) for invoke in invokes)


def in_order(calls: Iterable[Call]) -> list[Call]:
    return sorted(calls, key=attrgetter("start", "id"))


def effective(calls: Iterable[Call]) -> list[Call]:
    """Without those that certainly never took effect."""
    return [call for call in calls if call.outcome != "failed"]


def _call(invoke: Invoke, back: Return | None) -> Call:
    outcome: Outcome = back.outcome if back else "unknown"
    ended = back is not None and outcome != "unknown"
    return Call(
        invoke.op,
        invoke.session,
        _FUNCTIONS[invoke.kind],
        invoke.key,
        invoke.value,
        back.value if back and ended and invoke.kind == "get" else None,
        outcome,
        invoke.seq,
        back.seq if back and ended else None,
        back.version if back and ended else None,
    )
