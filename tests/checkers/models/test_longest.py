"""The longest orders and the first call that fits into none, against all orders of small histories."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call, Function, effective, in_order
from checkers.history import Outcome
from checkers.models.longest import Longest, Step, longest
from checkers.models.steps import Spent
from tests.checkers.models.every_order import has_order, prefix, registers


@st.composite
def _careless(draw: st.DrawFn) -> list[Call]:
    """What no register would tell: few values, long calls, and reads of anything."""
    calls = []
    for number in range(draw(st.integers(4, 7))):
        function: Function = draw(st.sampled_from(["read", "read", "read", "write", "write", "write", "delete"]))
        outcome: Outcome = draw(st.sampled_from(["ok", "ok", "ok", "ok", "unknown"]))
        start, took, value = draw(st.integers(0, 9)), draw(st.integers(0, 6)), draw(st.integers(1, 2))
        asked = value if function == "write" else None
        seen = value if function == "read" and outcome == "ok" else None
        end = start + took if outcome == "ok" else None
        calls.append(Call(number, f"p{number}", function, "k", asked, seen, outcome, start, end))
    return in_order(calls)


_REGISTERS = st.one_of(
    _careless(),
    _careless(),
    _careless(),
    registers(("read", "read", "write"), unique=True),
    registers(("read", "read", "write", "delete"), unique=True),
    registers(("read", "write")),
    registers(("read", "write", "delete")),
)


def _for_ever() -> str | None:
    return None


def legal(order: Sequence[Step], calls: Sequence[Call]) -> bool:
    """Every call once, told what was there, after all that returned before it began, and with all of these."""
    taken: list[int] = []
    held: Any = None
    for call, after in order:
        before = {each.id for each in calls if each.outcome == "ok" and (each.end or 0) < call.start}
        if call.id in taken or not before <= set(taken):
            return False
        if call.function == "read" and (call.outcome != "ok" or call.result != held):
            return False
        held = held if call.function == "read" else call.value if call.function == "write" else None
        if after != held:
            return False
        taken.append(call.id)
    return True


def _orders(calls: list[Call], taken: tuple[Call, ...] = (), held: Any = None) -> Iterator[tuple[Call, ...]]:
    """All there are, by the definition."""
    yield taken
    for call in calls:
        rest = [each for each in calls if each is not call]
        if any(each.end is not None and each.end < call.start for each in rest):
            continue
        if call.function == "read" and (call.outcome == "unknown" or call.result != held):
            continue
        after = held if call.function == "read" else call.value if call.function == "write" else None
        yield from _orders(rest, (*taken, call), after)


def _length(order: Sequence[Call]) -> int:
    return sum(call.outcome == "ok" for call in order)


@settings(max_examples=600, deadline=None)
@given(_REGISTERS)
def test_orders_and_misfit_are_those_of_the_definition(calls: list[Call]) -> None:
    found = longest(calls, _for_ever, 100)
    calls = effective(calls)
    assert (found is None) == has_order(calls)
    if found is None:
        return
    ends = sorted(call.end for call in calls if call.end is not None)
    place = next(end for end in ends if not has_order(prefix(calls, end)))
    assert found.whole
    assert found.misfit.end == place
    assert found.since == -inf
    assert found.calls == in_order(call for call in calls if call.start <= place)
    assert all(legal(order, calls) for order in found.orders)
    _are_longest(found, calls, list(_orders(calls)))
    _might_have_seen(found, calls)


@settings(max_examples=300, deadline=None)
@given(_REGISTERS, st.integers(1, 3))
def test_of_the_last_calls_alone_all_orders_are_tried_that_have_all_others(calls: list[Call], most: int) -> None:
    found = longest(calls, _for_ever, most)
    if found is not None:
        calls = effective(calls)
        others = {call.id for call in calls if call.end is not None and call.end < found.since}
        assert (
            sum(found.since <= (call.end or 0) <= found.misfit.place() for call in calls if call.end is not None)
            >= most
            or not others
        )
        every = [order for order in _orders(calls) if others <= {call.id for call in order}]
        late = [call for call in calls if call.id not in others]
        assert not others & found.of.keys()
        assert all(legal(order, calls) for order in found.orders)
        _are_longest(found, late, every)


def _are_longest(found: Longest, calls: list[Call], every: list[tuple[Call, ...]]) -> None:
    misfit = found.misfit
    early = {call.id for call in calls if call.outcome == "ok" and (call.end or 0) < misfit.place()}
    first = [step.call for step in found.orders[0]]
    assert misfit not in first
    assert early <= {call.id for call in first}
    assert _length(first) == max(_length(it) for it in every if early <= {call.id for call in it})
    for call in calls:
        if call.outcome == "ok":
            most = max((_length(it) for it in every if call in it), default=None)
            mine = found.orders[found.of[call.id]] if call.id in found.of else None
            assert (mine and _length([step.call for step in mine])) == most
    for each, order in found.of.items():
        assert each in {step.call.id for step in found.orders[order]}


def _might_have_seen(found: Longest, calls: list[Call]) -> None:
    told = prefix(calls, found.misfit.place())
    others = [call for call in told if call.outcome == "ok" and call.id != found.misfit.id]
    values = {None, *(call.result if call.function == "read" else call.value for call in others)}
    fit = {
        it
        for it in values
        if has_order([replace(call, result=it) if call.id == found.misfit.id else call for call in told])
    }
    assert set(found.fitting) == fit
    assert len(found.fitting) == len(fit)


def _busy() -> list[Call]:
    """Many writes at once, each of them read at the same time as all others; then a read of what is long gone."""
    writes = [Call(n, f"w{n}", "write", "k", n, None, "ok", n, 100 + n) for n in range(10)]
    reads = [Call(20 + n, f"r{n}", "read", "k", None, n, "ok", 50 + n, 200 + n) for n in range(10)]
    last = Call(40, "w0", "write", "k", "last", None, "ok", 300, 301)
    return [*writes, *reads, last, Call(41, "r0", "read", "k", None, 3, "ok", 302, 303)]


def _asked(calls: list[Call], most: int | None) -> tuple[Longest | None, int]:
    asked = 0

    def out_of_budget() -> str | None:
        nonlocal asked
        asked += 1
        return "enough" if most is not None and asked > most else None

    return longest(calls, out_of_budget, 100), asked


def test_where_the_budget_ends_what_was_found_is_said_not_to_be_all() -> None:
    calls = _busy()
    found, asked = _asked(calls, None)
    assert found is not None
    assert found.whole
    before = next(it for it in (_asked(calls, most)[0] for most in range(asked - 1, 0, -1)) if it and not it.whole)
    assert legal(before.orders[0], calls)
    assert len(before.orders[0]) == len(found.orders[0]) == 21
    assert before.misfit.id == found.misfit.id == 41


def _long() -> list[Call]:
    """4,000 calls of a writer and a reader, and a read of what is long gone."""
    calls = []
    for n in range(2000):
        calls.append(Call(2 * n, "w", "write", "k", n, None, "ok", 10 * n, 10 * n + 8))
        calls.append(Call(2 * n + 1, "r", "read", "k", None, n - n % 2, "ok", 10 * n + 5, 10 * n + 14))
    return [*calls, Call(9000, "r", "read", "k", None, 7, "ok", 30_000, 30_001)]


def test_where_the_budget_ends_before_an_order_is_found_that_is_said() -> None:
    with pytest.raises(Spent, match="enough"):
        _asked(_long(), 0)


def test_a_long_history_is_walked_through_without_a_detour() -> None:
    found, asked = _asked(_long(), None)
    assert found is not None
    assert found.misfit.id == 9000
    assert len(found.orders[0]) == 4000
    assert found.fitting == [1999]
    assert asked < 20
