"""Linearizability as it is defined, by trying every order; and small histories of registers to try it on."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call

State = dict[str | None, Any]


def has_order(calls: Sequence[Call]) -> bool:
    return _completes({}, [call for call in calls if call.outcome != "failed"])


def prefix(calls: Sequence[Call], place: int) -> list[Call]:
    """What was known of them at this place."""
    begun = [call for call in calls if call.start <= place]
    return [
        call if call.end is not None and call.end <= place else replace(call, result=None, outcome="unknown", end=None)
        for call in begun
    ]


def _completes(state: State, left: list[Call]) -> bool:
    if all(call.outcome == "unknown" for call in left):
        return True
    for number, call in enumerate(left):
        if any(other.end is not None and other.end < call.start for other in left):
            continue
        after = _after(state, call)
        if after is not None and _completes(after, left[:number] + left[number + 1 :]):
            return True
    return False


def _after(state: State, call: Call) -> State | None:
    """None: it cannot take effect here and be told what it was told."""
    state = dict(state)
    asked = call.value if call.function == "txn" else [(call.function, call.key, call.value)]
    told = call.result if call.function == "txn" else [(call.function, call.key, call.result)]
    for number, (function, key, value) in enumerate(asked):
        if function == "read" and call.outcome == "ok" and state.get(key) != told[number][2]:
            return None
        if function == "cas" and state.get(key) != value[0]:
            return None
        if function in ("write", "delete", "cas"):
            state[key] = value[1] if function == "cas" else value
    return state


_VALUES = st.integers(1, 2)
_MOST = 7


@st.composite
def registers(draw: st.DrawFn, functions: tuple[str, ...], *, unique: bool = False) -> list[Call]:
    """Of one key; of few values, or each write of a value of its own."""
    asked = []
    for number in range(draw(st.integers(1, _MOST))):
        function = draw(st.sampled_from(functions))
        written = number if unique else draw(_VALUES)
        asked.append((function, "k", _asked(function, written, draw(_VALUES))))
    return _performed(draw, asked)


@st.composite
def multi_registers(draw: st.DrawFn) -> list[Call]:
    functions = st.sampled_from(["read", "read", "write", "write", "cas", "delete"])
    part = st.tuples(functions, st.sampled_from("xyz"), _VALUES, _VALUES)
    asked = [
        ("txn", None, [(function, key, _asked(function, one, other)) for function, key, one, other in parts])
        for parts in draw(st.lists(st.lists(part, min_size=1, max_size=3), min_size=1, max_size=_MOST - 1))
    ]
    return _performed(draw, asked)


def _asked(function: str, one: int, other: int) -> Any:
    return {"write": one, "cas": (one, other)}.get(function)


def _performed(draw: st.DrawFn, asked: Sequence[tuple[Any, str | None, Any]]) -> list[Call]:
    """By a correct register, each at a point between its start and its end; then some are told something else."""
    state: State = {}
    points = []
    for number, each in enumerate(asked):
        start = draw(st.integers(0, 12))
        end = start + draw(st.integers(0, 5))
        outcome = draw(st.sampled_from(["ok"] * 6 + ["unknown", "failed"]))
        late = draw(st.sampled_from([0, 0, 5, 100])) if outcome == "unknown" else 0
        points.append((draw(st.integers(start, end)) + late, number, start, end, outcome, each))
    calls = []
    for _, number, start, end, planned, (function, key, value) in sorted(points):
        outcome = planned
        call = Call(number, f"p{number}", function, key, value, None, "unknown", start, None)
        after = None if planned == "failed" else _after(state, call)
        if after is None and planned == "ok" and draw(st.integers(0, 3)):
            outcome = "failed"  # else a cas succeeds that should not
        if outcome == "ok":
            told = _told(draw, state, value if function == "txn" else [(function, key, value)])
            result = told if function == "txn" else told[0][2] if function == "read" else None
            call = replace(call, outcome="ok", end=end, result=result)
        elif outcome == "failed":
            call = replace(call, outcome="failed", end=end)
        calls.append(call)
        state = after if after is not None else state
    return sorted(calls, key=lambda call: call.start)


def _told(draw: st.DrawFn, state: State, parts: Sequence[tuple[str, str | None, Any]]) -> list[tuple[Any, ...]]:
    wrong = draw(st.integers(0, 9)) == 0
    seen, told = dict(state), []
    for function, key, value in parts:
        read = draw(_VALUES) if wrong else seen.get(key)
        told.append((function, key, read if function == "read" else value))
        if function != "read":
            seen[key] = value[1] if function == "cas" else value
    return told
