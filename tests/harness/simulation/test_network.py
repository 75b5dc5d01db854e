"""What a network does to messages beyond delay and loss: twice, held back, one after the other, too many."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.history import Message
from harness.plan import Network as Model
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.network import Network
from tests.harness.simulation.worlds import MS, NODES, WAY, Net, S, fetch, pull, size_of

LINK = "r1>r2"
ALL = 1_000_000
MANY = [f"k{number}" for number in range(4000)]
SIZE = size_of(fetch("a"))  # keys of one letter: all frames have this size


def ruled(model: Model, fates: dict[str, int]) -> Net:
    """A plan's fates on a network."""
    net = Net(model)
    net.network = Network(net.world, model, Fate(1, fates), 1, net.events)
    for node in NODES:
        net.network.attach(node, net._hearing(node))
    return net


def counts(net: Net, end: int = 100 * S) -> dict[str, int]:
    net.run(end)
    return Counter(key for _, _, _, key in net.arrived)


def near(count: int, share: float, of: int) -> bool:
    """Six standard deviations: one in a billion."""
    return abs(count - share * of) < 6 * math.sqrt(share * (1 - share) * of)


def test_a_doubled_message_arrives_twice_and_is_recorded_twice() -> None:
    net = Net(Model(MS, 9 * MS, duplicate_ppm=ALL))
    for key in MANY[:100]:
        net.say(0, key)
    assert counts(net) == dict.fromkeys(MANY[:100], 2)
    records = [event for event in net.events if isinstance(event, Message)]
    assert Counter(record.key for record in records) == dict.fromkeys(MANY[:100], 2)
    assert len({(record.key, record.id, record.at, record.origin) for record in records}) == 100
    assert len({id(record) for record in records}) == 200, "each has its own `received`"
    ways: dict[str, list[int]] = {}
    for at, _, _, key in net.arrived:
        ways.setdefault(key, []).append(at)
    assert all(MS <= way <= 9 * MS for both in ways.values() for way in both)
    assert sum(first != second for first, second in ways.values()) > 90, "each has a delay of its own"


def test_how_many_are_doubled_and_lost_is_what_the_plan_says() -> None:
    """Each copy is lost or not by itself: at a half, 1/4 of all arrive not at all and 1/4 twice."""
    some = Net(Model(WAY, WAY, duplicate_ppm=300_000))
    both = Net(Model(WAY, WAY, loss_ppm=500_000, duplicate_ppm=ALL))
    for key in MANY:
        some.say(0, key)
        both.say(0, key)
    doubled, found = Counter(counts(some).values()), Counter(counts(both).values())
    assert doubled[1] + doubled[2] == len(MANY)
    assert near(doubled[2], 0.3, len(MANY))
    assert near(found[1], 0.5, len(MANY))
    assert near(found[2], 0.25, len(MANY))


def test_doubling_and_holding_back_leave_other_draws_alone() -> None:
    plain, odd = Net(Model(MS, 9 * MS)), Net(Model(MS, 9 * MS, duplicate_ppm=200_000, reorder_ppm=1, reorder_ns=1))
    for key in MANY:
        plain.say(0, key)
        odd.say(0, key)
    assert counts(odd) != counts(plain)
    assert set(plain.arrived) < set(odd.arrived)


def test_a_message_that_is_held_back_is_overtaken() -> None:
    """Of 30 % of all messages; for up to 20 ms, any time as likely as any other."""
    net = Net(Model(WAY, WAY, reorder_ppm=300_000, reorder_ns=20 * MS))
    for number, key in enumerate(MANY):
        net.say(number * MS, key)
    times = net.run()
    late = [times[key] - number * MS - WAY for number, key in enumerate(MANY)]
    held = [each for each in late if each]
    assert near(len(held), 0.3, len(MANY))
    assert all(0 < each <= 20 * MS for each in held)
    for tenth in range(10):
        assert near(sum(tenth * 2 * MS < each <= (tenth + 1) * 2 * MS for each in held), 0.1, len(held))
    assert list(times) != MANY


@given(st.lists(st.integers(0, 60 * MS), max_size=10), st.integers(500, 50_000))
def test_a_link_of_so_many_bytes_a_second_is_busy_with_each_message(said: list[int], bytes_per_s: int) -> None:
    """What was not used is not saved up. The way back, and other links, have capacities of their own."""
    net = Net(Model(WAY, WAY, bytes_per_s=bytes_per_s))
    expected, free_at, work = {}, 0, -(-SIZE * S // bytes_per_s)
    for number, at in enumerate(sorted(said)):
        net.say(at, "abcdefghij"[number])
        free_at = max(free_at, at) + work
        expected["abcdefghij"[number]] = free_at + WAY
    net.say(60 * MS, "x", "r2", "r1")
    net.say(60 * MS, "y", "r1", "r3")
    assert net.run() == {**expected, "x": 60 * MS + work + WAY, "y": 60 * MS + work + WAY}


@given(
    st.lists(st.integers(0, 60 * MS), max_size=10),
    st.integers(500, 50_000),
    st.integers(500, 50_000),
    st.integers(0, 50 * MS),
)
def test_a_narrow_link_stands_before_the_levers_on_it(said: list[int], base: int, lever: int, delay_ns: int) -> None:
    """Two queues, one behind the other: what leaves the first comes to the second."""
    net = Net(Model(WAY, WAY, bytes_per_s=base))
    net.pull(0, pull("bandwidth", LINK, bytes_per_s=lever))
    net.pull(0, pull("delay", LINK, delay_ns=delay_ns, jitter_ns=0))
    expected, first, second = {}, 0, 0
    for number, at in enumerate(sorted(said)):
        net.say(at, "abcdefghij"[number])
        first = max(first, at) - (-SIZE * S // base)
        second = max(second, first) - (-SIZE * S // lever)
        expected["abcdefghij"[number]] = second + delay_ns + WAY
    assert net.run() == expected


@given(
    st.lists(st.integers(0, 30 * MS), max_size=26),
    st.integers(1, 5),
    st.sampled_from([0, 5_000, 20_000]),
    st.sampled_from([0, 7 * MS]),
)
def test_what_is_more_than_a_link_holds_is_lost(said: list[int], queue_max: int, bytes_per_s: int, by_ns: int) -> None:
    """On its way is what has been said and has not arrived: waiting for the link, held by a lever, or on the wire."""
    net = Net(Model(WAY, WAY, bytes_per_s=bytes_per_s, queue_max=queue_max))
    if by_ns:
        net.pull(0, pull("delay", LINK, delay_ns=by_ns, jitter_ns=0))
    expected: dict[str, int] = {}
    free_at, work = 0, -(-SIZE * S // bytes_per_s) if bytes_per_s else 0
    for number, at in enumerate(sorted(said)):
        key = "abcdefghijklmnopqrstuvwxyz"[number]
        net.say(at, key)
        if sum(at < arrival for arrival in expected.values()) < queue_max:
            free_at = max(free_at, at) + work
            expected[key] = free_at + by_ns + WAY
    net.say(30 * MS, "A", "r2", "r1")
    assert net.run() == {**expected, "A": 30 * MS + work + WAY}, "each link has its own"


def test_what_has_left_a_lever_is_still_on_its_way() -> None:
    """It is held for 10 ms, and then 1 ms on the wire."""
    net = Net(Model(WAY, WAY, queue_max=1))
    net.pull(0, pull("delay", LINK, delay_ns=10 * MS, jitter_ns=0))
    for at, key in ((0, "a"), (10 * MS + WAY // 2, "b"), (10 * MS + WAY, "c")):
        net.say(at, key)
    assert net.run() == {"a": 10 * MS + WAY, "c": 20 * MS + 2 * WAY}


@pytest.mark.parametrize("event", ["restart", "refuse", "block"])
def test_what_dies_with_its_connection_makes_room(event: str) -> None:
    """Two are on their way and held by a lever for a second, when the connection ends; it is back at 110 ms."""
    net = Net(Model(WAY, WAY, queue_max=2))
    slow, other = pull("delay", LINK, delay_ns=S, jitter_ns=0), pull("refuse" if event == "refuse" else "block", LINK)
    net.pull(0, slow)
    for key in "abc":
        net.say(MS, key)
    if event == "restart":
        net.world.at(100 * MS, net.network.started, "r2")
    else:
        net.pull(99 * MS, other)
        net.let_go(100 * MS, other)
    for key in "def":
        net.say(200 * MS, key)
    assert net.run() == dict.fromkeys("de", 200 * MS + S + WAY)


def test_what_waits_for_a_link_or_is_held_back_dies_with_the_connection_of_its_receiver() -> None:
    narrow = Net(Model(WAY, WAY, bytes_per_s=1000))
    held = Net(Model(WAY, WAY, reorder_ppm=ALL, reorder_ns=S))
    for net in (narrow, held):
        for key in "abcdef":
            net.say(0, key)
            net.say(0, key, "r2", "r1")
            net.say(0, key, "r1", "r3")
        net.world.at(2 * MS, net.network.started, "r2")
        net.pull(2 * MS, pull("refuse", "r1>r3"))
        net.let_go(3 * MS, pull("refuse", "r1>r3"))
        net.say(3 * MS, "g")
        net.run()
    assert [arrival[1:] for arrival in narrow.arrived if arrival[2] != "r1"] == [("r1", "r2", "g")]
    assert [at for at, *_, key in narrow.arrived if key == "g"] == [3 * MS + SIZE * MS + WAY], "the line is free again"
    assert [arrival[1:] for arrival in held.arrived if arrival[2] != "r1"] == [("r1", "r2", "g")]
    for net in (narrow, held):
        assert sum(arrival[2] == "r1" for arrival in net.arrived) == 6, "what it had said itself goes on"


@pytest.mark.parametrize("last_words_ppm", [0, 500_000, ALL])
def test_what_a_node_said_last_may_die_with_it(last_words_ppm: int) -> None:
    """Said 1 ms ago when it dies, and half a millisecond ago: messages take 1 ms."""
    net = Net(Model(WAY, WAY, last_words_ppm=last_words_ppm))
    processes: dict[str, object] = {node: object() for node in NODES}
    net.network.process_of = lambda node: processes[node]
    for key in MANY:
        net.say(0, key)
        net.say(WAY // 2, key, "r1", "r3")
        net.say(WAY // 2, key, "r2", "r3")
        net.say(2 * WAY, key, "r1", "r2")
    net.world.at(WAY + 1, processes.update, {"r1": None})
    net.world.at(2 * WAY, processes.update, {"r1": object()})
    net.run()
    ways = Counter((at, sender, to) for at, sender, to, _ in net.arrived)
    assert ways.pop((3 * WAY, "r1", "r2")) == len(MANY), "a later process says it"
    assert ways.pop((WAY, "r1", "r2")) == ways.pop((WAY + WAY // 2, "r2", "r3")) == len(MANY)
    lost = len(MANY) - ways.pop((WAY + WAY // 2, "r1", "r3"), 0)
    assert near(lost, last_words_ppm / ALL, len(MANY)) if last_words_ppm == ALL // 2 else lost in (0, len(MANY))
    assert bool(lost) == bool(last_words_ppm)


def test_when_all_is_healed_messages_arrive_once_and_in_time() -> None:
    """What was held back, and what waited for the link, goes on its way; what was lost stays lost."""
    model = Model(
        WAY, WAY, loss_ppm=200_000, duplicate_ppm=200_000, reorder_ppm=500_000, reorder_ns=90 * S,
        bytes_per_s=10, queue_max=50, last_words_ppm=500_000,
    )  # fmt: skip
    net = Net(model)
    for key in MANY[:100]:
        net.say(0, key)
    net.world.at(S, net.network.heal)
    for key in MANY[100:1000]:
        net.say(S, key)
    times = net.run()
    assert not [at for at, *_ in net.arrived if at > S + WAY]
    assert 10 < sum(key in times for key in MANY[:100]) < 90
    assert counts(net).keys() >= set(MANY[100:1000])
    assert {count for key, count in counts(net).items() if key in MANY[100:1000]} == {1}


def test_what_was_held_back_finds_its_link_healed() -> None:
    """The link was opened 1 ms ago, and would be connected again in 9 ms."""
    net, block = Net(Model(WAY, WAY, reorder_ppm=ALL, reorder_ns=100 * S)), pull("block", LINK)
    net.pull(0, block)
    for key in MANY[:20]:
        net.say(MS, key)
    net.let_go(99 * MS, block)
    net.world.at(100 * MS, net.network.heal)
    assert net.run() == dict.fromkeys(MANY[:20], 101 * MS)


def test_the_distribution_does_not_heal() -> None:
    """One pareto of a hundred takes more than half of its part, one even of two."""
    net = Net(Model(0, 20 * MS, distribution="pareto"))
    net.network.heal()
    for key in MANY:
        net.say(0, key)
    times = sorted(net.run().values())
    assert near(sum(time > times[0] + 5 * MS for time in times), 0.01, len(MANY))


CAUSE = "r1/op 1/fetch/a/r2"


def test_a_fate_is_the_way_of_one_message() -> None:
    """The second with the same cause is the next number; no other link, key or operation has it."""
    net = ruled(Model(WAY, WAY), {f"{CAUSE}/0": 7 * MS, f"{CAUSE}/1": -1, f"{CAUSE}/3": 0})
    for at in (0, 100, 200, 300):
        net.say(at * MS, "a")
    net.say(0, "b")
    net.say(0, "a", "r2", "r1")
    net.run()
    assert [(at, to, key) for at, _, to, key in net.arrived] == [
        (WAY, "r2", "b"), (WAY, "r1", "a"), (7 * MS, "r2", "a"), (200 * MS + WAY, "r2", "a"), (300 * MS, "r2", "a"),
    ]  # fmt: skip


def test_a_fate_overrules_all_chance_and_every_limit() -> None:
    model = Model(
        WAY, WAY, loss_ppm=ALL, duplicate_ppm=ALL, reorder_ppm=ALL, reorder_ns=S, bytes_per_s=1, queue_max=1,
        last_words_ppm=ALL,
    )  # fmt: skip
    net = ruled(model, {f"{CAUSE}/{number}": number * MS for number in range(1, 9)})
    for _ in range(9):
        net.say(0, "a")
    net.run()
    assert [at for at, *_ in net.arrived] == [number * MS for number in range(1, 9)], "the first is left to chance"


def test_a_fate_can_double_a_message_and_keep_it_from_being_doubled() -> None:
    net = ruled(Model(WAY, WAY), {f"{CAUSE}/0/copy": 5 * MS, f"{CAUSE}/1": 3 * MS})
    fates = {f"{CAUSE}/0/copy": -1, f"{CAUSE}/2": -1, f"{CAUSE}/2/copy": 0, f"{CAUSE}/3": 4 * MS}
    both = ruled(Model(WAY, WAY, duplicate_ppm=ALL), fates)
    for each in (net, both):
        for at in (0, 100, 200, 300):
            each.say(at * MS, "a")
        each.run()
    assert [at for at, *_ in net.arrived] == [WAY, 5 * MS, 103 * MS, 200 * MS + WAY, 300 * MS + WAY]
    assert [at for at, *_ in both.arrived] == [WAY, 100 * MS + WAY, 100 * MS + WAY, 200 * MS, 304 * MS]
    assert sum(isinstance(event, Message) for event in both.events) == 6, "what is not doubled has one record"


def test_levers_touch_what_has_a_fate() -> None:
    net, block, delay = (
        ruled(Model(WAY, WAY), {f"{CAUSE}/0": 0, f"{CAUSE}/1": 0}),
        pull("block", LINK),
        pull("delay", LINK, delay_ns=50 * MS, jitter_ns=0),
    )
    net.pull(0, block)
    net.say(0, "a")
    net.let_go(MS, block)
    net.pull(100 * MS, delay)
    net.say(100 * MS, "a")
    net.run()
    assert [at for at, *_ in net.arrived] == [150 * MS]


def test_when_all_is_healed_no_fate_loses_a_message() -> None:
    net = ruled(Model(WAY, WAY), {f"{CAUSE}/0": -1, f"{CAUSE}/1": -1, f"{CAUSE}/2": 3 * MS, f"{CAUSE}/2/copy": -1})
    net.say(0, "a")
    net.world.at(MS, net.network.heal)
    for _ in range(2):
        net.say(2 * MS, "a")
    net.run()
    assert [at for at, *_ in net.arrived] == [2 * MS + WAY, 5 * MS]
