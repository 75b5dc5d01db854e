"""What a node keeps from one life to the next, and what it must not repeat."""

import pytest

from replicas.store.core import Now
from replicas.store.messages import Store
from replicas.store.records import Version, record
from replicas.store.replica import Replica
from replicas.store.visits import Get, Ping, Pong, Put
from tests.replicas.store.rig import CLIENT, MS, QUICK_POLICY, WALL, Rig, cluster

HOUR = 3_600_000 * MS


def put(rig: Rig, name: str, op: int) -> Version:
    """The version as it is sent: a receiver whose clock is far ahead refuses it."""
    rig.ask(name, Put(op, "k", f"v{op}", "ONE"))
    message = rig.flights(Store)[0].message
    assert isinstance(message, Store)
    rig.settle()
    return message.record.version


@pytest.mark.parametrize("jump", [0, -HOUR, HOUR])
@pytest.mark.parametrize("nodes", [3, 4])
def test_versions_rise_over_restarts_and_jumps_of_the_clock(nodes: int, jump: int) -> None:
    """Also for a coordinator that keeps no copy of what it wrote: its clock alone is durable."""
    rig = Rig(cluster(nodes=nodes), QUICK_POLICY)
    name = next(node for node in rig.cluster.names() if nodes == 3 or node not in rig.replicas_of("k"))
    versions = [put(rig, name, op) for op in (1, 2)]
    rig.skew[name] += jump
    versions += [put(rig, name, op) for op in (3, 4)]
    rig.crash(name)
    rig.skew[name] -= jump
    rig.start(name)
    versions += [put(rig, name, op) for op in (5, 6)]
    assert versions == sorted(set(versions), key=lambda version: version.time)
    assert {version.by for version in versions} == {f"{name}.1"}


def test_a_version_that_was_never_durable_was_never_seen() -> None:
    rig = Rig(cluster(), QUICK_POLICY)
    rig.batch("r1", [(CLIENT, Put(1, "k", "lost", "ONE"))], ending="uncommitted")
    assert (rig.flying, rig.answers) == ([], {})
    rig.start("r1")
    assert rig.held("r1", "k") is None


def test_a_later_write_is_later_than_anything_seen() -> None:
    """From a replica whose clock is far ahead, seen only in a read."""
    rig = Rig(cluster(), QUICK_POLICY)
    rig.skew["r3"] = HOUR
    ahead = put(rig, "r3", 1)
    rig.ask("r1", Get(2, "k", None))
    rig.settle()
    assert put(rig, "r1", 3).time > ahead.time


def test_the_incarnation_is_that_of_the_disk() -> None:
    rig = Rig(cluster(), QUICK_POLICY)
    put(rig, "r1", 1)
    rig.crash("r1")
    storage = rig.open_storage("r1")
    replica = Replica("r1", "r1.2", rig.cluster, rig.policy, storage)
    assert replica.incarnation == "r1.1"
    assert storage.meta is not None
    assert (storage.meta.boots, storage.meta.batch) == (1, replica.batch)


def test_numbers_of_messages_are_never_used_twice() -> None:
    rig = Rig(cluster(), QUICK_POLICY)
    seen: list[tuple[str, int]] = []
    for op in range(1, 4):
        rig.ask("r1", Put(op, "k", "v", None))
        seen += {(flight.sender, flight.message.n) for flight in rig.flights(Store)}
        rig.settle()
        rig.crash("r1")
        rig.start("r1")
    assert len(seen) == len(set(seen)) == 3


def test_a_start_is_durable_and_idleness_commits_nothing() -> None:
    rig = Rig(cluster(), QUICK_POLICY)
    replica = rig.replicas["r1"]
    started = rig.disks["r1"].meta
    assert started is not None
    assert (started.batch, started.boots) == (1, 1)
    replica.receive(Now(1, WALL), CLIENT, Get(1, "k", None))
    replica.receive(Now(1, WALL), "r2", Ping(1))
    replica.wake(Now(1, WALL), "deadline")
    effects = replica.end_batch()
    assert effects is not None
    assert effects.commit is None
    assert ("r2", Pong(1)) in effects.answers
    assert replica.end_batch() is None
    replica.receive(Now(2, WALL), CLIENT, Put(2, "k", "v", None))
    effects = replica.end_batch()
    assert effects is not None
    assert effects.commit is not None
    assert effects.commit.batch == 2


def test_the_clock_of_a_life_starts_behind_nothing_on_its_disk() -> None:
    """Copies of others may be later than what this node has minted."""
    rig = Rig(cluster(), QUICK_POLICY)
    rig.crash("r1")
    rig.disks["r1"].copies["k"] = (record("k", Version(WALL + HOUR, "r9.1"), "v"), 0)
    rig.start("r1")
    assert put(rig, "r1", 1).time > WALL + HOUR
