from itertools import product
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.calls import Call, Function
from checkers.history import OddHistory, Outcome
from checkers.models.counters import check_asked, check_bounds, check_last
from checkers.models.increments import _Floors, check_increments
from checkers.models.table import MODELS, judge
from tests.checkers.models.objects import explained, loose, mutated, never, renamed_and_shuffled, simulated

INFINITY = 10**9


def add(by: int, start: int, end: int | None, outcome: Outcome = "ok") -> Call:
    return Call(start, f"c{start}", "add", None, by, None, outcome, start, end)


def maybe(by: int, start: int) -> Call:
    return add(by, start, None, "unknown")


def read(result: Any, start: int, end: int) -> Call:
    return Call(start, f"c{start}", "read", None, None, result, "ok", start, end)


def outcomes(*calls: Call) -> list[str]:
    return [it.property for it in judge("counter", calls, never) if it.outcome != "holds"]


BOUNDS, AGREE = "reads within bounds", "reads differ by the adds between them"

# Textbook cases


def test_a_read_has_all_that_was_added() -> None:
    calls = [read(0, 0, 1), add(2, 2, 3), add(-5, 4, 5), read(-3, 6, 7)]
    assert outcomes(*calls) == []
    assert [it.checked for it in judge("counter", calls, never)] == [2, 1]


def test_an_acknowledged_add_that_is_missing() -> None:
    verdict = check_bounds([add(2, 0, 1), add(3, 2, 3), add(4, 4, 9), read(2, 5, 6)], never)
    assert verdict.reason == (
        "c5 read → 2 (5..6) is not within 5..9: the adds that had ended make 5, the last of them c2 add 3 (2..3)"
    )
    assert verdict.violations[0].events == [3, 6]


def test_more_than_was_asked_for() -> None:
    verdict = check_bounds([add(2, 0, 1), maybe(1, 2), add(4, 4, 9), add(8, 7, 8), read(8, 5, 6)], never)
    assert verdict.reason == (
        "c5 read → 8 (5..6) is not within 2..7: the adds that had ended make 2, the last of them c0 add 2 (0..1);"
        " +5 is possible by c2 add 1 of unknown outcome (2..?) and c4 add 4 (4..9)"
    )
    assert verdict.violations[0].events == [1, 2, 6, 9]


def test_intervals_are_closed() -> None:
    assert outcomes(add(1, 0, 2), read(0, 2, 3)) == []
    assert outcomes(read(1, 0, 2), add(1, 2, 3)) == []
    assert outcomes(add(1, 0, 1), read(0, 2, 3)) == [BOUNDS]
    assert outcomes(read(1, 0, 1), add(1, 2, 3)) == [BOUNDS]


def test_unknown_adds_may_be_in_and_failed_ones_may_not() -> None:
    assert outcomes(maybe(1, 0), read(1, 5, 6)) == []
    assert outcomes(maybe(-1, 0), maybe(1, 0), read(-1, 5, 6)) == []
    assert outcomes(add(1, 0, 1, "failed"), read(1, 5, 6)) == [BOUNDS]


def test_what_was_seen_of_an_unknown_add_stays() -> None:
    verdict = check_increments([maybe(1, 0), read(1, 2, 3), add(2, 4, 5), read(2, 6, 7)], never)
    assert verdict.reason == (
        "c6 read → 2 (6..7) is below 3: c2 read → 1 (2..3) came before it;"
        " +2 was added between them for certain, at last by c4 add 2 (4..5), and at most +0 may have been"
    )
    assert verdict.violations[0].events == [3, 5, 7]
    assert outcomes(maybe(1, 0), read(1, 2, 3), add(2, 4, 5), read(2, 6, 7)) == [AGREE]
    assert outcomes(maybe(1, 0), read(1, 2, 6), add(2, 4, 5), read(2, 6, 7)) == []


def test_a_later_read_is_not_above_what_may_have_been_added() -> None:
    verdict = check_increments([maybe(9, 8), maybe(-5, 0), read(-5, 2, 3), maybe(1, 4), read(0, 6, 7)], never)
    assert verdict.reason == (
        "c6 read → 0 (6..7) is above -4: c2 read → -5 (2..3) came before it;"
        " +0 was added between them for certain, and at most +1 may have been"
    )


def test_many_open_adds_are_counted() -> None:
    verdict = check_bounds([*(maybe(1, start) for start in range(6)), read(9, 7, 8)], never)
    assert verdict.reason.endswith(
        "; +6 is possible by c3 add 1 of unknown outcome (3..?), c4 add 1 of unknown outcome (4..?)"
        " and c5 add 1 of unknown outcome (5..?) and 3 more"
    )


def test_a_counter_that_agrees_in_the_end() -> None:
    def eventual(*calls: Call) -> list[str]:
        return [it.property for it in judge("eventual-counter", calls, never) if it.outcome != "holds"]

    late = [add(2, 0, 1), read(0, 2, 3), read(2, 4, 5), read(0, 6, 7), read(2, 8, 9)]
    assert eventual(*late) == []
    assert eventual(*late, add(1, 12, 13), read(2, 14, 15)) == ["last reads count every add"]
    assert eventual(*late, read(0, 9, 10)) == ["last reads count every add"]
    assert eventual(*late, read(3, 2, 2)) == ["nothing beyond what was asked"]
    assert check_last([add(2, 0, 3), read(0, 3, 4)], never).reason == "no read began after all adds had ended"
    assert check_last([read(0, 3, 4)], never).outcome == "holds"
    verdict = check_asked([add(2, 0, 1), add(-1, 3, 4), read(3, 2, 3)], never)
    assert verdict.reason == ("c2 read → 3 (2..3) is not within -1..2, which is all that was asked for until then")


def test_keys_are_counters_of_their_own() -> None:
    calls = [msgspec.structs.replace(it, key=key) for it, key in zip([add(1, 0, 1), read(1, 2, 3)], "kl", strict=True)]
    verdict = check_bounds(calls, never)
    assert (verdict.violations[0].key, verdict.reason[:12]) == ("l", "key l: c2 re")


@pytest.mark.parametrize("result", [None, True, 1.0, "1"], ids=repr)
def test_what_is_no_integer_is_refused(result: Any) -> None:
    with pytest.raises(OddHistory, match="call 2 is a read of a counter that returned no integer"):
        check_bounds([read(result, 2, 3)], never)
    with pytest.raises(OddHistory, match="call 2 adds no integer"):
        check_bounds([add(result, 2, 3)], never)


@pytest.mark.parametrize("model", ["counter", "eventual-counter"])
def test_a_spent_budget_is_said(model: str) -> None:
    for check in MODELS[model].checks.values():
        verdict = check([add(1, 0, 1), read(0, 2, 3)], lambda: "5 s are over")
        assert (verdict.outcome, verdict.reason) == ("unknown", "5 s are over")


# The definitions, by trying all that may be


@st.composite
def asks(draw: st.DrawFn) -> tuple[Function, Any]:
    adding = draw(st.booleans())
    return ("add", draw(st.sampled_from([-2, -1, 0, 1, 1, 3]))) if adding else ("read", None)


@st.composite
def valid(draw: st.DrawFn) -> list[Call]:
    held = [0]

    def apply(function: Function, value: Any) -> Any:
        if function == "read":
            return held[0]
        held[0] += value
        return None

    return simulated(draw, asks(), apply)


def lie(draw: st.DrawFn, it: Call) -> Call:
    if it.outcome != "ok" or it.function != "read":
        return it
    return msgspec.structs.replace(it, result=it.result + draw(st.integers(-3, 3)))


@st.composite
def any_history(draw: st.DrawFn) -> list[Call]:
    return mutated(draw, draw(valid()), lie)


def anything(random: Random) -> tuple[Function, Any, Any]:
    if random.random() < 0.4:
        return "add", random.choice([-2, -1, 1, 1, 3]), None
    return "read", None, random.randrange(-2, 5)


def end(it: Call) -> int:
    return INFINITY if it.end is None else it.end


def parted(calls: list[Call]) -> tuple[list[Call], list[Call]]:
    adds = [it for it in calls if it.function == "add" and it.outcome != "failed" and it.value]
    return adds, [it for it in calls if it.function == "read" and it.outcome == "ok"]


def sums(certain: list[Call], possible: list[Call]) -> tuple[int, int]:
    """The least and the most that all of the first and any of the others make."""
    made = sum(it.value for it in certain)
    open_ones = [it.value for it in possible if it not in certain]
    every = {made + sum(taken) for taken in product(*((0, value) for value in open_ones))}
    return min(every), max(every)


def out_of_bounds(calls: list[Call]) -> list[int]:
    adds, reads = parted(calls)
    wrong = []
    for it in reads:
        low, high = sums([a for a in adds if end(a) < it.start], [a for a in adds if a.start <= end(it)])
        wrong += [end(it)] * (not low <= it.result <= high)
    return sorted(wrong)


def disagreeing(calls: list[Call]) -> list[int]:
    """Too low and too high are told apart."""
    adds, reads = parted(calls)
    wrong = []
    for later in reads:
        low = high = False
        for it in reads:
            if end(it) < later.start:
                certain = [a for a in adds if a.start > end(it) and end(a) < later.start]
                least, most = sums(certain, [a for a in adds if end(a) >= it.start and a.start <= end(later)])
                low |= later.result - it.result < least
                high |= later.result - it.result > most
        wrong += [end(later)] * (low + high)
    return sorted(wrong)


def beyond(calls: list[Call]) -> list[int]:
    adds, reads = parted(calls)
    wrong = []
    for it in reads:
        low, high = sums([], [a for a in adds if a.start <= end(it)])
        wrong += [end(it)] * (not low <= it.result <= high)
    return sorted(wrong)


def last_wrong(calls: list[Call]) -> list[int]:
    adds, reads = parted(calls)
    ended = [end(it) for it in adds if it.end is not None]
    last = [it for it in reads if all(other.start <= end(it) for other in reads) and all(at < it.start for at in ended)]
    return out_of_bounds([*adds, *last])


DEFINED = {
    BOUNDS: out_of_bounds,
    AGREE: disagreeing,
    "nothing beyond what was asked": beyond,
    "last reads count every add": last_wrong,
}


@given(valid())
def test_a_correct_counter_holds(calls: list[Call]) -> None:
    assert outcomes(*calls) == []


@given(any_history())
def test_verdicts_are_as_defined(calls: list[Call]) -> None:
    assert_as_defined(calls)


def test_verdicts_are_as_defined_where_all_is_close() -> None:
    random = Random("counters")
    for number in range(16_000):
        assert_as_defined(loose(random, anything, most=18 if number % 4 == 0 else 7))


def assert_as_defined(calls: list[Call]) -> None:
    for verdict in (*judge("counter", calls, never), *judge("eventual-counter", calls, never)):
        # Of several events the read that is wrong is the one that is named first.
        wrong = sorted(int(it.summary.split("..")[1].split(")")[0]) for it in verdict.violations)
        assert wrong == DEFINED[verdict.property](calls)


def test_floors_rise_as_if_each_were_kept() -> None:
    random = Random("floors")
    for _ in range(2_000):
        floors, kept = _Floors(), dict[int, int]()
        for at in range(random.randrange(1, 30)):
            if random.random() < 0.4:
                kept[at] = random.randrange(12)
                floors.note(read(0, at, at), kept[at])
            else:
                start, by = random.randrange(at + 1), random.randrange(1, 5)
                kept = {end: floor + by * (end < start) for end, floor in kept.items()}
                floors.raise_before(start, by)
            if kept:
                assert floors.highest == max(kept.values())
                assert kept[floors.reads[-1].place()] == floors.highest


def step(held: Any, it: Call) -> tuple[bool, Any]:
    return (True, held + it.value) if it.function == "add" else (held == it.result, held)


@given(any_history())
def test_no_alarm_over_a_history_that_some_order_explains(calls: list[Call]) -> None:
    if outcomes(*calls):
        adds, reads = parted(calls)
        assert not explained([*adds, *reads], state=0, step=step)


@given(any_history(), st.data())
def test_neither_the_order_of_the_file_nor_names_matter(calls: list[Call], data: st.DataObject) -> None:
    other = data.draw(renamed_and_shuffled(calls))
    for model in ("counter", "eventual-counter"):
        for one, two in zip(judge(model, calls, never), judge(model, other, never), strict=True):
            assert (one.outcome, one.checked) == (two.outcome, two.checked)
            assert [it.events for it in one.violations] == [it.events for it in two.violations]


@given(st.data())
def test_replicas_that_lag_and_agree_in_the_end(data: st.DataObject) -> None:
    log: list[int] = []
    calls: list[Call] = []
    for number, (function, value) in enumerate(data.draw(st.lists(asks(), max_size=20))):
        if function == "add":
            log.append(value)
            calls.append(add(value, number * 3, number * 3 + 1))
        else:
            seen = data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log)))
            told = sum(by for by, here in zip(log, seen, strict=True) if here)
            calls.append(read(told, number * 3, number * 3 + 1))
    calls += [read(sum(log), 1000, 1001), read(sum(log), 1001, 1002)]
    assert [it.outcome for it in judge("eventual-counter", calls, never)] == ["holds"] * 2
