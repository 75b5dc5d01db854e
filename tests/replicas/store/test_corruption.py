"""A copy that rots is never served and never spread; it is reported, and mended by the others."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from replicas.store.messages import Fetch, Fetched, Store, Stored
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, record
from replicas.store.storage import SqliteStorage, Storage
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, purge="never")
GOOD = record("k", Version(WALL - MS, "r9.1"), "good")
Damage = Callable[[Record], Record]
DAMAGES: dict[str, Damage] = {
    "value": lambda copy: structs.replace(copy, value="rotten"),
    "no value": lambda copy: structs.replace(copy, value=None),
    "later": lambda copy: structs.replace(copy, version=Version(copy.version.time + 1, copy.version.by)),
    "much later": lambda copy: structs.replace(copy, version=Version(2**62, copy.version.by)),
    "by another": lambda copy: structs.replace(copy, version=Version(copy.version.time, "r9.2")),
    "dead": lambda copy: structs.replace(copy, dead=True),
    "checksum": lambda copy: structs.replace(copy, checksum=copy.checksum ^ 1),
}
ALL_DAMAGES = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


def rig_with_rot(damage: Damage, policy: Policy = POLICY) -> Rig:
    """All hold the good copy; then that of r2 rots under a running node."""
    rig = Rig(cluster(), policy)
    for name in rig.cluster.names():
        rig.crash(name)
        rig.disks[name].copies["k"] = (GOOD, 0)
        rig.start(name)
    rig.disks["r2"].copies["k"] = (damage(GOOD), 0)
    return rig


def never_spread(rig: Rig) -> None:
    """Rot leaves by its removal; whatever was installed anywhere is the good copy."""
    assert [(node, change.old, change.new) for node, change in rig.audit if change.cause == "corrupt"] == [
        ("r2", rig.audit[0][1].old, None)
    ]
    assert rig.audit[0][1].old != GOOD
    assert {change.new for _, change in rig.audit if change.cause != "corrupt"} <= {GOOD}
    assert [rig.held(name, "k") for name in rig.cluster.names()] == [GOOD] * 3
    assert {name: replica.copies.corrupt for name, replica in rig.replicas.items()} == {"r1": 0, "r2": 1, "r3": 0}


@ALL_DAMAGES
def test_rot_is_not_served_by_its_coordinator(damage: Damage) -> None:
    rig = rig_with_rot(damage)
    rig.ask("r2", Get(1, "k", "ONE"))
    assert (rig.answers[1].outcome, rig.answers[1].version) == ("ok", None)
    rig.ask("r2", Get(2, "k", None))
    rig.settle()
    assert (rig.answers[2].value, rig.answers[2].version) == ("good", GOOD.version)
    rig.rounds(2)
    never_spread(rig)


@ALL_DAMAGES
def test_rot_is_not_served_to_another_coordinator(damage: Damage) -> None:
    rig = rig_with_rot(damage)
    rig.ask("r1", Get(1, "k", None))
    rig.deliver(*[flight for flight in rig.flying if flight.to == "r2"])
    fetched = rig.flights(Fetched)[0].message
    assert isinstance(fetched, Fetched)
    assert fetched.record is None
    rig.settle()
    assert (rig.answers[1].value, rig.answers[1].version) == ("good", GOOD.version)
    rig.rounds(2)
    never_spread(rig)


@ALL_DAMAGES
def test_anti_entropy_mends_what_is_found_at_a_start(damage: Damage) -> None:
    rig = rig_with_rot(damage)
    rig.crash("r2")
    rig.start("r2")
    assert rig.held("r2", "k") is None
    rig.rounds(2)
    never_spread(rig)


@ALL_DAMAGES
def test_a_copy_offered_to_a_rotten_one_is_taken(damage: Damage) -> None:
    """However late the version that rot claims for itself."""
    rig = rig_with_rot(damage)
    rig.batch("r2", [("r1", Store(1, rig.clock("r1").wall, "", 7, GOOD, "write"))])
    assert rig.held("r2", "k") == GOOD
    rig.settle()
    never_spread(rig)


@ALL_DAMAGES
def test_anti_entropy_sends_no_rot(damage: Damage) -> None:
    """r2 is asked for k since r1 lacks it: only r3 can give it."""
    rig = rig_with_rot(damage)
    rig.crash("r1")
    rig.disks["r1"].copies.clear()
    rig.start("r1")
    rig.rounds(3)
    never_spread(rig)


@ALL_DAMAGES
def test_rot_that_nobody_reads_is_found_by_the_scrubber(damage: Damage) -> None:
    """Trees keep the checksum from when the copy was sound: anti-entropy alone sees nothing."""
    rig = rig_with_rot(damage, structs.replace(POLICY, scrub_every_ns=20 * MS))
    rig.rounds(10)
    never_spread(rig)
    assert [change.cause for _, change in rig.audit] == ["corrupt", "scrub"]


def test_rot_that_nobody_reads_stays_where_nothing_scrubs() -> None:
    rig = rig_with_rot(DAMAGES["value"])
    rig.rounds(10)
    assert rig.audit == []


@ALL_DAMAGES
def test_a_copy_damaged_on_its_way_is_not_taken(damage: Damage) -> None:
    rig = Rig(cluster(), POLICY)
    rig.batch("r2", [("r1", Store(1, rig.clock("r1").wall, "", 7, damage(GOOD), "write"))])
    stored = rig.flights(Stored)[0].message
    assert isinstance(stored, Stored)
    assert not stored.holds
    assert rig.held("r2", "k") is None
    rig.ask("r2", Put(1, "k", "v", None))
    assert rig.answers == {}
    rig.settle()
    written = rig.answers[1].version
    assert written is not None
    assert written.time < 2**62, "the clock believed a damaged version"


@ALL_DAMAGES
def test_a_damaged_answer_is_no_answer(damage: Damage) -> None:
    rig = rig_with_rot(lambda copy: copy)
    rig.ask("r1", Get(1, "k", None))
    fetch = rig.flights(Fetch)[0].message
    assert isinstance(fetch, Fetch)
    rig.batch("r1", [("r2", Fetched(1, 0, "", fetch.request, "k", damage(GOOD)))])
    assert rig.answers == {}
    rig.settle()
    assert rig.answers[1].value == "good"


def test_a_leader_whose_tombstone_rotted_waits_for_nobody() -> None:
    """It would wait for ever, if it held the only one. One that another holds comes back, and is confirmed then."""
    rig = Rig(cluster(), structs.replace(QUICK_POLICY, anti_entropy="none"))
    leader = rig.replicas_of("k")[0]
    rig.ask(leader, Delete(1, "k", None))
    rig.drop(*rig.flying)
    copy = rig.disks[leader].copies["k"][0]
    rig.disks[leader].copies["k"] = (structs.replace(copy, value="rotten"), 0)
    assert rig.replicas[leader].purging.pending([]) is not None
    rig.pass_time(10)
    assert rig.flying == []
    assert rig.replicas[leader].purging.pending([]) is None


EDITS = {
    "value": "value = 'rotten'",
    "value of another kind": "value = x'00ff'",
    "no value": "value = NULL",
    "time": "time = time + 1",
    "time of another kind": "time = 'noon'",
    "incarnation": "by = 'r9.2'",
    "tombstone": "dead = 1",
    "checksum": "checksum = checksum + 1",
}
NO_TEXT = {column: f"{column} = CAST(x'fffe' AS TEXT)" for column in ("value", "by", "key")}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_rot_in_the_file_is_reported_and_mended(edit: str, tmp_path: Path) -> None:
    mends_after(edit, tmp_path)


@pytest.mark.parametrize("edit", NO_TEXT.values(), ids=NO_TEXT.keys())
def test_rot_that_is_no_text_is_reported_and_mended(edit: str, tmp_path: Path) -> None:
    mends_after(edit, tmp_path)


def test_rot_in_a_key_is_reported_and_mended(tmp_path: Path) -> None:
    mends_after("key = 'another'", tmp_path)


def test_rot_in_a_key_that_now_lives_elsewhere_is_reported_and_mended(tmp_path: Path) -> None:
    rig = Rig(cluster(nodes=5), POLICY)
    first = rig.replicas_of("k")[0]
    elsewhere = next(key for key in (f"e{i}" for i in range(100)) if first not in rig.replicas_of(key))
    mends_after(f"key = '{elsewhere}'", tmp_path, nodes=5)


def mends_after(edit: str, folder: Path, nodes: int = 3) -> None:
    """The file of one replica is edited while its node is down."""
    shape, path = cluster(nodes=nodes), folder / "copies.db"
    first = Rig(shape, POLICY).replicas_of("k")[0]

    def open_file() -> Storage:
        return SqliteStorage(path)

    rig = Rig(shape, POLICY, stores={first: open_file})
    rig.ask(first, Put(1, "k", "good", "ALL"))
    rig.settle()
    rig.crash(first)
    edit_file(path, edit)
    try:
        rig.audit.clear()
        rig.start(first)
        assert [change.cause for _, change in rig.audit] == ["corrupt"]
        rig.rounds(3)
        rig.ask(first, Get(2, "k", "ONE"))
        rig.settle()
        assert rig.answers[2].value == "good"
        assert [change.cause for _, change in rig.audit] == ["corrupt", "anti-entropy"]
        assert [copy.record.key for copy in rig.replicas[first].dump(None).copies] == ["k"]
    finally:
        rig.crash(first)


def edit_file(path: Path, edit: str) -> None:
    database = sqlite3.connect(path)
    with database:
        assert database.execute(f"UPDATE copies SET {edit}").rowcount == 1  # noqa: S608 - a constant
    database.close()
