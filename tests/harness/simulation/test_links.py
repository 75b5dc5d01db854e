"""What each lever does to a link between two nodes, against times computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.levers import Action
from harness.plan import Network as Model
from harness.stages.simulation.routes import RETRY_FIRST_NS, RETRY_MAX_NS, first_attempt
from replicas.store import connections
from replicas.store.visits import Hello
from tests.harness.simulation.worlds import MS, NODES, WAY, Net, S, fetch, pull, size_of

LINK = "r1>r2"
SIZE = size_of(fetch("a"))  # all keys here are one letter: all frames have this size


def test_without_levers_a_message_is_on_its_way_for_its_delay() -> None:
    net = Net()
    net.say(0, "a")
    assert net.run() == {"a": WAY}


def test_block_drops_what_is_said_while_it_is_on() -> None:
    net, block = Net(), pull("block", LINK)
    net.pull(5 * MS, block)
    net.let_go(50 * MS, block)
    for at, key in ((4, "a"), (5, "b"), (49, "c"), (51, "d"), (60, "e")):
        net.say(at * MS, key)
    net.say(6 * MS, "f", "r2", "r1")
    net.say(6 * MS, "g", "r1", "r3")
    times = net.run()
    assert times == {"a": 5 * MS, "f": 7 * MS, "g": 7 * MS, "e": 61 * MS}, "it reconnects 10 ms after 50"


@pytest.mark.parametrize(("after_ms", "connected_ms"), [(5, 10), (10, 10), (11, 30), (31, 70), (600, 710)])
def test_refuse_ends_the_connection_and_the_sender_tries_again(after_ms: int, connected_ms: int) -> None:
    """What was on its way is lost. Attempts come 10, 20, 40, 80, 160 and then 200 ms apart."""
    net, refuse = Net(), pull("refuse", LINK)
    net.say(S - WAY - 1, "a")
    net.say(S - WAY + 1, "b")
    net.say(S - WAY + 1, "x", "r3", "r2")
    net.pull(S, refuse)
    net.let_go(S + after_ms * MS, refuse)
    net.say(S + after_ms * MS - 1, "c")
    net.say(S + connected_ms * MS - 1, "d")
    net.say(S + connected_ms * MS, "e")
    assert net.run() == {"a": S - 1, "x": S + 1, "e": S + connected_ms * MS + WAY}


def test_refuse_while_the_sender_tries_again() -> None:
    """It lost its connection at 20 ms, and tries at 30, 50, 90 and 170."""
    net, block, refuse = Net(), pull("block", LINK), pull("refuse", LINK)
    net.pull(0, block)
    net.let_go(20 * MS, block)
    net.pull(25 * MS, refuse)
    net.let_go(60 * MS, refuse)
    for at, key in ((40, "a"), (89, "b"), (90, "c")):
        net.say(at * MS, key)
    assert net.run() == {"c": 91 * MS}


@pytest.mark.parametrize("node", ["r1", "r2"])
def test_a_node_that_starts_is_refused_like_any_other(node: str) -> None:
    net, refuse = Net(), pull("refuse", LINK)
    net.pull(0, refuse)
    net.world.at(100 * MS, net.network.started, node)
    net.let_go(105 * MS, refuse)
    for at, key in ((101, "a"), (109, "b"), (110, "c")):
        net.say(at * MS, key)
    assert net.run() == {"c": 111 * MS}


def test_the_sender_tries_again_as_the_store_does() -> None:
    first, most = round(connections._RETRY_FIRST_S * S), round(connections._RETRY_MAX_S * S)
    assert (first, most) == (RETRY_FIRST_NS, RETRY_MAX_NS)


@given(st.integers(0, 10 * S), st.integers(0, 10 * S))
def test_an_attempt_is_never_early_and_never_later_than_the_longest_wait(ended: int, after: int) -> None:
    attempt = first_attempt(ended, ended + after)
    assert max(RETRY_FIRST_NS, after) <= attempt - ended <= max(RETRY_FIRST_NS, after + RETRY_MAX_NS)


def test_reset_loses_what_is_said_and_the_connection() -> None:
    """Reset at 2 ms, when something is said; tries at 12, 32 and 72 ms, of which the last is let through."""
    net, reset = Net(), pull("reset", LINK)
    net.say(0, "a")
    net.pull(MS // 2, reset)
    net.let_go(40 * MS, reset)
    for at, key in ((2, "b"), (20, "c"), (71, "d"), (72, "e")):
        net.say(at * MS, key)
    assert net.run() == {"a": WAY, "e": 73 * MS}


def test_reset_spares_a_connection_over_which_nothing_is_said() -> None:
    net, reset = Net(), pull("reset", LINK)
    net.pull(0, reset)
    net.let_go(MS, reset)
    net.say(MS + 1, "a")
    assert net.run() == {"a": MS + 1 + WAY}


def test_delay_adds_to_each_message_and_not_up() -> None:
    net, delay = Net(), pull("delay", LINK, delay_ns=50 * MS, jitter_ns=0)
    net.pull(0, delay)
    net.say(0, "a")
    net.say(10 * MS, "b")
    net.say(10 * MS, "c", "r2", "r1")
    assert net.run() == {"c": 11 * MS, "a": 51 * MS, "b": 61 * MS}


def test_jitter_is_spread_over_its_range_and_keeps_the_order() -> None:
    net, delay = Net(), pull("delay", LINK, delay_ns=50 * MS, jitter_ns=20 * MS)
    net.pull(0, delay)
    said = {chr(ord("a") + number): number * S for number in range(26)}
    for key, at in said.items():
        net.say(at, key)
        net.say(at + 1, key.upper())
    times = net.run()
    late = [times[key] - at - WAY for key, at in said.items()]
    assert all(30 * MS <= each <= 70 * MS for each in late)
    assert min(late) < 40 * MS
    assert max(late) > 60 * MS
    assert all(times[key] <= times[key.upper()] <= said[key] + 1 + 70 * MS + WAY for key in said)


def test_bandwidth_is_a_link_that_is_busy_with_each_byte() -> None:
    """At 1,000 bytes a second, a message of SIZE bytes takes SIZE ms. What was not used is not saved up."""
    net, slow = Net(), pull("bandwidth", LINK, bytes_per_s=1000)
    net.pull(0, slow)
    net.say(0, "a")
    net.say(0, "b")
    net.say(S, "c")
    assert net.run() == {"a": SIZE * MS + WAY, "b": 2 * SIZE * MS + WAY, "c": S + SIZE * MS + WAY}


@pytest.mark.parametrize(("piece", "pieces"), [(1, SIZE), (SIZE - 1, 2), (SIZE, 1), (SIZE + 1, 1)])
def test_slice_adds_a_gap_for_each_piece(piece: int, pieces: int) -> None:
    net, slices = Net(), pull("slice", LINK, piece_bytes=piece, gap_ns=3 * MS)
    net.pull(0, slices)
    net.say(0, "a")
    net.say(MS, "b")
    assert net.run() == {"a": pieces * 3 * MS + WAY, "b": 2 * pieces * 3 * MS + WAY}


def test_delay_bandwidth_and_slice_add_up() -> None:
    net = Net()
    for action in (
        pull("delay", LINK, delay_ns=50 * MS, jitter_ns=0),
        pull("bandwidth", LINK, bytes_per_s=1000),
        pull("slice", LINK, piece_bytes=SIZE, gap_ns=3 * MS),
    ):
        net.pull(0, action)
    net.say(0, "a")
    net.say(0, "b")
    assert net.run() == {"a": (SIZE + 3 + 50) * MS + WAY, "b": (2 * (SIZE + 3) + 50) * MS + WAY}


def test_what_is_held_leaves_when_the_last_lever_is_let_go() -> None:
    net = Net()
    slow, delay = pull("bandwidth", LINK, bytes_per_s=1), pull("delay", LINK, delay_ns=MS, jitter_ns=0)
    net.pull(0, slow)
    net.pull(0, delay)
    for key in "abc":
        net.say(0, key)
    net.let_go(5 * MS, delay)
    net.let_go(7 * MS, slow)
    net.say(7 * MS, "d")
    net.run()
    assert net.arrived == [(7 * MS + WAY, "r1", "r2", key) for key in "abcd"]


def test_refuse_loses_what_is_held() -> None:
    net, delay, refuse = Net(), pull("delay", LINK, delay_ns=50 * MS, jitter_ns=0), pull("refuse", LINK)
    net.pull(0, delay)
    net.say(0, "a")
    net.pull(40 * MS, refuse)
    net.let_go(45 * MS, refuse)
    net.say(50 * MS, "b")
    assert net.run() == {"b": 101 * MS}


def test_cut_loses_the_message_in_which_it_falls_and_counts_anew() -> None:
    """Two messages fit, and the third ends the connection. The next one opens with a Hello: one message fits."""
    hello = size_of(Hello("peer", "r1"))
    assert hello < SIZE
    net, cut = Net(), pull("cut", LINK, after_bytes=hello + 2 * SIZE - 1)
    net.say(0, "a")
    net.pull(MS, cut)
    for at, key in ((2, "b"), (3, "c"), (4, "d"), (13, "e"), (14, "f"), (15, "g"), (24, "h"), (25, "i")):
        net.say(at * MS, key)
    assert net.run() == {"a": MS, "b": 3 * MS, "c": 4 * MS, "f": 15 * MS, "i": 26 * MS}


def test_a_cut_that_is_let_go_and_pulled_again_counts_anew() -> None:
    net, cut = Net(), pull("cut", LINK, after_bytes=SIZE)
    for at in (0, 10):
        net.pull(at * MS, cut)
        net.say((at + 1) * MS, "a" if at else "b")
        net.let_go((at + 2) * MS, cut)
    assert net.run() == {"b": 2 * MS, "a": 12 * MS}


def test_what_was_said_to_an_earlier_life_of_a_node_is_lost() -> None:
    net, delay = Net(), pull("delay", LINK, delay_ns=50 * MS, jitter_ns=0)
    net.pull(0, delay)
    net.say(0, "a")
    net.say(9_500_000, "x", "r3", "r2")
    net.world.at(10 * MS, net.network.started, "r2")
    net.say(10 * MS, "b")
    assert net.run() == {"b": 61 * MS}


ALL = [
    pull("block", LINK),
    pull("refuse", LINK),
    pull("reset", LINK),
    pull("delay", LINK, delay_ns=MS, jitter_ns=0),
    pull("bandwidth", LINK, bytes_per_s=1000),
    pull("slice", LINK, piece_bytes=1, gap_ns=1),
    pull("cut", LINK, after_bytes=1),
]


@pytest.mark.parametrize("action", ALL, ids=[action.lever for action in ALL])
def test_a_lever_shows_that_it_is_pulled_and_leaves_no_trace(action: Action) -> None:
    network, other = Net().network, pull(action.lever, "r2>r1", **dict(action.parameters))
    assert not network.is_pulled(action)
    network.pull(action)
    assert network.is_pulled(action)
    assert not network.is_pulled(other)
    network.let_go(action)
    assert not network.is_pulled(action)


@pytest.mark.parametrize("action", ALL, ids=[action.lever for action in ALL])
def test_mending_connects_all(action: Action) -> None:
    net = Net()
    net.pull(0, action)
    net.say(1, "a")
    net.let_go(3 * S, action)
    net.world.at(3 * S, net.network.heal)
    net.say(3 * S + 1, "b")
    assert net.run()["b"] == 3 * S + 1 + WAY


@pytest.mark.parametrize("action", ALL, ids=[action.lever for action in ALL])
def test_a_fault_leaves_the_fate_of_other_messages(action: Action) -> None:
    """Of those on other links, and of those with the same cause that are said again when it is over."""

    def arrivals(*, faulty: bool) -> set[tuple[int, str, str, str]]:
        net = Net(Model(0, 5 * MS, loss_ppm=300_000))
        if faulty:
            net.pull(100 * MS, action)
            net.let_go(300 * MS, action)
        for at in range(0, 2000, 7):
            for sender in NODES:
                for to in NODES:
                    if sender != to:
                        net.say(at * MS, "a", sender, to)
        net.run()
        return {each for each in net.arrived if each[1:3] != ("r1", "r2") or not 95 * MS < each[0] < S}

    with_fault, without = arrivals(faulty=True), arrivals(faulty=False)
    assert len(without) > 1000
    assert with_fault == without
