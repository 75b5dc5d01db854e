"""Hinted handoff: what is kept for whom, how much of it, and for how long."""

import pytest
from msgspec import structs

from replicas.store.messages import Store, Stored
from replicas.store.policy import Policy
from replicas.store.records import Version, record
from replicas.store.visits import Delete, Put
from tests.replicas.store.hinting import POLICY, hinted, miss, pass_slowly, replays, values, with_silent_target
from tests.replicas.store.rig import MS, WALL, Rig, cluster

OLD = record("k", Version(WALL - 3, "r9.1"), "old")


@pytest.mark.parametrize("message", [Put(1, "k", "v", None), Delete(1, "k", None)])
def test_who_did_not_acknowledge_in_time_gets_a_hint(message: Put | Delete) -> None:
    """Nobody else, and not before; a tombstone like a value."""
    rig = Rig(cluster(), POLICY)
    miss(rig, message)
    assert rig.answers[1].outcome == "ok"
    rig.pass_time(39)
    assert hinted(rig) == {}
    assert rig.status("r1").pending == "1 operations are under way"
    rig.pass_time(1)
    hint = rig.disks["r1"].hints["r3", "k"]
    assert (len(rig.disks["r1"].hints), hint.target, hint.made_ns) == (1, "r3", WALL + 40 * MS)
    assert hint.record == rig.held("r1", "k")
    assert rig.status("r1").pending == "1 hints for r3 wait"
    assert rig.status("r1", ["r3"]).pending is None
    rig.settle()
    rig.rounds(1)
    assert rig.held("r3", "k") == rig.held("r1", "k")
    assert hinted(rig) == {}
    assert rig.status("r1").pending is None
    node, change = rig.audit[-1]
    assert (node, change.cause, change.origin) == ("r3", "hinted handoff", "hint for r3")


def test_a_write_that_failed_for_its_client_is_hinted_too() -> None:
    """It may take effect; if so, everywhere."""
    rig = Rig(cluster(), POLICY)
    miss(rig, Put(1, "k", "v", None), "r2", "r3")
    rig.pass_time(40)
    assert rig.answers[1].outcome == "timeout"
    assert hinted(rig) == {("r2", "k"): "v", ("r3", "k"): "v"}


def test_a_coordinator_without_a_copy_keeps_hints_and_none_for_itself() -> None:
    rig = Rig(cluster(nodes=4), POLICY)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    miss(rig, Put(1, key, "v", "ONE"), "r1", "r2", "r3", coordinator="r4")
    rig.pass_time(40)
    assert set(hinted(rig, "r4")) == {(target, key) for target in rig.replicas_of(key)}


def test_a_coordinator_that_may_not_take_its_own_copy_keeps_no_hint_for_itself() -> None:
    """It is being bootstrapped, which brings the copy as well."""
    rig = Rig(cluster(), POLICY)
    rig.wipe("r3")
    rig.start("r3")
    rig.drop(*rig.flying)
    miss(rig, Put(1, "k", "v", "ONE"), "r1", coordinator="r3")
    rig.pass_time(40)
    assert set(hinted(rig, "r3")) == {("r1", "k")}


def test_a_late_acknowledgement_is_one() -> None:
    """After the answer, and before the time is up."""
    rig = Rig(cluster(), POLICY)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    assert 1 in rig.answers
    rig.pass_time(39)
    rig.settle()
    assert rig.status("r1").pending is None
    rig.pass_time(1)
    assert hinted(rig) == {}


def test_without_handoff_nothing_is_kept() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hints="none"))
    miss(rig, Put(1, "k", "v", None))
    assert rig.status("r1").pending is None
    rig.pass_time(40)
    assert hinted(rig) == {}
    assert rig.replicas["r1"].core.waiting == {}


def test_of_one_key_the_newest_write_is_kept() -> None:
    rig = Rig(cluster(), POLICY)
    rig.crash("r3")
    for op in (1, 2, 3):
        miss(rig, Put(op, "k", f"v{op}", None))
        rig.pass_time(5)
    pass_slowly(rig, 40)
    assert hinted(rig) == {("r3", "k"): "v3"}
    rig.replicas["r1"].hints.missed("r3", OLD)
    assert rig.replicas["r1"].hints.waiting() == 1
    assert rig.metrics("r1")["hints_queued"] == 3
    rig.drop(*rig.flying)
    rig.start("r3")
    pass_slowly(rig, 50)
    assert values(replays(rig)) == ["v3"]
    rig.settle()
    assert rig.metrics("r1")["hints_replayed"] == 1
    held = rig.held("r3", "k")
    assert held is not None
    assert held.value == "v3"


@pytest.mark.parametrize(("asked_at_ms", "kept"), [(300, True), (301, False)])
def test_no_hint_is_made_for_who_was_silent_longer_than_the_window(asked_at_ms: int, kept: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Counted from the first write that was missed, at 40 ms. What was made before stays; and an answer ends it."""
    rig = Rig(cluster(), POLICY)
    rig.crash("r3")
    miss(rig, Put(1, "k1", "v", None))
    rig.pass_time(40)
    rig.pass_time(asked_at_ms - 40)
    miss(rig, Put(2, "k2", "v", None))
    rig.pass_time(40)
    assert set(hinted(rig)) == {("r3", "k1")} | ({("r3", "k2")} if kept else set())
    assert rig.metrics("r1")["hints_dropped"] == (not kept)
    rig.start("r3")
    rig.drop(*rig.flying)
    rig.ask("r1", Put(3, "k3", "v", "ALL"))
    rig.settle()
    miss(rig, Put(4, "k4", "v", None))
    pass_slowly(rig, 40)
    assert ("r3", "k4") in hinted(rig)


@pytest.mark.parametrize(
    ("policy", "lifetime_ms"),
    [
        (POLICY, 900),
        (structs.replace(POLICY, purge="grace", grace_ns=200 * MS), 200),
        (structs.replace(POLICY, purge="grace", grace_ns=2_000 * MS), 900),
        (structs.replace(POLICY, purge="confirmed", grace_ns=200 * MS), 900),
    ],
    ids=["lifetime", "shorter grace", "longer grace", "grace that does not count"],
)
def test_a_hint_lives_as_long_as_its_lifetime_and_no_longer_than_the_grace(policy: Policy, lifetime_ms: int) -> None:
    """The window, which is shorter, has nothing to do with it."""
    rig = with_silent_target(1, policy)
    pass_slowly(rig, lifetime_ms)
    assert len(hinted(rig)) == 1
    assert replays(rig), "it is sent as long as it lives"
    rig.drop(*rig.flying)
    rig.pass_time(10)
    assert hinted(rig) == {}
    assert rig.metrics("r1")["hints_expired"] == 1
    pass_slowly(rig, 100)
    assert replays(rig) == []
    assert rig.status("r1").pending is None


def test_the_oldest_expire_first_and_a_newer_write_is_as_old_as_itself() -> None:
    rig = with_silent_target(2)
    rig.pass_time(460)
    rig.replicas["r1"].hints.heard("r3")  # else the window would be over
    miss(rig, Put(9, "k0", "newer", None))
    rig.pass_time(40)
    pass_slowly(rig, 410)
    assert hinted(rig) == {("r3", "k0"): "newer"}


def test_a_bound_for_each_target_beyond_which_hints_are_dropped_and_counted() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hints_max=2))
    for op in (1, 2, 3):
        miss(rig, Put(op, f"k{op}", "v", "ONE"), "r2", "r3")
    rig.ask("r1", Put(4, "k1", "newer", "ONE"))
    rig.drop(*rig.flying)
    pass_slowly(rig, 40)
    expected = {("r2", "k1"): "newer", ("r3", "k1"): "newer", ("r2", "k2"): "v", ("r3", "k2"): "v"}
    assert hinted(rig) == expected
    metrics = rig.metrics("r1")
    assert (metrics["hints_queued"], metrics["hints_dropped"], metrics["hints_waiting"]) == (6, 2, 4)
