"""Incremental repair: what is compared, what its bookkeeping survives, and what brings a pair back to comparing all."""

from random import Random

import pytest
from msgspec import structs

from replicas.store import repaired
from replicas.store.changed import ChangedKeys, HeldOfThem, Settled
from replicas.store.messages import Compare, Stored
from replicas.store.peer import Peer
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, record
from replicas.store.visits import Delete, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster
from tests.replicas.store.test_scrubbing import rot

POLICY = structs.replace(
    QUICK_POLICY, read_repair="none", purge="never", repair_scope="incremental", full_every_rounds=10_000
)


def copy(key: str, value: str, at: int = 1) -> Record:
    return record(key, Version(WALL + at, "r9.1"), value)


def marked(policy: Policy = POLICY, nodes: int = 3) -> Rig:
    """All pairs have compared everything once."""
    rig = Rig(cluster(nodes=nodes), policy)
    for name in rig.cluster.names():
        rig.place(name, *(copy(f"k{i}", "v") for i in range(20) if name in rig.replicas_of(f"k{i}")))
    rig.rounds(4)
    return rig


def rounds_with(rig: Rig, count: int) -> tuple[int, int]:
    """How many exchanges were about everything, and how many about what has changed."""
    whole = partial = 0
    for _ in range(count):
        rig.pass_time(10)
        whole += sum(isinstance(each.message, Compare) and each.message.level == 0 for each in rig.flying)
        partial += len(rig.flights(ChangedKeys))
        rig.settle()
    return whole, partial


def same(rig: Rig) -> None:
    keys = {key for disk in rig.disks.values() for key in disk.copies}
    for key in keys:
        held = [rig.held(name, key) for name in rig.replicas_of(key)]
        assert len(set(held)) == 1, key


@pytest.mark.parametrize("kind", ["merkle", "full", "keys", "rows"])
def test_all_is_compared_once_and_then_only_what_changed(kind: str) -> None:
    rig = marked(structs.replace(POLICY, anti_entropy=kind))
    assert rounds_with(rig, 5) == (0, 15)
    rig.ask("r1", Put(1, "k3", "new", "ONE"))
    rig.drop(*rig.flying)
    rig.pass_time(10)
    told = [flight.message for flight in rig.flights(ChangedKeys, sender="r1")]
    assert [[each.key for each in message.briefs] for message in told if isinstance(message, ChangedKeys)] == [
        ["k3"]
    ] * 2
    rig.settle()
    rig.rounds(3)
    same(rig)
    assert [rig.metrics(name)["unrepaired_keys"] for name in ("r1", "r2", "r3")] == [0, 0, 0]
    assert rounds_with(rig, 3) == (0, 9)


def test_all_is_compared_again_after_so_many_rounds() -> None:
    rig = marked(structs.replace(POLICY, full_every_rounds=5))
    assert rounds_with(rig, 10) == (6, 24)


def test_a_restart_keeps_what_is_known() -> None:
    rig = marked()
    rig.ask("r1", Put(1, "k3", "new", "ONE"))
    rig.drop(*rig.flying)
    for name in ("r1", "r2", "r3"):
        rig.crash(name)
        rig.start(name)
    assert rounds_with(rig, 3) == (0, 9)
    same(rig)


@pytest.mark.parametrize("lost", [ChangedKeys, HeldOfThem, Stored, Settled])
@pytest.mark.parametrize("writer", ["r1", "r3"])
def test_a_lost_message_hides_nothing(lost: type[Peer], writer: str) -> None:
    rig = marked()
    rig.ask(writer, Put(1, "k3", "new", "ONE"))
    rig.drop(*rig.flying)
    for _ in range(2):
        rig.pass_time(10)
        while rig.flying:
            (rig.drop if isinstance(rig.flying[0].message, lost) else rig.deliver)(rig.flying[0])
    rig.rounds_until_mended(12)
    same(rig)


def test_what_changes_during_an_exchange_is_not_settled_by_it() -> None:
    rig = marked()
    rig.ask("r1", Put(1, "k3", "one", "ONE"))
    rig.drop(*rig.flying)
    rig.pass_time(10)
    rig.deliver_until(lambda: rig.flights(Stored, to="r1"))
    late = rig.flying
    rig.ask("r1", Put(2, "k3", "two", "ONE"))
    rig.drop(*(flight for flight in rig.flying if flight not in late))
    rig.settle()
    rig.rounds_until_mended(12)
    same(rig)
    assert {copy.value for copy in (rig.held(name, "k3") for name in ("r1", "r2", "r3")) if copy} == {"two"}


@pytest.mark.parametrize("node", ["r1", "r3"])
def test_a_copy_that_is_found_rotten_brings_its_node_back_to_comparing_all(node: str) -> None:
    rig = marked()
    rot(rig, node, "k3")
    rig.crash(node)
    rig.start(node)
    rig.rounds_until_mended(12)
    same(rig)
    assert rig.held(node, "k3") == copy("k3", "v")


@pytest.mark.parametrize("node", ["r1", "r3"])
def test_a_wiped_node_is_compared_as_a_whole(node: str) -> None:
    rig = marked()
    rig.wipe(node)
    rig.start(node)
    rig.settle()
    whole, _ = rounds_with(rig, 4)
    assert whole >= 2
    same(rig)
    assert rounds_with(rig, 4) == (0, 12)


@pytest.mark.parametrize("node", ["r1", "r2", "r3"])
def test_a_disk_that_falls_back_to_an_older_commit_is_noticed(node: str) -> None:
    """It has lost a write and, with it, what it knew of having been repaired: the mark is older than the peers'."""
    rig = marked()
    disk = rig.disks[node]
    before = (dict(disk.copies), dict(disk.notes), disk.meta)
    rig.ask("r1", Put(1, "k3", "new", None))
    rig.settle()
    rig.rounds(4)
    same(rig)
    rig.crash(node)
    disk.copies, disk.notes, disk.meta = dict(before[0]), dict(before[1]), before[2]
    rig.start(node)
    rig.rounds_until_mended(12)
    same(rig)


def test_what_is_too_much_to_remember_costs_a_whole_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repaired, "UNREPAIRED_MAX", 5)
    rig = marked()
    for op in range(1, 12):
        rig.ask("r1", Put(op, f"k{op}", f"new{op}", "ONE"))
        rig.drop(*rig.flying)
    assert rig.metrics("r1")["unrepaired_keys"] <= 5
    assert rig.metrics("r1")["unrepaired_overflows"] > 0
    rig.rounds_until_mended(12)
    same(rig)


@pytest.mark.parametrize("purge", ["confirmed", "repaired", "grace"])
def test_tombstones_go_everywhere(purge: str) -> None:
    policy = structs.replace(POLICY, purge=purge, grace_ns=200 * MS, full_every_rounds=8)
    rig = marked(policy)
    rig.ask("r1", Delete(1, "k3", "ONE"))
    rig.drop(*rig.flying)
    rig.rounds(60)
    assert [rig.held(name, "k3") for name in ("r1", "r2", "r3")] == [None] * 3


@pytest.mark.parametrize("limit", [1, 2, 1000])
@pytest.mark.parametrize("seed", range(40))
def test_replicas_converge_whatever_happens(seed: int, limit: int) -> None:
    """Operations, lost messages, crashes, wipes and rot anywhere, and whole comparisons only where they are due by what
    is known: the safety net is far away."""
    random = Random(f"{seed}/{limit}")
    kind = random.choice(["merkle", "keys", "rows", "full"])
    policy = structs.replace(POLICY, anti_entropy=kind, keys_per_exchange_max=limit)
    rig = marked(policy, nodes=random.choice([3, 4]))
    wipes = random.choice([0.0, 0.0, 0.73])
    rots = random.choice([0.0, 0.0, 0.78])
    losses = random.choice([0.0, 0.1, 0.4])
    for op in range(1, 80):
        name = random.choice(rig.cluster.names())
        key = f"k{random.randrange(8)}"
        what = random.random()
        if what < 0.6:
            rig.ask(name, Put(op, key, f"w{op}", "ONE") if what < 0.5 else Delete(op, key, "ONE"))
            if what < 0.4:
                rig.drop(*rig.flying)
        elif what < 0.7:
            rig.crash(name)
            rig.start(name)
        elif what < wipes and all(replica.core.joined for replica in rig.replicas.values()):
            rig.wipe(name)
            rig.start(name)
        elif what < rots and key in rig.disks[name].copies:
            rot(rig, name, key)
            rig.crash(name)
            rig.start(name)
        rig.pass_time(random.choice([0, 3, 10]))
        for _ in range(random.randrange(30)):
            if rig.flying:
                flight = random.choice(rig.flying[:6])
                (rig.drop if random.random() < losses else rig.deliver)(flight)
    rig.settle()
    rig.rounds_until_mended(250)
    same(rig)
