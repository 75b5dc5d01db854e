"""Writes: how many holders an acknowledgement takes; and which operations are refused, of either kind."""

import pytest
from msgspec import structs

from replicas.store.messages import Store, Stored
from replicas.store.records import Version, record
from replicas.store.visits import Delete, Get, Put
from replicas.system import Level
from tests.replicas.store.rig import QUICK_POLICY, WALL, Rig, cluster

ALONE = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never")
FIVE = cluster(nodes=5, n=5, r=3, w=3)


@pytest.mark.parametrize(("level", "needed"), [(None, 4), ("ONE", 1), ("QUORUM", 3), ("ALL", 5)])
def test_a_write_is_acknowledged_by_as_many_as_its_level_says(level: Level | None, needed: int) -> None:
    rig = Rig(structs.replace(FIVE, w=4), ALONE)
    rig.ask("r1", Put(1, "k", "v", level))
    for holders in range(1, 6):
        assert (1 in rig.answers) == (holders >= needed)
        held = [name for name in FIVE.names() if rig.held(name, "k")]
        assert len(held) == holders
        if holders < 5:
            rig.deliver(*rig.flights(Store, to=f"r{holders + 1}"))
            rig.deliver(*rig.flights(Stored, sender=f"r{holders + 1}"))
    assert rig.answers[1].outcome == "ok"


def test_a_coordinator_without_a_copy_is_no_answer() -> None:
    rig = Rig(cluster(nodes=4), ALONE)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    rig.ask("r4", Put(1, key, "v", None))
    first, second, _ = rig.replicas_of(key)
    rig.deliver(*rig.flights(Store, to=first))
    rig.deliver(*rig.flights(Stored, sender=first))
    assert 1 not in rig.answers
    rig.deliver(*rig.flights(Store, to=second))
    rig.deliver(*rig.flights(Stored, sender=second))
    assert rig.answers[1].outcome == "ok"
    assert rig.held("r4", key) is None


def test_a_write_that_times_out_says_how_many_acknowledged() -> None:
    rig = Rig(FIVE, ALONE)
    rig.ask("r1", Delete(1, "k", None))
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    rig.pass_time(40)
    answer = rig.answers[1]
    assert (answer.outcome, answer.error) == ("timeout", "2 of 3 replicas acknowledged within the timeout")
    assert answer.version is None


REFUSED = [
    (Get(1, "é" * 513, None), "the key is longer than 1024 bytes"),
    (Put(1, "k" * 1025, "v", None), "the key is longer than 1024 bytes"),
    (Delete(1, "k" * 1025, None), "the key is longer than 1024 bytes"),
    (Put(1, "k", "é" * 524_289, None), "the value is longer than 1048576 bytes"),
]


@pytest.mark.parametrize(("message", "error"), REFUSED)
def test_what_is_refused_was_never_sent(message: Get | Put | Delete, error: str) -> None:
    rig = Rig(cluster(), ALONE)
    rig.ask("r1", message)
    assert (rig.answers[1].outcome, rig.answers[1].error) == ("refused", error)
    assert rig.flying == []
    assert rig.held("r1", message.key) is None
    rig.pass_time(100)
    assert rig.answers[1].outcome == "refused"


@pytest.mark.parametrize("message", [Put(1, "é" * 512, "é" * 524_288, None), Get(1, "é" * 512, None)])
def test_the_longest_that_is_allowed(message: Get | Put) -> None:
    rig = Rig(cluster(), ALONE)
    rig.ask("r1", message)
    rig.settle()
    assert rig.answers[1].outcome == "ok"


def test_a_node_with_too_much_in_flight_refuses_and_recovers() -> None:
    rig = Rig(structs.replace(cluster(), operations_in_flight_max=2), ALONE)
    for op in (1, 2, 3):
        rig.ask("r1", Put(op, "k", f"v{op}", None))
    assert list(rig.answers) == [3]
    assert rig.answers[3].outcome == "refused"
    assert "operations_in_flight_max" in (rig.answers[3].error or "")
    assert len(rig.flights(Store)) == 4
    rig.settle()
    rig.ask("r1", Put(4, "k", "v4", None))
    rig.settle()
    assert {op: rig.answers[op].outcome for op in (1, 2, 4)} == dict.fromkeys((1, 2, 4), "ok")


def test_pending_counts_the_operations_under_way() -> None:
    rig = Rig(cluster(), ALONE)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.ask("r1", Get(2, "k", None))
    assert rig.status("r1").pending == "2 operations are under way"
    rig.pass_time(40)
    assert rig.status("r1").pending is None


def test_a_copy_of_a_key_that_lives_elsewhere_is_not_taken() -> None:
    """From a node that places keys otherwise, as after a change of the cluster that reached only one of them."""
    rig = Rig(cluster(nodes=5), ALONE)
    stranger = next(name for name in rig.cluster.names() if name not in rig.replicas_of("k"))
    rig.batch(stranger, [("r1", Store(1, WALL, "", 7, record("k", Version(WALL, "r1.1"), "v"), "write"))])
    reply = rig.flights(Stored)[0].message
    assert isinstance(reply, Stored)
    assert not reply.holds
    assert rig.held(stranger, "k") is None
