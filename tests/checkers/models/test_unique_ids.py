from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.calls import Call, Function
from checkers.models.table import judge
from checkers.models.unique_ids import check_unique
from tests.checkers.models.objects import mutated, never, renamed_and_shuffled, simulated


def made(result: Any, start: int, key: str | None = None) -> Call:
    return Call(start, f"c{start}", "generate", key, None, result, "ok", start, start + 1)


def test_both_calls_are_named() -> None:
    verdict = check_unique([made(7, 0), made(8, 2), made(3, 4), made(7, 6)], never)
    assert verdict.reason == (
        "7 was handed out 2 times: c0 generate → 7 (0..1) and c6 generate → 7 (6..7); identifiers lie within 3..8"
    )
    assert ([it.events for it in verdict.violations], verdict.checked) == ([[1, 7]], 4)


@pytest.mark.parametrize(
    ("results", "span"),
    [
        ([5, -2, 2**70], f"identifiers lie within -2..{2**70}"),
        (["b", "a"], 'identifiers lie within "a".."b"'),
        ([1, "1", True, None], ""),
        ([[1], [2], {"a": 1}, {"a": 2}], ""),
        ([], ""),
    ],
    ids=str,
)
def test_what_holds_says_the_range(results: list[Any], span: str) -> None:
    verdict = check_unique([made(result, 2 * number) for number, result in enumerate(results)], never)
    assert (verdict.outcome, verdict.reason, verdict.checked) == ("holds", span, len(results))


def test_only_what_someone_was_told_counts() -> None:
    lost = msgspec.structs.replace(made(None, 2), outcome="unknown", end=None)
    failed = msgspec.structs.replace(made(None, 4), outcome="failed")
    assert check_unique([made(None, 0), lost, failed], never).outcome == "holds"
    assert check_unique([made(1, 0, "k"), made(1, 2, "l"), made(1, 4)], never).outcome == "holds"
    assert check_unique([made(1, 0, "k"), made(1, 2, "k")], never).violations[0].key == "k"


def test_a_spent_budget_is_said() -> None:
    verdict = check_unique([made(1, 0), made(1, 2)], lambda: "5 s are over")
    assert (verdict.outcome, verdict.reason) == ("unknown", "5 s are over")


@st.composite
def valid(draw: st.DrawFn) -> list[Call]:
    left = draw(st.permutations(range(48)))

    def apply(function: Function, value: Any) -> int:
        return left.pop()

    return simulated(draw, st.just(("generate", None)), apply)


def lie(draw: st.DrawFn, it: Call) -> Call:
    return msgspec.structs.replace(it, result=draw(st.integers(0, 47))) if it.outcome == "ok" else it


@st.composite
def any_history(draw: st.DrawFn) -> list[Call]:
    return mutated(draw, draw(valid()), lie)


@given(valid())
def test_a_correct_generator_holds(calls: list[Call]) -> None:
    assert [it.outcome for it in judge("unique-ids", calls, never)] == ["holds"]


@given(any_history(), st.data())
def test_verdicts_are_as_defined(calls: list[Call], data: st.DataObject) -> None:
    answered = [it for it in calls if it.outcome == "ok"]
    pairs = [pair for pair in combinations(answered, 2) if pair[0].result == pair[1].result]
    verdict = check_unique(calls, never)
    assert len(verdict.violations) == len({pair[0].result for pair in pairs})
    named = {frozenset(it.events) for it in verdict.violations}
    assert all(any({one.place(), two.place()} <= events for events in named) for one, two in pairs)
    other = check_unique(data.draw(renamed_and_shuffled(calls)), never)
    assert [it.events for it in other.violations] == [it.events for it in verdict.violations]
