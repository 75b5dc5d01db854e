"""The longest orders and the first call that fits into none, against all orders of small histories."""

from collections.abc import Iterator, Sequence
from math import inf
from random import Random
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


@settings(max_examples=150, deadline=None)
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


def _is_longest_after_a_cut(calls: list[Call], most: int) -> None:
    found = longest(calls, _for_ever, most)
    if found is None:
        return
    calls = effective(calls)
    others = {call.id for call in calls if call.end is not None and call.end < found.since}
    late = [call for call in calls if call.id not in others]
    ended = [call for call in late if call.end is not None and call.end <= found.misfit.place()]
    assert len(ended) >= most or not others
    assert not others & found.of.keys()
    assert all(legal(order, calls) for order in found.orders)
    _are_longest(found, late, [order for order in _orders(calls) if others <= {call.id for call in order}])


@settings(max_examples=100, deadline=None)
@given(_REGISTERS, st.integers(1, 3))
def test_of_the_last_calls_alone_all_orders_are_tried_that_have_all_others(calls: list[Call], most: int) -> None:
    _is_longest_after_a_cut(calls, most)


def _careless(chance: Random) -> list[Call]:
    """What no register would tell: few values, long calls, and reads of anything."""
    calls, last = [], chance.choice([6, 9, 14])
    for number in range(chance.randint(5, 8)):
        function: Function = chance.choice(["read", "read", "read", "write", "write", "delete"])
        start, took, known = chance.randint(0, last), chance.choice([0, 1, 2, 3, 5, 8]), chance.random() < 0.8
        asked = chance.randint(1, 2) if function == "write" else None
        seen = chance.choice([None, 1, 2]) if function == "read" and known else None
        outcome: Outcome = "ok" if known else "unknown"
        end = start + took if known else None
        calls.append(Call(number, f"p{number}", function, "k", asked, seen, outcome, start, end))
    return in_order(calls)


def test_of_careless_histories_all_orders_are_tried() -> None:
    """That Hypothesis seldom thinks of: hardly anything fits, and what does not changes which order is the longest."""
    for seed in range(300):
        calls = _careless(Random(seed))
        for most in (1, 2, 100):
            _is_longest_after_a_cut(calls, most)


# Each is lost on a search that lacks one of its rules; * is a write or a delete of unknown outcome.
_SELDOM = {
    "of equal writes the first to return is taken first": "r2 0-8, w1 0-5, w1 1-1, r1 4-12, w2* 4, r- 9-12, r1 9-14",
    "no order leaves out what came before the cut": "w1 0-8, r1 3-8, w2* 5, d 5-8, r- 10-13, r1 12-15, d 14-14",
    "a write of unknown outcome is used once": "r2 2-3, w2* 2, w1 3-11, w1 4-4, w2 5-6, r2 5-5, r- 9-14",
    "and not before its start allows it": "w2 1-3, r2 2-4, r2 4-7, w2* 5, r1 5-6",
    "a value may come back": "w1 0-2, w2 4-12, d 7-10, w2 9-9, r- 9-14, r1 13-18",
}


def _written(text: str) -> list[Call]:
    functions: dict[str, Function] = {"r": "read", "w": "write", "d": "delete"}
    calls = []
    for number, each in enumerate(text.split(", ")):
        what, place = each.split()
        start, _, end = place.partition("-")
        function, value = functions[what[0]], int(what[1]) if what[1:2].isdigit() else None
        outcome: Outcome = "ok" if end else "unknown"
        asked, seen = (None, value) if function == "read" else (value, None)
        ended = int(end) if end else None
        calls.append(Call(number, f"p{number}", function, "k", asked, seen, outcome, int(start), ended))
    return calls


@pytest.mark.parametrize("text", _SELDOM.values(), ids=_SELDOM.keys())
def test_what_is_seldom_met_in_small_histories(text: str) -> None:
    calls = _written(text)
    assert not has_order(calls)
    for most in (1, 2, 3, 100):
        _is_longest_after_a_cut(calls, most)


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
    writes = [Call(n, f"w{n}", "write", "k", n, None, "ok", n, 100 + n) for n in range(9)]
    reads = [Call(20 + n, f"r{n}", "read", "k", None, n, "ok", 50 + n, 200 + n) for n in range(9)]
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
    assert len(before.orders[0]) == len(found.orders[0]) == 19
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
