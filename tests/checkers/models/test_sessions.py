from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call, OutOfBudget
from checkers.history import Version
from checkers.models import sessions
from checkers.verdict import Verdict
from tests.checkers.models.weak_registers import GUARANTEES, Calls, allowed, histories, never

CHECKS: dict[str, Callable[[Sequence[Call], OutOfBudget], Verdict]] = {
    sessions.READ_YOUR_WRITES: sessions.check_read_your_writes,
    sessions.MONOTONIC_READS: sessions.check_monotonic_reads,
    sessions.MONOTONIC_WRITES: sessions.check_monotonic_writes,
    sessions.WRITES_FOLLOW_READS: sessions.check_writes_follow_reads,
}


def outcomes(calls: Calls) -> list[str]:
    return [check(calls.made, never).outcome for check in CHECKS.values()]


def violation(name: str, calls: Calls) -> list[int]:
    verdict = CHECKS[name](calls.made, never)
    assert verdict.outcome == "violated", verdict
    assert len(verdict.violations) == 1
    return verdict.violations[0].events


@pytest.mark.parametrize("name", GUARANTEES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=st.one_of(histories(), histories(unique=True)))
def test_a_guarantee_is_violated_if_no_order_of_the_writes_explains_it(name: str, calls: list[Call]) -> None:
    verdict = CHECKS[name](calls, never)
    assert verdict.outcome in allowed(name, calls), verdict
    for wrong in verdict.violations:
        assert wrong.events == sorted(set(wrong.events)) != []
        assert set(wrong.events) <= {call.place() for call in calls}


def test_a_process_that_finds_nothing_where_it_wrote() -> None:
    calls = Calls()
    wrote, read = calls.write("a", 1), calls.read("a", None)
    assert violation("read your writes", calls) == [wrote.place(), read.place()]
    assert outcomes(calls) == ["violated", "holds", "unknown", "unknown"]
    verdict = sessions.check_read_your_writes(calls.made, never)
    assert verdict.reason == "key x: no order of its writes explains a write 1 (1..2) and a read → null (3..4)"
    assert verdict.violations[0].rule == "a read is from no earlier write than its process had made before"


def test_a_write_of_another_may_come_before_ones_own_or_after() -> None:
    calls = Calls()
    calls.write("b", 2)
    first = calls.write("a", 1)
    calls.read("a", 2)
    assert outcomes(calls) == ["holds"] * 4
    calls.read("a", 1)  # and then not the other: each could be right by itself
    assert outcomes(calls) == ["holds", "holds", "unknown", "unknown"]
    second = calls.write("a", 3)
    seen = calls.read("a", 1), calls.read("a", 3)
    assert violation("read your writes", calls) == [call.place() for call in (first, second, *seen)]


def test_two_of_its_own_writes_that_a_process_reads_late() -> None:
    calls = Calls()
    for value in (1, 2, 3):
        calls.write("a", value)
    calls.read("a", 2)
    assert outcomes(calls) == ["holds", "holds", "violated", "holds"]
    calls.read("a", 1)
    assert outcomes(calls) == ["violated", "holds", "unknown", "unknown"]


def test_reads_that_go_back() -> None:
    calls = Calls()
    calls.write("a", 1)
    calls.write("b", 2)
    seen = [calls.read("c", value) for value in (1, 2, 1)]
    assert violation("monotonic reads", calls) == [call.place() for call in seen]
    assert outcomes(calls) == ["holds", "violated", "unknown", "unknown"]


def test_two_who_see_two_writes_in_opposite_orders() -> None:
    """Each by itself could be right, and there is one order."""
    calls = Calls()
    calls.write("a", 1)
    calls.write("b", 2)
    seen = [calls.read(process, value) for process, value in (("c", 1), ("c", 2), ("d", 2), ("d", 1))]
    assert violation("monotonic reads", calls) == [call.place() for call in seen]


def test_something_that_is_seen_and_then_nothing() -> None:
    calls = Calls()
    calls.write("a", 1)
    seen = calls.read("b", 1), calls.read("b", None)
    assert violation("monotonic reads", calls) == [call.place() for call in seen]


def test_writes_of_a_process_that_another_sees_the_other_way_round() -> None:
    calls = Calls()
    wrote = calls.write("a", 1), calls.write("a", 2)
    seen = calls.read("b", 2), calls.read("b", 1)
    assert violation("monotonic writes", calls) == [call.place() for call in (*wrote, *seen)]
    assert outcomes(calls) == ["holds", "holds", "violated", "holds"]


def test_a_process_that_goes_back_to_its_own_earlier_write() -> None:
    """It has seen its last write, if that is the earlier one."""
    calls = Calls()
    calls.write("a", 1)
    calls.write("a", 2)
    calls.read("a", 1)
    assert outcomes(calls) == ["holds", "holds", "violated", "holds"]


def test_an_answer_that_is_seen_before_what_it_answers() -> None:
    calls = Calls()
    calls.write("a", 1)
    asked, told = calls.read("b", 1), calls.write("b", 2)
    seen = calls.read("c", 2), calls.read("c", 1)
    assert violation("writes follow reads", calls) == [call.place() for call in (asked, told, *seen)]
    assert outcomes(calls) == ["holds", "holds", "holds", "violated"]


def test_a_write_follows_all_that_was_read_before() -> None:
    calls = Calls()
    for value in (1, 2):
        calls.write("a", value)
        calls.read("b", value)
    calls.write("b", 3)
    for value in (3, 1):
        calls.read("c", value)
    assert outcomes(calls) == ["holds", "holds", "holds", "violated"]


def test_nothing_that_may_be_from_a_delete_or_from_before_all_is_no_proof() -> None:
    calls = Calls()
    calls.write("a", 1)
    calls.call("a", "delete")
    for value in (None, 1):
        calls.read("b", value)
    assert outcomes(calls)[2] != "violated"


def test_a_write_of_unknown_outcome_may_come_whenever() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="unknown")
    for value in (None, 1):
        calls.read("a", value)
    calls.write("b", 2)
    for value in (2, 1):
        calls.read("c", value)
    assert outcomes(calls) == ["holds"] * 4


def test_what_failed_was_never_there() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="failed")
    calls.read("a", None)
    assert outcomes(calls) == ["holds"] * 4
    calls.read("a", 1)
    assert outcomes(calls) == ["unknown"] * 4
    reason = sessions.check_monotonic_reads(calls.made, never).reason
    assert reason == "key x: nobody had asked to write what a read → 1 (5..6) returned"


def test_versions_tell_writes_of_one_value_apart() -> None:
    def told(*times: int) -> Calls:
        calls = Calls()
        for process, time in (("a", 1), ("b", 2)):
            calls.call(process, "delete")
            calls.made[-1] = replace(calls.made[-1], version=Version(time, process))
        for time in times:
            calls.read("c", None)
            calls.made[-1] = replace(calls.made[-1], version=Version(time, "ab"[time - 1]))
        return calls

    assert outcomes(told(1, 2)) == ["holds"] * 4
    assert outcomes(told(1, 2, 1))[1] == "violated"


def test_keys_are_apart() -> None:
    calls = Calls()
    calls.write("a", 1)
    calls.write("a", 1, key="y")
    calls.read("b", 1)
    calls.read("b", None, key="y")
    assert outcomes(calls) == ["holds"] * 4


def test_what_is_no_register_is_not_judged() -> None:
    calls = Calls()
    calls.call("a", "cas", (1, 2))
    assert outcomes(calls) == ["unknown"] * 4
    assert "a cas" in sessions.check_monotonic_reads(calls.made, never).reason


def test_a_budget_that_is_spent_ends_it() -> None:
    calls = Calls()
    calls.write("a", 1)
    for check in CHECKS.values():
        verdict = check(calls.made, lambda: "no time is left")
        assert (verdict.outcome, verdict.reason) == ("unknown", "no time is left")


@pytest.mark.parametrize("name", GUARANTEES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=histories(), data=st.data())
def test_names_and_places_in_the_file_do_not_matter(name: str, calls: list[Call], data: st.DataObject) -> None:
    names = dict(zip("abc", data.draw(st.permutations("pqr")), strict=True))
    other = [replace(call, process=names[call.process]) for call in data.draw(st.permutations(calls))]
    one, two = CHECKS[name](calls, never), CHECKS[name](other, never)
    assert (one.outcome, one.checked) == (two.outcome, two.checked)
    assert [wrong.events for wrong in one.violations] == [wrong.events for wrong in two.violations]


def test_a_process_that_reads_many_of_its_writes_late_is_judged_in_no_more_than_linear_steps() -> None:
    calls = Calls()
    for value in range(2000):
        calls.write("a", value)
    for value in range(2000):
        calls.read("a", value)
    looks = 0

    def look() -> str | None:
        nonlocal looks
        looks += 1
        return None

    assert CHECKS["read your writes"](calls.made, look).outcome == "violated"
    assert looks < 20
