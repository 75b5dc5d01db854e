"""Confirmed purge: who must confirm, what a mark means, when a tombstone goes, and what can never come back."""

import pytest
from msgspec import structs

from replicas.store.antientropy import brief
from replicas.store.messages import Confirm, Confirmed, Fetched, Mark, Marked, Store, Stored
from replicas.store.peer import Peer
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, record
from replicas.store.visits import Get, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, anti_entropy="none")
ROUND_MS = POLICY.round_every_ns // MS
WAIT_MS = POLICY.purge_wait_ns() // MS
OLD = record("k", Version(WALL - 2 * MS, "r9.1"), "old")
GONE = record("k", Version(WALL - MS, "r9.1"), None)
NEW = record("k", Version(WALL - MS + 1, "r9.1"), "new")


def rig_with(copies: dict[str, Record], policy: Policy = POLICY) -> Rig:
    rig = Rig(cluster(), policy)
    for name in rig.cluster.names():
        rig.crash(name)
        if name in copies:
            rig.disks[name].copies["k"] = (copies[name], 0)
        rig.start(name)
    return rig


def everywhere(copy: Record) -> dict[str, Record]:
    return dict.fromkeys(("r1", "r2", "r3"), copy)


def leader(rig: Rig) -> str:
    return rig.replicas_of("k")[0]


def others(rig: Rig) -> list[str]:
    return list(rig.replicas_of("k")[1:])


def marked(rig: Rig) -> list[str]:
    return [name for name in rig.cluster.names() if rig.marked(name, "k")]


def test_a_tombstone_goes_when_all_have_confirmed_and_messages_have_died() -> None:
    rig = rig_with(everywhere(GONE))
    rig.rounds(2)
    assert marked(rig) == ["r1", "r2", "r3"]
    marked_at = rig.now
    while rig.now + ROUND_MS * MS <= marked_at + WAIT_MS * MS:
        rig.rounds(1)
        assert all(rig.held(name, "k") == GONE for name in rig.cluster.names())
    rig.rounds(2)
    assert all(rig.held(name, "k") is None for name in rig.cluster.names())
    assert not any(rig.status(name).pending for name in rig.cluster.names())
    causes = [change.cause for node, change in rig.audit if node == "r1"]
    assert causes == ["purgeable", "purge"]


@pytest.mark.parametrize("third", [OLD, None], ids=["an older copy", "no copy"])
def test_one_replica_that_lacks_it_keeps_all_from_purging(third: Record | None) -> None:
    rig = rig_with(everywhere(GONE))
    last = others(rig)[-1]
    rig = rig_with({name: copy for name, copy in (everywhere(GONE) | {last: third}).items() if copy})
    rig.rounds(30)
    assert marked(rig) == []
    assert rig.held(leader(rig), "k") == GONE
    assert rig.status(leader(rig)).pending == "1 tombstones await their confirmation"


def test_a_replica_that_holds_something_later_confirms_too() -> None:
    """The tombstone may go; what dominates it stays, unmarked."""
    rig = rig_with({})
    last = others(rig)[-1]
    rig = rig_with(everywhere(GONE) | {last: NEW})
    rig.rounds(30)
    assert [rig.held(name, "k") for name in (leader(rig), last)] == [None, NEW]
    assert marked(rig) == []


def test_an_equal_time_is_no_confirmation() -> None:
    """At a glance nothing says which of the two dominates: better ask again than purge what is needed."""
    tie = record("k", Version(GONE.version.time, "r0.1"), "tie")
    rig = rig_with({})
    rig = rig_with(everywhere(GONE) | {others(rig)[-1]: tie})
    rig.rounds(10)
    assert marked(rig) == []


@pytest.mark.parametrize("lost", [Confirm, Confirmed, Mark, Marked])
def test_a_lost_message_only_delays(lost: type[Peer]) -> None:
    rig = rig_with(everywhere(GONE))
    for _ in range(3):
        rig.pass_time(ROUND_MS)
        while rig.flying:
            flight = rig.flying[0]
            (rig.drop if isinstance(flight.message, lost) else rig.deliver)(flight)
    assert rig.status(leader(rig)).pending == "1 tombstones await their confirmation"
    rig.rounds(WAIT_MS // ROUND_MS + 4)
    assert all(rig.held(name, "k") is None for name in rig.cluster.names())
    assert not any(rig.status(name).pending for name in rig.cluster.names())


def confirmed_and_marked() -> Rig:
    rig = rig_with(everywhere(GONE))
    rig.rounds(2)
    assert len(marked(rig)) == 3
    return rig


def test_a_marked_tombstone_is_the_same_as_nothing_to_reads() -> None:
    rig = confirmed_and_marked()
    rig.ask("r1", Get(1, "k", "ALL"))
    rig.settle()
    answer = rig.answers[1]
    assert (answer.outcome, answer.version, answer.dead) == ("ok", None, False)
    assert len(marked(rig)) == 3


def test_a_marked_tombstone_is_the_same_as_nothing_to_trees() -> None:
    rig = confirmed_and_marked()
    empty = Rig(cluster(), POLICY)
    for partition, tree in rig.replicas["r1"].copies.trees.items():
        assert tree.hashes(0, []) == empty.replicas["r1"].copies.trees[partition].hashes(0, [])


@pytest.mark.parametrize("restart", [False, True])
def test_a_marked_tombstone_is_a_floor(restart: bool) -> None:  # noqa: FBT001 - a parameter of a test
    rig = confirmed_and_marked()
    if restart:
        rig.crash("r2")
        rig.start("r2")
    born = rig.clock("r1").wall
    rig.batch("r2", [("r1", Store(1, born, "", 7, OLD, "read repair")), ("r1", Store(2, born, "", 8, GONE, "write"))])
    assert [flight.message.holds for flight in rig.flights(Stored) if isinstance(flight.message, Stored)] == [True] * 2
    assert rig.held("r2", "k") == GONE
    assert rig.marked("r2", "k")


def test_something_later_ends_the_mark() -> None:
    rig = confirmed_and_marked()
    rig.ask("r1", Put(1, "k", "again", "ALL"))
    rig.settle()
    assert rig.answers[1].outcome == "ok"
    assert marked(rig) == []
    rig.rounds(30)
    assert [copy.value if (copy := rig.held(name, "k")) else None for name in rig.cluster.names()] == ["again"] * 3


@pytest.mark.parametrize(("age_ms", "taken"), [(0, True), (60, True), (61, False), (1_000, False), (-5, True)])
def test_a_copy_older_than_the_lifetime_of_messages_is_refused(age_ms: int, taken: bool) -> None:  # noqa: FBT001 - likewise
    """By the clock of the receiver; a sender whose clock is ahead is no reason to refuse."""
    rig = rig_with({})
    rig.pass_time(2_000)
    rig.settle()
    rig.batch("r2", [("r1", Store(1, rig.clock("r2").wall - age_ms * MS, "op 1", 7, OLD, "write"))])
    reply = rig.flights(Stored)[0].message
    assert isinstance(reply, Stored)
    assert (reply.holds, rig.held("r2", "k")) == (taken, OLD if taken else None)


def test_a_repair_is_as_old_as_the_read_behind_it() -> None:
    """A read that was answered before a purge must not bring back, after it, what it saw then."""
    policy = structs.replace(POLICY, purge="never", message_lifetime_ns=20 * MS)
    rig = Rig(cluster(), policy)
    for name in ("r1", "r2", "r3"):
        rig.crash(name)
        rig.disks[name].copies["k"] = (OLD, 0) if name == "r2" else (record("k", Version(1, "r9.1"), "oldest"), 0)
        rig.start(name)
    rig.ask("r1", Get(1, "k", None))
    rig.deliver(*[flight for flight in rig.flying if flight.to == "r2"])
    rig.pass_time(21)
    rig.deliver(*rig.flights(Fetched))
    assert rig.held("r1", "k") != OLD, "the coordinator repaired itself with a read that is too old"
    rig.settle()
    assert [rig.held(name, "k") == OLD for name in ("r1", "r2", "r3")] == [False, True, False]
    rig.pass_time(40)
    assert rig.answers[1].outcome == "timeout"


@pytest.mark.parametrize("at", ["before any mark", "after its own mark", "after all marks", "after its purge"])
def test_a_leader_that_crashes_goes_on(at: str) -> None:
    rig = rig_with(everywhere(GONE))
    first = leader(rig)
    rig.rounds(1)
    if at == "before any mark":
        assert marked(rig) == []
    elif at == "after its own mark":
        rig.pass_time(ROUND_MS)
        assert marked(rig) == [first]
        rig.drop(*rig.flights(Mark))
    else:
        rig.rounds(1)
        assert len(marked(rig)) == 3
    if at == "after its purge":
        rig.pass_time(WAIT_MS + 1)
        assert rig.held(first, "k") is None
    rig.crash(first)
    rig.start(first)
    rig.rounds(WAIT_MS // ROUND_MS + 4)
    assert all(rig.held(name, "k") is None for name in rig.cluster.names())
    assert not any(rig.status(name).pending for name in rig.cluster.names())


def test_a_mark_for_another_version_marks_nothing() -> None:
    rig = rig_with(everywhere(NEW))
    rig.batch("r2", [("r1", Mark(1, rig.clock("r1").wall, "", brief(GONE)))])
    assert marked(rig) == []
    assert [flight.to for flight in rig.flights(Marked)] == ["r1"]


def test_never_means_never() -> None:
    rig = rig_with(everywhere(GONE), structs.replace(POLICY, purge="never"))
    rig.rounds(40)
    assert [rig.held(name, "k") for name in rig.cluster.names()] == [GONE] * 3
    assert marked(rig) == []
    assert not any(rig.status(name).pending for name in rig.cluster.names())


def test_more_tombstones_than_a_tick_takes_all_go() -> None:
    """The bound of a tick must not starve those behind it while others wait for a replica that is down."""
    rig = Rig(cluster(), POLICY)
    stuck = [f"s{i}" for i in range(600)]
    free = [f"f{i}" for i in range(20)]
    for name in rig.cluster.names():
        rig.crash(name)
        for key in stuck + free:
            if key in free or name != "r3":
                rig.disks[name].copies[key] = (record(key, Version(1, "r9.1"), None), 0)
        rig.start(name)
    rig.rounds(WAIT_MS // ROUND_MS + 6)
    assert [name for name in rig.cluster.names() for key in free if rig.held(name, key)] == []
    assert all(rig.held("r1", key) for key in stuck)
