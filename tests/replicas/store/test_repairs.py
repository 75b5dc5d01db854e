"""What reads repair: who must hold it before the answer, for how long that is waited for, who else is sent it, how
often, and of how many reads at once."""

from typing import Any

import pytest
from msgspec import structs

from replicas.store.messages import Store, Stored
from replicas.store.records import Record, Version, record
from replicas.store.settings import Node
from replicas.store.visits import Put
from tests.replicas.store.courses import FIVE, NEW, OLD, acknowledge, answer_from, ask, asked, held, repairs, rig_of
from tests.replicas.store.rig import MS, WALL, Rig, cluster

BOUNDED: dict[str, Any] = {"read_repair": "bounded", "read_repair_wait_ns": 10 * MS}
FEW: dict[str, Any] = {"read_from": "needed", "repair_whom": "all"}


def behind_one(**course: Any) -> Rig:
    """r1 is ahead of all others; r2 and r3 have answered."""
    rig = rig_of(FIVE, {"r1": NEW}, **course)
    ask(rig)
    answer_from(rig, "r2", "r3")
    return rig


def test_a_bounded_read_answers_when_blocking_would() -> None:
    rig = behind_one(**BOUNDED)
    rig.pass_time(9)
    acknowledge(rig, "r2")
    assert 1 not in rig.answers
    acknowledge(rig, "r3")
    assert rig.answers[1].value == "new"
    assert "repairs_not_awaited" not in rig.metrics("r1")
    rig.pass_time(5)
    acknowledge(rig, "r4", "r5")  # the rest goes on behind the answer
    assert rig.metrics("r1")["repairs_done"] == 1
    assert rig.replicas["r1"].core.waiting == {}


def test_a_bounded_read_answers_when_it_has_waited_long_enough() -> None:
    rig = behind_one(**BOUNDED)
    acknowledge(rig, "r2")
    rig.pass_time(9)
    assert 1 not in rig.answers
    rig.pass_time(1)
    assert rig.answers[1].value == "new"
    assert rig.metrics("r1")["repairs_not_awaited"] == 1
    assert rig.status("r1").pending == "1 operations are under way"
    acknowledge(rig, "r3", "r4", "r5")
    assert rig.status("r1").pending is None
    assert held(rig) == [NEW] * 5
    assert rig.metrics("r1")["repairs_done"] == 1


def test_a_bounded_repair_that_is_never_acknowledged_fails_behind_the_answer() -> None:
    rig = behind_one(**BOUNDED)
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert rig.answers[1].outcome == "ok"
    assert rig.metrics("r1")["repairs_failed"] == 1
    assert rig.replicas["r1"].core.waiting == {}


@pytest.mark.parametrize(("given", "holders"), [(0, 3), (1, 1), (2, 2), (4, 4), (5, 5), (9, 5)])
def test_so_many_hold_it_before_the_answer(given: int, holders: int) -> None:
    rig = behind_one(repair_sync_replicas=given)
    for count, name in enumerate(["r2", "r3", "r4", "r5", None], 1):
        assert (1 in rig.answers) == (count >= holders)
        if name is not None:
            acknowledge(rig, name)
    assert rig.answers[1].value == "new"


@pytest.mark.parametrize(("chance", "sent"), [(1_000_000, ["r2", "r3", "r4", "r5"]), (0, ["r2", "r3"])])
def test_beyond_its_chance_a_blocking_read_repairs_no_more_than_it_must(chance: int, sent: list[str]) -> None:
    """Those that have answered first: they are there."""
    assert repairs(behind_one(read_repair_chance_ppm=chance)) == sent


@pytest.mark.parametrize("repair", ["background", "none"])
def test_beyond_its_chance_a_read_that_waits_for_nothing_repairs_nothing(repair: str) -> None:
    rig = behind_one(read_repair=repair, read_repair_chance_ppm=0)
    rig.settle()
    assert held(rig) == [NEW, None, None, None, None]
    assert rig.replicas["r1"].core.waiting == {}


def test_by_the_second_chance_a_read_repairs_its_own_datacenter() -> None:
    shape = structs.replace(FIVE, nodes=[Node(f"r{i}", "here" if i in (1, 4, 5) else "there") for i in range(1, 6)])
    local: dict[str, Any] = {"read_repair_chance_ppm": 0, "read_repair_chance_local_ppm": 1_000_000}
    rig = rig_of(shape, {"r1": NEW}, read_repair="background", **local)
    ask(rig)
    answer_from(rig, "r2", "r3", "r4", "r5")
    assert repairs(rig) == ["r4", "r5"]


def test_more_are_repaired_than_were_asked_where_fewer_would_be_too_few_holders() -> None:
    """N = 5, R = 2: four must hold what is read, and two were asked."""
    rig = rig_of(structs.replace(FIVE, r=2), {"r4": NEW}, read_from="needed")
    ask(rig, by="r4")
    assert asked(rig) == ["r5"]
    answer_from(rig, "r5")
    assert repairs(rig) == ["r1", "r2", "r5"]
    rig.settle()
    assert rig.answers[1].value == "new"


def test_where_those_that_must_hold_it_are_silent_others_are_sent_it() -> None:
    rig = behind_one(read_repair_chance_ppm=0, speculate_after_ns=5 * MS)
    rig.drop(*rig.flights(Store, to="r2"))
    acknowledge(rig, "r3")
    rig.pass_time(4)
    assert repairs(rig) == []
    rig.pass_time(1)
    assert repairs(rig) == ["r4", "r5"]
    assert 1 not in rig.answers
    acknowledge(rig, "r5")
    assert rig.answers[1].value == "new"


@pytest.mark.parametrize("repair", ["background", "blocking", "bounded"])
def test_the_others_are_asked_and_repaired_too_where_something_differs(repair: str) -> None:
    """Behind the answer. r4, r5 and r1 are asked at first, and only r2 has what is newest."""
    newest = record("k", Version(WALL, "r9.1"), "newest")
    rig = rig_of(FIVE, {"r1": NEW, "r2": newest}, read_repair=repair, **FEW)
    ask(rig)
    assert asked(rig) == ["r4", "r5"]
    answer_from(rig, "r4", "r5")
    if repair != "background":
        acknowledge(rig, "r4", "r5")
    assert rig.answers[1].version == NEW.version
    assert sorted(asked(rig)) == ["r2", "r3"]
    rig.settle()
    assert held(rig) == [newest] * 5
    assert rig.metrics("r1")["reads_widened"] == 1
    assert rig.replicas["r1"].core.waiting == {}


@pytest.mark.parametrize(("level", "copies"), [(None, dict.fromkeys(("r1", "r4", "r5"), NEW)), ("ONE", {"r4": NEW})])
def test_the_others_are_not_asked_where_nothing_was_seen_to_differ(level: Any, copies: dict[str, Record]) -> None:
    """One answer is like no other."""
    rig = rig_of(FIVE, copies, read_repair="background", read_choice="nearest", **FEW)
    ask(rig, level=level, by="r4")
    rig.settle()
    assert rig.answers[1].value == "new"
    assert rig.held("r2", "k") is None
    assert rig.replicas["r4"].core.waiting == {}


def test_a_repair_is_sent_again_after_longer_and_longer_waits_to_those_that_are_silent() -> None:
    rig = behind_one(read_repair="blocking", repair_attempts_max=4, repair_backoff_ns=3 * MS)
    acknowledge(rig, "r2", "r3")
    assert rig.answers[1].value == "new"
    sent: list[int] = []
    for ms in range(1, 40):
        rig.drop(*rig.flying)
        rig.pass_time(1)
        if rig.flights(Store):
            assert repairs(rig) == ["r4", "r5"]
            sent.append(ms)
    assert sent == [3, 9, 21]
    rig.pass_time(1)
    metrics = rig.metrics("r1")
    assert (metrics["repairs_retried"], metrics["repairs_failed"], metrics["repairs_done"]) == (6, 1, 0)


def test_a_repair_that_is_sent_again_takes_back_nothing_that_was_written_since() -> None:
    rig = behind_one(repair_attempts_max=3, repair_backoff_ns=3 * MS)
    rig.drop(*rig.flying)
    rig.ask("r2", Put(2, "k", "newer", None))
    rig.settle()
    rig.pass_time(3)
    assert repairs(rig) == ["r2", "r3", "r4", "r5"]
    rig.settle()
    assert {copy.value for copy in held(rig) if copy} == {"newer"}
    assert rig.answers[1].value == "new"


def test_what_is_too_old_to_be_taken_is_not_sent_again() -> None:
    rig = behind_one(repair_attempts_max=9, repair_backoff_ns=8 * MS, message_lifetime_ns=20 * MS)
    sent = 0
    for _ in range(39):
        rig.drop(*rig.flying)
        rig.pass_time(1)
        sent += bool(rig.flights(Store))
    assert sent == 1  # after 8 ms, and not after 24


def test_so_many_repairs_are_under_way_and_what_is_more_is_counted() -> None:
    rig = rig_of(FIVE, {"r1": NEW}, read_repair="background", repairs_in_flight_max=1)
    for op in (1, 2):
        ask(rig, op)
        answer_from(rig, "r2", "r3", "r4", "r5")
    assert len(rig.flights(Store)) == 4
    assert rig.metrics("r1")["repairs_dropped"] == 1
    assert rig.replicas["r1"].reads.repairs.in_flight == 1
    rig.drop(*rig.flights(Store))
    rig.pass_time(80)
    assert rig.replicas["r1"].reads.repairs.in_flight == 0
    ask(rig, 3)
    rig.settle()
    assert held(rig) == [NEW] * 5
    assert rig.replicas["r1"].reads.repairs.in_flight == 0


def test_a_blocking_read_beyond_the_limit_is_answered_without_its_repair() -> None:
    rig = rig_of(FIVE, {"r1": NEW}, repairs_in_flight_max=1)
    for op in (1, 2):
        ask(rig, op)
        answer_from(rig, "r2", "r3")
    assert list(rig.answers) == [2]
    assert rig.metrics("r1")["repairs_dropped"] == 1


def test_the_word_of_one_that_is_not_asked_is_no_acknowledgement_before_there_is_a_repair() -> None:
    rig = rig_of(cluster(), {"r1": OLD})
    ask(rig)
    request = next(iter(rig.replicas["r1"].core.waiting))
    rig.batch("r1", [(name, Stored(1, 0, "", request, "k", holds=True)) for name in ("r2", "r3")])
    assert rig.answers == {}
