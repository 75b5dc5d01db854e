"""A node that lost its disk: how it is made known and filled again, and what it is no part of until then."""

import pytest
from msgspec import structs

from replicas.store.antientropy import brief
from replicas.store.copies import Audited
from replicas.store.messages import (
    FRAME_MAX,
    Announce,
    Announced,
    AskPage,
    Compare,
    Confirm,
    Confirmed,
    Delete,
    Fetch,
    Fetched,
    Get,
    Mark,
    Page,
    Peer,
    Put,
    Store,
    Stored,
    frame,
)
from replicas.store.records import Record, Version, record
from replicas.store.settings import Policy
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Flight, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never")
FIVE = cluster(nodes=5, n=5, r=3, w=3)
OLD = record("k", Version(WALL - 2 * MS, "r9.1"), "old")
GONE = record("k", Version(WALL - MS, "r9.1"), None)
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
HANDSHAKE: list[type[Peer]] = [Announce, Announced, AskPage, Page]


def some(count: int, value: str = "v") -> list[Record]:
    return [record(f"k{i}", Version(WALL - 100 + i, "r9.1"), value if i % 3 else None) for i in range(count)]


def wiped(rig: Rig, name: str = "r3") -> Rig:
    rig.wipe(name)
    rig.start(name)
    return rig


def filled(copies: list[Record], policy: Policy = POLICY) -> Rig:
    """All three hold all of it; then r3 loses its disk."""
    rig = Rig(cluster(), policy)
    for name in rig.cluster.names():
        rig.place(name, *copies)
    return wiped(rig)


def joined(rig: Rig, name: str = "r3") -> bool:
    meta = rig.disks[name].meta
    return meta is not None and meta.joined


def copies_on(rig: Rig, name: str) -> list[Record]:
    return sorted((copy for copy, _ in rig.disks[name].copies.values()), key=lambda copy: copy.key)


def join(rig: Rig, name: str = "r3") -> None:
    rig.deliver_until(lambda: joined(rig, name))


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


def handed_on(rig: Rig) -> list[Record]:
    """All that is in pages until nothing flies any more."""
    copies: list[Record] = []
    while rig.flying:
        page = rig.flying[0].message
        if isinstance(page, Page):
            copies += [each.record for each in page.copies]
        rig.deliver(rig.flying[0])
    return copies


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


# What an earlier incarnation said.


def announced(rig: Rig, to: str, generation: int = 2) -> None:
    """As r3 does, of whom the receiver then knows the numbers; the message is far above all that r3.1 sent."""
    number = (generation - 1) * 10**13 + 7
    rig.batch(to, [("r3", Announce(number, rig.clock("r3").wall, "bootstrap", generation))])


def test_numbers_of_a_later_incarnation_are_above_all_of_an_earlier_one() -> None:
    rig = Rig(cluster(), POLICY)
    numbers: list[list[int]] = []
    for _ in range(3):
        seen = []
        for life in range(3):
            rig.ask("r3", Put(life, "k", "v", "ONE"))
            seen += [flight.message.n for flight in rig.flights(sender="r3")]
            rig.settle()
            rig.crash("r3")
            rig.start("r3")
        numbers.append(seen)
        wiped(rig)
        rig.settle()
    assert max(numbers[0]) < min(numbers[1])
    assert max(numbers[1]) < min(numbers[2])


@pytest.mark.parametrize("restart", [False, True])
def test_what_was_said_before_the_announcement_does_not_count_after_it(restart: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Nor after a restart of who heard it: it is durable before it is answered."""
    rig = Rig(cluster(), POLICY)
    rig.ask("r3", Put(1, "k", "said before", "ONE"))
    before = rig.flights(Store, to="r1")[0]
    rig.drop(*rig.flying)
    announced(rig, "r1")
    if restart:
        rig.crash("r1")
        rig.start("r1")
    rig.batch("r1", [("r3", before.message)])
    assert rig.held("r1", "k") is None
    assert rig.flights(Stored) == []
    rig.batch("r2", [("r3", before.message)])
    assert rig.held("r2", "k") is not None, "r2 has not heard of it"


def test_an_announcement_is_answered_when_it_is_durable() -> None:
    rig = filled([])
    rig.deliver(*rig.flights(Announce, to="r1"), ending="uncommitted")
    assert rig.disks["r1"].generations == {}
    assert rig.flights(Announced) == []
    rig.start("r1")
    rig.deliver(*rig.flights(Announce, to="r2"), ending="unsent")
    assert rig.disks["r2"].generations == {"r3": 2}
    assert rig.flights(Announced) == []
    rig.start("r2")
    rig.pass_time(10)
    rig.settle()
    assert joined(rig)


def test_a_late_announcement_of_an_earlier_generation_changes_nothing() -> None:
    rig = Rig(cluster(), POLICY)
    announced(rig, "r1", 3)
    rig.drop(*rig.flying)
    announced(rig, "r1", 2)
    assert rig.flying == []
    announced(rig, "r1", 3)
    assert [
        flight.message.generation for flight in rig.flights(Announced) if isinstance(flight.message, Announced)
    ] == [3]
    assert rig.disks["r1"].generations == {"r3": 3}


def test_an_answer_to_an_announcement_of_an_earlier_incarnation_is_not_taken() -> None:
    """r1 has answered to r3.2, and knows nothing of r3.3 yet."""
    rig = filled([OLD])
    rig.deliver(*rig.flights(Announce, to="r1"))
    late = rig.flights(Announced)
    rig.drop(*rig.flying)
    wiped(rig)
    rig.deliver(*rig.flights(Announce, to="r2"))
    rig.deliver(*rig.flights(Announced))
    rig.batch("r3", [("r1", flight.message) for flight in late])
    assert rig.flights(AskPage) == []
    assert rig.status("r3").pending == "r3.3 is being bootstrapped and waits for r1 to hear of it"


@pytest.mark.parametrize("known", [False, True])
def test_an_acknowledgement_of_the_lost_disk_does_not_count_in_a_write_under_way(known: bool) -> None:  # noqa: FBT001 - a parameter of a test
    rig = Rig(FIVE, POLICY)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    if known:
        announced(rig, "r1")
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    assert (1 in rig.answers) == (not known)
    rig.deliver(*rig.flights(Store, to="r4"))
    rig.deliver(*rig.flights(Stored))
    assert rig.answers[1].outcome == "ok"


def test_an_announcement_said_twice_takes_nothing_from_the_new_incarnation() -> None:
    """What it has acknowledged since is true."""
    rig = Rig(cluster(), POLICY)
    wiped(rig)
    announcement = rig.flights(Announce, to="r1")[0]
    join(rig)
    rig.drop(*rig.flying)
    rig.ask("r1", Put(1, "k", "v", "ALL"))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    rig.batch("r1", [("r3", announcement.message)])
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    assert rig.answers[1].outcome == "ok"


@pytest.mark.parametrize("known", [False, True])
def test_what_the_lost_disk_held_does_not_count_in_a_read_under_way(known: bool) -> None:  # noqa: FBT001 - a parameter of a test
    rig = Rig(FIVE, POLICY)
    rig.ask("r1", Get(1, "k", None))
    rig.deliver(*rig.flights(Fetch, to="r3"))
    rig.deliver(*rig.flights(Fetched))
    if known:
        announced(rig, "r1")
    rig.deliver(*rig.flights(Fetch, to="r2"))
    rig.deliver(*rig.flights(Fetched))
    assert (1 in rig.answers) == (not known)
    rig.deliver(*rig.flights(Fetch, to="r4"))
    rig.deliver(*rig.flights(Fetched))
    assert rig.answers[1].outcome == "ok"


@pytest.mark.parametrize("known", [False, True])
def test_what_the_lost_disk_held_does_not_count_in_a_repair_under_way(known: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """r3 held what the read shows, and r4 itself is repaired at once: two holders of three, or one."""
    rig = Rig(FIVE, POLICY)
    rig.place("r3", NEW)
    rig.ask("r4", Get(1, "k", None))
    for name in ("r3", "r5"):
        rig.deliver(*rig.flights(Fetch, to=name))
        rig.deliver(*rig.flights(Fetched))
    assert rig.held("r4", "k") == NEW
    if known:
        announced(rig, "r4")
    rig.deliver(*rig.flights(Store, to="r1"))
    rig.deliver(*rig.flights(Stored))
    assert (1 in rig.answers) == (not known)
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    assert rig.answers[1].value == "new"


@pytest.mark.parametrize("when", ["before it is marked", "after it is marked"])
def test_what_the_lost_disk_confirmed_is_asked_again(when: str) -> None:
    rig = Rig(cluster(), structs.replace(POLICY, purge="confirmed"))
    for name in rig.cluster.names():
        rig.place(name, GONE)
    first = rig.replicas_of("k")[0]
    lost = rig.replicas_of("k")[2]
    rig.pass_time(10)
    rig.deliver(*rig.flights(Confirm, to=lost))
    if when == "after it is marked":
        rig.settle()
        rig.pass_time(10)
        rig.deliver(*rig.flights(Mark, to=lost))
    rig.settle()
    wiped(rig, lost)
    rig.deliver(*rig.flights(Announce, to=first))
    rig.drop(*rig.flying)
    if when == "before it is marked":
        rig.pass_time(10)
        assert {flight.to for flight in rig.flights(Confirm)} == {lost}
        assert not rig.marked(first, "k")
    rig.rounds(15)
    assert [rig.held(name, "k") for name in rig.cluster.names()] == [None] * 3
    assert not any(rig.status(name).pending for name in rig.cluster.names())


def test_a_confirmation_of_the_lost_disk_that_comes_late_does_not_count() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, purge="confirmed"))
    for name in rig.cluster.names():
        rig.place(name, GONE)
    first, _, lost = rig.replicas_of("k")
    rig.pass_time(10)
    rig.deliver(*rig.flights(Confirm, to=lost))
    late = rig.flights(Confirmed)
    rig.drop(*late)
    wiped(rig, lost)
    rig.deliver(*rig.flights(Announce, to=first))
    rig.drop(*rig.flights(sender=lost), *rig.flights(to=lost))
    rig.settle()
    rig.batch(first, [(lost, flight.message) for flight in late])
    for _ in range(3):
        rig.pass_time(10)
        rig.drop(*rig.flights(sender=lost), *rig.flights(to=lost))
        rig.settle()
    assert not any(rig.marked(name, "k") for name in rig.cluster.names())


# More than one, and coordinators.


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
