"""The longest orders and the first call that fits into none, against all orders of small histories."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call, effective, in_order
from checkers.models.longest import Longest, Step, longest
from tests.checkers.models.every_order import has_order, prefix, registers

_REGISTERS = st.one_of(
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
    _are_longest(found, calls)
    _might_have_seen(found, calls)


def _are_longest(found: Longest, calls: list[Call]) -> None:
    every = list(_orders(calls))
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
