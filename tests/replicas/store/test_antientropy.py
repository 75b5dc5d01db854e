"""Rounds of anti-entropy between real replicas: what they find, what they send, and when they are done."""

from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.merkle import Tree
from replicas.store.messages import Compare, Done, Leaves, Store, Stored, Want
from replicas.store.peer import Peer
from replicas.store.placement import Placement
from replicas.store.records import Record, Version, record
from replicas.store.settings import Tie
from tests.replicas.store.oracle import latest
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster
from tests.replicas.store.strategies import TIES, VALUES, VERSIONS

POLICY = structs.replace(QUICK_POLICY, purge="never")
PAIR = cluster(nodes=2, n=2)
Held = dict[str, Record]
HELD = st.dictionaries(st.integers(0, 30).map("k{}".format), st.tuples(VERSIONS, VALUES), max_size=25).map(
    lambda drawn: {key: record(key, version, value) for key, (version, value) in drawn.items()}
)


def rig_with(held: dict[str, Held], rig: Rig) -> Rig:
    for name, copies in held.items():
        rig.crash(name)
        rig.disks[name].copies = {key: (copy, 0) for key, copy in copies.items()}
        rig.start(name)
    return rig


def copies_on(rig: Rig, name: str) -> Held:
    return {key: copy for key, (copy, _) in rig.disks[name].copies.items()}


def open_round(rig: Rig) -> None:
    rig.pass_time(POLICY.round_every_ns // MS)


def deliver_counting(rig: Rig) -> dict[type[Peer], list[Peer]]:
    """Delivers everything in order; what was sent, by kind."""
    sent: dict[type[Peer], list[Peer]] = {}
    while rig.flying:
        sent.setdefault(type(rig.flying[0].message), []).append(rig.flying[0].message)
        rig.deliver(rig.flying[0])
    return sent


@settings(max_examples=100)
@given(TIES, HELD, HELD)
def test_one_round_makes_two_replicas_equal_to_the_latest_of_each_key(tie: Tie, one: Held, other: Held) -> None:
    rig = rig_with({"r1": one, "r2": other}, Rig(structs.replace(PAIR, tie=tie), POLICY))
    rig.rounds(1)
    expected = {key: latest([one.get(key), other.get(key)], tie) for key in one | other}
    assert copies_on(rig, "r1") == copies_on(rig, "r2") == expected


@settings(max_examples=60)
@given(TIES, HELD, HELD)
def test_only_what_differs_is_sent(tie: Tie, one: Held, other: Held) -> None:
    """Each differing key goes once, from the winner to the loser; only a tie, which a brief does not show, twice."""
    rig = rig_with({"r1": one, "r2": other}, Rig(structs.replace(PAIR, tie=tie), POLICY))
    open_round(rig)
    sent = [message.record for message in deliver_counting(rig).get(Store, []) if isinstance(message, Store)]
    for key in one | other:
        mine, theirs = one.get(key), other.get(key)
        of_key = [copy for copy in sent if copy.key == key]
        if mine == theirs:
            assert of_key == []
        elif mine and theirs and mine.version.time == theirs.version.time:
            assert len(of_key) == 2
            assert latest([mine, theirs], tie) in of_key
        else:
            assert of_key == [latest([mine, theirs], tie)]


def test_equal_replicas_exchange_roots_only() -> None:
    copies = {f"k{i}": record(f"k{i}", Version(1, "r1.1"), "v") for i in range(50)}
    rig = rig_with({"r1": copies, "r2": dict(copies)}, Rig(PAIR, POLICY))
    open_round(rig)
    sent = deliver_counting(rig)
    assert {kind: len(messages) for kind, messages in sent.items()} == {Compare: 1, Done: 1}
    assert [rig.status(name).completed for name in ("r1", "r2")] == [1, 1]


def differing_pair() -> Rig:
    """k1 wins on r1, k2 on r2; k3 is only on r1 and k4 only on r2."""
    old, new = Version(1, "r1.1"), Version(2, "r1.1")
    one = [record("k1", new, "n"), record("k2", old, "o"), record("k3", old, "o")]
    other = [record("k1", old, "o"), record("k2", new, "n"), record("k4", new, None)]
    held = {"r1": {copy.key: copy for copy in one}, "r2": {copy.key: copy for copy in other}}
    rig = rig_with(held, Rig(PAIR, POLICY))
    open_round(rig)
    return rig


def test_a_round_that_found_a_difference_says_so_until_the_next_finds_none() -> None:
    rig = differing_pair()
    before = rig.status("r1")
    assert (before.completed, before.pending) == (0, "r1 has not been compared with r2 yet")
    rig.settle()
    found = rig.status("r1")
    assert (found.completed, found.pending) == (1, "r1 and r2 differed in the last round of anti-entropy")
    rig.rounds(1)
    clean = rig.status("r1")
    assert (clean.completed, clean.pending) == (2, None)


@pytest.mark.parametrize("lost", [Compare, Leaves, Want, Store, Stored, Done])
def test_a_round_that_lost_a_message_is_not_complete_and_is_given_up(lost: type[Peer]) -> None:
    rig = differing_pair()
    found = False
    while rig.flying:
        flight = rig.flying[0]
        drop = isinstance(flight.message, lost) and not found and _counts(flight.message)
        found |= drop
        (rig.drop if drop else rig.deliver)(flight)
    assert found
    assert rig.status("r1").completed == 0
    rig.pass_time(POLICY.exchange_timeout_ns // MS)
    given_up = rig.status("r1")
    assert (given_up.completed, given_up.pending) == (0, "no answer from r2 in anti-entropy")
    rig.settle()
    rig.rounds(1)
    assert copies_on(rig, "r1") == copies_on(rig, "r2")
    mended = rig.status("r1")
    assert (mended.completed, mended.pending) == (mended.begun, None)


def test_a_peer_that_is_down_delays_no_other() -> None:
    """r1 goes on with r3 while r2 does not answer; its rounds are complete again when r2 is back."""
    rig = Rig(cluster(), POLICY)
    rig.crash("r2")
    rig.rounds(2)
    rig.crash("r3")
    rig.disks["r3"].copies["k"] = (record("k", Version(1, "r9.1"), "v"), 0)
    rig.start("r3")
    rig.rounds(2)
    assert rig.held("r1", "k") == rig.held("r3", "k")
    assert rig.status("r1").completed == 0
    rig.start("r2")
    rig.rounds_until_mended(10)
    assert rig.held("r2", "k") == rig.held("r3", "k")


def _counts(message: Peer) -> bool:
    """What the peer sends unasked is acknowledged to nobody: its loss shows as a difference in the next round."""
    return not isinstance(message, Store | Stored) or message.request != 0


@pytest.mark.parametrize("doubled", [Compare, Leaves, Want, Store, Stored, Done])
def test_a_doubled_message_changes_nothing_in_the_end(doubled: type[Peer]) -> None:
    rig = differing_pair()
    before = {name: copies_on(rig, name) for name in ("r1", "r2")}
    found = False
    while rig.flying:
        flight = rig.flying[0]
        rig.deliver(flight)
        if isinstance(flight.message, doubled):
            found = True
            rig.batch(flight.to, [(flight.sender, flight.message)])
    assert found
    expected = {
        key: latest([before["r1"].get(key), before["r2"].get(key)], "incarnation") for key in ("k1", "k2", "k3", "k4")
    }
    assert copies_on(rig, "r1") == copies_on(rig, "r2") == expected
    rig.rounds(2)
    assert rig.status("r1").pending is None


def test_a_doubled_acknowledgement_does_not_complete_a_round_that_lost_another() -> None:
    rig = differing_pair()
    stores = 0
    while rig.flying:
        flight = rig.flying[0]
        if isinstance(flight.message, Store) and flight.sender == "r1":
            stores += 1
            if stores == 2:
                rig.drop(flight)
                continue
        rig.deliver(flight)
        if isinstance(flight.message, Stored) and flight.to == "r1":
            rig.batch("r1", [(flight.sender, flight.message)])
    assert stores == 2
    assert rig.status("r1").completed == 0


def test_a_refusal_completes_no_round() -> None:
    """To r2, whose clock leads by more than a lifetime, all messages are too old."""
    rig = rig_with({"r1": many(1)}, Rig(PAIR, POLICY))
    rig.skew["r2"] = 1_000 * MS
    rig.rounds(1)
    assert (rig.held("r2", "k0"), rig.status("r1").completed) == (None, 0)
    rig.skew["r2"] = 0
    rig.rounds_until_mended(10)
    assert rig.held("r2", "k0") is not None


def test_an_answer_to_a_round_of_an_earlier_life_is_ignored() -> None:
    rig = differing_pair()
    rig.deliver(*rig.flights(Compare, to="r2"))
    rig.crash("r1")
    rig.start("r1")
    rig.settle()
    assert rig.status("r1").completed == 0
    rig.rounds(2)
    assert rig.status("r1").pending is None


@pytest.mark.parametrize(
    ("hashes", "level"), [({0: {0: 1}}, 5), ({0: {0: 1}}, -1), ({7: {0: 1}}, 0), ({0: {999: 1}}, 2)]
)
def test_a_peer_with_other_trees_is_not_answered_or_answered_in_vain(
    hashes: dict[int, dict[int, int]], level: int
) -> None:
    rig = Rig(PAIR, POLICY)
    rig.batch("r2", [("r1", Compare(1, 0, "", 99, "r1", level, hashes))])
    rig.settle()
    assert [rig.status(name).completed for name in ("r1", "r2")] == [0, 0]


@pytest.mark.parametrize("index", [16, -300])
def test_a_comparison_of_nodes_that_this_tree_lacks(index: int) -> None:
    rig = Rig(PAIR, POLICY)
    rig.batch("r2", [("r1", Compare(1, 0, "", 99, "r1", 1, {0: {index: 1}}))])


def many(keys: int, time: int = 1) -> Held:
    return {f"k{i}": record(f"k{i}", Version(time, "r1.1"), f"v{i}") for i in range(keys)}


def lacking(held: Held, every: int) -> Held:
    return {key: copy for index, (key, copy) in enumerate(held.items()) if index % every}


@pytest.mark.parametrize("behind", ["r1", "r2"])
def test_a_replica_that_lacks_few_copies_catches_up(behind: str) -> None:
    """Within the limit of an exchange."""
    all_of_them = many(300)
    ahead = "r2" if behind == "r1" else "r1"
    rig = rig_with({ahead: all_of_them, behind: lacking(all_of_them, 3)}, Rig(PAIR, POLICY))
    rig.rounds(2)
    assert copies_on(rig, behind) == all_of_them
    assert rig.status("r1").pending is None


def test_a_later_node_that_lacks_many_copies_catches_up() -> None:
    """With the limits as they come: most leaves have a key that r2 lacks, and hold over 1,000 that it has."""
    all_of_them = many(3_000)
    rig = rig_with({"r1": all_of_them, "r2": lacking(all_of_them, 3)}, Rig(PAIR, POLICY))
    rig.rounds(20)
    assert len(copies_on(rig, "r2")) == len(all_of_them)


def in_one_leaf(count: int) -> list[str]:
    """The first keys of all that fall into the leaf of the first."""
    placement, tree = Placement(PAIR), Tree(POLICY.tree_levels)
    keys = (f"k{i}" for i in range(100_000))
    places = ((key, (placement.partition_of(key), tree.leaf_of(key))) for key in keys)
    _, wanted = next(places)
    return list(islice((key for key, place in places if place == wanted), count))


@pytest.mark.parametrize("behind", ["r1", "r2"])
def test_a_leaf_with_more_keys_than_the_limit_mends(behind: str) -> None:
    keys = sorted(in_one_leaf(6))
    all_of_them = {key: record(key, Version(1, "r1.1"), "v") for key in keys}
    ahead = "r2" if behind == "r1" else "r1"
    policy = structs.replace(POLICY, keys_per_exchange_max=2)
    rig = rig_with({ahead: all_of_them, behind: {key: all_of_them[key] for key in keys[:-1]}}, Rig(PAIR, policy))
    rig.rounds(20)
    assert copies_on(rig, behind) == all_of_them


def moments_of_rounds(name: str, jitter_ppm: int) -> list[int]:
    """In milliseconds, to the next five."""
    rig = Rig(cluster(), structs.replace(POLICY, round_every_ns=100 * MS, round_jitter_ppm=jitter_ppm))
    begun: list[int] = []
    while rig.now < 5_000 * MS:
        rig.pass_time(5)
        rig.flying.clear()
        if rig.status(name).begun > len(begun):
            begun.append(rig.now // MS)
    return begun


def test_rounds_come_sooner_or_later_by_up_to_their_jitter() -> None:
    """On average when they should; each by another draw; at other moments on another node; and the same once more."""
    assert moments_of_rounds("r1", 0) == list(range(100, 5_001, 100))
    begun = {name: moments_of_rounds(name, 400_000) for name in ("r1", "r2")}
    assert begun["r1"] != begun["r2"]
    assert begun["r1"] == moments_of_rounds("r1", 400_000)
    for moments in begun.values():
        between = [later - earlier for earlier, later in pairwise([0, *moments])]
        assert 60 <= min(between) < 75
        assert 125 < max(between) <= 145
        assert len(set(between)) > 10
        assert 44 <= len(moments) <= 56
