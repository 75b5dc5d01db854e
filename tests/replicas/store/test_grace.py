"""Purge by grace: at what age a tombstone goes, whoever holds it, and what happens to one that comes late."""

import pytest
from msgspec import structs

from replicas.store.messages import Confirm, Mark, Store
from replicas.store.records import Record, Version, record
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

GRACE_MS = 200
POLICY = structs.replace(QUICK_POLICY, anti_entropy="none", purge="grace", grace_ns=GRACE_MS * MS)
MENDING = structs.replace(POLICY, anti_entropy="merkle")
WAIT_MS = POLICY.purge_wait_ns() // MS
GONE = record("k", Version(WALL, "r9.1"), None)
OLD = record("k", Version(WALL - 1, "r9.1"), "old")


def slowly(rig: Rig, ms: int) -> None:
    """Timers and messages at every tick."""
    rig.rounds(ms // 10)


def rig_with(copies: dict[str, Record], mending: bool = False) -> Rig:  # noqa: FBT001, FBT002 - a switch of a test
    rig = Rig(cluster(), MENDING if mending else POLICY)
    for name, copy in copies.items():
        rig.place(name, copy)
    return rig


def marked(rig: Rig) -> list[str]:
    return [name for name in rig.cluster.names() if rig.marked(name, "k")]


@pytest.mark.parametrize("elsewhere", [GONE, OLD, None], ids=["the same", "an older copy", "nothing"])
def test_a_tombstone_goes_at_its_age_whoever_holds_it(elsewhere: Record | None) -> None:
    """Older than the grace it is marked, and goes after the wait of any mark; nobody is asked."""
    rig = rig_with({"r1": GONE} | ({"r2": elsewhere, "r3": elsewhere} if elsewhere else {}))
    slowly(rig, GRACE_MS)
    assert marked(rig) == []
    assert rig.status("r1").pending == "1 tombstones have not come of age"
    rig.pass_time(10)
    assert rig.flying == []
    assert "r1" in marked(rig)
    assert rig.status("r1").pending == "1 purgeable tombstones wait for older messages to pass"
    slowly(rig, WAIT_MS)
    assert rig.held("r1", "k") == GONE
    slowly(rig, 10)
    assert rig.held("r1", "k") is None
    assert rig.status("r1").pending is None
    assert [change.cause for node, change in rig.audit if node == "r1"] == ["purgeable", "purge"]
    assert rig.metrics("r1")["tombstones_purged"] == 1
    assert rig.held("r2", "k") == (None if elsewhere == GONE else elsewhere)


def test_the_age_is_that_of_the_deletion_not_of_its_arrival() -> None:
    """By the clock of whoever holds it, which may be ahead."""
    rig = rig_with({})
    rig.skew["r3"] = 5 * MS
    rig.ask("r1", Delete(1, "k", "ALL"))
    rig.drop(*rig.flights(Store, to="r3"))
    slowly(rig, GRACE_MS - 10)
    rig.batch("r3", [("r1", Store(9, rig.clock("r1").wall, "", 9, rig.disks["r1"].copies["k"][0], "anti-entropy"))])
    slowly(rig, 10)
    assert marked(rig) == ["r3"]
    slowly(rig, 10)
    assert marked(rig) == ["r1", "r2", "r3"]


def test_nobody_is_asked() -> None:
    rig = rig_with(dict.fromkeys(("r1", "r2", "r3"), GONE))
    for _ in range(GRACE_MS // 10 + 2):
        rig.pass_time(10)
        assert rig.flights(Confirm) + rig.flights(Mark) == []
    assert marked(rig) == ["r1", "r2", "r3"]


@pytest.mark.parametrize("at_ms", [100, GRACE_MS + 20], ids=["before its age", "after its mark"])
def test_a_restart_forgets_neither_age_nor_mark(at_ms: int) -> None:
    rig = rig_with({"r1": GONE})
    slowly(rig, at_ms)
    was_marked = marked(rig)
    rig.crash("r1")
    rig.start("r1")
    assert marked(rig) == was_marked
    slowly(rig, GRACE_MS - at_ms if at_ms < GRACE_MS else WAIT_MS - 20)
    assert rig.held("r1", "k") == GONE
    slowly(rig, WAIT_MS + 20 if at_ms < GRACE_MS else 20)
    assert rig.held("r1", "k") is None


def test_one_that_is_overwritten_does_not_come_of_age() -> None:
    """Neither its age nor its mark is that of what comes after it; a later tombstone has an age of its own."""
    rig = rig_with(dict.fromkeys(("r1", "r2", "r3"), GONE))
    slowly(rig, 100)
    rig.ask("r1", Put(1, "k", "again", "ALL"))
    rig.settle()
    assert rig.status("r1").pending is None
    slowly(rig, GRACE_MS)
    rig.ask("r1", Delete(2, "k", "ALL"))
    rig.settle()
    slowly(rig, GRACE_MS)
    assert marked(rig) == []
    slowly(rig, 10)
    assert marked(rig) == ["r1", "r2", "r3"]
    rig.ask("r1", Put(3, "k", "for good", "ALL"))
    rig.settle()
    slowly(rig, 500)
    assert [copy.value if (copy := rig.held(name, "k")) else None for name in rig.cluster.names()] == ["for good"] * 3


def test_a_later_deletion_replaces_the_age_of_an_earlier_one() -> None:
    rig = rig_with({"r1": GONE})
    slowly(rig, 100)
    later = record("k", Version(WALL + 100 * MS, "r9.1"), None)
    rig.batch("r1", [("r2", Store(1, rig.clock("r2").wall, "", 9, later, "write"))])
    rig.drop(*rig.flying)
    slowly(rig, GRACE_MS)
    assert marked(rig) == []
    slowly(rig, 10)
    assert marked(rig) == ["r1"]


def test_one_that_comes_back_late_goes_again_everywhere() -> None:
    """r3 was away until the others had purged it. It spreads once more, and is marked where it comes."""
    rig = rig_with({"r1": GONE, "r2": GONE}, mending=True)
    rig.place("r3", GONE)
    rig.crash("r3")
    slowly(rig, GRACE_MS + WAIT_MS + 20)
    assert [rig.held(name, "k") for name in ("r1", "r2", "r3")] == [None, None, GONE]
    rig.start("r3")
    rig.rounds_until_mended(20)
    assert [rig.held(name, "k") for name in ("r1", "r2", "r3")] == [None] * 3
    slowly(rig, 100)
    assert not any(rig.held(name, "k") for name in ("r1", "r2", "r3"))


def test_a_grace_shorter_than_an_outage_lets_a_copy_come_back() -> None:
    """What the grace cannot promise: r3 missed the deletion, and nobody remembers it. Within the grace it hears."""
    for away_ms, value in ((GRACE_MS + WAIT_MS + 20, "old"), (GRACE_MS - 20, None)):
        rig = rig_with({"r1": GONE, "r2": GONE, "r3": OLD}, mending=True)
        rig.crash("r3")
        slowly(rig, away_ms)
        rig.start("r3")
        slowly(rig, 400)
        rig.ask("r1", Get(1, "k", "ALL"))
        rig.settle()
        assert rig.answers[1].value == value


def test_a_wiped_node_is_filled_with_ages_and_marks() -> None:
    for at_ms in (100, GRACE_MS + 20):
        rig = rig_with(dict.fromkeys(("r1", "r2", "r3"), GONE))
        slowly(rig, at_ms)
        rig.wipe("r3")
        rig.start("r3")
        rig.settle()
        assert rig.held("r3", "k") == GONE
        assert rig.marked("r3", "k") == (at_ms > GRACE_MS)
        slowly(rig, GRACE_MS + WAIT_MS + 20)
        assert rig.held("r3", "k") is None


def test_more_than_a_tick_takes_all_go() -> None:
    rig = Rig(cluster(nodes=1, n=1, r=1, w=1), POLICY)
    copies = [record(f"k{i}", Version(WALL, "r9.1"), None) for i in range(1_100)]
    rig.place("r1", *copies)
    rig.pass_time(GRACE_MS + 1)
    counts = []
    for _ in range(3):
        counts.append(sum(marked_ns > 0 for _, marked_ns in rig.disks["r1"].copies.values()))
        rig.pass_time(10)
    assert counts == [500, 1_000, 1_100]
    slowly(rig, WAIT_MS + 40)
    assert rig.disks["r1"].copies == {}
