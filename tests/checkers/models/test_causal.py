from collections.abc import Iterator, Sequence
from itertools import permutations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call
from checkers.models.causal import check_consistency, check_convergence
from checkers.verdict import Verdict
from tests.checkers.models.weak_registers import (
    KEYS,
    Calls,
    Taken,
    effective_writes,
    follows,
    histories,
    never,
    sources,
    told_reads,
)


def consistency(calls: Sequence[Call]) -> Verdict:
    return check_consistency(calls, never)


def convergence(calls: Sequence[Call]) -> Verdict:
    return check_convergence(calls, never)


# The definitions: by the transitive closure of causes, and every order of writes.


def causes(calls: list[Call], taken: Taken) -> set[tuple[int, int]]:
    pairs = {(one.id, other.id) for one in calls for other in calls if follows(one, other) and one.outcome == "ok"}
    pairs |= {(source.id, read) for read, source in taken.items() if source is not None}
    while True:
        more = {(one, last) for one, middle in pairs for first, last in pairs if middle == first} - pairs
        if not more:
            return pairs
        pairs |= more


def _orders(writes: list[Call], before: set[tuple[int, int]]) -> Iterator[tuple[Call, ...]]:
    for order in permutations(writes):
        if not any((later.id, one.id) in before for at, one in enumerate(order) for later in order[at:]):
            yield order


def _last(order: Sequence[Call], key: str | None) -> Call | None:
    return next((write for write in reversed(order) if write.key == key), None)


def consistent(calls: list[Call], taken: Taken, *, converges: bool) -> bool:
    """Each read is from the last write in some order of those that are among its causes; or all in one and the same
    order of all writes."""
    writes = [call for call in calls if call.function != "read"]
    before = causes(calls, taken)
    if any(one == other for one, other in before):
        return False
    reads = {call.id: call for call in calls if call.id in taken}
    pasts = {number: [write for write in writes if (write.id, number) in before] for number in reads}
    if converges:
        return any(
            all(
                _last([write for write in order if write in pasts[number]], read.key) is taken[number]
                for number, read in reads.items()
            )
            for order in _orders(writes, before)
        )
    return all(
        any(_last(order, read.key) is taken[number] for order in _orders(pasts[number], before))
        for number, read in reads.items()
    )


def allowed(calls: list[Call], *, converges: bool) -> set[str]:
    """Certain where each read is from one write."""
    happened = [call for call in calls if call.outcome != "failed"]
    reads = [read for key in KEYS for read in told_reads(calls, key)]
    choices = [sources(read, effective_writes(calls, read.key)) for read in reads]
    if not all(choices):
        return {"violated"}
    ways = [{read.id: source for read, source in zip(reads, way, strict=True)} for way in product(*choices)]
    good = [consistent(happened, way, converges=converges) for way in ways]
    if len(ways) == 1:
        return {"holds"} if good[0] else {"violated"}
    return {"holds", "unknown"} if any(good) else {"violated", "unknown"}


@pytest.mark.parametrize("converges", [False, True])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=st.one_of(histories(), histories(unique=True)))
def test_a_history_agrees_with_the_definition(calls: list[Call], *, converges: bool) -> None:
    verdict = (convergence if converges else consistency)(calls)
    assert verdict.outcome in allowed(calls, converges=converges), verdict
    for wrong in verdict.violations:
        assert wrong.events == sorted(set(wrong.events)) != []
        assert set(wrong.events) <= {call.place() for call in calls}


def told(verdict: Verdict) -> tuple[str, list[int]]:
    assert verdict.outcome == "violated", verdict
    (violation,) = verdict.violations
    return violation.rule, violation.events


OVERWRITTEN = "a read returns nothing that was overwritten in its causal past"


def test_an_answer_that_is_seen_without_what_it_answers() -> None:
    """WriteCOInitRead: the comment is there, and the photo is not."""
    calls = Calls()
    photo = calls.write("a", "photo")
    calls.read("b", "photo")
    calls.write("b", "nice", key="y")
    calls.read("c", "nice", key="y")
    missed = calls.read("c", None)
    for verdict in (consistency(calls.made), convergence(calls.made)):
        assert told(verdict) == (OVERWRITTEN, [photo.place(), missed.place()])
    assert consistency(calls.made).reason == (
        'key x: c read → null (9..10), and a write "photo" (1..2) came causally before it'
    )


def test_a_read_of_what_was_overwritten_by_what_its_process_knows() -> None:
    """WriteCORead."""
    calls = Calls()
    old = calls.write("a", 1)
    new = calls.write("a", 2)
    calls.write("a", 1, key="y")
    calls.read("b", 1, key="y")
    read = calls.read("b", 1)
    assert told(consistency(calls.made)) == (OVERWRITTEN, [old.place(), new.place(), read.place()])


def test_a_read_of_what_nobody_wrote() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="failed")
    read = calls.read("b", 1)
    assert told(consistency(calls.made)) == ("a read returns what somebody has asked to write", [read.place()])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 2, 0), (2, 3, 1, 0)])
def test_two_who_read_what_the_other_writes_later(order: Sequence[int]) -> None:
    """CyclicCO."""
    calls = Calls()
    calls.read("a", 2, start=1, end=20)
    calls.write("a", 1, key="y", start=21, end=22)
    calls.read("b", 1, key="y", start=2, end=30)
    calls.write("b", 2, start=31, end=32)
    calls.made[0] = replace(calls.made[0], end=31)
    calls.made[1] = replace(calls.made[1], start=30, end=33)
    rule, events = told(consistency([calls.made[number] for number in order]))
    assert (rule, events) == ("no call comes causally before itself", [30, 31, 32, 33])


def test_concurrent_writes_may_be_seen_in_two_orders_unless_all_must_agree() -> None:
    """CyclicCF."""
    calls = Calls()
    wrote = [calls.write("a", 1), calls.write("b", 2)]
    seen = [calls.read(process, value) for process, value in (("a", 2), ("b", 1))]
    assert consistency(calls.made).outcome == "holds"
    rule, events = told(convergence(calls.made))
    assert rule == "all can agree on one order of the writes"
    assert events == [call.place() for call in (*wrote, *seen)]


def test_what_is_no_cause_may_be_seen_in_any_order() -> None:
    calls = Calls()
    for value in (1, 2, 3):
        calls.write(f"p{value}", value)
    for value in (3, 1, 2):
        calls.read("a", value)
    assert (consistency(calls.made).outcome, consistency(calls.made).checked) == ("holds", 3)
    assert convergence(calls.made).outcome == "holds"


def test_a_write_of_unknown_outcome_is_no_cause_of_what_its_process_does_next() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="unknown")
    for value in (None, 1):
        calls.read("a", value)
    assert consistency(calls.made).outcome == "holds"
    calls.read("a", None)
    assert consistency(calls.made).outcome == "violated"


def test_a_write_of_unknown_outcome_may_be_later_than_the_next_of_its_process() -> None:
    calls = Calls()
    calls.write("a", 1, outcome="unknown")
    calls.write("a", 2)
    for value in (2, 1):
        calls.read("b", value)
    assert convergence(calls.made).outcome == "holds"


def test_a_write_of_unknown_outcome_has_the_causes_of_its_process() -> None:
    calls = Calls()
    calls.write("a", 1)
    calls.write("a", 2, outcome="unknown", key="y")
    calls.read("b", 2, key="y")
    calls.read("b", None)
    assert consistency(calls.made).outcome == "violated"


def test_a_read_that_may_be_from_several_writes_is_wrong_if_none_will_do() -> None:
    calls = Calls()
    for process in "ab":
        calls.write(process, 1)
    calls.read("c", 1)
    assert consistency(calls.made).outcome == "holds"
    for process in "ab":
        calls.write(process, f"new {process}")
        calls.write(process, process, key="y")
        calls.read("c", process, key="y")
    assert consistency(calls.made).outcome == "holds"
    calls.read("c", 1)
    assert consistency(calls.made).outcome == "violated"


def test_what_is_no_register_is_not_judged_and_a_budget_ends_it() -> None:
    calls = Calls()
    calls.write("a", 1)
    assert check_consistency(calls.made, lambda: "no time is left").reason == "no time is left"
    calls.call("a", "cas", (1, 2))
    assert consistency(calls.made).outcome == "unknown"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=histories(), data=st.data())
def test_names_and_places_in_the_file_do_not_matter(calls: list[Call], data: st.DataObject) -> None:
    names = dict(zip("abc", data.draw(st.permutations("pqr")), strict=True))
    other = [replace(call, process=names[call.process]) for call in data.draw(st.permutations(calls))]
    for check in (consistency, convergence):
        one, two = check(calls), check(other)
        assert (one.outcome, one.checked) == (two.outcome, two.checked)
        assert [wrong.events for wrong in one.violations] == [wrong.events for wrong in two.violations]
