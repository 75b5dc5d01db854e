"""Hints and a confirmed purge: whoever confirms a tombstone keeps and makes no older hint."""

import pytest
from msgspec import structs

from replicas.store.antientropy import brief
from replicas.store.messages import Confirm, Confirmed, Mark, Store
from replicas.store.records import Record, Version, record
from replicas.store.storage import Hint
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.hinting import POLICY, hinted, miss, replays
from tests.replicas.store.rig import MS, WALL, Rig, cluster

CONFIRMED = structs.replace(POLICY, purge="confirmed")
OLD = record("k", Version(WALL - 3, "r9.1"), "old")
GONE = record("k", Version(WALL - 2, "r9.1"), None)
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
OLD_TOMBSTONE = record("k", Version(WALL - 5 * MS, "r9.1"), None)


def outsider(rig: Rig) -> str:
    """A key of which r4 has no copy."""
    return next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))


def confirm(rig: Rig, to: str, tombstone: Record) -> None:
    leader = rig.replicas_of(tombstone.key)[0]
    rig.batch(to, [(leader, Confirm(1, rig.clock(leader).wall, "", brief(tombstone)))])


@pytest.mark.parametrize(("copy", "kept"), [(OLD, False), (GONE, True), (NEW, True)], ids=["older", "same", "newer"])
@pytest.mark.parametrize("holds", [False, True])
def test_a_confirmation_takes_older_hints_away(copy: Record, *, kept: bool, holds: bool) -> None:
    """Also where it is not confirmed yet."""
    rig = Rig(cluster(), CONFIRMED)
    if holds:
        rig.place("r1", GONE)
    rig.crash("r1")
    rig.disks["r1"].hints["r3", "k"] = Hint("r3", copy, WALL)
    rig.disks["r1"].hints["r2", "other"] = Hint("r2", record("other", OLD.version, "v"), WALL)
    rig.start("r1")
    rig.batch("r1", [("r2", Confirm(1, WALL, "", brief(GONE)))])
    assert len(rig.flights(Confirmed)) == holds
    assert set(hinted(rig)) == {("r2", "other")} | ({("r3", "k")} if kept else set())


def test_every_node_is_asked_for_hints() -> None:
    """r4, which has no copy of the key, may have kept one; without handoff it is not asked."""
    for policy, waits in ((CONFIRMED, True), (structs.replace(CONFIRMED, hints="none"), False)):
        rig = Rig(cluster(nodes=4), policy)
        key = outsider(rig)
        rig.crash("r4")
        first = rig.replicas_of(key)[0]
        rig.ask(first, Delete(1, key, "ALL"))
        rig.settle()
        rig.rounds(5)
        assert [rig.marked(name, key) for name in rig.replicas_of(key)] == [not waits] * 3
        assert (rig.status(first).pending == "1 tombstones await their confirmation") == waits
        assert waits or rig.status(first, ["r4"]).pending
        rig.start("r4")
        rig.rounds(15)
        assert [rig.held(name, key) for name in rig.replicas_of(key)] == [None] * 3


def test_nothing_that_waits_for_a_node_that_stays_down_is_pending() -> None:
    """A tombstone that r4 has not confirmed stays; one that it has confirmed before it went down still goes."""
    for confirmed, pending in ((False, None), (True, "1 tombstones await their confirmation")):
        rig = Rig(cluster(nodes=4), CONFIRMED)
        key = outsider(rig)
        first = rig.replicas_of(key)[0]
        rig.ask(first, Delete(1, key, "ALL"))
        rig.settle()
        rig.pass_time(10)
        if not confirmed:
            rig.drop(*rig.flights(Confirm, to="r4"))
        rig.settle()
        rig.crash("r4")
        assert rig.status(first, ["r4"]).pending == pending
        rig.rounds(15)
        assert (rig.held(first, key) is None) == confirmed
        assert rig.status(first, ["r4"]).pending is None


def test_a_write_under_way_leaves_no_hint_under_a_confirmed_tombstone() -> None:
    """Neither after a pause of its coordinator, nor when an older question comes late."""
    for late in (None, record("k", Version(1, "r9.1"), None)):
        for times in (1, 12):
            rig = Rig(cluster(), CONFIRMED)
            miss(rig, Put(1, "k", "older", None))
            tombstone = record("k", Version(WALL + 1, "r9.1"), None)
            confirm(rig, "r1", tombstone)
            if late is not None:
                confirm(rig, "r1", late)
            rig.now += times * 40 * MS
            rig.fire("r1")
            assert hinted(rig) == {}


def test_a_write_that_is_later_than_a_confirmed_tombstone_leaves_its_hint() -> None:
    rig = Rig(cluster(), CONFIRMED)
    miss(rig, Put(1, "k", "later", None))
    miss(rig, Put(2, "other", "v", None))
    confirm(rig, "r1", OLD_TOMBSTONE)
    rig.pass_time(40)
    assert set(hinted(rig)) == {("r3", "k"), ("r3", "other")}


def test_a_confirmation_is_about_one_key() -> None:
    """A write to another, though older than the tombstone, leaves its hint."""
    rig = Rig(cluster(), CONFIRMED)
    miss(rig, Put(1, "other", "v", None))
    confirm(rig, "r1", record("k", Version(WALL + 1, "r9.1"), None))
    rig.pass_time(40)
    assert set(hinted(rig)) == {("r3", "other")}


@pytest.mark.parametrize("restart", [False, True])
def test_whoever_has_confirmed_a_tombstone_mints_nothing_older(restart: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Also a node without a copy, whose clock is behind, in its next life."""
    rig = Rig(cluster(nodes=4), CONFIRMED)
    key = outsider(rig)
    tombstone = record(key, Version(WALL + 5 * MS, "r9.1"), None)
    confirm(rig, "r4", tombstone)
    assert len(rig.flights(Confirmed)) == 1
    if restart:
        rig.crash("r4")
        rig.start("r4")
    rig.ask("r4", Put(1, key, "v", "ONE"))
    message = rig.flights(Store)[0].message
    assert isinstance(message, Store)
    assert message.record.version.time > tombstone.version.time


def test_an_older_hint_brings_nothing_back() -> None:
    """The whole of it: r3 misses a put, whose hint is kept by r4, and its deletion is purged by all."""
    rig = Rig(cluster(nodes=4), CONFIRMED)
    key = outsider(rig)
    first, *_, last = rig.replicas_of(key)
    miss(rig, Put(1, key, "old", None), last, coordinator="r4")
    rig.pass_time(40)
    rig.drop(*replays(rig))
    assert hinted(rig, "r4") == {(last, key): "old"}
    rig.ask(first, Delete(2, key, "ALL"))
    rig.deliver_until(lambda: 2 in rig.answers)
    for _ in range(20):
        rig.pass_time(10)
        rig.drop(*replays(rig))
        rig.settle()
    assert [rig.held(name, key) for name in rig.replicas_of(key)] == [None] * 3
    rig.rounds(5)
    rig.ask("r4", Get(3, key, "ALL"))
    rig.settle()
    assert rig.answers[3].version is None
    assert not any(rig.status(name).pending for name in rig.cluster.names())
    assert rig.flights(Mark) == []
