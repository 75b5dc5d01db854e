"""Whom a read asks: how many, which of them, and in place of whom."""

from collections import Counter
from typing import Any

import pytest
from msgspec import structs

from replicas.store.messages import Fetch, Fetched
from replicas.store.settings import Node
from replicas.store.visits import Get
from replicas.system import Level
from tests.replicas.store.courses import FIVE, NEW, OLD, answer_from, ask, asked, rig_of
from tests.replicas.store.rig import MS, Rig, cluster

CHOICES = ["first", "random", "nearest", "least-loaded"]
NINE = cluster(nodes=9, n=5, r=3, w=3)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize(
    ("level", "extra", "count"), [(None, 0, 3), ("ONE", 0, 1), (None, 1, 4), ("ALL", 0, 5), (None, 9, 5)]
)
def test_a_read_asks_as_many_as_it_needs_and_so_many_more(
    choice: str, level: Level | None, extra: int, count: int
) -> None:
    """Its own copy is one of them where it is chosen."""
    rig = rig_of(FIVE, read_from="needed", read_choice=choice, read_extra_max=extra)
    for op in range(1, 21):
        ask(rig, op, level=level)
        others = asked(rig)
        own = len(others) == count - 1
        assert len(set(others)) == len(others)
        assert "r1" not in others
        assert own or (len(others) == count and choice in ("first", "random"))
        rig.settle()
        assert rig.answers[op].outcome == "ok"


def _asked_in(rig: Rig, count: int, by: str) -> Counter[str]:
    """Over so many reads, each of which is over before the next."""
    seen: Counter[str] = Counter()
    for op in range(1, count + 1):
        rig.ask(by, Get(op, "k", None))
        seen.update(asked(rig))
        rig.settle()
    return seen


def _outsider(rig: Rig) -> str:
    return next(name for name in rig.cluster.names() if name not in rig.replicas_of("k"))


def test_who_is_first_is_always_asked_and_the_last_stay_cold() -> None:
    rig = rig_of(NINE, read_from="needed")
    assert _asked_in(rig, 20, _outsider(rig)) == dict.fromkeys(rig.replicas_of("k")[:3], 20)


def test_at_random_each_is_asked_as_often() -> None:
    """600 reads that ask 3 of 5: 360 each, with a deviation of 12."""
    rig = rig_of(NINE, read_from="needed", read_choice="random")
    seen = _asked_in(rig, 600, _outsider(rig))
    assert set(seen) == set(rig.replicas_of("k"))
    assert all(abs(count - 360) < 5 * 12 for count in seen.values())
    again = rig_of(NINE, read_from="needed", read_choice="random")
    assert _asked_in(again, 600, _outsider(again)) == seen


def _answers_after(rig: Rig, ms: dict[str, int], by: str) -> list[str]:
    """Whom one read asks, and how long each of them takes to answer."""
    op = len(rig.answers) + 1
    rig.ask(by, Get(op, "k", None))
    chosen = asked(rig)
    rig.deliver_until(lambda: not rig.flights(Fetch))
    for moment in range(1, 1 + max(ms.values())):
        rig.pass_time(1)
        rig.deliver(*(flight for flight in rig.flights(Fetched) if ms[flight.sender] == moment))
    return chosen


def test_the_nearest_are_those_that_answer_soonest_and_slow_ones_are_tried_again() -> None:
    rig = rig_of(NINE, read_from="needed", read_choice="nearest", habit_half_life_ns=1_000 * MS, read_repair="none")
    replicas = rig.replicas_of("k")
    ms = dict(zip(replicas, [20, 8, 2, 4, 6], strict=True))
    by = _outsider(rig)
    for _ in range(6):
        _answers_after(rig, ms, by)
    assert _answers_after(rig, ms, by) == [replicas[2], replicas[3], replicas[4]]
    ms = dict(zip(replicas, [1, 8, 30, 4, 6], strict=True))  # who was slow has become the quickest
    rig.now += 20_000 * MS
    seen: Counter[str] = Counter()
    for _ in range(12):
        seen.update(_answers_after(rig, ms, by))
    assert seen[replicas[0]] > 6


def test_its_own_copy_is_the_nearest() -> None:
    rig = rig_of(FIVE, read_from="needed", read_choice="nearest")
    ask(rig, level="ONE", by="r4")
    assert asked(rig) == []
    assert rig.answers[1].outcome == "ok"


def test_the_least_loaded_are_those_that_it_waits_for_the_least() -> None:
    """Nobody answers: each read goes to those that have the fewest open questions."""
    rig = rig_of(NINE, read_from="needed", read_choice="least-loaded")
    replicas, by = rig.replicas_of("k"), _outsider(rig)
    for op in range(1, 6):
        rig.ask(by, Get(op, "k", None))
    assert Counter(asked(rig)) == dict.fromkeys(replicas, 3)
    rig.drop(*rig.flying)
    rig.pass_time(40)
    rig.ask(by, Get(6, "k", None))
    assert asked(rig) == list(replicas[:3])  # all were given up when their time was up


def test_a_node_that_has_not_joined_has_no_word() -> None:
    rig = rig_of(cluster(), read_from="needed")
    rig.wipe("r1")
    rig.start("r1")
    rig.drop(*rig.flying)
    ask(rig)
    assert sorted(asked(rig)) == ["r2", "r3"]


@pytest.mark.parametrize("ppm", [0, 100_000, 500_000, 1_000_000])
def test_by_chance_so_many_reads_ask_all(ppm: int) -> None:
    """The same ones whoever looks again: chance is drawn from what caused it."""
    course: dict[str, Any] = {"read_from": "by-chance", "read_repair_chance_ppm": ppm, "read_repair": "background"}
    rig, again = rig_of(FIVE, **course), rig_of(FIVE, **course)
    everyone: list[int] = []
    for op in range(1, 1001):
        for each in (again, rig):
            ask(each, op)
        assert asked(rig) == asked(again)
        if len(asked(rig)) == 4:
            everyone.append(op)
        else:
            assert asked(rig) == ["r4", "r5"]
        for each in (again, rig):
            each.settle()
    share, deviation = ppm / 1_000_000, (ppm / 1_000_000 * (1 - ppm / 1_000_000) / 1000) ** 0.5
    assert abs(len(everyone) / 1000 - share) <= 4 * deviation


def test_by_the_second_chance_those_of_the_same_datacenter_are_asked() -> None:
    shape = structs.replace(
        FIVE, nodes=[Node(f"r{i}", "here" if i in (1, 4, 5) else "there") for i in range(1, 6)], r=1
    )
    local: dict[str, Any] = {
        "read_repair_chance_ppm": 0,
        "read_repair_chance_local_ppm": 1_000_000,
        "read_from": "by-chance",
    }
    rig = rig_of(shape, read_repair="background", **local)
    first = rig.replicas_of("k")[0]
    ask(rig)
    assert {*asked(rig), "r1"} == {first, "r1", "r4", "r5"}


def test_without_repair_there_is_nothing_to_ask_all_for() -> None:
    rig = rig_of(FIVE, read_repair="none", read_from="by-chance")
    ask(rig)
    assert asked(rig) == ["r4", "r5"]


def test_in_place_of_silent_ones_others_are_asked_again_and_again() -> None:
    rig = rig_of(FIVE, dict.fromkeys(FIVE.names(), NEW), read_from="needed", speculate_after_ns=5 * MS)
    ask(rig)
    assert asked(rig) == ["r4", "r5"]
    rig.drop(*rig.flying)
    rig.pass_time(4)
    assert asked(rig) == []
    rig.pass_time(1)
    assert asked(rig) == ["r2", "r3"]
    answer_from(rig, "r2")
    assert 1 not in rig.answers
    rig.drop(*rig.flying)
    rig.pass_time(5)
    assert asked(rig) == []  # nobody is left
    rig.pass_time(30)
    assert rig.answers[1].error == "2 of 3 replicas answered within the timeout"
    assert rig.metrics("r1")["reads_speculated"] == 1


def test_only_as_many_others_are_asked_as_are_missing() -> None:
    rig = rig_of(FIVE, dict.fromkeys(FIVE.names(), NEW), read_from="needed", speculate_after_ns=5 * MS)
    ask(rig)
    answer_from(rig, "r4")
    rig.pass_time(5)
    assert asked(rig) == ["r5", "r2"]  # r5 is asked since the start
    answer_from(rig, "r2")
    assert rig.answers[1].value == "new"
    rig.settle()
    rig.pass_time(40)
    assert rig.metrics("r1")["reads_speculated"] == 1
    assert rig.replicas["r1"].core.waiting == {}


def test_a_read_that_is_decided_asks_nobody_else() -> None:
    rig = rig_of(FIVE, {"r1": OLD, "r4": OLD, "r5": OLD}, read_from="needed", speculate_after_ns=5 * MS)
    ask(rig)
    rig.settle()
    rig.pass_time(20)
    assert rig.flying == []
    assert rig.answers[1].value == "old"


def test_one_answer_said_twice_is_one() -> None:
    rig = rig_of(FIVE, {"r4": NEW}, read_from="needed", speculate_after_ns=5 * MS)
    ask(rig)
    rig.deliver(*rig.flights(Fetch, to="r4"))
    said = rig.flights(Fetched)[0].message
    rig.batch("r1", [("r4", said), ("r4", said)])
    assert 1 not in rig.answers
