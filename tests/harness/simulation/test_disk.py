"""The simulated disk by itself: what is synced, what a power cut leaves, and damage that lies over pristine data."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stages.simulation.disk import Damaged, Disk, DiskError, SimulatedStorage, Stored, damage
from harness.stages.simulation.disk_levers import rotten
from replicas.store.records import Record, Version, record
from replicas.store.storage import Hint, Meta
from tests.replicas.store.strategies import records

GOOD = record("k", Version(1, "r1.1"), "good")
ALL_BITS = 2**64 - 1
State = tuple[dict[str, Stored], dict[tuple[str, str], Hint], dict[str, int], Meta | None]


def meta(batch: int) -> Meta:
    return Meta("r1.1", batch, batch, 1, joined=True)


def state(disk: Disk) -> State:
    return dict(disk.copies), dict(disk.hints), dict(disk.generations), disk.meta


@st.composite
def batches(draw: st.DrawFn) -> list[list[tuple[str, Any]]]:
    """Each is one transaction: what is put, removed, hinted and remembered in it."""
    keys = st.sampled_from(["a", "b", "c"])
    copies = st.builds(
        record, keys, st.builds(Version, st.integers(0, 9), st.just("r1.1")), st.sampled_from([None, "v"])
    )
    hints = st.builds(Hint, st.sampled_from(["r2", "r3"]), copies, st.integers(0, 9), st.integers(0, 2))
    deeds = st.one_of(
        st.tuples(st.just("put"), copies),
        st.tuples(st.just("remove"), keys),
        st.tuples(st.just("hint"), hints),
        st.tuples(st.just("unhint"), hints),
        st.tuples(st.just("generation"), st.tuples(st.sampled_from(["r2", "r3"]), st.integers(1, 5))),
    )
    return draw(st.lists(st.lists(deeds, max_size=4), min_size=1, max_size=6))


def perform(storage: SimulatedStorage, batch: list[tuple[str, Any]]) -> None:
    for deed, what in batch:
        match deed:
            case "put":
                storage.put(what, marked_ns=what.version.time)
            case "remove":
                storage.remove(what)
            case "hint":
                storage.put_hint(what)
            case "unhint":
                storage.remove_hint(what)
            case _:
                storage.put_generation(*what)


def committed(disk: Disk, transactions: list[list[tuple[str, Any]]], *, syncs: bool, first: int = 1) -> list[State]:
    """The state before them and after each."""
    storage = SimulatedStorage(disk)
    if not syncs:
        storage.relax()
    states = [state(disk)]
    for number, batch in enumerate(transactions, first):
        perform(storage, batch)
        storage.commit(meta(number))
        states.append(state(disk))
    return states


@given(batches(), batches())
def test_what_was_synced_survives_a_power_cut_whatever_is_drawn(synced: Any, lost: Any) -> None:
    disk = Disk()
    kept = committed(disk, synced, syncs=True)[-1]
    disk.cut_power(kept=0, arrived=ALL_BITS)
    disk.recover()
    assert state(disk) == kept
    committed(disk, lost, syncs=False, first=50)
    disk.cut_power(kept=0, arrived=None)
    disk.recover()
    assert state(disk) == kept


@given(batches(), batches(), st.integers(0, 6), st.none() | st.integers(0, ALL_BITS))
def test_a_power_cut_leaves_whole_transactions_in_their_order(
    synced: Any, unsynced: Any, kept: int, arrived: int | None
) -> None:
    """Whichever pages of the next one arrived, of that nothing is left."""
    disk = Disk()
    committed(disk, synced, syncs=True)
    states = committed(disk, unsynced, syncs=False, first=50)
    kept = min(kept, len(unsynced))
    disk.cut_power(kept, arrived)
    assert state(disk) == states[0], "until the next start nobody has looked at the log"
    disk.recover()
    assert state(disk) == states[kept]


@given(batches(), batches(), batches())
def test_a_sync_takes_along_what_was_written_before(first: Any, unsynced: Any, last: Any) -> None:
    disk = Disk()
    committed(disk, first, syncs=True)
    committed(disk, unsynced, syncs=False, first=50)
    after = committed(disk, last, syncs=True, first=100)[-1]
    disk.cut_power(0, None)
    disk.recover()
    assert state(disk) == after


def test_a_torn_transaction_is_found_by_its_checksum_alone() -> None:
    """Its first page did arrive: a start that does not look would show half of it."""
    disk = Disk()
    storage = SimulatedStorage(disk)
    storage.relax()
    storage.put(GOOD)
    storage.put(record("l", GOOD.version, "other"))
    storage.commit(meta(1))
    disk.cut_power(kept=0, arrived=1)
    (torn,) = disk.log
    assert [page.value for page in torn.pages] == [(GOOD, 0)]
    assert not torn.is_whole()
    disk.recover()
    assert (disk.copies, disk.meta, disk.log) == ({}, None, [])


def test_what_is_written_survives_the_process() -> None:
    disk = Disk()
    storage = SimulatedStorage(disk)
    storage.relax()
    storage.put(GOOD)
    storage.commit(meta(1))
    assert SimulatedStorage(disk).get("k") == GOOD


def refusing(growth_most: int) -> tuple[Disk, list[int]]:
    disk, asked = Disk(), list[int]()

    def refuse(growth: int) -> None:
        asked.append(growth)
        if growth > growth_most:
            raise DiskError("full")

    disk.refuse = refuse
    return disk, asked


def test_a_commit_that_is_refused_is_rolled_back() -> None:
    disk, _ = refusing(-1)
    storage = SimulatedStorage(disk)
    storage.put(GOOD)
    storage.put_hint(Hint("r2", GOOD, 1))
    storage.put_generation("r2", 2)
    with pytest.raises(DiskError):
        storage.commit(meta(1))
    assert (storage.get("k"), storage.hints(), storage.generations(), storage.meta) == (None, [], {}, None)
    assert state(disk) == ({}, {}, {}, None)


def test_growth_counts_what_goes_as_well_as_what_comes() -> None:
    disk, asked = refusing(10**9)
    storage = SimulatedStorage(disk)
    for number, value in enumerate(["v" * 10, "v" * 30, "v" * 5], 1):
        storage.put(record("k", Version(number, "r1.1"), value))
        storage.commit(meta(number))
    storage.remove("k")
    storage.commit(meta(4))
    storage.commit(meta(5))
    assert asked[1:] == [20, -25, -asked[0] + 5, 0]
    assert sum(asked) == 0


def laid(disk: Disk, fault: str, shown: Stored | None) -> None:
    """Damage over k: another copy, or nothing that can be read."""

    def look(beneath: Stored) -> Stored:
        _, marked_ns = beneath
        if shown is None:
            raise DiskError("unreadable")
        return shown[0], marked_ns

    disk.copies["k"] = damage(disk.copies["k"], fault, look)


def lifted(disk: Disk, fault: str) -> None:
    found = disk.copies["k"]
    disk.copies["k"] = found.without(fault) if isinstance(found, Damaged) else found


BAD = record("k", Version(7, "r9.1"), "bad")


def test_damage_is_read_in_its_place_and_healing_brings_the_copy_back() -> None:
    disk = Disk()
    disk.copies["k"] = (GOOD, 5)
    laid(disk, "rot", (BAD, 0))
    storage = SimulatedStorage(disk)
    assert storage.get("k") == BAD
    assert [(copy, marked_ns) for copy, marked_ns in storage.scan()] == [(BAD, 5)]
    lifted(disk, "rot")
    assert storage.get("k") == GOOD
    assert disk.copies == {"k": (GOOD, 5)}


def test_what_cannot_be_read_raises_however_it_is_asked_for() -> None:
    disk = Disk()
    disk.copies["k"] = (GOOD, 0)
    laid(disk, "sector", None)
    storage = SimulatedStorage(disk)
    with pytest.raises(DiskError):
        storage.get("k")
    with pytest.raises(DiskError):
        for _copy, _marked_ns in storage.scan():
            pass


def test_a_write_puts_another_copy_in_the_place_of_damage() -> None:
    disk = Disk()
    disk.copies["k"] = (GOOD, 0)
    laid(disk, "sector", None)
    storage = SimulatedStorage(disk)
    newer = record("k", Version(2, "r1.1"), "newer")
    storage.put(newer)
    assert storage.get("k") == newer, "it is read from the transaction"
    storage.commit(meta(1))
    lifted(disk, "sector")
    assert storage.get("k") == newer


@pytest.mark.parametrize("first", ["rot", "sector"])
@pytest.mark.parametrize("healed_first", ["rot", "sector"])
def test_two_kinds_of_damage_on_one_copy(first: str, healed_first: str) -> None:
    disk = Disk()
    disk.copies["k"] = (GOOD, 0)
    shown: dict[str, Stored | None] = {"rot": (BAD, 0), "sector": None}
    second = "sector" if first == "rot" else "rot"
    laid(disk, first, shown[first])
    laid(disk, second, shown[second])
    storage = SimulatedStorage(disk)
    with pytest.raises(DiskError):
        storage.get("k")
    lifted(disk, healed_first)
    if healed_first == "sector":
        assert storage.get("k") == BAD
    else:
        with pytest.raises(DiskError):
            storage.get("k")
    lifted(disk, "sector" if healed_first == "rot" else "rot")
    assert disk.copies == {"k": (GOOD, 0)}


@given(records(), st.integers(0, 2**44))
def test_rot_is_one_bit_that_the_checksum_sees(copy: Record, chance: int) -> None:
    found = rotten(copy, chance)
    assert found != copy
    assert found.key == copy.key, "a key that rots is another row: not modelled"
    if copy.intact():
        assert not found.intact()
    fields = [
        field for field in ("version", "dead", "value", "checksum") if getattr(found, field) != getattr(copy, field)
    ]
    assert len(fields) == 1


def test_rot_reaches_every_field() -> None:
    flipped = [rotten(GOOD, chance) for chance in range(8 * (4 + 4 + 1) + 62 + 63)]
    assert len(set(map(repr, flipped))) > len(flipped) - 16, "some bits of a text make it no text, alike"
    for field in ("dead", "value", "checksum", "version"):
        assert any(getattr(found, field) != getattr(GOOD, field) for found in flipped)
