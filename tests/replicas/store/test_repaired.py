"""Purge of what was repaired: what comparisons prove, what they do not, and that older hints are gone before."""

import pytest
from msgspec import structs

from replicas.store.messages import Compare, Flush, Flushed, Leaves, Over, Store, Want
from replicas.store.peer import Peer
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, record
from replicas.store.storage import Hint
from replicas.store.visits import Delete, Put
from tests.replicas.store.hinting import hinted, miss
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, purge="repaired", read_repair="none")
WAIT_ROUNDS = POLICY.purge_wait_ns() // POLICY.round_every_ns + 3
OLD = record("k", Version(WALL - 2 * MS, "r9.1"), "old")


def key_led_by(name: str, rig: Rig) -> str:
    return next(f"k{i}" for i in range(999) if rig.replicas_of(f"k{i}")[0] == name)


def holders(rig: Rig, key: str) -> list[str]:
    return [name for name in rig.cluster.names() if rig.held(name, key)]


@pytest.mark.parametrize("kind", ["merkle", "full", "keys", "rows"])
@pytest.mark.parametrize("leader", ["r1", "r2", "r3"])
def test_a_tombstone_goes_when_all_were_found_the_same(leader: str, kind: str) -> None:
    """Whether its leader opens both exchanges, or answers one, or both."""
    rig = Rig(cluster(), structs.replace(POLICY, anti_entropy=kind))
    key = key_led_by(leader, rig)
    rig.ask(leader, Delete(1, key, None))
    rig.settle()
    rig.rounds(2 + WAIT_ROUNDS)
    assert holders(rig, key) == []
    assert not any(rig.status(name).pending for name in rig.cluster.names())


@pytest.mark.parametrize("leader", ["r1", "r2", "r3"])
@pytest.mark.parametrize("away", ["r1", "r2", "r3"])
def test_it_stays_while_one_replica_is_not_compared(leader: str, away: str) -> None:
    rig = Rig(cluster(), POLICY)
    key = key_led_by(leader, rig)
    rig.rounds(5)
    if leader == away:
        return
    rig.crash(away)
    rig.ask(leader, Delete(1, key, None))
    rig.settle()
    rig.rounds(3 * WAIT_ROUNDS)
    assert holders(rig, key) == [name for name in ("r1", "r2", "r3") if name != away]
    assert not any(rig.marked(name, key) for name in ("r1", "r2", "r3"))
    rig.start(away)
    rig.rounds(8 + 2 * WAIT_ROUNDS)
    assert holders(rig, key) == []


@pytest.mark.parametrize("leader", ["r1", "r3"])
def test_a_comparison_that_began_before_proves_nothing(leader: str) -> None:
    """The roots of the opener are on their way when the deletion comes, which one replica misses."""
    rig = Rig(cluster(), POLICY)
    key = key_led_by(leader, rig)
    missing = next(name for name in ("r3", "r1") if name != leader)
    rig.place(missing, record(key, Version(WALL - MS, "r9.1"), "v"))
    for name in ("r1", "r2", "r3"):
        if name != missing:
            rig.place(name, record(key, Version(WALL - MS, "r9.1"), "v"))
    rig.now += 10 * MS
    for name in ("r1", "r2", "r3"):
        rig.fire(name)
    rig.ask(leader, Delete(1, key, "ONE"))
    for flight in list(rig.flying):
        if not isinstance(flight.message, Compare):
            rig.drop(flight)
    while rig.flying:
        flight = rig.flying[0]
        (rig.drop if isinstance(flight.message, Store | Leaves | Want) else rig.deliver)(flight)
    for _ in range(WAIT_ROUNDS):
        rig.now += 10 * MS
        rig.batch(leader, due=["purge"])
        rig.drop(*rig.flying)
    assert not rig.marked(leader, key)


def test_after_a_restart_comparisons_begin_anew() -> None:
    rig = Rig(cluster(), POLICY)
    key = key_led_by("r1", rig)
    rig.rounds(3)
    rig.ask("r1", Delete(1, key, None))
    rig.settle()
    rig.crash("r1")
    rig.start("r1")
    rig.now += 10 * MS
    rig.batch("r1", due=["purge"])
    assert not rig.marked("r1", key)
    rig.rounds(2 + WAIT_ROUNDS)
    assert holders(rig, key) == []


def test_what_a_wiped_node_had_shown_counts_no_more() -> None:
    rig = Rig(cluster(), POLICY)
    key = key_led_by("r1", rig)
    rig.ask("r1", Delete(1, key, None))
    rig.settle()
    rig.replicas["r1"].entropy.proofs.found("r3", [0, 1, 2], 10**9)
    rig.wipe("r3")
    rig.start("r3")
    rig.settle()
    assert rig.replicas["r1"].entropy.proofs.since("r3", 0) == -1


@pytest.mark.parametrize("lost", [Compare, Over, Flush, Flushed])
def test_a_lost_message_only_delays(lost: type[Peer]) -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hints="handoff"))
    key = key_led_by("r3", rig)
    rig.ask("r3", Delete(1, key, None))
    rig.settle()
    for _ in range(3):
        rig.pass_time(10)
        while rig.flying:
            (rig.drop if isinstance(rig.flying[0].message, lost) else rig.deliver)(rig.flying[0])
    assert not rig.marked("r3", key)
    rig.rounds(6 + WAIT_ROUNDS)
    assert holders(rig, key) == []


def with_a_hint(copy: Record, policy: Policy) -> Rig:
    """r4, which holds no copy of it, keeps a hint for r2."""
    rig = Rig(cluster(nodes=4), policy)
    rig.crash("r4")
    rig.disks["r4"].hints["r2", copy.key] = Hint("r2", copy, WALL)
    rig.start("r4")
    return rig


def test_it_stays_while_an_older_hint_is_kept() -> None:
    policy = structs.replace(POLICY, hints="handoff")
    shape = Rig(cluster(nodes=4), policy)
    key = next(f"k{i}" for i in range(999) if shape.replicas_of(f"k{i}") == ("r1", "r2", "r3"))
    rig = with_a_hint(record(key, OLD.version, "old"), policy)
    rig.ask("r1", Delete(1, key, None))
    for _ in range(WAIT_ROUNDS):
        while rig.flying:
            flight = rig.flying[0]
            hint = flight.sender == "r4" and flight.message.origin.startswith("hint")
            (rig.drop if hint else rig.deliver)(flight)
        rig.pass_time(10)
    assert not rig.marked("r1", key)
    assert rig.disks["r4"].hints
    rig.settle()
    rig.rounds(8 + 2 * WAIT_ROUNDS)
    assert holders(rig, key) == []


def test_whoever_says_that_it_keeps_nothing_older_mints_nothing_older() -> None:
    rig = Rig(cluster(nodes=4), structs.replace(POLICY, hints="handoff"))
    ahead = WALL + 400 * MS
    rig.batch("r4", [("r1", Flush(1, WALL, "", ahead))])
    assert len(rig.flights(Flushed)) == 1
    rig.crash("r4")
    rig.start("r4")
    rig.settle()
    rig.ask("r4", Put(1, "k", "v", None))
    rig.settle()
    assert rig.answers[1].version is not None
    assert rig.answers[1].version.time > ahead


def test_a_write_under_way_is_waited_for() -> None:
    rig = Rig(cluster(nodes=4), structs.replace(POLICY, hints="handoff"))
    rig.ask("r4", Put(1, "k", "v", None))
    rig.drop(*rig.flying)
    rig.batch("r4", [("r1", Flush(1, WALL, "", WALL + 400 * MS))])
    assert rig.flights(Flushed) == []


def test_where_nothing_is_compared_nothing_is_purged_and_nothing_waits() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, anti_entropy="none"))
    rig.ask("r1", Delete(1, "k", None))
    rig.settle()
    rig.rounds(30)
    assert holders(rig, "k") == ["r1", "r2", "r3"]
    assert rig.status(rig.replicas_of("k")[0]).pending is None


def test_a_hint_with_an_older_sibling_is_older() -> None:
    """Whatever is beside it: a tombstone in between has replaced the one and not the other."""
    shape = structs.replace(cluster(nodes=4), versions="dotted", merge="siblings")
    rig = Rig(shape, structs.replace(POLICY, hints="handoff"))
    key = next(f"k{i}" for i in range(999) if rig.replicas_of(f"k{i}") == ("r1", "r2", "r3"))
    for op in (1, 2):
        miss(rig, Put(op, key, f"w{op}", None), coordinator="r4")
        rig.pass_time(40)
        rig.drop(*rig.flying)
    assert hinted(rig, "r4") == {("r3", key): '["w1","w2"]'}
    first = rig.answers[1].version
    assert first is not None
    rig.batch("r4", [("r1", Flush(1, WALL, "", first.time))])
    assert rig.flights(Flushed) == []


@pytest.mark.parametrize("full_every", [1, 2, 3, 4, 6])
def test_each_partition_has_its_own_whole_comparisons(full_every: int) -> None:
    """Where partitions take turns, whichever multiple of those the rounds between whole comparisons are."""
    policy = structs.replace(
        POLICY, repair_scope="incremental", entropy_schedule="continuous", full_every_rounds=full_every
    )
    rig = Rig(cluster(nodes=4), policy)
    keys = {rig.replicas_of(f"k{i}"): f"k{i}" for i in range(99)}
    assert len(keys) == 4
    rig.rounds(20)
    for op, key in enumerate(keys.values()):
        rig.ask("r1", Delete(op, key, None))
        rig.settle()
    rig.rounds(10 * full_every + 2 * WAIT_ROUNDS)
    assert [holders(rig, key) for key in keys.values()] == [[]] * 4
