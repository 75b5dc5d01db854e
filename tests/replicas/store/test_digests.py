"""Reads by digests: they return and repair what reads of whole copies would, and send values only where they must."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replicas.store.messages import AskDigest, Digest, Fetch, Fetched, Store
from replicas.store.records import Record, Version, record
from replicas.store.visits import Get
from tests.replicas.store.courses import (
    FIVE,
    GONE,
    NEW,
    OLD,
    acknowledge,
    answer_from,
    ask,
    asked,
    held,
    repairs,
    rig_of,
)
from tests.replicas.store.oracle import covers
from tests.replicas.store.rig import MS, WALL, Flight, Rig, cluster

COPIES = [None, *(record("k", Version(WALL - time, "r9.1"), f"v{time}" if time != 3 else None) for time in range(1, 5))]


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(COPIES), min_size=5, max_size=5), st.integers(1, 5))
def test_a_read_returns_the_newest_of_some_quorum_and_leaves_it_on_one(
    random: Random, copies: list[Record | None], needed: int
) -> None:
    """Whatever the order in which messages arrive. R replicas held nothing newer when it was asked, and one held it."""
    shape = cluster(nodes=5, n=5, r=needed)
    placed = {name: copy for name, copy in zip(shape.names(), copies, strict=True) if copy is not None}
    course = {
        "read_digests": random.choice(["always", "large"]),
        "digest_above_bytes": random.choice([0, 2]),
        "read_from": random.choice(["all", "needed"]),
        "read_choice": random.choice(["first", "random", "nearest"]),
    }
    rig = rig_of(shape, placed, **course)
    ask(rig)
    while 1 not in rig.answers and rig.flying:
        rig.deliver(random.choice(rig.flying))
    version = rig.answers[1].version
    shown = next(copy for copy in COPIES if (copy.version if copy else None) == version)
    assert shown in copies
    assert sum(covers(shown, copy, "incarnation") for copy in copies) >= needed
    holders = sum(covers(copy, shown, "incarnation") for copy in held(rig))
    assert holders >= (max(3, 5 - needed + 1) if shown is not None and needed > 1 else 0)
    rig.settle()
    rig.pass_time(80)
    assert rig.replicas["r1"].core.waiting == {}


def values_sent(rig: Rig) -> list[str]:
    """To whom a message with a value goes, until nothing flies any more."""
    sent: list[str] = []
    while rig.flying:
        message = rig.flying[0].message
        if isinstance(message, Fetched | Store) and message.record is not None and message.record.value is not None:
            sent.append(rig.flying[0].to)
        rig.deliver(rig.flying[0])
    return sent


@pytest.mark.parametrize(("by", "sent"), [("r1", 0), ("r4", 1)])
def test_while_copies_agree_one_value_is_sent_at_most(by: str, sent: int) -> None:
    """None at all, if the coordinator has a copy itself."""
    rig = rig_of(cluster(nodes=4), read_digests="always")
    key = next(f"k{i}" for i in range(100) if rig.replicas_of(f"k{i}") == ("r1", "r2", "r3"))
    for name in ("r1", "r2", "r3"):
        rig.place(name, record(key, NEW.version, "value"))
    rig.ask(by, Get(1, key, "ALL"))
    assert len(rig.flights(Fetch)) == sent
    assert len(rig.flights(AskDigest)) == 2
    assert len(values_sent(rig)) == sent
    assert rig.answers[1].value == "value"
    assert rig.metrics(by)["digests_received"] == 2


@pytest.mark.parametrize(
    ("mine", "theirs", "asked_in_full"), [(OLD, NEW, 1), (NEW, OLD, 0), (None, NEW, 1), (GONE, OLD, 0)]
)
def test_the_rest_is_asked_for_where_it_may_be_newer_and_only_there(
    mine: Record | None, theirs: Record, asked_in_full: int
) -> None:
    rig = rig_of(cluster(), {"r2": theirs, "r3": theirs} | ({"r1": mine} if mine else {}), read_digests="always")
    ask(rig, level="ALL")
    rig.settle()
    newest = theirs if asked_in_full else mine
    assert rig.answers[1].version == (newest.version if newest else None)
    assert rig.metrics("r1").get("digests_resolved", 0) == 2 * asked_in_full


def test_two_contents_of_one_version_are_looked_at() -> None:
    twin = record("k", NEW.version, "twin")
    rig = rig_of(cluster(), {"r1": NEW, "r2": twin, "r3": twin}, read_digests="always")
    ask(rig)
    rig.settle()
    assert rig.answers[1].value == "twin"  # the larger value wins, as without digests


@pytest.mark.parametrize(("value", "is_digest"), [("é" * 5, False), ("é" * 5 + "a", True), ("", False)])
def test_only_what_is_larger_comes_as_a_digest(value: str, is_digest: bool) -> None:  # noqa: FBT001 - a column of the table
    """In bytes, not in letters."""
    copy = record("k", NEW.version, value)
    rig = rig_of(cluster(), dict.fromkeys(("r1", "r2", "r3"), copy), read_digests="large", digest_above_bytes=10)
    ask(rig)
    rig.deliver(*rig.flights(AskDigest, to="r2"))
    assert isinstance(rig.flights(sender="r2")[0].message, Digest if is_digest else Fetched)


def test_where_the_one_that_was_asked_in_full_is_silent_another_is() -> None:
    rig = rig_of(cluster(nodes=4), read_digests="always")
    key = next(f"k{i}" for i in range(100) if rig.replicas_of(f"k{i}") == ("r1", "r2", "r3"))
    for name in ("r1", "r2", "r3"):
        rig.place(name, record(key, NEW.version, "value"))
    rig.ask("r4", Get(1, key, None))
    assert [flight.to for flight in rig.flights(Fetch)] == ["r1"]
    rig.drop(*rig.flights(to="r1"))
    answer_from(rig, "r2")
    assert asked(rig) == ["r3"]
    answer_from(rig, "r3")
    assert sorted(asked(rig)) == ["r2", "r3"]
    rig.deliver(*rig.flights(Fetch, to="r3"))
    rig.deliver(*rig.flights(Fetched, sender="r3"))
    assert rig.answers[1].value == "value"  # the digest of r2 is that of the same copy


def test_where_others_may_be_asked_later_the_one_that_was_asked_in_full_is_waited_for_first() -> None:
    rig = rig_of(cluster(nodes=4), read_digests="always", speculate_after_ns=5 * MS)
    key = next(f"k{i}" for i in range(100) if rig.replicas_of(f"k{i}") == ("r1", "r2", "r3"))
    for name in ("r1", "r2", "r3"):
        rig.place(name, record(key, NEW.version, "value"))
    for op, is_slow in ((1, False), (2, True)):
        rig.ask("r4", Get(op, key, None))
        answer_from(rig, "r2", "r3")
        assert asked(rig) == ["r1"]
        rig.pass_time(4)
        if is_slow:
            rig.drop(*rig.flights(to="r1"))
            rig.pass_time(1)
            assert sorted(asked(rig)) == ["r2", "r3"]
        rig.settle()
        assert rig.answers[op].value == "value"
    assert rig.metrics("r4")["digests_resolved"] == 2


def test_a_newer_copy_of_one_that_went_silent_keeps_no_read_from_its_quorum() -> None:
    rig = rig_of(cluster(), {"r1": OLD, "r2": NEW, "r3": OLD}, read_digests="always")
    ask(rig)
    answer_from(rig, "r2")
    rig.drop(*rig.flights(to="r2"))
    assert 1 not in rig.answers
    answer_from(rig, "r3")
    assert rig.answers[1].value == "old"


def test_a_wiped_node_takes_its_digest_along() -> None:
    rig = rig_of(FIVE, {"r1": OLD, "r2": OLD, "r3": OLD}, read_digests="always", read_repair="none")
    ask(rig)
    answer_from(rig, "r2")
    rig.wipe("r2")
    rig.start("r2")
    rig.deliver(*(flight for flight in rig.flying if flight.sender == "r2" and flight.to == "r1"))
    rig.drop(*rig.flights(to="r2"))
    answer_from(rig, "r3")
    assert 1 not in rig.answers
    answer_from(rig, "r4")
    assert rig.answers[1].value == "old"


def test_a_late_digest_of_a_holder_is_its_word() -> None:
    rig = rig_of(FIVE, {"r1": NEW, "r4": NEW, "r5": NEW}, read_digests="always")
    ask(rig)
    answer_from(rig, "r2", "r3")
    assert repairs(rig) == ["r2", "r3", "r4", "r5"]
    answer_from(rig, "r4")
    assert 1 not in rig.answers
    answer_from(rig, "r5")
    assert rig.answers[1].value == "new"


def test_behind_the_answer_what_a_digest_hides_is_asked_for_and_spread() -> None:
    """Decided on r1 and r2; r3 says later that it has something newer."""
    rig = rig_of(cluster(), {"r1": OLD, "r2": OLD, "r3": NEW}, read_digests="always", read_repair="background")
    ask(rig)
    answer_from(rig, "r2")
    assert rig.answers[1].value == "old"
    answer_from(rig, "r3")
    assert asked(rig) == ["r3"]
    rig.settle()
    assert held(rig) == [NEW] * 3
    assert rig.metrics("r1")["repairs_done"] == 1


def test_what_stays_hidden_keeps_nothing_waiting() -> None:
    rig = rig_of(cluster(), {"r1": NEW, "r3": record("k", Version(WALL, "r9.1"), "newest")}, read_digests="always",
                 read_repair="background")  # fmt: skip
    ask(rig)
    answer_from(rig, "r2", "r3")
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert "r2" in repairs(rig)
    acknowledge(rig, *repairs(rig))
    rig.pass_time(40)
    assert rig.status("r1").pending is None


def test_differences_that_digests_show_are_counted_as_those_of_copies() -> None:
    rig = rig_of(
        FIVE, {"r1": GONE, "r2": OLD, "r3": NEW, "r4": record("k", Version(1, "r9.1"), None)}, read_digests="always"
    )
    ask(rig, level="ALL")
    rig.settle()
    names = ("missing", "older", "undeleted", "content")
    plain = rig_of(FIVE, {"r1": GONE, "r2": OLD, "r3": NEW, "r4": record("k", Version(1, "r9.1"), None)})
    ask(plain, level="ALL")
    plain.settle()
    for name in names:
        assert rig.metrics("r1")[f"differences_{name}"] == plain.metrics("r1")[f"differences_{name}"]


def test_who_has_not_joined_gives_no_digest() -> None:
    rig = rig_of(cluster(), {"r2": NEW}, read_digests="always")
    rig.wipe("r3")
    rig.start("r3")
    rig.drop(*rig.flying)
    rig.flying.append(Flight("r1", "r3", AskDigest(1, WALL, "", 7, "k", -1)))
    rig.deliver(rig.flying[0])
    assert rig.flights(Digest) == []
    assert rig.now < 40 * MS
