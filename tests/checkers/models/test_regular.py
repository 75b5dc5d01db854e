from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call
from checkers.models.regular import check_regularity, check_safety
from checkers.verdict import Verdict
from tests.checkers.models.weak_registers import (
    KEYS,
    Calls,
    effective_writes,
    histories,
    never,
    overlapped,
    regular,
    told_reads,
)


def regularity(calls: Sequence[Call]) -> Verdict:
    return check_regularity(calls, never)


def safety(calls: Sequence[Call]) -> Verdict:
    return check_safety(calls, never)


@settings(max_examples=125, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_each_read_agrees_with_the_definition(calls: list[Call]) -> None:
    for key in KEYS:
        writes = effective_writes(calls, key)
        of_key = [call for call in calls if call.key == key]
        wrong = {read.place() for read in told_reads(calls, key) if not regular(read, writes)}
        unsafe = {read.place() for read in told_reads(calls, key) if not overlapped(read, writes)} & wrong
        # Two reads may end at one place, and then it is enough that one of them is wrong.
        assert {violation.events[-1] for violation in regularity(of_key).violations} == wrong
        assert {violation.events[-1] for violation in safety(of_key).violations} == unsafe
    assert regularity(calls).checked == sum(len(told_reads(calls, key)) for key in KEYS)


def told(verdict: Verdict) -> tuple[str, list[int]]:
    assert verdict.outcome == "violated"
    (violation,) = verdict.violations
    return violation.rule, violation.events


def test_a_read_of_what_was_overwritten_before() -> None:
    calls = Calls()
    old, new, read = calls.write("a", 1), calls.write("b", 2), calls.read("c", 1)
    rule = "a read returns nothing that was overwritten before it began"
    for verdict in (regularity(calls.made), safety(calls.made)):
        assert told(verdict) == (rule, [old.place(), new.place(), read.place()])
    assert regularity(calls.made).reason == "key x: c read → 1 (5..6); before it a write 1 (1..2) and b write 2 (3..4)"


def test_beside_a_write_the_old_and_the_new_may_be_read_in_turn() -> None:
    """What tells a regular register from an atomic one."""
    calls = Calls()
    calls.write("a", 1)
    calls.write("a", 2, start=10, end=20)
    for value, start in ((2, 11), (1, 13), (2, 15), (1, 17)):
        calls.read("b", value, start=start, end=start + 1)
    assert (regularity(calls.made).outcome, regularity(calls.made).checked) == ("holds", 4)


def test_beside_a_write_a_safe_register_returns_anything() -> None:
    calls = Calls()
    calls.write("a", 1)
    calls.write("a", 2, start=10, end=20)
    calls.read("b", 7, start=11, end=12)
    assert told(regularity(calls.made)) == ("a read returns what somebody has asked to write", [12])
    assert (safety(calls.made).outcome, safety(calls.made).checked) == ("holds", 0)


@pytest.mark.parametrize(("start", "outcome"), [(11, "violated"), (10, "holds"), (9, "holds")])
def test_the_ends_belong_to_a_call(start: int, outcome: str) -> None:
    calls = Calls()
    calls.write("a", 1)
    calls.write("a", 2, start=5, end=10)
    calls.read("b", 1, start=start, end=20)
    assert regularity(calls.made).outcome == outcome
    calls.made[-1] = replace(calls.made[-1], result=2, start=1, end=15 - start)
    assert regularity(calls.made).outcome == ("violated" if start == 11 else "holds")


def test_a_write_of_unknown_outcome_may_come_whenever_or_never() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="unknown")
    calls.write("b", 2)
    for value in (2, 1, 2):
        calls.read("c", value)
    assert regularity(calls.made).outcome == "holds"
    assert (safety(calls.made).outcome, safety(calls.made).checked) == ("holds", 0)


def test_what_failed_was_never_there() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="failed")
    calls.read("b", 1)
    for verdict in (regularity(calls.made), safety(calls.made)):
        assert told(verdict) == ("a read returns what somebody has asked to write", [4])


def test_nothing_is_what_was_there_first_and_what_a_delete_leaves() -> None:
    calls = Calls()
    calls.read("a", None)
    calls.write("a", 1)
    assert regularity(calls.made).outcome == "holds"
    calls.read("b", None)
    assert told(regularity(calls.made)) == ("a read finds what had been written before it began", [4, 6])
    calls.made.pop()
    calls.call("a", "delete")
    calls.read("b", None)
    assert regularity(calls.made).outcome == "holds"


def test_any_of_the_writes_of_a_value_will_do() -> None:
    calls = Calls()
    for value in (1, 2, 1):
        calls.write("a", value)
    calls.read("b", 1)
    assert regularity(calls.made).outcome == "holds"


def test_true_is_not_one_and_lists_are_values() -> None:
    calls = Calls()
    calls.write("a", [1, {"b": 2}])
    calls.read("b", [1, {"b": 2}])
    calls.write("a", value=True)
    assert regularity(calls.made).outcome == "holds"
    calls.read("b", 1)
    assert regularity(calls.made).outcome == "violated"


def test_what_is_no_register_is_not_judged() -> None:
    calls = Calls()
    calls.call("a", "cas", (1, 2))
    verdict = regularity(calls.made)
    assert (verdict.outcome, verdict.reason) == ("unknown", "key x: a cas [1,2] (1..2) is no read, write or delete")


def test_a_budget_that_is_spent_ends_it() -> None:
    calls = Calls()
    calls.read("a", None)
    verdict = check_regularity(calls.made, lambda: "no time is left")
    assert (verdict.outcome, verdict.reason) == ("unknown", "no time is left")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=histories(), data=st.data())
def test_names_and_places_in_the_file_do_not_matter(calls: list[Call], data: st.DataObject) -> None:
    names = dict(zip("abc", data.draw(st.permutations("pqr")), strict=True))
    other = [replace(call, process=names[call.process]) for call in data.draw(st.permutations(calls))]
    for check in (regularity, safety):
        one, two = check(calls), check(other)
        assert (one.outcome, one.checked) == (two.outcome, two.checked)
        assert [wrong.events for wrong in one.violations] == [wrong.events for wrong in two.violations]
