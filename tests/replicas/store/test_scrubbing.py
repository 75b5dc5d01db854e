"""The scrubber reads what nobody asks for, and has what it discards replaced by all that the others hold."""

from random import Random

import pytest
from msgspec import structs

from replicas.store.messages import Fetch, Fetched
from replicas.store.records import Record, Version, record
from replicas.store.scrubbing import LOST_MAX
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", scrub_every_ns=10 * MS, scrub_keys_max=3)
OLD = record("k", Version(WALL - 2 * MS, "r9.1"), "old")
NEW = record("k", Version(WALL - MS, "r9.1"), "new")


def rig_with(*copies: Record | None) -> Rig:
    """One for each of r1, r2, r3; that of r1 rots."""
    rig = Rig(cluster(), POLICY)
    for name, copy in zip(rig.cluster.names(), copies, strict=True):
        rig.place(name, *([copy] if copy else []))
    rot(rig, "r1", "k")
    return rig


def rot(rig: Rig, name: str, key: str) -> None:
    copy, marked_ns = rig.disks[name].copies[key]
    rig.disks[name].copies[key] = (structs.replace(copy, checksum=copy.checksum ^ 1), marked_ns)


def test_each_copy_is_read_in_turn_and_so_many_at_a_time() -> None:
    rig = Rig(cluster(), POLICY)
    rig.place("r1", *(record(f"k{i}", Version(WALL - MS, "r9.1"), "v") for i in range(7)))
    seen = []
    for _ in range(6):
        rig.pass_time(10)
        metrics = rig.metrics("r1")
        seen.append((metrics["copies_scrubbed"], metrics["scrubs_completed"]))
    assert seen == [(3, 0), (6, 0), (7, 1), (10, 1), (13, 1), (14, 2)]


def test_the_newest_that_any_replica_holds_comes_back() -> None:
    rig = rig_with(NEW, OLD, NEW)
    rig.rounds(1)
    assert rig.held("r1", "k") == NEW
    assert rig.metrics("r1")["lost_copies_replaced"] == 1


def test_it_asks_until_each_has_answered() -> None:
    rig = rig_with(OLD, OLD, NEW)
    rig.pass_time(10)
    rig.drop(*rig.flights(Fetch, to="r3"))
    rig.settle()
    assert rig.held("r1", "k") == OLD
    assert rig.status("r1").pending == "1 damaged copies await what others hold of them"
    assert rig.status("r1", ["r3"]).pending is None
    rig.pass_time(10)
    assert [flight.to for flight in rig.flights(Fetch)] == ["r3"]
    rig.drop(*rig.flying)
    rig.rounds(1)
    assert rig.held("r1", "k") == NEW
    assert rig.status("r1").pending is None


def test_nobody_else_has_it() -> None:
    rig = rig_with(OLD, None, None)
    rig.rounds(2)
    assert rig.held("r1", "k") is None
    assert rig.status("r1").pending is None


def test_an_answer_that_is_too_old_is_asked_for_again() -> None:
    """It may have been read before a purge."""
    rig = rig_with(NEW, NEW, NEW)
    rig.pass_time(10)
    rig.deliver_until(lambda: rig.flights(Fetched))
    late = rig.flights(Fetched)
    rig.drop(*rig.flying)
    rig.pass_time(100)
    rig.deliver(*late)
    assert rig.held("r1", "k") is None
    rig.settle()
    assert rig.held("r1", "k") == NEW


def test_an_answer_from_before_a_second_loss_does_not_count() -> None:
    rig = rig_with(OLD, OLD, OLD)
    rig.pass_time(10)
    rig.deliver(*rig.flights(Fetch, to="r2"))
    rig.deliver(*rig.flights(Fetch, to="r3"))
    from_r2, from_r3 = rig.flights(Fetched)
    rig.deliver(from_r2)
    rig.place("r3", NEW)
    rot(rig, "r1", "k")
    rig.pass_time(10)
    rig.deliver(from_r3)
    rig.drop(*rig.flying)
    rig.rounds(1)
    assert rig.held("r1", "k") == NEW


def test_what_is_found_at_a_start_is_asked_for() -> None:
    rig = rig_with(OLD, OLD, NEW)
    rig.crash("r1")
    rig.start("r1")
    assert [flight.to for flight in rig.flights(Fetch)] == ["r2", "r3"]
    rig.settle()
    assert rig.held("r1", "k") == NEW


def test_a_crash_ends_no_search() -> None:
    rig = rig_with(OLD, OLD, NEW)
    rig.pass_time(10)
    rig.drop(*rig.flying)
    for _ in range(2):
        rig.crash("r1")
        rig.start("r1")
    rig.settle()
    assert rig.held("r1", "k") == NEW
    assert rig.disks["r1"].notes == {}


def test_a_node_that_is_not_back_yet_asks_when_it_is() -> None:
    rig = rig_with(OLD, OLD, NEW)
    rig.wipe("r1")
    rig.start("r1")
    rig.settle()
    assert rig.held("r1", "k") == NEW
    assert rig.status("r1").pending is None


def test_a_mark_that_rotted_is_written_as_it_was() -> None:
    """No checksum covers it."""
    rig = Rig(cluster(), POLICY)
    gone = record("k", Version(WALL - MS, "r9.1"), None)
    rig.place("r1", gone, marked_ns=WALL)
    rig.place("r2", gone)
    rig.disks["r1"].copies["k"] = (gone, WALL ^ 1 << 40)
    rig.disks["r2"].copies["k"] = (gone, 1)
    rig.rounds(1)
    assert rig.disks["r1"].copies["k"] == (gone, WALL)
    assert rig.disks["r2"].copies["k"] == (gone, 0)
    assert [rig.metrics(name)["marks_mended"] for name in ("r1", "r2")] == [1, 1]
    assert rig.audit == []


def test_a_value_that_seems_marked_is_damaged() -> None:
    rig = Rig(cluster(), POLICY)
    rig.place("r2", NEW)
    rig.place("r1", NEW, marked_ns=WALL)
    rig.settle()
    assert [change.cause for _, change in rig.audit] == ["corrupt", "scrub"]
    assert rig.held("r1", "k") == NEW
    assert not rig.marked("r1", "k")


def test_it_asks_for_no_more_than_the_limit_at_a_time() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, scrub_keys_max=2 * LOST_MAX))
    keys = [f"k{i}" for i in range(LOST_MAX + 5)]
    rig.place("r1", *(record(key, Version(WALL - MS, "r9.1"), "v") for key in keys))
    for key in keys:
        rot(rig, "r1", key)
    rig.pass_time(10)
    assert len(rig.flights(Fetch, to="r2")) == LOST_MAX
    assert rig.metrics("r1")["lost_copies_awaited"] == LOST_MAX
    rig.settle()
    rig.rounds(2)
    assert len(rig.disks["r1"].copies) == 0
    assert rig.metrics("r1")["lost_copies_replaced"] == LOST_MAX + 5
    assert rig.metrics("r1")["lost_copies_not_asked_for"] == 0


@pytest.mark.parametrize("seed", range(30))
def test_whatever_rots_is_there_again_as_long_as_all_others_have_it(seed: int) -> None:
    """Rot, crashes and lost messages anywhere. Only the scrubber mends. Two searches for one key at a time promise
    less: each may have told the other that it holds nothing."""
    random = Random(seed)
    rig = Rig(cluster(), POLICY)
    keys = [f"k{i}" for i in range(8)]
    for name in rig.cluster.names():
        rig.place(name, *(record(key, Version(WALL - MS, "r9.1"), "v") for key in keys))
    for _ in range(30):
        for key in keys:
            sound = [name for name in rig.cluster.names() if (held := rig.held(name, key)) and held.intact()]
            if len(sound) == 3 and random.random() < 0.3:
                rot(rig, random.choice(sound), key)
        if random.random() < 0.2:
            name = random.choice(rig.cluster.names())
            rig.crash(name)
            rig.start(name)
        rig.pass_time(10)
        while rig.flying:
            (rig.drop if random.random() < 0.3 else rig.deliver)(random.choice(rig.flying))
    rig.rounds(10)
    for name in rig.cluster.names():
        assert {key for key, (copy, _) in rig.disks[name].copies.items() if copy.intact()} == set(keys)
        assert rig.status(name).pending is None
