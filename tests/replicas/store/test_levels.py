"""Levels that name datacenters, ANY, and operations that step down, against a count by hand of who has answered."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.levels import Quota, Share, quota_of
from replicas.store.messages import Fetch, Fetched, Store, Stored
from replicas.store.placement import Placement
from replicas.store.policy import Policy
from replicas.store.visits import Delete, Get, Put, level_met
from replicas.system import Level
from tests.replicas.store.hinting import POLICY, hinted
from tests.replicas.store.rig import QUICK_POLICY, Rig, cluster, two_datacenters
from tests.replicas.store.test_placement import CLUSTERS

ALONE = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", read_repair="none")
HERE, THERE = ("r1", "r3", "r5"), ("r2", "r4", "r6")
NEEDED: dict[Level, tuple[int, int]] = {"LOCAL_ONE": (1, 0), "LOCAL_QUORUM": (2, 0), "EACH_QUORUM": (2, 2)}
ORDERS = [("r2", "r4", "r6", "r3", "r5"), ("r3", "r2", "r5", "r4", "r6"), ("r5", "r6", "r4", "r2", "r3")]


def reached(level: Level, names: list[str]) -> bool:
    here, there = NEEDED[level]
    return sum(name in HERE for name in names) >= here and sum(name in THERE for name in names) >= there


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("level", NEEDED)
def test_a_write_is_answered_once_the_datacenters_of_its_level_hold_it(level: Level, order: tuple[str, ...]) -> None:
    rig = Rig(two_datacenters(), ALONE)
    rig.ask("r1", Put(1, "k", "v", level))
    held = ["r1"]
    assert (1 in rig.answers) == reached(level, held)
    for name in order:
        rig.deliver(*rig.flights(Store, to=name))
        rig.deliver(*rig.flights(Stored, sender=name))
        held.append(name)
        assert (1 in rig.answers) == reached(level, held)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("level", NEEDED)
def test_a_read_is_answered_once_the_datacenters_of_its_level_have_said(level: Level, order: tuple[str, ...]) -> None:
    rig = Rig(two_datacenters(), ALONE)
    rig.ask("r1", Get(1, "k", level))
    heard = ["r1"]
    assert (1 in rig.answers) == reached(level, heard)
    for name in order:
        rig.deliver(*rig.flights(Fetch, to=name))
        rig.deliver(*rig.flights(Fetched, sender=name))
        heard.append(name)
        assert (1 in rig.answers) == reached(level, heard)


def test_a_read_in_one_datacenter_waits_for_repairs_in_that_alone() -> None:
    rig = Rig(two_datacenters(), structs.replace(ALONE, read_repair="blocking"))
    rig.ask("r1", Put(1, "k", "v", "ONE"))
    rig.drop(*rig.flying)
    rig.ask("r1", Get(2, "k", "LOCAL_QUORUM"))
    for name in THERE:
        rig.deliver(*rig.flights(Fetch, to=name))
    rig.drop(*rig.flights(Fetched))
    rig.deliver(*rig.flights(Fetch, to="r3"))
    rig.deliver(*rig.flights(Fetched))
    assert 2 not in rig.answers
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    assert 2 not in rig.answers, "that is elsewhere"
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    assert rig.answers[2].value == "v"


def test_what_timed_out_says_how_many_of_which_datacenter_there_were() -> None:
    rig = Rig(two_datacenters(), ALONE)
    rig.ask("r1", Put(1, "k", "v", "EACH_QUORUM"))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert rig.answers[1].error == "2 of 2 in dc1 and 0 of 2 in dc2 acknowledged within the timeout"


@settings(max_examples=80, deadline=None)
@given(CLUSTERS, st.sampled_from(list(NEEDED)), st.integers(0, 8), st.text(max_size=3))
def test_quotas_that_are_met_twice_share_a_replica(shape: object, level: Level, node: int, key: str) -> None:
    """By brute force: whatever meets a level, and whatever a read of it waits for before it answers."""
    assert isinstance(shape, type(cluster()))
    placement, names = Placement(shape), shape.names()
    quota = quota_of(level, placement, key, names[node % len(names)])
    assert quota is not None
    own = placement.datacenter_of[names[node % len(names)]]
    assert level == "EACH_QUORUM" or [share.datacenter for share in quota.shares] == [own]
    if not quota.possible():
        assert not any(placement.datacenter_of[each] == own for each in placement.replicas_of(key))
        return
    replicas = placement.replicas_of(key)
    sets = [set(each) for size in range(len(replicas) + 1) for each in combinations(replicas, size)]
    asked = [each for each in sets if quota.met(each)]
    holding = [each for each in sets if quota.to_be_met_again().met(each)]
    assert min(map(len, asked)) == quota.total()
    assert all(one & other for one in asked for other in holding)


def test_a_level_of_a_datacenter_without_the_key_is_refused() -> None:
    shape = structs.replace(two_datacenters(), n=1, r=1, w=1)
    rig = Rig(shape, ALONE)
    key = next(f"k{i}" for i in range(100) if rig.replicas_of(f"k{i}") == ("r2",))
    refused: list[Put | Get] = [Put(1, key, "v", "LOCAL_ONE"), Get(2, key, "LOCAL_QUORUM")]
    for op, message in enumerate(refused, 1):
        rig.ask("r1", message)
        assert rig.answers[op].outcome == "refused"
        assert "no replica of this key is in the datacenter of r1" in (rig.answers[op].error or "")
    assert rig.flying == []
    assert not Quota((Share("dc1", (), 1),)).possible()


def test_any_is_for_writes() -> None:
    rig = Rig(cluster(), ALONE)
    rig.ask("r1", Get(1, "k", "ANY"))
    assert rig.answers[1].outcome == "refused"
    assert "ANY is a level of writes" in (rig.answers[1].error or "")


@pytest.mark.parametrize(("policy", "outcome"), [(POLICY, "ok"), (ALONE, "timeout")], ids=["hints", "no hints"])
def test_at_any_a_hint_is_enough(policy: Policy, outcome: str) -> None:
    rig = Rig(cluster(nodes=4), policy)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    rig.ask("r4", Delete(1, key, "ANY"))
    rig.drop(*rig.flying)
    rig.pass_time(9)
    assert 1 not in rig.answers
    rig.pass_time(1)
    assert (1 in rig.answers) == (outcome == "ok")
    assert set(hinted(rig, "r4")) == ({(name, key) for name in rig.replicas_of(key)} if outcome == "ok" else set())
    rig.pass_time(30)
    assert rig.answers[1].outcome == outcome


def test_at_any_one_acknowledgement_is_enough_and_leaves_no_hint_at_once() -> None:
    rig = Rig(cluster(), POLICY)
    rig.ask("r1", Put(1, "k", "v", "ANY"))
    assert rig.answers[1].outcome == "ok"
    rig.settle()
    assert hinted(rig) == {}


STEPS_DOWN = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", level_unmet="step-down")
FIVE = cluster(nodes=5, n=5, r=4, w=4)


@pytest.mark.parametrize(("others", "met"), [(0, "ONE"), (1, "TWO"), (2, "THREE"), (3, None)])
def test_a_write_is_answered_at_half_its_time_by_what_it_has_reached(others: int, met: Level | None) -> None:
    rig = Rig(FIVE, STEPS_DOWN)
    rig.ask("r1", Put(1, "k", "v", None))
    for name in ("r2", "r3", "r4")[:others]:
        rig.deliver(*rig.flights(Store, to=name))
        rig.deliver(*rig.flights(Stored, sender=name))
    rig.pass_time(19)
    assert (1 in rig.answers) == (met is None)
    rig.pass_time(1)
    assert rig.answers[1].outcome == "ok"
    assert level_met(rig.answers[1]) == met
    assert rig.metrics("r1").get("levels_stepped_down", 0) == (met is not None)


@pytest.mark.parametrize(("others", "met"), [(0, "ONE"), (1, "TWO"), (2, "THREE"), (3, None)])
def test_a_read_is_answered_at_half_its_time_by_what_it_has_heard(others: int, met: Level | None) -> None:
    rig = Rig(FIVE, STEPS_DOWN)
    rig.ask("r1", Get(1, "k", None))
    for name in ("r2", "r3", "r4")[:others]:
        rig.deliver(*rig.flights(Fetch, to=name))
        rig.deliver(*rig.flights(Fetched, sender=name))
    rig.pass_time(20)
    assert level_met(rig.answers[1]) == met


def test_what_has_reached_nobody_by_then_is_answered_by_the_first() -> None:
    rig = Rig(cluster(nodes=4), STEPS_DOWN)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    first = rig.replicas_of(key)[0]
    rig.ask("r4", Put(1, key, "v", None))
    rig.ask("r4", Get(2, key, None))
    rig.pass_time(20)
    assert rig.answers == {}
    rig.deliver(*rig.flights(Store, to=first), *rig.flights(Fetch, to=first))
    rig.deliver(*rig.flights(Stored), *rig.flights(Fetched))
    assert {op: level_met(answer) for op, answer in rig.answers.items()} == {1: "ONE", 2: "ONE"}


def test_a_read_that_waits_for_its_repair_steps_down_from_it() -> None:
    rig = Rig(cluster(), STEPS_DOWN)
    rig.ask("r1", Put(1, "k", "v", "ONE"))
    rig.drop(*rig.flying)
    rig.ask("r1", Get(2, "k", None))
    rig.deliver(*rig.flights(Fetch, to="r2"))
    rig.deliver(*rig.flights(Fetched))
    rig.drop(*rig.flying)
    rig.pass_time(20)
    assert (rig.answers[2].value, level_met(rig.answers[2])) == ("v", "TWO")


def test_at_one_there_is_nothing_below() -> None:
    rig = Rig(cluster(nodes=4), STEPS_DOWN)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    rig.ask("r4", Put(1, key, "v", "ONE"))
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert rig.answers[1].outcome == "timeout"
    assert "levels_stepped_down" not in rig.metrics("r4")


def test_a_read_that_has_only_digests_steps_down_to_one_of_those() -> None:
    """r4 holds no copy, and the replica that was asked for its own is silent."""
    rig = Rig(cluster(nodes=4, r=3), structs.replace(STEPS_DOWN, read_repair="none", read_digests="always"))
    key = next(f"k{i}" for i in range(99) if "r4" not in rig.replicas_of(f"k{i}"))
    rig.ask("r1", Put(1, key, "v", None))
    rig.settle()
    rig.ask("r4", Get(2, key, None))
    rig.drop(*rig.flights(Fetch))
    rig.settle()
    assert 2 not in rig.answers
    rig.pass_time(20)
    rig.settle()
    assert (rig.answers[2].value, level_met(rig.answers[2])) == ("v", "ONE")
