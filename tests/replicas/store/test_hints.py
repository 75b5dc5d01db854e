"""Hinted handoff: what is kept for whom, for how long, how it is sent again, and how a purge takes it away."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from replicas.store.antientropy import brief
from replicas.store.messages import Announce, Confirm, Confirmed, Delete, Get, Mark, Put, Store, Stored
from replicas.store.records import Record, Version, record
from replicas.store.settings import Policy
from replicas.store.storage import Hint
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Flight, Rig, cluster

POLICY = structs.replace(
    QUICK_POLICY,
    anti_entropy="none",
    purge="never",
    hints="handoff",
    hints_per_replay_max=3,
    hint_window_ns=300 * MS,
    hint_lifetime_ns=900 * MS,
)
CONFIRMED = structs.replace(POLICY, purge="confirmed")
OLD = record("k", Version(WALL - 3, "r9.1"), "old")
GONE = record("k", Version(WALL - 2, "r9.1"), None)
NEW = record("k", Version(WALL - 1, "r9.1"), "new")


def miss(rig: Rig, message: Put | Delete, *targets: str, coordinator: str = "r1") -> None:
    """A write of which the targets hear nothing, as far as its answer."""
    rig.ask(coordinator, message)
    for target in targets or ("r3",):
        rig.drop(*rig.flights(Store, to=target))
    rig.settle()


def pass_slowly(rig: Rig, ms: int) -> None:
    for _ in range(ms // 10):
        rig.pass_time(10)


def hinted(rig: Rig, name: str = "r1") -> dict[tuple[str, str], str | None]:
    """As they are on the disk: the value by target and key."""
    return {place: hint.record.value for place, hint in rig.disks[name].hints.items()}


def replays(rig: Rig) -> list[Flight]:
    return [flight for flight in rig.flights(Store) if flight.message.origin.startswith("hint for ")]


def values(flights: list[Flight]) -> list[str | None]:
    return [flight.message.record.value for flight in flights if isinstance(flight.message, Store)]


def with_silent_target(keys: int, policy: Policy = POLICY) -> Rig:
    """r3 is down, and r1 has that many hints for it, of which it has just sent one."""
    rig = Rig(cluster(), policy)
    rig.crash("r3")
    for i in range(keys):
        miss(rig, Put(i, f"k{i}", f"v{i}", None))
    pass_slowly(rig, 40)
    assert len(hinted(rig)) == keys
    assert values(replays(rig)) == ["v0"]
    return rig


def rounds_of_replays(rig: Rig, count: int) -> Iterator[list[Flight]]:
    """What is sent in each; the caller says what becomes of it."""
    for _ in range(count):
        rig.pass_time(10)
        yield replays(rig)


@pytest.mark.parametrize("message", [Put(1, "k", "v", None), Delete(1, "k", None)])
def test_who_did_not_acknowledge_in_time_gets_a_hint(message: Put | Delete) -> None:
    """Nobody else, and not before; a tombstone like a value."""
    rig = Rig(cluster(), POLICY)
    miss(rig, message)
    assert rig.answers[1].outcome == "ok"
    rig.pass_time(39)
    assert hinted(rig) == {}
    assert rig.status("r1").pending == "1 operations are under way"
    rig.pass_time(1)
    hint = rig.disks["r1"].hints["r3", "k"]
    assert (len(rig.disks["r1"].hints), hint.target, hint.made_ns) == (1, "r3", WALL + 40 * MS)
    assert hint.record == rig.held("r1", "k")
    assert rig.status("r1").pending == "1 hints for r3 wait"
    assert rig.status("r1", ["r3"]).pending is None
    rig.settle()
    rig.rounds(1)
    assert rig.held("r3", "k") == rig.held("r1", "k")
    assert hinted(rig) == {}
    assert rig.status("r1").pending is None
    node, change = rig.audit[-1]
    assert (node, change.cause, change.origin) == ("r3", "hinted handoff", "hint for r3")


def test_a_write_that_failed_for_its_client_is_hinted_too() -> None:
    """It may take effect; if so, everywhere."""
    rig = Rig(cluster(), POLICY)
    miss(rig, Put(1, "k", "v", None), "r2", "r3")
    rig.pass_time(40)
    assert rig.answers[1].outcome == "timeout"
    assert hinted(rig) == {("r2", "k"): "v", ("r3", "k"): "v"}


def test_a_coordinator_without_a_copy_keeps_hints_and_none_for_itself() -> None:
    rig = Rig(cluster(nodes=4), POLICY)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    miss(rig, Put(1, key, "v", "ONE"), "r1", "r2", "r3", coordinator="r4")
    rig.pass_time(40)
    assert set(hinted(rig, "r4")) == {(target, key) for target in rig.replicas_of(key)}


def test_a_coordinator_that_may_not_take_its_own_copy_keeps_no_hint_for_itself() -> None:
    """It is being bootstrapped, which brings the copy as well."""
    rig = Rig(cluster(), POLICY)
    rig.wipe("r3")
    rig.start("r3")
    rig.drop(*rig.flying)
    miss(rig, Put(1, "k", "v", "ONE"), "r1", coordinator="r3")
    rig.pass_time(40)
    assert set(hinted(rig, "r3")) == {("r1", "k")}


def test_a_late_acknowledgement_is_one() -> None:
    """After the answer, and before the time is up."""
    rig = Rig(cluster(), POLICY)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r2"))
    rig.deliver(*rig.flights(Stored))
    assert 1 in rig.answers
    rig.pass_time(39)
    rig.settle()
    assert rig.status("r1").pending is None
    rig.pass_time(1)
    assert hinted(rig) == {}


def test_without_handoff_nothing_is_kept() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hints="none"))
    miss(rig, Put(1, "k", "v", None))
    assert rig.status("r1").pending is None
    rig.pass_time(40)
    assert hinted(rig) == {}
    assert rig.replicas["r1"].core.waiting == {}


def test_of_one_key_the_newest_write_is_kept() -> None:
    rig = Rig(cluster(), POLICY)
    rig.crash("r3")
    for op in (1, 2, 3):
        miss(rig, Put(op, "k", f"v{op}", None))
        rig.pass_time(5)
    pass_slowly(rig, 40)
    assert hinted(rig) == {("r3", "k"): "v3"}
    rig.replicas["r1"].hints.missed("r3", OLD)
    assert rig.replicas["r1"].hints.waiting() == 1
    assert rig.metrics("r1")["hints_queued"] == 3
    rig.drop(*rig.flying)
    rig.start("r3")
    pass_slowly(rig, 50)
    assert values(replays(rig)) == ["v3"]
    rig.settle()
    assert rig.metrics("r1")["hints_replayed"] == 1
    held = rig.held("r3", "k")
    assert held is not None
    assert held.value == "v3"


def test_the_late_answer_to_an_older_hint_takes_no_newer_one_away() -> None:
    """v1 is slower than a timeout; v2 took its place meanwhile, was sent, and is lost."""
    rig = Rig(cluster(), POLICY)
    miss(rig, Put(1, "k", "v1", None))
    pass_slowly(rig, 30)
    miss(rig, Put(2, "k", "v2", None))
    rig.pass_time(10)
    slow = replays(rig)
    assert values(slow) == ["v1"]
    rig.drop(*slow)
    while values(replays(rig)) != ["v2"]:
        rig.drop(*replays(rig))
        rig.pass_time(5)
    rig.drop(*replays(rig))
    rig.flying += slow
    rig.settle()
    assert hinted(rig) == {("r3", "k"): "v2"}
    pass_slowly(rig, 50)
    rig.settle()
    assert rig.held("r3", "k") == rig.held("r1", "k")
    assert hinted(rig) == {}


def test_an_answer_said_twice_is_one() -> None:
    rig = with_silent_target(2)
    rig.start("r3")
    rig.deliver(*replays(rig))
    answer = rig.flights(Stored, to="r1")[0]
    rig.flying.append(Flight(*answer))
    rig.settle()
    assert len(hinted(rig)) == 1
    assert rig.metrics("r1")["hints_replayed"] == 1


@pytest.mark.parametrize(("asked_at_ms", "kept"), [(300, True), (301, False)])
def test_no_hint_is_made_for_who_was_silent_longer_than_the_window(asked_at_ms: int, kept: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Counted from the first write that was missed, at 40 ms. What was made before stays; and an answer ends it."""
    rig = Rig(cluster(), POLICY)
    rig.crash("r3")
    miss(rig, Put(1, "k1", "v", None))
    rig.pass_time(40)
    rig.pass_time(asked_at_ms - 40)
    miss(rig, Put(2, "k2", "v", None))
    rig.pass_time(40)
    assert set(hinted(rig)) == {("r3", "k1")} | ({("r3", "k2")} if kept else set())
    assert rig.metrics("r1")["hints_dropped"] == (not kept)
    rig.start("r3")
    rig.drop(*rig.flying)
    rig.ask("r1", Put(3, "k3", "v", "ALL"))
    rig.settle()
    miss(rig, Put(4, "k4", "v", None))
    pass_slowly(rig, 40)
    assert ("r3", "k4") in hinted(rig)


@pytest.mark.parametrize(
    ("policy", "lifetime_ms"),
    [
        (POLICY, 900),
        (structs.replace(POLICY, purge="grace", grace_ns=200 * MS), 200),
        (structs.replace(POLICY, purge="grace", grace_ns=2_000 * MS), 900),
        (structs.replace(POLICY, purge="confirmed", grace_ns=200 * MS), 900),
    ],
    ids=["lifetime", "shorter grace", "longer grace", "grace that does not count"],
)
def test_a_hint_lives_as_long_as_its_lifetime_and_no_longer_than_the_grace(policy: Policy, lifetime_ms: int) -> None:
    """The window, which is shorter, has nothing to do with it."""
    rig = with_silent_target(1, policy)
    pass_slowly(rig, lifetime_ms)
    assert len(hinted(rig)) == 1
    assert replays(rig), "it is sent as long as it lives"
    rig.drop(*rig.flying)
    rig.pass_time(10)
    assert hinted(rig) == {}
    assert rig.metrics("r1")["hints_expired"] == 1
    pass_slowly(rig, 100)
    assert replays(rig) == []
    assert rig.status("r1").pending is None


def test_the_oldest_expire_first_and_a_newer_write_is_as_old_as_itself() -> None:
    rig = with_silent_target(2)
    rig.pass_time(460)
    rig.replicas["r1"].hints.heard("r3")  # else the window would be over
    miss(rig, Put(9, "k0", "newer", None))
    rig.pass_time(40)
    pass_slowly(rig, 410)
    assert hinted(rig) == {("r3", "k0"): "newer"}


def test_a_bound_for_each_target_beyond_which_hints_are_dropped_and_counted() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hints_max=2))
    for op in (1, 2, 3):
        miss(rig, Put(op, f"k{op}", "v", "ONE"), "r2", "r3")
    rig.ask("r1", Put(4, "k1", "newer", "ONE"))
    rig.drop(*rig.flying)
    pass_slowly(rig, 40)
    expected = {("r2", "k1"): "newer", ("r3", "k1"): "newer", ("r2", "k2"): "v", ("r3", "k2"): "v"}
    assert hinted(rig) == expected
    metrics = rig.metrics("r1")
    assert (metrics["hints_queued"], metrics["hints_dropped"], metrics["hints_waiting"]) == (6, 2, 4)


def test_to_a_silent_target_one_at_a_time() -> None:
    """The oldest; the same again only when an answer to it could have come."""
    rig = with_silent_target(5)
    rig.drop(*rig.flying)
    sent = []
    for flights in rounds_of_replays(rig, 8):
        sent.append(values(flights))
        rig.drop(*flights)
    assert sent == [[], [], [], ["v0"], [], [], [], ["v0"]]


@pytest.mark.parametrize("heard_by", ["a replay", "a write"])
def test_to_one_that_answers_as_many_as_the_limit_at_once(heard_by: str) -> None:
    rig = with_silent_target(8)
    rig.start("r3")
    if heard_by == "a replay":
        rig.settle()
        expected = [["v1", "v2", "v3"], ["v4", "v5", "v6"], ["v7"], []]
    else:
        rig.drop(*rig.flying)
        rig.ask("r1", Put(20, "other", "v", "ALL"))
        rig.settle()
        expected = [["v1", "v2", "v3"], ["v4", "v5", "v6"], ["v7"], ["v0"]]
    sent = []
    for flights in rounds_of_replays(rig, 4):
        sent.append(values(flights))
        rig.settle()
    assert sent == expected
    assert hinted(rig) == {}


def test_what_is_on_its_way_is_not_sent_again() -> None:
    rig = with_silent_target(4)
    rig.start("r3")
    rig.settle()
    sent = [values(flights) for flights in rounds_of_replays(rig, 4)]
    assert sent == [["v1", "v2", "v3"]] * 4
    rig.pass_time(10)
    assert values(replays(rig)) == ["v1", "v2", "v3"] * 2


def test_hints_survive_a_restart() -> None:
    """And the target has not been heard of since."""
    rig = with_silent_target(5)
    rig.crash("r1")
    assert len(hinted(rig)) == 5
    rig.start("r1")
    rig.drop(*rig.flying)
    rig.pass_time(10)
    assert values(replays(rig)) == ["v0"]
    rig.start("r3")
    rig.rounds(4)
    assert [rig.held("r3", f"k{i}") for i in range(5)] == [rig.held("r1", f"k{i}") for i in range(5)]
    assert hinted(rig) == {}
    assert rig.status("r1").pending is None


def test_an_answer_to_an_earlier_life_is_none() -> None:
    """It is about a replay that this life knows nothing of; the next one is acknowledged."""
    rig = with_silent_target(1)
    rig.start("r3")
    rig.deliver(*replays(rig))
    late = rig.flights(Stored)
    rig.drop(*late)
    rig.crash("r1")
    rig.start("r1")
    rig.flying += late
    rig.settle()
    assert len(hinted(rig)) == 1
    rig.rounds(1)
    assert hinted(rig) == {}


def test_a_hint_that_rots_is_dropped() -> None:
    rig = with_silent_target(2)
    rig.drop(*rig.flying)
    rig.crash("r1")
    place = ("r3", "k0")
    hint = rig.disks["r1"].hints[place]
    rig.disks["r1"].hints[place] = hint._replace(record=structs.replace(hint.record, value="rotten"))
    rig.start("r1")
    assert hinted(rig) == {("r3", "k1"): "v1"}
    rig.start("r3")
    rig.rounds(5)
    assert rig.held("r3", "k0") is None
    assert rig.held("r3", "k1") is not None


def test_a_hint_is_for_whoever_holds_nothing_later() -> None:
    """It changes nothing where the copy is dominated, and goes."""
    rig = with_silent_target(1)
    later = record("k0", Version(WALL + 80 * MS, "r9.1"), "later")
    rig.place("r3", later)
    rig.settle()
    assert rig.held("r3", "k0") == later
    assert hinted(rig) == {}


def test_a_target_that_joins_refuses_a_hint_and_gets_it_afterwards() -> None:
    rig = with_silent_target(1)
    rig.wipe("r3")
    rig.start("r3")
    for _ in range(6):
        rig.pass_time(10)
        rig.drop(*rig.flights(Announce))
        rig.settle()
    assert hinted(rig) == {("r3", "k0"): "v0"}
    assert rig.held("r3", "k0") is None
    rig.rounds(2)
    assert rig.held("r3", "k0") == rig.held("r1", "k0")
    assert hinted(rig) == {}


def test_a_target_that_is_wiped_after_its_word_needs_it_again() -> None:
    """What its earlier incarnation acknowledged is lost, as soon as that is known."""
    rig = Rig(cluster(), POLICY)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Stored))
    rig.drop(*rig.flying)
    assert rig.answers[1].outcome == "ok"
    rig.wipe("r3")
    rig.start("r3")
    rig.deliver(*rig.flights(Announce, to="r1"))
    rig.drop(*rig.flying)
    pass_slowly(rig, 40)
    assert set(hinted(rig)) == {("r2", "k"), ("r3", "k")}


# Purging: whoever confirms a tombstone keeps and makes no older hint.


def outsider(rig: Rig) -> str:
    """A key of which r4 has no copy."""
    return next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))


def confirm(rig: Rig, to: str, tombstone: Record) -> None:
    leader = rig.replicas_of(tombstone.key)[0]
    rig.batch(to, [(leader, Confirm(1, rig.clock(leader).wall, "", brief(tombstone)))])


@pytest.mark.parametrize(("copy", "kept"), [(OLD, False), (GONE, True), (NEW, True)], ids=["older", "same", "newer"])
@pytest.mark.parametrize("holds", [False, True])
def test_a_confirmation_takes_older_hints_away(copy: Record, *, kept: bool, holds: bool) -> None:
    """Also where it is not confirmed yet."""
    rig = Rig(cluster(), CONFIRMED)
    if holds:
        rig.place("r1", GONE)
    rig.crash("r1")
    rig.disks["r1"].hints["r3", "k"] = Hint("r3", copy, WALL)
    rig.disks["r1"].hints["r2", "other"] = Hint("r2", record("other", OLD.version, "v"), WALL)
    rig.start("r1")
    rig.batch("r1", [("r2", Confirm(1, WALL, "", brief(GONE)))])
    assert len(rig.flights(Confirmed)) == holds
    assert set(hinted(rig)) == {("r2", "other")} | ({("r3", "k")} if kept else set())


def test_every_node_is_asked_for_hints() -> None:
    """r4, which has no copy of the key, may have kept one; without handoff it is not asked."""
    for policy, waits in ((CONFIRMED, True), (structs.replace(CONFIRMED, hints="none"), False)):
        rig = Rig(cluster(nodes=4), policy)
        key = outsider(rig)
        rig.crash("r4")
        first = rig.replicas_of(key)[0]
        rig.ask(first, Delete(1, key, "ALL"))
        rig.settle()
        rig.rounds(5)
        assert [rig.marked(name, key) for name in rig.replicas_of(key)] == [not waits] * 3
        assert (rig.status(first).pending == "1 tombstones await their confirmation") == waits
        assert waits or rig.status(first, ["r4"]).pending
        rig.start("r4")
        rig.rounds(15)
        assert [rig.held(name, key) for name in rig.replicas_of(key)] == [None] * 3


def test_nothing_that_waits_for_a_node_that_stays_down_is_pending() -> None:
    """A tombstone that r4 has not confirmed stays; one that it has confirmed before it went down still goes."""
    for confirmed, pending in ((False, None), (True, "1 tombstones await their confirmation")):
        rig = Rig(cluster(nodes=4), CONFIRMED)
        key = outsider(rig)
        first = rig.replicas_of(key)[0]
        rig.ask(first, Delete(1, key, "ALL"))
        rig.settle()
        rig.pass_time(10)
        if not confirmed:
            rig.drop(*rig.flights(Confirm, to="r4"))
        rig.settle()
        rig.crash("r4")
        assert rig.status(first, ["r4"]).pending == pending
        rig.rounds(15)
        assert (rig.held(first, key) is None) == confirmed
        assert rig.status(first, ["r4"]).pending is None


def test_a_write_under_way_leaves_no_hint_under_a_confirmed_tombstone() -> None:
    """Neither after a pause of its coordinator, nor when an older question comes late."""
    for late in (None, record("k", Version(1, "r9.1"), None)):
        for times in (1, 12):
            rig = Rig(cluster(), CONFIRMED)
            miss(rig, Put(1, "k", "older", None))
            tombstone = record("k", Version(WALL + 1, "r9.1"), None)
            confirm(rig, "r1", tombstone)
            if late is not None:
                confirm(rig, "r1", late)
            rig.now += times * 40 * MS
            rig.fire("r1")
            assert hinted(rig) == {}


def test_a_write_that_is_later_than_a_confirmed_tombstone_leaves_its_hint() -> None:
    rig = Rig(cluster(), CONFIRMED)
    miss(rig, Put(1, "k", "later", None))
    miss(rig, Put(2, "other", "v", None))
    confirm(rig, "r1", OLD_TOMBSTONE)
    rig.pass_time(40)
    assert set(hinted(rig)) == {("r3", "k"), ("r3", "other")}


def test_a_confirmation_is_about_one_key() -> None:
    """A write to another, though older than the tombstone, leaves its hint."""
    rig = Rig(cluster(), CONFIRMED)
    miss(rig, Put(1, "other", "v", None))
    confirm(rig, "r1", record("k", Version(WALL + 1, "r9.1"), None))
    rig.pass_time(40)
    assert set(hinted(rig)) == {("r3", "other")}


OLD_TOMBSTONE = record("k", Version(WALL - 5 * MS, "r9.1"), None)


@pytest.mark.parametrize("restart", [False, True])
def test_whoever_has_confirmed_a_tombstone_mints_nothing_older(restart: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Also a node without a copy, whose clock is behind, in its next life."""
    rig = Rig(cluster(nodes=4), CONFIRMED)
    key = outsider(rig)
    tombstone = record(key, Version(WALL + 5 * MS, "r9.1"), None)
    confirm(rig, "r4", tombstone)
    assert len(rig.flights(Confirmed)) == 1
    if restart:
        rig.crash("r4")
        rig.start("r4")
    rig.ask("r4", Put(1, key, "v", "ONE"))
    message = rig.flights(Store)[0].message
    assert isinstance(message, Store)
    assert message.record.version.time > tombstone.version.time


def test_an_older_hint_brings_nothing_back() -> None:
    """The whole of it: r3 misses a put, whose hint is kept by r4, and its deletion is purged by all."""
    rig = Rig(cluster(nodes=4), CONFIRMED)
    key = outsider(rig)
    first, *_, last = rig.replicas_of(key)
    miss(rig, Put(1, key, "old", None), last, coordinator="r4")
    rig.pass_time(40)
    rig.drop(*replays(rig))
    assert hinted(rig, "r4") == {(last, key): "old"}
    rig.ask(first, Delete(2, key, "ALL"))
    rig.deliver_until(lambda: 2 in rig.answers)
    for _ in range(20):
        rig.pass_time(10)
        rig.drop(*replays(rig))
        rig.settle()
    assert [rig.held(name, key) for name in rig.replicas_of(key)] == [None] * 3
    rig.rounds(5)
    rig.ask("r4", Get(3, key, "ALL"))
    rig.settle()
    assert rig.answers[3].version is None
    assert not any(rig.status(name).pending for name in rig.cluster.names())
    assert rig.flights(Mark) == []
