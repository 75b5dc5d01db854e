"""How much anti-entropy does at a time, and in which order: bounds hold, and nobody starves under any priority."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.messages import Busy, Compare, Leaves
from replicas.store.policy import Policy
from replicas.store.records import Version, record
from replicas.store.turns import PATIENCE
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, purge="never")
ONE_AT_A_TIME = structs.replace(POLICY, exchanges_in_parallel_max=1)
IN_TURN = structs.replace(POLICY, entropy_schedule="continuous", ranges_per_round_max=1)
PRIORITIES = ["order", "most-divergent", "lately-away"]


def filled(rig: Rig, name: str, count: int = 60) -> dict[str, object]:
    copies = {f"k{i}": record(f"k{i}", Version(WALL - MS, "r9.1"), f"v{i}") for i in range(count)}
    rig.place(name, *copies.values())
    return dict(copies)


def opened(rig: Rig) -> list[tuple[str, str, list[int]]]:
    """The exchanges that begin with what flies."""
    return [
        (flight.sender, flight.to, list(flight.message.hashes))
        for flight in rig.flights(Compare)
        if isinstance(flight.message, Compare) and flight.message.level == 0
    ]


def open_at(rig: Rig, name: str) -> int:
    return rig.replicas[name].entropy.slots.open()


def test_a_continuous_schedule_looks_at_all_partitions_in_turn() -> None:
    rig = Rig(cluster(nodes=3), IN_TURN)
    seen = []
    for _ in range(6):
        rig.pass_time(10)
        seen += [partitions for sender, to, partitions in opened(rig) if (sender, to) == ("r1", "r2")]
        rig.settle()
    assert seen == [[0], [1], [2], [0], [1], [2]]


def test_a_round_is_complete_when_all_partitions_have_been_compared_since() -> None:
    rig = Rig(cluster(nodes=3), IN_TURN)
    completed = []
    for _ in range(6):
        rig.rounds(1)
        completed.append(rig.status("r1").completed)
    assert completed == [0, 0, 1, 2, 3, 4]
    assert rig.status("r1").pending is None


def test_what_differed_is_pending_until_its_partition_was_found_equal() -> None:
    rig = Rig(cluster(nodes=3), IN_TURN)
    rig.rounds(3)
    key = next(f"k{i}" for i in range(99) if rig.replicas["r1"].core.placement.partition_of(f"k{i}") == 0)
    rig.place("r2", record(key, Version(WALL - MS, "r9.1"), "v"))
    pending = []
    for _ in range(9):
        rig.rounds(1)
        pending.append(rig.status("r1").pending)
    first = next(at for at, why in enumerate(pending) if why and "differed" in why)
    assert [why is None for why in pending[first:]] == [False, False, False, *[True] * (6 - first)]


@pytest.mark.parametrize("priority", PRIORITIES)
@pytest.mark.parametrize("base", [ONE_AT_A_TIME, IN_TURN, structs.replace(IN_TURN, exchanges_in_parallel_max=1)])
def test_replicas_converge_whatever_the_bound(base: Policy, priority: str) -> None:
    rig = Rig(cluster(nodes=5), structs.replace(base, repair_priority=priority))
    copies = filled(rig, "r1")
    rig.rounds_until_mended(80)
    for key, copy in copies.items():
        if "r1" in rig.replicas_of(key):
            assert [rig.held(name, key) for name in rig.replicas_of(key)] == [copy] * 3


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3), st.sampled_from(PRIORITIES))
def test_no_more_exchanges_are_open_at_a_node_than_may_be(random: Random, most: int, priority: str) -> None:
    """Counted by the node, while messages come late, in any order, or never."""
    policy = structs.replace(POLICY, exchanges_in_parallel_max=most, repair_priority=priority)
    rig = Rig(cluster(nodes=5), policy)
    for name in rig.cluster.names():
        filled(rig, name, random.randrange(20))
    for _ in range(60):
        rig.pass_time(random.choice([0, 5, 10]))
        for _ in range(random.randrange(12)):
            if rig.flying:
                (rig.drop if random.random() < 0.2 else rig.deliver)(random.choice(rig.flying))
            assert all(open_at(rig, name) <= most for name in rig.cluster.names())


def test_who_finds_no_room_is_turned_away_and_comes_first_when_there_is() -> None:
    rig = Rig(cluster(nodes=3), ONE_AT_A_TIME)
    filled(rig, "r3")
    rig.pass_time(10)
    assert [(sender, to) for sender, to, _ in opened(rig)] == [("r1", "r2"), ("r2", "r3")]
    rig.deliver(*rig.flights(Compare, to="r2"))
    assert [flight.to for flight in rig.flights(Busy)] == ["r1"]
    assert rig.metrics("r2")["exchanges_turned_away"] == 1
    for _ in range(4):
        rig.settle()
        rig.pass_time(0)  # for those that follow in the same round
    assert [rig.metrics(name)["exchanges_open"] for name in ("r1", "r2", "r3")] == [0, 0, 0]
    rig.pass_time(10)
    assert "r1" in [flight.sender for flight in rig.flights(Compare, to="r2")]


@pytest.mark.parametrize("priority", PRIORITIES)
@pytest.mark.parametrize("away", ["r2", "r3", "r4"])
def test_a_peer_that_never_answers_starves_nobody(priority: str, away: str) -> None:
    rig = Rig(cluster(nodes=4, n=4), structs.replace(ONE_AT_A_TIME, repair_priority=priority))
    rig.crash(away)
    rig.rounds_until_mended(60, without=[away])


@pytest.mark.parametrize("priority", PRIORITIES)
def test_no_partition_waits_longer_than_its_patience(priority: str) -> None:
    """While another differs each time, since its copies never arrive."""
    rig = Rig(cluster(nodes=3), structs.replace(IN_TURN, repair_priority=priority))
    filled(rig, "r1", 8)
    last = dict.fromkeys(range(3), 0)
    for number in range(1, 61):
        rig.pass_time(10)
        for sender, to, partitions in opened(rig):
            if (sender, to) == ("r1", "r2"):
                last.update(dict.fromkeys(partitions, number))
        for flight in list(rig.flights()):
            if flight in rig.flying and not isinstance(flight.message, Compare | Leaves):
                rig.drop(flight)
        while rig.flights(Compare) or rig.flights(Leaves):
            rig.deliver((rig.flights(Compare) + rig.flights(Leaves))[0])
        rig.pass_time(20)
        assert number - min(last.values()) <= 3 * PATIENCE * 3 + 3


def test_the_most_divergent_peer_comes_first() -> None:
    rig = Rig(cluster(nodes=3), structs.replace(ONE_AT_A_TIME, repair_priority="most-divergent"))
    turns = rig.replicas["r1"].entropy.turns
    turns.exchanges.differing["r3"] = {0: 7}
    turns.exchanges.differing["r2"] = {0: 2, 1: 3}
    assert turns.order(["r2", "r3"], 1) == ["r3", "r2"]
    assert turns.order(["r2", "r3"], 2 + PATIENCE) == ["r2", "r3"], "both have waited: in turn"


def test_who_was_away_and_is_heard_again_comes_first() -> None:
    rig = Rig(cluster(nodes=3), structs.replace(ONE_AT_A_TIME, repair_priority="lately-away"))
    turns = rig.replicas["r1"].entropy.turns
    assert turns.order(["r2", "r3"], 1) == ["r2", "r3"]
    turns.gave_up(turns.exchanges.begin("r3", 1, [0, 1, 2]))
    assert turns.order(["r2", "r3"], 1) == ["r2", "r3"], "it may be away still"
    turns.heard("r3")
    assert turns.order(["r2", "r3"], 1) == ["r3", "r2"]


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 50))
def test_each_node_has_an_equal_share_of_what_the_cluster_may_send(of_node: int, of_cluster: int, nodes: int) -> None:
    share = Policy(repair_bytes_per_s_max=of_node, repair_bytes_per_s_cluster_max=of_cluster).repair_bytes_per_s(nodes)
    assert share <= (of_node or share)
    if not of_cluster:
        assert share == of_node
    else:
        assert share > 0
        assert share * nodes <= max(of_cluster, nodes)
        assert share == of_node or (share + 1) * nodes > of_cluster


def test_the_share_is_kept() -> None:
    policy = structs.replace(POLICY, repair_bytes_per_s_cluster_max=400)
    rig = Rig(cluster(nodes=2, n=2), policy)
    rig.place("r1", *(record(f"k{i}", Version(1, "r1.1"), "v") for i in range(6)))
    rig.rounds(1)
    assert len(rig.disks["r2"].copies) == 2
