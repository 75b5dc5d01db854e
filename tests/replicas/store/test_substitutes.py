"""Sloppy quorums: who stands in for whom, what counts, and that nothing older than a purged tombstone is kept."""

import pytest
from msgspec import structs

from replicas.store.messages import Announce, Confirm, Keep, Kept, Store, Stored
from replicas.store.policy import Policy
from replicas.store.records import Version, record
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.hinting import POLICY, hinted, pass_slowly
from tests.replicas.store.rig import MS, WALL, Rig, cluster

SLOPPY = structs.replace(POLICY, quorums="sloppy", hint_window_ns=10**12, hint_lifetime_ns=10**12)


def a_rig(nodes: int = 5, policy: Policy = SLOPPY) -> tuple[Rig, str, tuple[str, ...], list[str]]:
    """With a key, its replicas, and the others as they follow on the ring."""
    rig = Rig(cluster(nodes=nodes), policy)
    key = next(f"k{i}" for i in range(100) if rig.replicas_of(f"k{i}")[0] == "r1")
    replicas = rig.replicas_of(key)
    return rig, key, replicas, [name for name in rig.cluster.names() if name not in replicas]


def keeps(rig: Rig) -> dict[str, str]:
    """Of what is on its way: for whom each node is to keep a copy."""
    found = {}
    for flight in rig.flights(Keep):
        assert isinstance(flight.message, Keep)
        found[flight.to] = flight.message.target
    return found


def write_alone(rig: Rig, key: str, op: int = 1, value: str = "v") -> None:
    """r1 holds the copy, and nobody else hears of it for a quarter of its time."""
    rig.ask("r1", Put(op, key, value, None))
    rig.drop(*rig.flights(Store))
    rig.pass_time(10)


def test_after_a_quarter_of_its_time_a_node_without_a_copy_stands_in_for_each_silent_replica() -> None:
    rig, key, replicas, others = a_rig()
    rig.ask("r1", Put(1, key, "v", None))
    rig.drop(*rig.flights(Store))
    rig.pass_time(9)
    assert keeps(rig) == {}
    rig.pass_time(1)
    assert keeps(rig) == dict(zip(others, replicas[1:], strict=True))
    assert 1 not in rig.answers
    rig.deliver(*rig.flights(Keep, to=others[0]))
    rig.deliver(*rig.flights(Kept))
    assert rig.answers[1].outcome == "ok"
    assert hinted(rig, others[0]) == {(replicas[1], key): "v"}
    assert rig.metrics("r1")["writes_kept_elsewhere"] == 1
    assert rig.metrics(others[0])["hints_for_others"] == 1


def test_a_replica_that_was_silent_before_is_not_waited_for() -> None:
    rig, key, replicas, others = a_rig()
    rig.crash(replicas[1])
    write_alone(rig, key)
    rig.drop(*rig.flying)
    rig.pass_time(40)
    rig.replicas["r1"].hints.heard(replicas[2])
    rig.drop(*rig.flying)
    rig.ask("r1", Put(2, key, "w", None))
    assert keeps(rig) == {others[0]: replicas[1]}


def test_who_is_covered_gets_no_second_hint_and_the_substitute_hands_it_over() -> None:
    rig, key, replicas, others = a_rig()
    write_alone(rig, key)
    rig.settle()
    rig.pass_time(30)
    assert hinted(rig) == {}
    assert rig.status("r1").pending is None
    assert rig.status(others[0]).pending == f"1 hints for {replicas[1]} wait"
    pass_slowly(rig, 20)
    rig.settle()
    assert all(rig.held(name, key) == rig.held("r1", key) for name in replicas)
    assert all(hinted(rig, name) == {} for name in rig.cluster.names())


def test_a_substitute_that_does_not_answer_leaves_the_hint_to_the_coordinator() -> None:
    rig, key, replicas, others = a_rig()
    write_alone(rig, key)
    rig.deliver(*rig.flights(Keep, to=others[0]))
    rig.deliver(*rig.flights(Kept))
    rig.drop(*rig.flying)
    rig.pass_time(30)
    assert hinted(rig) == {(replicas[2], key): "v"}


def test_the_word_of_a_substitute_that_lost_its_disk_counts_no_more() -> None:
    rig, key, replicas, others = a_rig(policy=structs.replace(SLOPPY, read_repair="none"))
    rig.ask("r1", Put(1, key, "v", "ALL"))
    rig.drop(*rig.flights(Store))
    rig.pass_time(10)
    rig.deliver(*rig.flights(Keep, to=others[0]))
    rig.deliver(*rig.flights(Kept))
    rig.batch("r1", [(others[0], Announce(10**13 + 1, WALL, "", 2))])
    rig.drop(*rig.flights(Keep))
    rig.pass_time(30)
    assert set(hinted(rig)) == {(target, key) for target in replicas[1:]}


def test_a_late_acknowledgement_takes_the_place_of_the_substitutes() -> None:
    """One replica is one, however many speak for it."""
    rig, key, replicas, others = a_rig()
    rig.ask("r1", Put(1, key, "v", "ALL"))
    late = rig.flights(Store, to=replicas[1])
    rig.drop(*rig.flights(Store))
    rig.pass_time(10)
    rig.deliver(*rig.flights(Keep, to=others[0]))
    rig.deliver(*rig.flights(Kept))
    rig.flying += late
    rig.deliver(*late)
    rig.deliver(*rig.flights(Stored))
    assert 1 not in rig.answers
    rig.settle()
    assert rig.answers[1].outcome == "ok"


def test_a_coordinator_without_a_copy_is_a_substitute_itself() -> None:
    rig, key, replicas, others = a_rig(nodes=4)
    [stranger] = others
    rig.ask(stranger, Put(1, key, "v", "ONE"))
    rig.drop(*rig.flights(Store))
    rig.pass_time(10)
    assert rig.answers[1].outcome == "ok"
    assert hinted(rig, stranger) == {(replicas[0], key): "v"}


def test_strict_quorums_ask_nobody_and_reads_no_substitute() -> None:
    rig, key, _, others = a_rig(policy=structs.replace(SLOPPY, quorums="strict"))
    write_alone(rig, key)
    assert keeps(rig) == {}
    rig, key, replicas, others = a_rig()
    rig.ask("r1", Get(1, key, None))
    assert {flight.to for flight in rig.flights()} == set(replicas[1:])
    assert others


@pytest.mark.parametrize("purge", ["confirmed", "repaired"])
@pytest.mark.parametrize("restarts", [False, True])
def test_nothing_older_than_a_tombstone_that_may_be_purged_is_kept(restarts: bool, purge: str) -> None:  # noqa: FBT001 - a parameter of a test
    """The put flies to a substitute while its key is deleted, and all say that they keep nothing older."""
    rig, key, _, others = a_rig(policy=structs.replace(SLOPPY, purge=purge, anti_entropy="merkle"))
    write_alone(rig, key)
    slow = rig.flights(Keep, to=others[0])
    assert slow
    rig.drop(*rig.flying)
    rig.hold_back()
    rig.ask("r1", Delete(2, key, None))
    rig.deliver_until(lambda: rig.flights(Confirm, to=others[0])) if rig.flights(Confirm) else None
    for _ in range(4):
        rig.pass_time(2)
        rig.settle()
    while not rig.marked("r1", key):
        rig.pass_time(2)
        rig.settle()
    if restarts:
        rig.crash(others[0])
        rig.start(others[0])
    rig.flying += slow
    rig.deliver(*slow)
    reply = rig.flights(Kept)[0].message
    assert isinstance(reply, Kept)
    assert not reply.keeps
    assert hinted(rig, others[0]) == {}


def test_what_is_no_hint_for_a_replica_is_not_kept() -> None:
    rig, key, replicas, others = a_rig()
    copy = record(key, Version(WALL, "r1.1"), "v")
    spoilt = structs.replace(copy, value="w")
    old = WALL - SLOPPY.message_lifetime_ns - MS
    rig.batch(
        others[0],
        [
            ("r1", Keep(1, WALL, "op 1", 1, others[1], copy)),
            ("r1", Keep(2, WALL, "op 1", 2, replicas[1], spoilt)),
            ("r1", Keep(3, old, "op 1", 3, replicas[1], copy)),
        ],
    )
    said = [flight.message for flight in rig.flights(Kept)]
    assert [each.keeps for each in said if isinstance(each, Kept)] == [False, False, False]
    assert hinted(rig, others[0]) == {}


@pytest.mark.parametrize("purge", ["never", "confirmed", "repaired"])
def test_copies_that_are_counted_are_kept_too_whatever_the_wall_says(purge: str) -> None:
    rig = Rig(
        structs.replace(cluster(nodes=5), versions="counter"),
        structs.replace(SLOPPY, purge=purge, anti_entropy="merkle"),
    )
    rig.batch("r4", [("r1", Keep(1, WALL, "op 1", 1, "r2", record(_of(rig, "r2"), Version(1, "counter"), "v")))])
    assert rig.metrics("r4")["hints_for_others"] == 1


def _of(rig: Rig, node: str) -> str:
    return next(
        f"k{i}" for i in range(100) if node in rig.replicas_of(f"k{i}") and "r4" not in rig.replicas_of(f"k{i}")
    )
