"""What adaptive repair knows of keys, and what it makes of it."""

from functools import partial
from typing import Any

import pytest
from msgspec import structs

from replicas.store.messages import Store
from replicas.store.records import Record, Version, record
from replicas.store.visits import Get, Put
from tests.replicas.store.courses import ask, rig_of
from tests.replicas.store.rig import MS, WALL, Rig, cluster

ADAPTIVE: dict[str, Any] = {"read_repair": "adaptive", "habit_half_life_ns": 100 * MS}


def _copy(number: int, key: str = "k", size: int = 1) -> Record:
    return record(key, Version(WALL + number, "r9.1"), "v" * size)


def rig() -> Rig:
    return rig_of(cluster(), **ADAPTIVE)


def after(rig: Rig, *, reads: int = 0, updates: int = 0, failures: int = 0, idle_ms: int = 0) -> str:
    habits = rig.replicas["r1"].reads.repairs.habits
    for number in range(updates):
        habits.saw(_copy(number))
    for _ in range(reads):
        habits.read("k")
    for _ in range(failures):
        habits.failed("k")
    rig.now += idle_ms * MS
    rig.status("r1")  # so that it knows what time it is
    return habits.mode("k")


@pytest.mark.parametrize(
    ("reads", "updates", "failures", "idle_ms", "mode"),
    [
        (0, 0, 0, 0, "background"),
        (9, 0, 0, 0, "background"),
        (9, 4, 0, 0, "blocking"),
        (9, 3, 0, 0, "background"),
        (1, 9, 0, 0, "background"),  # seldom read: the next read meets another version anyway
        (2, 9, 0, 0, "blocking"),
        (9, 9, 3, 0, "none"),
        (9, 9, 2, 0, "blocking"),
        (9, 9, 0, 100, "blocking"),
        (9, 9, 0, 200, "background"),  # it was often updated, and is no more
        (9, 9, 3, 100, "blocking"),
    ],
)
def test_how_a_key_is_repaired(reads: int, updates: int, failures: int, idle_ms: int, mode: str) -> None:
    """By default four updates are often, two reads, and three failures."""
    assert after(rig(), reads=reads, updates=updates, failures=failures, idle_ms=idle_ms) == mode


@pytest.mark.parametrize("failures", [3, 6, 100])
def test_however_often_it_failed_repair_is_tried_again_after_a_half_life(failures: int) -> None:
    """What turns repair off is what it is there for: it must not stay off."""
    assert after(rig(), failures=failures) == "none"
    assert after(rig(), failures=failures, idle_ms=101) == "background"


def test_a_version_that_is_seen_again_is_no_update() -> None:
    cold = rig()
    habits = cold.replicas["r1"].reads.repairs.habits
    for _ in range(20):
        habits.saw(_copy(1))
    assert after(cold, reads=9) == "background"


def test_of_so_many_keys_something_is_known_and_the_coldest_are_forgotten() -> None:
    """All are updated as often, the first one more than that, and each is read more than the one before it."""
    small = rig_of(cluster(), **ADAPTIVE, habits_max=16)
    habits = small.replicas["r1"].reads.repairs.habits
    for number in range(16):
        for time in range(4 if number else 9):
            habits.saw(_copy(time, f"k{number}"))
        for _ in range(number + 2):
            habits.read(f"k{number}")
    habits.read("another")
    assert habits.known() == 15
    assert small.metrics("r1")["habits_forgotten"] == 2
    assert [number for number in range(16) if habits.mode(f"k{number}") == "background"] == [1, 2]
    for number in range(1_000):
        habits.read(f"new {number}")
        assert habits.known() <= 16


def test_of_a_large_value_digests_are_asked_for() -> None:
    rig = rig_of(cluster(), **ADAPTIVE, digest_above_bytes=10)
    for op, size in ((1, 10), (2, 11), (3, 1)):
        rig.ask("r1", Put(op, "k", "v" * size, "ALL"))
        rig.settle()
        ask(rig, 10 + op)
        kinds = {type(flight.message).__name__ for flight in rig.flying}
        assert kinds == ({"AskDigest"} if size == 11 else {"Fetch"})
        rig.settle()
        assert rig.answers[10 + op].value == "v" * size


def _missed_by_r3(rig: Rig, op: int, value: str) -> None:
    rig.ask("r1", Put(op, "k", value, None))
    rig.drop(*rig.flights(Store, to="r3"))
    rig.settle()


def test_a_key_that_is_often_updated_and_read_is_repaired_before_the_answer() -> None:
    """r3 asks, and is behind; before that it was asked for a quiet key, and answered at once."""
    rig = rig_of(cluster(), **ADAPTIVE)
    _missed_by_r3(rig, 1, "v1")
    rig.ask("r3", Get(2, "k", None))
    rig.deliver_until(lambda: 2 in rig.answers)
    assert rig.held("r3", "k") is None
    rig.settle()
    assert rig.held("r3", "k") is not None
    for op in range(3, 13, 2):
        _missed_by_r3(rig, op, f"v{op}")
        rig.ask("r3", Get(op + 1, "k", None))
        rig.deliver_until(partial(rig.answers.__contains__, op + 1))
        waited = (copy := rig.held("r3", "k")) is not None and copy.value == f"v{op}"
        rig.settle()
    assert waited


def test_repairs_that_fail_stop_for_a_while() -> None:
    rig = rig_of(cluster(), read_repair="adaptive", habit_half_life_ns=10_000 * MS)
    rig.place("r1", _copy(1))
    for op in range(1, 5):
        ask(rig, op)
        rig.deliver_until(partial(rig.answers.__contains__, op))
        rig.drop(*rig.flying)
        rig.pass_time(40)
        rig.drop(*rig.flying)
        rig.pass_time(40)
    ask(rig, 5)
    rig.settle()
    assert rig.held("r2", "k") is None
    rig.now += 20_000 * MS
    ask(rig, 6)
    rig.settle()
    assert rig.held("r2", "k") == rig.held("r1", "k")


def test_without_adaptive_repair_nothing_is_remembered() -> None:
    rig = rig_of(cluster(), {"r1": _copy(1)})
    ask(rig)
    rig.settle()
    assert rig.replicas["r1"].reads.repairs.habits.known() == 0
    assert "habits_known" not in rig.metrics("r1")
    assert "habits_known" in rig_of(cluster(), **ADAPTIVE).metrics("r1")
    assert structs.asdict(rig.replicas["r1"].core.metrics)["habits_forgotten"] == 0
