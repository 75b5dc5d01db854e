"""Bootstrap page by page: what is in a page, and what becomes of messages that are lost, doubled or late."""

import pytest
from msgspec import structs

from replicas.store.frames import FRAME_MAX, frame
from replicas.store.messages import Announce, Announced, AskPage, Page, Store, Stored
from replicas.store.peer import Peer
from replicas.store.records import Version, record
from replicas.store.visits import Put
from tests.replicas.store.bootstraps import (
    NEW,
    OLD,
    POLICY,
    copies_on,
    filled,
    handed_on,
    join,
    joined,
    some,
    wiped,
)
from tests.replicas.store.rig import Flight, Rig, cluster

HANDSHAKE: list[type[Peer]] = [Announce, Announced, AskPage, Page]


@pytest.mark.parametrize("lost", HANDSHAKE)
def test_a_lost_message_only_delays(lost: type[Peer]) -> None:
    copies = some(5)
    rig = filled(copies, structs.replace(POLICY, keys_per_exchange_max=2))
    for _ in range(3):
        while rig.flying:
            (rig.drop if isinstance(rig.flying[0].message, lost) else rig.deliver)(rig.flying[0])
        assert not joined(rig)
        rig.pass_time(10)
    rig.settle()
    assert joined(rig)
    assert copies_on(rig, "r3") == copies


@pytest.mark.parametrize("doubled", HANDSHAKE)
def test_a_doubled_message_changes_nothing(doubled: type[Peer]) -> None:
    copies = some(5)
    rig = filled(copies, structs.replace(POLICY, keys_per_exchange_max=2))
    for _ in range(200):
        if not rig.flying:
            break
        flight = rig.flying[0]
        rig.deliver(flight)
        if isinstance(flight.message, doubled):
            rig.batch(flight.to, [(flight.sender, flight.message)])
    assert rig.flying == []
    assert copies_on(rig, "r3") == copies
    assert [change.key for node, change in rig.audit if node == "r3"] == [copy.key for copy in copies]
    assert rig.status("r3").pending is None


def test_an_earlier_page_that_comes_late_does_not_end_or_repeat_anything() -> None:
    rig = filled(some(5), structs.replace(POLICY, keys_per_exchange_max=2))
    pages: list[Flight] = []
    while rig.flying:
        pages += [flight for flight in rig.flying[:1] if isinstance(flight.message, Page)]
        rig.deliver(rig.flying[0])
        if len(pages) > 1 and not joined(rig):
            rig.batch("r3", [(flight.sender, flight.message) for flight in pages[:-1]])
    assert len(pages) == 6
    assert joined(rig)
    assert copies_on(rig, "r3") == some(5)


@pytest.mark.parametrize("ending", ["whole", "uncommitted", "unsent"])
def test_a_crash_in_the_middle_starts_over(ending: str) -> None:
    """After each message in turn. That it has joined counts from its commit."""
    copies = some(5)
    for until in range(40):
        rig = filled(copies, structs.replace(POLICY, keys_per_exchange_max=2))
        for _ in range(until):
            if not joined(rig) and rig.flying:
                rig.deliver(rig.flying[0])
        before = joined(rig)
        if rig.flights(to="r3") and ending != "whole":
            rig.deliver(rig.flights(to="r3")[0], ending="uncommitted" if ending == "uncommitted" else "unsent")
        rig.crash("r3")
        if ending == "uncommitted":
            assert joined(rig) == before
        rig.drop(*rig.flying)
        was_joined = joined(rig)
        rig.start("r3")
        assert len(rig.flights(Announce)) == (0 if was_joined else 2)
        rig.settle()
        assert joined(rig)
        assert copies_on(rig, "r3") == copies


@pytest.mark.parametrize(("limit", "keys", "pages"), [(2, 5, 3), (2, 4, 3), (1, 3, 4), (1_000, 5, 1), (5, 0, 1)])
def test_pages_have_no_more_keys_than_the_limit(limit: int, keys: int, pages: int) -> None:
    """From each; a full page may have others behind it."""
    copies = some(keys)
    rig = filled(copies, structs.replace(POLICY, keys_per_exchange_max=limit))
    seen: list[Page] = []
    while rig.flying:
        seen += [flight.message for flight in rig.flying[:1] if isinstance(flight.message, Page)]
        rig.deliver(rig.flying[0])
    assert len(seen) == 2 * pages
    assert max(len(page.copies) for page in seen) <= limit
    assert copies_on(rig, "r3") == copies


@pytest.mark.parametrize("letter", ["v", "😀", "\x00"])
def test_pages_are_short_enough_for_a_frame(letter: str) -> None:
    """With values as long as they may be; one that is too long for a page with others has its own."""
    size = 1024 * 1024 // len(letter.encode())
    copies = [record(f"k{i}", Version(1, "r9.1"), letter * size) for i in range(7)]
    rig = filled(copies)
    seen: list[Page] = []
    while rig.flying:
        page = rig.flying[0].message
        if isinstance(page, Page):
            seen.append(page)
            assert len(frame(page)) <= FRAME_MAX
        rig.deliver(rig.flying[0])
    assert copies_on(rig, "r3") == copies
    assert len(seen) > 2


def test_pages_go_on_behind_keys_that_live_elsewhere() -> None:
    """One key is looked at a page, and most are none of r3's."""
    rig = Rig(cluster(nodes=7), structs.replace(POLICY, keys_per_exchange_max=1))
    for copy in some(30, "v"):
        for name in rig.replicas_of(copy.key):
            rig.place(name, copy)
    before = copies_on(rig, "r3")
    assert before
    wiped(rig)
    sent = handed_on(rig)
    assert {copy.key for copy in sent} == {copy.key for copy in before}, "and nothing else is sent"
    assert copies_on(rig, "r3") == before


def test_rot_is_not_handed_on() -> None:
    rig = filled([OLD, NEW, *some(3)])
    rig.disks["r1"].copies["k"] = (structs.replace(NEW, value="rotten"), 0)
    rig.disks["r2"].copies["k"] = (OLD, 0)
    assert all(copy.intact() for copy in handed_on(rig))
    assert rig.held("r3", "k") == OLD
    assert copies_on(rig, "r3")[1:] == some(3)


def test_a_page_for_an_earlier_incarnation_is_not_taken() -> None:
    """It was true then. r3 has acknowledged a write since, and loses its disk again: only r2 still has it."""
    rig = filled([OLD])
    rig.deliver_until(lambda: len(rig.flights(AskPage)) == 2)
    for flight in rig.flights(AskPage):
        rig.deliver(flight)
    late = rig.flights(Page)
    assert len(late) == 2
    rig.drop(*late)
    rig.pass_time(10)
    rig.settle()
    assert joined(rig)
    rig.ask("r2", Put(1, "k", "acknowledged", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    assert rig.answers[1].outcome == "ok"
    rig.drop(*rig.flying)
    wiped(rig)
    rig.deliver_until(lambda: len(rig.flights(AskPage)) == 2)
    rig.deliver(*late)
    assert not joined(rig)
    join(rig)
    assert rig.held("r3", "k") == rig.held("r2", "k")
