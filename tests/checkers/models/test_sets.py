import re
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.calls import Call, Function
from checkers.history import OddHistory, Outcome
from checkers.models.sets import check_duplicated, check_invented, check_lost, check_resurrected
from checkers.models.stale import Staleness, check_stale, measure
from checkers.models.table import MODELS, judge
from checkers.verdict import Verdict
from tests.checkers.models.objects import explained, loose, mutated, never, renamed_and_shuffled, simulated

INFINITY = 10**9


def call(
    function: Function, value: Any, start: int, end: int | None, result: Any = None, outcome: Outcome = "ok"
) -> Call:
    return Call(start, f"c{start}", function, None, value, result, outcome, start, end)


def add(value: Any, start: int, end: int) -> Call:
    return call("add", value, start, end)


def remove(value: Any, start: int, end: int) -> Call:
    return call("remove", value, start, end)


def read(result: list[Any], start: int, end: int) -> Call:
    return call("read", None, start, end, result)


def maybe(function: Function, value: Any, start: int) -> Call:
    return call(function, value, start, None, outcome="unknown")


def outcomes(*calls: Call) -> dict[str, str]:
    """Of the properties that do not hold."""
    return {it.property: it.outcome for it in judge("set", calls, never) if it.outcome != "holds"}


# Textbook cases


def test_an_element_that_every_read_shows() -> None:
    calls = [add(1, 0, 1), read([1], 2, 3), read([1], 4, 5)]
    assert outcomes(*calls) == {}
    assert [it.checked for it in judge("set", calls, never)] == [2, 2, 1, 0, 1]


def test_a_lost_element() -> None:
    verdict = check_lost([add(1, 0, 1), read([1], 2, 3), add(2, 4, 5), read([2], 6, 7)], never)
    assert verdict.reason == "1 is lost: c0 add 1 (0..1); missed for good by c6 read → [2] (6..7)"
    assert verdict.violations[0].events == [1, 7]
    assert verdict.checked == 2
    assert outcomes(add(1, 0, 1), read([1], 2, 3), read([], 6, 7)) == {"nothing lost": "violated"}


def test_what_no_read_could_have_seen_is_not_lost() -> None:
    assert outcomes(add(1, 0, 4), read([], 2, 3)) == {}
    assert outcomes(add(1, 0, 2), read([], 2, 3)) == {}  # intervals are closed
    assert outcomes(maybe("add", 1, 0), read([], 2, 3)) == {}
    assert outcomes(call("add", 1, 0, 1, outcome="failed"), read([], 2, 3)) == {}
    assert check_lost([add(1, 0, 4), read([], 2, 3)], never).checked == 0


def test_an_add_of_unknown_outcome_that_was_seen_may_not_go_again() -> None:
    verdict = check_lost([maybe("add", 1, 0), read([1], 2, 3), read([], 4, 5)], never)
    assert verdict.reason == "1 is lost: c2 read → [1] (2..3); missed for good by c4 read → [] (4..5)"


def test_a_late_element_is_stale_and_not_lost() -> None:
    calls = [add(1, 0, 10), add(2, 0, 11), read([], 12, 15), read([2], 20, 30), read([1, 2], 40, 41)]
    verdict = check_stale(calls, never)
    assert verdict.reason == (
        "2 of 2 adds and removes were seen late, by 4 at the median, 20 at the 99th percentile, 20 at most;"
        " first 1: after c0 add 1 (0..10) it was still missed by c20 read → [2] (20..30)"
    )
    assert [it.events for it in verdict.violations] == [[10, 30], [11, 15]]
    assert outcomes(*calls) == {"no stale reads": "violated"}
    assert measure(calls) == Staleness(2, 2, 4, 20, 20)
    assert measure(calls[:2]).words() == "none of 0 adds and removes was seen late"


def test_whoever_sees_it_at_the_same_time_may_have_seen_it_later() -> None:
    assert outcomes(add(1, 0, 1), read([], 2, 4), read([1], 3, 4)) == {"no stale reads": "violated"}
    assert outcomes(add(1, 0, 1), read([], 4, 5), read([1], 2, 3)) == {"nothing lost": "violated"}


def test_a_remove_at_the_same_time_or_later_excuses() -> None:
    for excuse in (remove(1, 0, 1), remove(1, 1, 9), maybe("remove", 1, 3)):
        assert outcomes(add(1, 1, 1), excuse, read([], 3, 4)) == {}
    assert outcomes(add(1, 2, 2), remove(1, 0, 1), read([], 3, 4)) == {"nothing lost": "violated"}
    failed = call("remove", 1, 3, 4, outcome="failed")
    assert outcomes(add(1, 0, 1), failed, read([], 3, 4)) == {"nothing lost": "violated"}


def test_what_is_missed_before_it_is_removed_is_stale() -> None:
    assert outcomes(add(1, 0, 1), read([], 2, 3), remove(1, 4, 5), read([], 6, 7)) == {"no stale reads": "violated"}


def test_a_resurrected_element() -> None:
    calls = [add(1, 0, 1), remove(1, 2, 3), read([], 4, 5), read([1], 6, 7)]
    verdict = check_resurrected(calls, never)
    assert verdict.reason == "1 is resurrected: c2 remove 1 (2..3); shown for good to c6 read → [1] (6..7)"
    assert verdict.violations[0].events == [3, 7]
    assert outcomes(*calls) == {"nothing resurrected": "violated"}
    assert outcomes(*calls, read([], 8, 9)) == {"no stale reads": "violated"}


def test_an_add_at_the_same_time_or_later_excuses() -> None:
    for excuse in (add(1, 3, 4), add(1, 6, 7), maybe("add", 1, 1)):
        assert outcomes(add(1, 0, 1), excuse, remove(1, 2, 3), read([1], 6, 7)) == {}
    assert outcomes(maybe("add", 1, 0), remove(1, 2, 3), read([1], 6, 7)) == {}


def test_an_add_of_unknown_outcome_happens_once() -> None:
    seen_before = [maybe("add", 1, 0), read([1], 0, 1)]
    assert outcomes(*seen_before, remove(1, 2, 3), read([1], 6, 7)) == {"nothing resurrected": "violated"}
    assert outcomes(*seen_before, maybe("add", 1, 0), remove(1, 2, 3), read([1], 6, 7)) == {}


def test_a_remove_that_was_not_acknowledged_resurrects_nothing() -> None:
    assert outcomes(add(1, 0, 1), maybe("remove", 1, 2), read([], 4, 5), read([1], 6, 7)) == {}


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ([read([1], 4, 5)], "1 was asked for by nobody; it was shown to c4 read → [1] (4..5)"),
        (
            [add(1, 6, 7), read([1], 4, 5)],
            "1 was asked for only later: c6 add 1 (6..7); it was shown to c4 read → [1] (4..5)",
        ),
        (
            [call("add", 1, 0, 1, outcome="failed"), call("contains", 1, 4, 5, result=True)],
            "1 was asked for in vain: c0 add 1 failed (0..1); it was shown to c4 contains 1 → true (4..5)",
        ),
    ],
    ids=["never", "later", "failed"],
)
def test_an_invented_element(calls: list[Call], why: str) -> None:
    assert check_invented(calls, never).reason == why
    assert outcomes(*calls) == {"nothing invented": "violated"}


def test_an_element_that_is_there_twice() -> None:
    verdict = check_duplicated([add(1, 0, 1), add(2, 0, 1), read([2, 1, 1, 1], 2, 3), read([1, 2, 1], 4, 5)], never)
    assert verdict.reason == (
        "1 is more than once in what was told c2 read → [2,1,1,1] (2..3) and c4 read → [1,2,1] (4..5)"
    )
    assert [it.events for it in verdict.violations] == [[3]]


def test_contains_tells_of_one_element() -> None:
    def contains(value: int, start: int, *, result: bool) -> Call:
        return call("contains", value, start, start + 1, result)

    assert outcomes(add(1, 0, 1), add(2, 0, 1), contains(1, 2, result=True), contains(2, 4, result=True)) == {}
    assert outcomes(add(1, 0, 1), contains(1, 2, result=False)) == {"nothing lost": "violated"}
    assert outcomes(add(1, 0, 1), contains(1, 2, result=False), read([1], 4, 5)) == {"no stale reads": "violated"}
    assert outcomes(add(1, 0, 1), remove(1, 2, 3), contains(1, 4, result=True)) == {"nothing resurrected": "violated"}


def test_elements_may_be_any_value_and_are_told_apart() -> None:
    values: list[Any] = [1, "1", True, None, [1], ["1"], {"a": 1}, {"a": "1"}]
    adds = [add(value, 0, 1) for value in values]
    assert outcomes(*adds, read(values, 2, 3)) == {}
    for value in values:
        rest = [it for it in values if it is not value]
        verdict = check_lost([*adds, read(rest, 2, 3)], never)
        assert [it.summary.split(" is lost")[0] for it in verdict.violations] == [msgspec.json.encode(value).decode()]


def test_a_long_read_is_cut_short_in_a_sentence() -> None:
    for many, told in (
        (list(range(1000)), "[0,1,2,3,4,5,6,7,8,9,10,11,12,1…"),
        (frozenset(range(1000)), "1000 elements"),
    ):
        verdict = check_lost([add(-1, 0, 1), call("read", None, 2, 3, many)], never)
        assert verdict.reason == f"-1 is lost: c0 add -1 (0..1); missed for good by c2 read → {told} (2..3)"
    assert check_lost([add(-1, 0, 1), call("read", None, 2, 3, {"b", "a"})], never).reason.endswith('["a","b"] (2..3)')


def test_keys_are_sets_of_their_own() -> None:
    calls = [add(1, 0, 1), read([1], 2, 3), read([], 4, 5)]
    keyed = [msgspec.structs.replace(it, key=key) for it, key in zip(calls, "kkl", strict=True)]
    assert outcomes(*keyed) == {}
    verdict = check_lost([msgspec.structs.replace(it, key="k") for it in calls], never)
    assert (verdict.violations[0].key, verdict.reason[:16]) == ("k", "key k: 1 is lost")


def test_what_is_no_answer_of_a_set_is_refused() -> None:
    with pytest.raises(OddHistory, match="call 2 is a read of a set that did not return a list"):
        check_lost([call("read", None, 2, 3, result=1)], never)
    with pytest.raises(OddHistory, match="call 2 is a contains that returned neither"):
        check_lost([call("contains", 1, 2, 3)], never)


def test_a_spent_budget_is_said() -> None:
    for check in MODELS["set"].checks.values():
        verdict = check([add(1, 0, 1), read([], 2, 3)], lambda: "5 s are over")
        assert (verdict.outcome, verdict.reason) == ("unknown", "5 s are over")


# The definitions, by looking at all pairs

Span = tuple[int, int]


class Told:
    """All that was told of one element."""

    def __init__(self, value: int, calls: list[Call]) -> None:
        mine = [it for it in calls if it.outcome != "failed" and (it.value == value or it.function == "read")]
        self.adds = [it for it in mine if it.function == "add"]
        self.removes = [it for it in mine if it.function == "remove"]
        self.here: list[Call] = []
        self.invented: list[Call] = []
        self.gone: list[Call] = []
        self.twice = False
        for it in mine:
            if it.outcome != "ok" or it.function not in {"read", "contains"}:
                continue
            times = it.result.count(value) if it.function == "read" else int(it.result)
            self.twice |= times > 1
            if not times:
                self.gone.append(it)
            elif any(each.start <= end(it) for each in self.adds):
                self.here.append(it)
            else:
                self.invented.append(it)
        self.added = [(it.start, end(it)) for it in self.adds if it.outcome == "ok"]
        self.added += [(min(each.start for each in self.adds), end(it)) for it in self.here]
        self.removed = [(it.start, end(it)) for it in self.removes if it.outcome == "ok"]
        self.may_remove = [(it.start, end(it)) for it in self.removes]
        self.may_add = [(it.start, end(it)) for it in self.adds]
        if len(self.may_add) == 1:
            ((start, stop),) = self.may_add
            self.may_add = [(start, min([stop, *(end(it) for it in self.here)]))]

    def missed(self) -> list[tuple[Span, Call]]:
        return [(it, by) for it in self.added for by in self.gone if wrong(it, by, self.may_remove)]

    def shown(self) -> list[tuple[Span, Call]]:
        return [(it, by) for it in self.removed for by in self.here if wrong(it, by, self.may_add)]

    def lost(self) -> bool:
        return self._for_good(self.missed(), self.may_remove, self.here)

    def resurrected(self) -> bool:
        return self._for_good(self.shown(), self.may_add, self.gone)

    def stale(self) -> list[int]:
        late: list[int] = []
        for pairs, undoing, for_good in (
            (self.missed(), self.may_remove, self.lost()),
            (self.shown(), self.may_add, self.resurrected()),
        ):
            late += [end(by) - it[1] for it, by in pairs if not (for_good and stands(it, undoing))]
        return late

    def _for_good(self, pairs: list[tuple[Span, Call]], undoing: list[Span], contrary: list[Call]) -> bool:
        return any(stands(it, undoing) and all(end(each) < by.start for each in contrary) for it, by in pairs)


def end(it: Call) -> int:
    return INFINITY if it.end is None else it.end


def stands(known: Span, undoing: list[Span]) -> bool:
    return all(stop < known[0] for _, stop in undoing)


def wrong(known: Span, by: Call, undoing: list[Span]) -> bool:
    may_be_undone = any(start <= end(by) and stop >= known[0] for start, stop in undoing)
    return known[1] < by.start and not may_be_undone


RULES: dict[str, Callable[[Told], bool]] = {
    "nothing invented": lambda it: bool(it.invented),
    "nothing duplicated": lambda it: it.twice,
    "nothing lost": Told.lost,
    "nothing resurrected": Told.resurrected,
    "no stale reads": lambda it: bool(it.stale()),
}
VALUES = range(3)


def elements_of(verdict: Verdict) -> set[int]:
    return {int(re.match(r"\d", it.summary)[0]) for it in verdict.violations}  # type: ignore[index] # else it fails


@st.composite
def asks(draw: st.DrawFn) -> tuple[Function, Any]:
    function = draw(st.sampled_from(["add", "add", "remove", "read", "read", "contains"]))
    return function, None if function == "read" else draw(st.sampled_from(VALUES))  # type: ignore[return-value] # its literals


@st.composite
def valid(draw: st.DrawFn) -> list[Call]:
    held: set[int] = set()

    def apply(function: Function, value: Any) -> Any:
        if function == "read":
            return sorted(held)
        if function == "contains":
            return value in held
        return held.add(value) if function == "add" else held.discard(value)

    return simulated(draw, asks(), apply)


def lie(draw: st.DrawFn, it: Call) -> Call:
    if it.outcome != "ok" or it.function not in {"read", "contains"}:
        return it
    told = draw(st.lists(st.sampled_from(VALUES), max_size=3)) if it.function == "read" else not it.result
    return msgspec.structs.replace(it, result=told)


@st.composite
def any_history(draw: st.DrawFn) -> list[Call]:
    return mutated(draw, draw(valid()), lie)


def anything(random: Random) -> tuple[Function, Any, Any]:
    function: Function = random.choice(["add", "add", "remove", "read", "read", "contains"])
    if function == "read":
        return function, None, random.choices(range(2), k=random.randrange(3))
    return function, random.randrange(2), random.random() < 0.5 if function == "contains" else None


def step(held: Any, it: Call) -> tuple[bool, Any]:
    if it.function in {"add", "remove"}:
        return True, it.function == "add"
    return held is it.result, held


@given(valid())
def test_a_correct_set_holds(calls: list[Call]) -> None:
    assert outcomes(*calls) == {}


@given(any_history())
def test_verdicts_are_as_defined(calls: list[Call]) -> None:
    assert_as_defined(calls)


def test_verdicts_are_as_defined_where_all_is_close() -> None:
    random = Random("sets")
    for _ in range(20_000):
        assert_as_defined(loose(random, anything))


def assert_as_defined(calls: list[Call]) -> None:
    told = {value: Told(value, calls) for value in VALUES}
    for verdict in judge("set", calls, never):
        assert elements_of(verdict) == {value for value in VALUES if RULES[verdict.property](told[value])}
    late = [duration for it in told.values() for duration in it.stale()]
    assert measure(calls).most == max(late, default=0)


@given(any_history())
def test_no_alarm_over_an_element_that_some_order_explains(calls: list[Call]) -> None:
    for verdict in judge("set", calls, never):
        for value in elements_of(verdict) if verdict.property != "nothing duplicated" else ():
            mine = [it for it in calls if it.outcome != "failed" and (it.value == value or it.function == "read")]
            asked = [it for it in mine if it.function in {"add", "remove"} or it.outcome == "ok"]
            shown = [
                msgspec.structs.replace(it, result=value in it.result) if it.function == "read" else it for it in asked
            ]
            assert not explained(shown, state=False, step=step)


@given(any_history(), st.data())
def test_neither_the_order_of_the_file_nor_names_matter(calls: list[Call], data: st.DataObject) -> None:
    other = data.draw(renamed_and_shuffled(calls))
    for one, two in zip(judge("set", calls, never), judge("set", other, never), strict=True):
        assert (one.outcome, one.checked) == (two.outcome, two.checked)
        assert [it.events for it in one.violations] == [it.events for it in two.violations]


@given(st.data())
def test_replicas_that_lag_and_agree_in_the_end_lose_and_resurrect_nothing(data: st.DataObject) -> None:
    log: list[tuple[Function, int]] = []
    lags = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    calls: list[Call] = []

    def held(upto: int) -> list[int]:
        state: set[int] = set()
        for function, value in log[:upto]:
            state.add(value) if function == "add" else state.discard(value)
        return sorted(state)

    for number, (function, value) in enumerate(data.draw(st.lists(asks(), max_size=20))):
        at = number * 3
        if function in {"add", "remove"}:
            log.append((function, value))
            calls.append(call(function, value, at, at + 1))
        else:
            calls.append(read(held(max(0, len(log) - data.draw(st.sampled_from(lags)))), at, at + 1))
    calls += [read(held(len(log)), 1000, 1001) for _ in lags]
    assert [it.outcome for it in judge("eventual-set", calls, never)] == ["holds"] * 4
