"""Hinted handoff: how a hint is sent again, and what its target's word means."""

import pytest
from msgspec import structs

from replicas.store.messages import Announce, Store, Stored
from replicas.store.records import Version, record
from replicas.store.visits import Put
from tests.replicas.store.hinting import (
    POLICY,
    hinted,
    miss,
    pass_slowly,
    replays,
    rounds_of_replays,
    values,
    with_silent_target,
)
from tests.replicas.store.rig import MS, WALL, Flight, Rig, cluster


def test_the_late_answer_to_an_older_hint_takes_no_newer_one_away() -> None:
    """v1 is slower than a timeout; v2 took its place meanwhile, was sent, and is lost."""
    rig = Rig(cluster(), POLICY)
    miss(rig, Put(1, "k", "v1", None))
    pass_slowly(rig, 30)
    miss(rig, Put(2, "k", "v2", None))
    rig.pass_time(10)
    slow = replays(rig)
    assert values(slow) == ["v1"]
    rig.drop(*slow)
    while values(replays(rig)) != ["v2"]:
        rig.drop(*replays(rig))
        rig.pass_time(5)
    rig.drop(*replays(rig))
    rig.flying += slow
    rig.settle()
    assert hinted(rig) == {("r3", "k"): "v2"}
    pass_slowly(rig, 50)
    rig.settle()
    assert rig.held("r3", "k") == rig.held("r1", "k")
    assert hinted(rig) == {}


def test_an_answer_that_takes_longer_than_a_timeout_counts() -> None:
    """Though the hint was sent again meanwhile: else it would go on for as long as the link is slow."""
    rig = Rig(cluster(), POLICY)
    miss(rig, Put(1, "k", "v", None))
    pass_slowly(rig, 40)
    rig.deliver(*replays(rig))
    slow = rig.flights(Stored)
    rig.drop(*slow)
    pass_slowly(rig, 40)
    assert values(replays(rig)) == ["v"]
    rig.drop(*replays(rig))
    rig.flying += slow
    rig.settle()
    assert hinted(rig) == {}


def test_an_answer_said_twice_is_one() -> None:
    rig = with_silent_target(2)
    rig.start("r3")
    rig.deliver(*replays(rig))
    answer = rig.flights(Stored, to="r1")[0]
    rig.flying.append(Flight(*answer))
    rig.settle()
    assert len(hinted(rig)) == 1
    assert rig.metrics("r1")["hints_replayed"] == 1


def test_to_a_silent_target_one_at_a_time() -> None:
    """The oldest; the same again only when an answer to it could have come."""
    rig = with_silent_target(5)
    rig.drop(*rig.flying)
    sent = []
    for flights in rounds_of_replays(rig, 8):
        sent.append(values(flights))
        rig.drop(*flights)
    assert sent == [[], [], [], ["v0"], [], [], [], ["v0"]]


@pytest.mark.parametrize("heard_by", ["a replay", "a write"])
def test_to_one_that_answers_as_many_as_the_limit_at_once(heard_by: str) -> None:
    rig = with_silent_target(8)
    rig.start("r3")
    if heard_by == "a replay":
        rig.settle()
        expected = [["v1", "v2", "v3"], ["v4", "v5", "v6"], ["v7"], []]
    else:
        rig.drop(*rig.flying)
        rig.ask("r1", Put(20, "other", "v", "ALL"))
        rig.settle()
        expected = [["v1", "v2", "v3"], ["v4", "v5", "v6"], ["v7"], ["v0"]]
    sent = []
    for flights in rounds_of_replays(rig, 4):
        sent.append(values(flights))
        rig.settle()
    assert sent == expected
    assert hinted(rig) == {}


def test_what_is_on_its_way_is_not_sent_again() -> None:
    rig = with_silent_target(4)
    rig.start("r3")
    rig.settle()
    sent = [values(flights) for flights in rounds_of_replays(rig, 4)]
    assert sent == [["v1", "v2", "v3"]] * 4
    rig.pass_time(10)
    assert values(replays(rig)) == ["v1", "v2", "v3"] * 2


def test_hints_survive_a_restart() -> None:
    """And the target has not been heard of since."""
    rig = with_silent_target(5)
    rig.crash("r1")
    assert len(hinted(rig)) == 5
    rig.start("r1")
    rig.drop(*rig.flying)
    rig.pass_time(10)
    assert values(replays(rig)) == ["v0"]
    rig.start("r3")
    rig.rounds(4)
    assert [rig.held("r3", f"k{i}") for i in range(5)] == [rig.held("r1", f"k{i}") for i in range(5)]
    assert hinted(rig) == {}
    assert rig.status("r1").pending is None


def test_an_answer_to_an_earlier_life_is_none() -> None:
    """It is about a replay that this life knows nothing of; the next one is acknowledged."""
    rig = with_silent_target(1)
    rig.start("r3")
    rig.deliver(*replays(rig))
    late = rig.flights(Stored)
    rig.drop(*late)
    rig.crash("r1")
    rig.start("r1")
    rig.flying += late
    rig.settle()
    assert len(hinted(rig)) == 1
    rig.rounds(1)
    assert hinted(rig) == {}


def test_a_hint_that_rots_is_dropped() -> None:
    rig = with_silent_target(2)
    rig.drop(*rig.flying)
    rig.crash("r1")
    place = ("r3", "k0")
    hint = rig.disks["r1"].hints[place]
    rig.disks["r1"].hints[place] = hint._replace(record=structs.replace(hint.record, value="rotten"))
    rig.start("r1")
    assert hinted(rig) == {("r3", "k1"): "v1"}
    rig.start("r3")
    rig.rounds(5)
    assert rig.held("r3", "k0") is None
    assert rig.held("r3", "k1") is not None


def test_a_hint_is_for_whoever_holds_nothing_later() -> None:
    """It changes nothing where the copy is dominated, and goes."""
    rig = with_silent_target(1)
    later = record("k0", Version(WALL + 80 * MS, "r9.1"), "later")
    rig.place("r3", later)
    rig.settle()
    assert rig.held("r3", "k0") == later
    assert hinted(rig) == {}


def test_a_target_that_joins_refuses_a_hint_and_gets_it_afterwards() -> None:
    rig = with_silent_target(1)
    rig.wipe("r3")
    rig.start("r3")
    for _ in range(6):
        rig.pass_time(10)
        rig.drop(*rig.flights(Announce))
        rig.settle()
    assert hinted(rig) == {("r3", "k0"): "v0"}
    assert rig.held("r3", "k0") is None
    rig.rounds(2)
    assert rig.held("r3", "k0") == rig.held("r1", "k0")
    assert hinted(rig) == {}


def test_a_target_that_is_wiped_after_its_word_needs_it_again() -> None:
    """What its earlier incarnation acknowledged is lost, as soon as that is known."""
    rig = Rig(cluster(), POLICY)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    rig.drop(*rig.flying)
    assert rig.answers[1].outcome == "ok"
    rig.wipe("r3")
    rig.start("r3")
    rig.deliver(*rig.flights(Announce, to="r1"))
    rig.drop(*rig.flying)
    pass_slowly(rig, 40)
    assert set(hinted(rig)) == {("r2", "k"), ("r3", "k")}
