"""Hints within bounds: of bytes, in what order they go when there is no room, and how fast and how they are sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.hints import HINT_BYTES
from replicas.store.messages import Offer, OfferReply, Store
from replicas.store.records import Version, record
from replicas.store.visits import Put
from tests.replicas.store.hinting import POLICY, hinted, miss, pass_slowly, replays, values, with_silent_target
from tests.replicas.store.rig import MS, WALL, Rig, cluster

NEWER = record("k", Version(WALL + 10**9, "r3.1"), "newer")
ROOM = HINT_BYTES + 2  # of a hint of one letter, of a key of one letter


def kept(rig: Rig) -> list[tuple[str, str | None]]:
    found = sorted(rig.disks["r1"].hints.values(), key=lambda hint: (hint.made_ns, hint.number, hint.record.version))
    return [(hint.record.key, hint.record.value) for hint in found]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "xx", "xxx" * 40])), max_size=12),
    st.sampled_from(["drop-newest", "drop-oldest"]),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([0, ROOM, 2 * ROOM + 3, 4 * ROOM]),
)
def test_what_is_kept_is_what_a_plain_list_keeps(
    writes: list[tuple[str, str]],
    full: str,
    coalesces: bool,  # noqa: FBT001 - a parameter of a test
    most: int,
    most_bytes: int,
) -> None:
    """The model: a list, with its sum of bytes counted anew each time."""
    policy = structs.replace(
        POLICY,
        hints_max=most,
        hint_bytes_max=most_bytes,
        hints_when_full=full,
        hint_coalescing="on" if coalesces else "off",
    )
    rig = Rig(cluster(), policy)
    model: list[tuple[str, str]] = []
    for number, (key, value) in enumerate(writes):
        rig.replicas["r1"].hints.missed("r3", record(key, Version(number + 1, "r1.1"), value))
        rest = [each for each in model if not (coalesces and each[0] == key)]

        def fits(items: list[tuple[str, str]]) -> bool:
            size = sum(HINT_BYTES + len(one) + len(other) for one, other in items)
            return len(items) <= most and (not most_bytes or size <= most_bytes)

        if full == "drop-oldest" and fits([(key, value)]):
            while not fits([*rest, (key, value)]):
                rest = rest[1:]
        if fits([*rest, (key, value)]):
            model = [*rest, (key, value)]
    hints = rig.replicas["r1"].hints
    assert [(hint.record.key, hint.record.value) for hint in hints._of.get("r3", {}).values()] == model
    assert hints.waiting_bytes() == sum(HINT_BYTES + len(key) + len(value) for key, value in model)


def test_each_write_is_kept_and_survives_a_restart_in_its_order() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hint_coalescing="off"))
    for number in range(12):
        miss(rig, Put(number, "k", f"v{number}", None))
    rig.pass_time(40)
    rig.crash("r1")
    rig.start("r1")
    assert kept(rig) == [("k", f"v{number}") for number in range(12)]
    miss(rig, Put(12, "k", "v12", None))
    rig.pass_time(40)
    assert kept(rig)[-1] == ("k", "v12")
    rig.drop(*rig.flying)
    for _ in range(20):
        rig.pass_time(10)
        rig.settle()
    assert hinted(rig) == {}
    held = rig.held("r3", "k")
    assert held is not None
    assert held.value == "v12"


def test_a_full_queue_refuses_writes_before_anything_is_sent_and_recovers() -> None:
    """Writes under way hold room for the hints that they may leave."""
    rig = Rig(cluster(), structs.replace(POLICY, hints_max=2, hints_when_full="refuse"))
    for number in range(3):
        rig.ask("r1", Put(number, f"k{number}", f"v{number}", None))
    assert rig.answers[2].outcome == "refused"
    assert "no room for another hint for r2" in (rig.answers[2].error or "")
    assert values(rig.flights(Store)) == ["v0", "v0", "v1", "v1"]
    assert rig.held("r1", "k2") is None
    rig.ask("r1", Put(3, "k1", "again", None))
    assert 3 not in rig.answers, "a hint of the same key takes the place of the other"
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert set(hinted(rig)) == {(target, key) for target in ("r2", "r3") for key in ("k0", "k1")}
    assert rig.metrics("r1")["hints_dropped"] == 0
    assert rig.metrics("r1")["writes_refused"] == 1
    rig.drop(*rig.flying)
    pass_slowly(rig, 40)
    rig.settle()
    rig.rounds(2)
    rig.ask("r1", Put(4, "k2", "v", None))
    rig.settle()
    assert rig.answers[4].outcome == "ok"


def test_a_refusal_by_bytes_counts_each_write_under_way() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hint_bytes_max=2 * ROOM, hints_when_full="refuse"))
    for number, key in enumerate("aab"):
        rig.ask("r1", Put(number, key, "v", None))
    assert [number for number in range(3) if number in rig.answers] == [2]


@pytest.mark.parametrize(("order", "sent"), [("oldest", ["v0", "v1", "v2"]), ("newest", ["v3", "v2", "v1"])])
def test_the_order_of_replay(order: str, sent: list[str]) -> None:
    """Three at a time."""
    rig = with_silent_target(4, structs.replace(POLICY, hint_order="oldest"))
    replica = rig.replicas["r1"]
    replica.core.policy = structs.replace(replica.core.policy, hint_order=order)
    rig.drop(*rig.flying)
    rig.now += 100 * MS
    replica.hints.heard("r3")
    rig.batch("r1", due=["hints"])
    assert values(replays(rig)) == sent


def test_a_throttle_of_bytes_lets_each_target_have_its_turn() -> None:
    """A second's worth is two hints; what is held back is counted, and goes later."""
    rig = Rig(cluster(), structs.replace(POLICY, hint_bytes_per_s_max=2 * ROOM, hint_lifetime_ns=10**12))
    for number, key in enumerate("abcd"):
        miss(rig, Put(number, key, "v", None), "r2", "r3")
    rig.replicas["r1"].hints.silent_since.clear()
    rig.pass_time(40)
    sent: dict[str, int] = {"r2": 0, "r3": 0}
    for _ in range(400):
        rig.replicas["r1"].hints.silent_since.clear()
        rig.pass_time(10)
        for flight in replays(rig):
            sent[flight.to] += 1
        rig.settle()
        assert sum(sent.values()) <= 2 + 2 * rig.now // 10**9
    assert hinted(rig) == {}
    assert sent == {"r2": 4, "r3": 4}
    assert rig.metrics("r1")["hints_held_back"] > 0


@pytest.mark.parametrize(("holds_newer", "copies", "spared"), [(True, 0, 1), (False, 1, 0)])
def test_a_target_is_asked_before_it_is_sent_a_copy(holds_newer: bool, copies: int, spared: int) -> None:  # noqa: FBT001 - a parameter of a test
    rig = Rig(cluster(), structs.replace(POLICY, hint_check="brief"))
    miss(rig, Put(1, "k", "v", None))
    if holds_newer:
        rig.place("r3", NEWER)
    rig.pass_time(40)
    sent = 0
    for _ in range(4):
        rig.pass_time(10)
        sent += len(replays(rig))
        rig.settle()
    assert sent == copies
    assert hinted(rig) == {}
    metrics = rig.metrics("r1")
    assert metrics.get("hints_spared", 0) == spared
    held = rig.held("r3", "k")
    assert held is not None
    assert held.value == ("newer" if holds_newer else "v")


def test_an_offer_that_is_lost_is_made_again_and_an_answer_from_another_is_none() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hint_check="brief"))
    miss(rig, Put(1, "k", "v", None))
    pass_slowly(rig, 50)
    [offer] = rig.flights(Offer)
    assert isinstance(offer.message, Offer)
    rig.drop(offer)
    rig.batch("r1", [("r2", OfferReply(1, WALL, "", offer.message.request, "k", wanted=False))])
    assert len(hinted(rig)) == 1
    pass_slowly(rig, 50)
    assert rig.flights(Offer)
    rig.settle()
    rig.pass_time(10)
    rig.settle()
    assert hinted(rig) == {}


def test_a_node_that_has_not_joined_says_nothing_to_an_offer() -> None:
    rig = Rig(cluster(), structs.replace(POLICY, hint_check="brief"))
    miss(rig, Put(1, "k", "v", None))
    rig.wipe("r3")
    rig.start("r3")
    pass_slowly(rig, 50)
    rig.deliver(*rig.flights(Offer, to="r3"))
    assert rig.flights(OfferReply) == []
    assert len(hinted(rig)) == 1
