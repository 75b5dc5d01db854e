"""A node that lost its disk: how it is made known and filled again, and what it is no part of until then."""

import pytest
from msgspec import structs

from replicas.store.antientropy import brief
from replicas.store.copies import Audited
from replicas.store.messages import (
    Announce,
    Announced,
    AskPage,
    Compare,
    Confirm,
    Confirmed,
    Fetch,
    Fetched,
    Mark,
    Page,
    Store,
    Stored,
)
from replicas.store.peer import Peer
from replicas.store.records import Version, record
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.bootstraps import (
    GONE,
    NEW,
    OLD,
    POLICY,
    copies_on,
    filled,
    join,
    joined,
    some,
    wiped,
)
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster


def test_a_first_disk_is_not_bootstrapped() -> None:
    rig = Rig(cluster(), POLICY)
    assert all(joined(rig, name) for name in rig.cluster.names())
    assert rig.flying == []
    alone = Rig(cluster(nodes=1, n=1, r=1, w=1), POLICY)
    assert joined(wiped(alone, "r1"), "r1")


def test_all_hear_of_it_before_anyone_is_asked_for_copies() -> None:
    """Also nodes that share nothing with it; those that have not answered hear of it again, and only they."""
    rig = wiped(Rig(cluster(nodes=7), POLICY))
    others = [name for name in rig.cluster.names() if name != "r3"]
    for silent in (others, others[2:], others[5:]):
        assert [flight.to for flight in rig.flights(Announce)] == silent
        assert rig.flights(AskPage) == []
        waits = f"r3.2 is being bootstrapped and waits for {', '.join(silent)} to hear of it"
        assert rig.status("r3").pending == waits
        for flight in rig.flights(Announce):
            (rig.deliver if flight.to in others[: 5 if silent != others else 2] else rig.drop)(flight)
        rig.deliver(*rig.flights(Announced))
        rig.pass_time(10)
    rig.deliver(*rig.flights(Announce))
    rig.deliver(*rig.flights(Announced))
    sharing = {name for i in range(100) if "r3" in (of := rig.replicas_of(f"k{i}")) for name in of} - {"r3"}
    assert (
        {flight.to for flight in rig.flights(AskPage)} == sharing == set(others) - {"r6", "r7"} | {"r1", "r2"} & sharing
    )
    assert "waits for copies from" in (rig.status("r3").pending or "")
    join(rig)
    assert rig.status("r3").pending is None


def test_it_gets_all_that_the_others_hold() -> None:
    """Of each key the latest, tombstones as well; none that lives elsewhere. That it has joined is durable."""
    rig = Rig(cluster(nodes=5), POLICY)
    copies = some(40)
    for copy in copies:
        first, *rest = rig.replicas_of(copy.key)
        later = record(copy.key, Version(WALL, "r9.1"), "later")
        for name in rest:
            rig.disks[name].copies[copy.key] = (copy, 0)
        rig.disks[first].copies[copy.key] = (later if copy.key == "k1" else copy, 0)
    for name in rig.cluster.names():
        rig.crash(name)
        rig.start(name)
    expected = {name: copies_on(rig, name) for name in rig.cluster.names()}
    lost = rig.replicas_of("k1")[1]
    expected[lost] = [record("k1", Version(WALL, "r9.1"), "later") if c.key == "k1" else c for c in expected[lost]]
    wiped(rig, lost)
    join(rig, lost)
    assert copies_on(rig, lost) == expected[lost]
    assert {change.cause for node, change in rig.audit if node == lost} == {"bootstrap"}
    rig.settle()
    rig.crash(lost)
    rig.start(lost)
    assert rig.flights(Announce) == []
    assert rig.replicas[lost].incarnation == f"{lost}.2"


@pytest.mark.parametrize("first", ["r1", "r2"])
def test_a_marked_tombstone_comes_marked(first: str) -> None:
    """Even if only one of the others has marked it yet, whoever answers first."""
    rig = Rig(cluster(), structs.replace(POLICY, purge="confirmed"))
    rig.place("r1", GONE)
    rig.place("r2", GONE, marked_ns=WALL - MS)
    wiped(rig)
    rig.deliver_until(lambda: len(rig.flights(AskPage)) == 2)
    rig.deliver(*rig.flights(AskPage, to="r1"))
    rig.deliver(*rig.flights(AskPage, to="r2"))
    for sender in (first, "r1", "r2"):
        rig.deliver(*rig.flights(Page, sender=sender))
    assert joined(rig)
    assert rig.held("r3", "k") == GONE
    assert rig.marked("r3", "k")
    assert not any(
        tree.hashes(0, []) != Rig(cluster(), POLICY).replicas["r3"].copies.trees[partition].hashes(0, [])
        for partition, tree in rig.replicas["r3"].copies.trees.items()
    )


def test_a_mark_is_for_one_version() -> None:
    """A tombstone that is marked elsewhere says nothing of the value that has won since."""
    rig = Rig(cluster(), structs.replace(POLICY, purge="confirmed"))
    rig.place("r1", NEW)
    rig.place("r2", GONE, marked_ns=WALL - MS)
    join(wiped(rig))
    assert rig.held("r3", "k") == NEW
    assert not rig.marked("r3", "k")


def test_until_then_it_takes_no_part() -> None:
    """It answers no read, takes no copy, confirms and marks nothing, compares nothing and fills nobody."""
    rig = filled([OLD, *some(3)], structs.replace(POLICY, anti_entropy="merkle", purge="confirmed"))
    rig.drop(*rig.flying)
    born, roots = rig.clock("r1").wall, {0: {0: 1}, 1: {0: 1}, 2: {0: 1}}
    questions: list[Peer] = [
        Fetch(1, born, "", 7, "k"),
        Confirm(2, born, "", brief(GONE)),
        Mark(3, born, "", brief(GONE)),
        Compare(4, born, "", 9, "r1", 0, roots),
        AskPage(5, born, "bootstrap of r1.2", None),
        Store(6, born, "", 8, NEW, "write"),
    ]
    rig.batch("r3", [("r1", question) for question in questions])  # type: ignore[misc]
    answers = [flight.message for flight in rig.flying]
    assert [isinstance(answer, Stored) and answer.holds for answer in answers] == [False]
    rig.drop(*rig.flying)
    assert copies_on(rig, "r3") == []
    for _ in range(5):
        rig.pass_time(10)
        rig.drop(*rig.flights(Announce, sender="r3"))
        assert rig.flights(sender="r3") == []
        rig.drop(*rig.flying)
    rig.rounds(2)
    assert joined(rig)
    rig.batch("r3", [("r1", question) for question in questions])  # type: ignore[misc]
    assert len(rig.flights(sender="r3")) >= 4


def test_until_then_it_opens_no_round() -> None:
    """r1, which would compare itself with all others."""
    rig = wiped(Rig(cluster(), structs.replace(POLICY, anti_entropy="merkle")), "r1")
    for _ in range(3):
        rig.drop(*rig.flights(Announce))
        rig.settle()
        rig.pass_time(10)
        assert rig.flights(Compare, sender="r1") == []
    rig.settle()
    rig.pass_time(10)
    assert {flight.to for flight in rig.flights(Compare, sender="r1")} == {"r2", "r3"}


def test_half_filled_it_confirms_nothing_and_asks_for_no_confirmation() -> None:
    """It holds the tombstone from r1, and is its first replica; but what r2 holds is not known yet."""
    rig = Rig(cluster(), structs.replace(POLICY, purge="confirmed"))
    key = next(f"k{i}" for i in range(100) if rig.replicas_of(f"k{i}")[0] == "r3")
    gone = record(key, GONE.version, None)
    rig.place("r1", gone)
    wiped(rig)
    rig.deliver_until(lambda: rig.held("r3", key))
    assert not joined(rig)
    rig.batch("r3", [("r1", Confirm(1, rig.clock("r1").wall, "", brief(gone)))])
    for _ in range(3):
        assert rig.flights(Confirmed) + rig.flights(Confirm, sender="r3") == []
        rig.drop(*rig.flying)
        rig.pass_time(10)
    join(rig)
    rig.settle()
    rig.pass_time(10)
    assert {flight.to for flight in rig.flights(Confirm, sender="r3")} == {"r1", "r2"}


def test_its_own_copy_counts_neither_in_its_reads_nor_in_its_writes() -> None:
    """Though clients may use it: two of the others are a quorum."""
    rig = filled([OLD])
    rig.drop(*rig.flying)
    rig.ask("r3", Get(1, "k", None))
    rig.ask("r3", Put(2, "other", "v", None))
    rig.deliver(*rig.flights(Fetch, to="r1"), *rig.flights(Store, to="r1"))
    rig.deliver(*rig.flights(Fetched), *rig.flights(Stored))
    assert rig.answers == {}
    assert rig.held("r3", "other") is None
    rig.deliver(*rig.flights(Fetch, to="r2"), *rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Fetched), *rig.flights(Stored))
    assert [rig.answers[1].value, rig.answers[2].outcome] == ["old", "ok"]
    assert copies_on(rig, "r3") == []
    version = rig.answers[2].version
    assert version is not None
    assert version.by == "r3.2"


def test_two_nodes_are_wiped_one_after_the_other() -> None:
    """The second gets from the first what it was filled with."""
    rig = filled(some(6), structs.replace(QUICK_POLICY, purge="never"))
    join(rig)
    for name in ("r1", "r2"):
        wiped(rig, name)
        rig.rounds_until_mended(20)
        assert [copies_on(rig, each) for each in rig.cluster.names()] == [some(6)] * 3


def test_a_peer_that_is_down_is_waited_for() -> None:
    rig = filled(some(3))
    rig.crash("r2")
    rig.rounds(5)
    assert rig.status("r3").pending == "r3.2 is being bootstrapped and waits for r2 to hear of it"
    rig.start("r2")
    rig.pass_time(10)
    rig.deliver(*rig.flights(Announce))
    rig.deliver(*rig.flights(Announced))
    rig.crash("r2")
    rig.settle()
    assert rig.status("r3").pending == "r3.2 is being bootstrapped and waits for copies from r2"
    rig.start("r2")
    rig.rounds(1)
    assert copies_on(rig, "r3") == some(3)


def test_a_coordinator_that_is_wiped_forgets_its_operations_and_mints_anew() -> None:
    """What answers them late is answered to nobody; its versions have a name of their own."""
    rig = Rig(cluster(), structs.replace(POLICY, hints="handoff"))
    rig.ask("r3", Put(1, "k", "v", None))
    rig.ask("r3", Get(2, "k", None))
    wiped(rig)
    rig.settle()
    assert rig.answers == {}
    rig.pass_time(40)
    rig.rounds(1)
    assert rig.disks["r3"].hints == {}
    rig.ask("r3", Delete(3, "k", "ALL"))
    rig.settle()
    version = rig.answers[3].version
    assert version is not None
    assert version.by == "r3.2"
    assert all(rig.held(name, "k") == rig.held("r3", "k") for name in rig.cluster.names())


def test_what_it_is_filled_with_is_audited_with_its_source() -> None:
    rig = filled([OLD])
    join(rig)
    changes: list[Audited] = [change for node, change in rig.audit if node == "r3"]
    assert [(change.new, change.cause, change.origin) for change in changes] == [
        (OLD, "bootstrap", "bootstrap of r3.2")
    ]
    assert changes[0].message is not None
    assert changes[0].message.startswith("r1/")
