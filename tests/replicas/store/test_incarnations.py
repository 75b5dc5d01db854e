"""What a lost disk had said: it does not count once its loss is known."""

import pytest
from msgspec import structs

from replicas.store.messages import (
    Announce,
    Announced,
    AskPage,
    Confirm,
    Confirmed,
    Fetch,
    Fetched,
    Mark,
    Store,
    Stored,
)
from replicas.store.visits import Get, Put
from tests.replicas.store.bootstraps import (
    FIVE,
    GONE,
    NEW,
    OLD,
    POLICY,
    announced,
    filled,
    join,
    joined,
    wiped,
)
from tests.replicas.store.rig import Rig, cluster


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


def test_a_refusal_is_no_acknowledgement() -> None:
    """Of a node that is being bootstrapped: the write has one holder, and needs another."""
    rig = wiped(Rig(cluster(), POLICY))
    rig.drop(*rig.flying)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored, sender="r3"))
    assert 1 not in rig.answers
    rig.settle()
    assert rig.answers[1].outcome == "ok"
