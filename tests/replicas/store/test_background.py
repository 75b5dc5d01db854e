"""Background read repair: after the answer, by all that was heard until then, for all that are behind."""

import pytest
from msgspec import structs

from replicas.store.messages import Announce, Fetch, Fetched, Store, Stored
from replicas.store.records import Record, Version, record
from replicas.store.visits import Get
from replicas.system import Level
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

OLDEST = record("k", Version(WALL - 3, "r9.1"), "oldest")
OLD = record("k", Version(WALL - 2, "r9.1"), "old")
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
GONE = record("k", Version(WALL - 1, "r9.1"), None)
POLICY = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", read_repair="background")
FIVE = cluster(nodes=5, n=5, r=3, w=3)


def placed(rig: Rig, copies: dict[str, Record]) -> Rig:
    for name, copy in copies.items():
        rig.place(name, copy)
    return rig


def answer_from(rig: Rig, *peers: str) -> None:
    for peer in peers:
        rig.deliver(*rig.flights(Fetch, to=peer))
        rig.deliver(*rig.flights(Fetched, sender=peer))


def held(rig: Rig) -> list[Record | None]:
    return [rig.held(name, "k") for name in rig.cluster.names()]


@pytest.mark.parametrize(("level", "needed"), [("ONE", 1), (None, 3), ("ALL", 5)])
def test_the_answer_does_not_wait_and_the_repair_waits_for_all(level: Level | None, needed: int) -> None:
    """R = 1 repairs as well."""
    rig = placed(Rig(FIVE, POLICY), {"r1": NEW, "r2": OLD, "r4": NEW})
    rig.ask("r1", Get(1, "k", level))
    for answers in range(1, 6):
        assert (1 in rig.answers) == (answers >= needed)
        assert (rig.flights(Store) != []) == (answers == 5)
        if answers < 5:
            answer_from(rig, f"r{answers + 1}")
    assert rig.answers[1].value == "new"
    assert sorted(flight.to for flight in rig.flights(Store)) == ["r2", "r3", "r5"]
    assert rig.status("r1").pending == "1 operations are under way"
    rig.settle()
    assert held(rig) == [NEW] * 5
    assert rig.status("r1").pending is None
    assert [change.cause for node, change in rig.audit] == ["read repair"] * 3


@pytest.mark.parametrize("level", ["ONE", None])
def test_repair_is_with_the_latest_that_was_heard_not_with_what_was_answered(level: Level | None) -> None:
    """And mends the coordinator, too."""
    rig = placed(Rig(cluster(), POLICY), {"r1": OLDEST, "r2": OLD, "r3": NEW})
    rig.ask("r1", Get(1, "k", level))
    answer_from(rig, "r2")
    assert rig.answers[1].value == ("oldest" if level else "old")
    assert rig.held("r1", "k") == OLDEST
    answer_from(rig, "r3")
    assert rig.held("r1", "k") == NEW
    rig.settle()
    assert held(rig) == [NEW] * 3
    assert rig.answers[1].value == ("oldest" if level else "old"), "it is not answered twice"


@pytest.mark.parametrize("copies", [{}, dict.fromkeys(("r1", "r2", "r3"), NEW)], ids=["nothing", "the same"])
def test_nothing_is_sent_where_nothing_differs(copies: dict[str, Record]) -> None:
    rig = placed(Rig(cluster(), POLICY), copies)
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r2", "r3")
    assert rig.flying == []
    assert rig.replicas["r1"].core.waiting == {}
    assert rig.metrics("r1")["repairs_started"] == 0


def test_a_tombstone_repairs_like_a_value() -> None:
    rig = placed(Rig(cluster(), POLICY), {"r1": OLD, "r2": GONE})
    rig.ask("r1", Get(1, "k", "ONE"))
    rig.settle()
    assert held(rig) == [GONE] * 3


def test_after_the_time_those_that_are_silent_get_it_as_well() -> None:
    """With as long again for their word."""
    rig = placed(Rig(cluster(), POLICY), {"r1": OLD, "r2": NEW})
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r2")
    rig.drop(*rig.flights(Fetch))
    rig.pass_time(39)
    assert rig.flights(Store) == []
    rig.pass_time(1)
    assert [flight.to for flight in rig.flights(Store)] == ["r3"]
    assert rig.held("r1", "k") == NEW
    rig.pass_time(19)
    assert rig.status("r1").pending == "1 operations are under way"
    rig.settle()
    assert held(rig) == [NEW] * 3
    assert rig.status("r1").pending is None
    assert {name: rig.metrics("r1")[name] for name in ("repairs_started", "repairs_done", "repairs_failed")} == {
        "repairs_started": 1,
        "repairs_done": 1,
        "repairs_failed": 0,
    }


def test_a_repair_that_is_not_confirmed_fails() -> None:
    """Two of three; the client has its answer all the same."""
    rig = placed(Rig(cluster(), POLICY), {"r1": NEW})
    rig.crash("r3")
    rig.ask("r1", Get(1, "k", None))
    rig.settle()
    rig.pass_time(40)
    rig.settle()
    assert rig.held("r2", "k") == NEW
    assert rig.metrics("r1")["repairs_failed"] == 0
    rig.pass_time(40)
    assert (rig.metrics("r1")["repairs_done"], rig.metrics("r1")["repairs_failed"]) == (0, 1)
    assert rig.status("r1").pending is None
    assert rig.answers[1].outcome == "ok"


def test_a_refusal_is_no_confirmation() -> None:
    """The repair is as old as the read: here older than a message may be."""
    rig = placed(Rig(cluster(), structs.replace(POLICY, message_lifetime_ns=30 * MS)), {"r1": NEW, "r2": NEW})
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r2")
    rig.pass_time(40)
    rig.settle()
    assert rig.held("r3", "k") is None
    assert rig.metrics("r1")["repairs_done"] == 0
    rig.pass_time(40)
    assert rig.metrics("r1")["repairs_failed"] == 1


def test_a_read_that_was_not_answered_in_time_repairs_nothing() -> None:
    rig = placed(Rig(FIVE, POLICY), {"r1": NEW})
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r2")
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert rig.answers[1].outcome == "timeout"
    assert rig.flights(Store) == []
    assert rig.status("r1").pending is None


def test_a_late_word_of_one_that_holds_it_is_enough() -> None:
    """It need not be repaired; a word said twice is one."""
    rig = placed(Rig(cluster(), POLICY), {"r1": NEW, "r2": OLD, "r3": OLD})
    rig.ask("r1", Get(1, "k", "ONE"))
    answer_from(rig, "r2", "r3")
    rig.deliver(*rig.flights(Store, to="r2"))
    word = rig.flights(Stored)[0]
    rig.batch("r1", [("r2", word.message), ("r2", word.message)])
    assert rig.metrics("r1")["repairs_done"] == 0
    rig.settle()
    assert rig.metrics("r1")["repairs_done"] == 1


def test_a_coordinator_without_a_copy_repairs_the_others_only() -> None:
    rig = Rig(cluster(nodes=4), POLICY)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    copy = record(key, NEW.version, "new")
    rig.place(rig.replicas_of(key)[0], copy)
    rig.ask("r4", Get(1, key, "ONE"))
    rig.settle()
    assert [rig.held(name, key) for name in rig.replicas_of(key)] == [copy] * 3
    assert rig.held("r4", key) is None


def test_what_a_lost_disk_answered_does_not_count() -> None:
    """r3 answers, is wiped, and is repaired when the time is up though it once held the copy."""
    rig = placed(Rig(cluster(), POLICY), {"r1": NEW, "r2": NEW, "r3": NEW})
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r3")
    rig.wipe("r3")
    rig.start("r3")
    rig.deliver(*rig.flights(Announce, to="r1"))
    rig.drop(*rig.flights(to="r3"))
    answer_from(rig, "r2")
    assert rig.flights(Store) == []
    rig.pass_time(40)
    assert [flight.to for flight in rig.flights(Store)] == ["r3"]
