"""Reads: how many answers, how many holders, what is repaired, and what is shown."""

import pytest
from msgspec import structs

from replicas.store.messages import Fetch, Fetched, Store, Stored
from replicas.store.records import Record, Version, record
from replicas.store.visits import Get
from replicas.system import Level
from tests.replicas.store.rig import QUICK_POLICY, WALL, Rig, cluster

OLD = record("k", Version(WALL - 2, "r9.1"), "old")
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
GONE = record("k", Version(WALL - 1, "r9.1"), None)
ALONE = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never")
FIVE = cluster(nodes=5, n=5, r=3, w=3)


def place(rig: Rig, copies: dict[str, Record]) -> Rig:
    for name, copy in copies.items():
        rig.crash(name)
        rig.disks[name].copies[copy.key] = (copy, 0)
        rig.start(name)
    return rig


def answer_from(rig: Rig, peer: str, to: str = "r1") -> None:
    rig.deliver(*rig.flights(Fetch, to=peer))
    rig.deliver(*rig.flights(Fetched, sender=peer, to=to))


@pytest.mark.parametrize(("level", "needed"), [(None, 4), ("ONE", 1), ("QUORUM", 3), ("ALL", 5)])
def test_a_read_is_answered_by_as_many_as_its_level_says(level: Level | None, needed: int) -> None:
    """The coordinator is one of them. All agree, so that no repair is waited for."""
    rig = place(Rig(structs.replace(FIVE, r=4), ALONE), dict.fromkeys(FIVE.names(), NEW))
    rig.ask("r1", Get(1, "k", level))
    for answers in range(1, 6):
        assert (1 in rig.answers) == (answers >= needed)
        if answers < 5:
            answer_from(rig, f"r{answers + 1}")
    answer = rig.answers[1]
    assert (answer.outcome, answer.value, answer.version, answer.dead) == ("ok", "new", NEW.version, False)


@pytest.mark.parametrize("stale", [OLD, None], ids=["an older copy", "no copy"])
@pytest.mark.parametrize(("n", "r"), [(3, 2), (5, 2), (5, 3), (5, 4), (5, 5), (4, 2)])
def test_blocking_repair_waits_until_later_quorums_must_meet_a_holder(n: int, r: int, stale: Record | None) -> None:
    """Only r1 has the new copy. Holders come one by one: the answer with number max(quorum, N - R + 1)."""
    shape = cluster(nodes=n, n=n, r=r)
    rig = place(Rig(shape, ALONE), {"r1": NEW} | ({f"r{i}": stale for i in range(2, n + 1)} if stale else {}))
    rig.ask("r1", Get(1, "k", None))
    for i in range(2, r + 1):
        answer_from(rig, f"r{i}")
    rig.drop(*rig.flights(Fetch))
    assert {flight.to for flight in rig.flights(Store)} == {f"r{i}" for i in range(2, n + 1)}
    needed = max(n // 2 + 1, n - r + 1)
    for holders in range(1, n + 1):
        assert (1 in rig.answers) == (holders >= needed)
        assert sum(rig.held(name, "k") == NEW for name in shape.names()) == holders
        if holders < n:
            rig.deliver(*rig.flights(Store, to=f"r{holders + 1}"))
            rig.deliver(*rig.flights(Stored, sender=f"r{holders + 1}"))
    assert rig.answers[1].value == "new"


def test_the_late_word_of_a_holder_counts() -> None:
    """r3 had the new copy all along, and says so after r1 and r2 were asked to decide."""
    rig = place(Rig(cluster(), ALONE), {"r1": OLD, "r2": NEW, "r3": NEW})
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r2")
    assert rig.held("r1", "k") == NEW  # repaired in the same batch: two holders, which is enough
    assert rig.answers[1].value == "new"
    rig = place(Rig(FIVE, ALONE), {"r2": NEW, "r4": NEW})
    rig.ask("r1", Get(2, "k", None))
    answer_from(rig, "r2")
    answer_from(rig, "r3")
    assert 2 not in rig.answers  # r1, just repaired, and r2: one too few
    answer_from(rig, "r4")
    assert rig.answers[2].value == "new"


def test_an_acknowledgement_said_twice_is_one_holder() -> None:
    rig = place(Rig(FIVE, ALONE), {"r2": NEW})
    rig.ask("r1", Get(1, "k", None))
    answer_from(rig, "r2")
    answer_from(rig, "r3")
    rig.drop(*rig.flights(Fetch))
    flight = rig.flights(Store, to="r3")[0]
    rig.drop(*rig.flights(Store))
    rig.batch("r2", [("r1", flight.message), ("r1", flight.message)])
    rig.deliver(*rig.flights(Stored, sender="r2"))
    assert 1 not in rig.answers
    rig.batch("r3", [("r1", flight.message)])
    rig.deliver(*rig.flights(Stored, sender="r3"))
    assert rig.answers[1].value == "new"


@pytest.mark.parametrize(("repair", "level"), [("none", None), ("none", "QUORUM"), ("blocking", "ONE")])
def test_reads_that_do_not_repair(repair: str, level: Level | None) -> None:
    policy = structs.replace(ALONE, read_repair=repair)
    rig = place(Rig(cluster(), policy), {"r1": NEW, "r2": OLD})
    rig.ask("r1", Get(1, "k", level))
    rig.settle()
    assert rig.answers[1].value == "new"
    assert [rig.held(name, "k") for name in ("r1", "r2", "r3")] == [NEW, OLD, None]


def test_nothing_anywhere_is_an_answer_and_needs_no_repair() -> None:
    rig = Rig(cluster(), ALONE)
    rig.ask("r1", Get(1, "k", None))
    rig.deliver(*rig.flights(Fetch, to="r2"))
    rig.deliver(*rig.flights(Fetched))
    answer = rig.answers[1]
    assert (answer.outcome, answer.value, answer.version, answer.dead) == ("ok", None, None, False)
    assert rig.flights(Store) == []


def test_a_tombstone_is_shown_as_one_and_repaired_like_a_value() -> None:
    rig = place(Rig(cluster(), ALONE), {"r1": OLD, "r2": GONE, "r3": OLD})
    rig.ask("r1", Get(1, "k", None))
    rig.settle()
    assert (rig.answers[1].value, rig.answers[1].version, rig.answers[1].dead) == (None, GONE.version, True)
    assert [rig.held(name, "k") for name in ("r1", "r2", "r3")] == [GONE] * 3


@pytest.mark.parametrize(
    ("arrived", "error"),
    [
        ([], "1 of 3 replicas answered within the timeout"),
        (["r2"], "2 of 3 replicas answered within the timeout"),
        (["r2", "r3"], "2 of 3 replicas confirmed the repair within the timeout"),
    ],
)
def test_a_read_that_times_out_says_how_many_answered(arrived: list[str], error: str) -> None:
    rig = place(Rig(FIVE, ALONE), {"r2": NEW})
    rig.ask("r1", Get(1, "k", None))
    for name in arrived:
        answer_from(rig, name)
    rig.pass_time(39)
    assert 1 not in rig.answers
    rig.pass_time(1)
    assert (rig.answers[1].outcome, rig.answers[1].error) == ("timeout", error)
    rig.answers.clear()
    rig.settle()
    assert rig.answers == {}  # what arrives late answers nobody twice


def test_each_operation_has_its_own_deadline() -> None:
    rig = Rig(cluster(), ALONE)
    for op, ms in ((1, 10), (2, 10), (3, 0)):
        rig.ask("r1", Get(op, "k", None))
        rig.pass_time(ms)
    rig.deliver(*rig.flights(Fetch, to="r2")[1:2])
    rig.deliver(*rig.flights(Fetched))
    assert list(rig.answers) == [2]
    rig.pass_time(20)
    assert list(rig.answers) == [2, 1]
    rig.pass_time(19)
    assert list(rig.answers) == [2, 1]
    rig.pass_time(1)
    assert list(rig.answers) == [2, 1, 3]
