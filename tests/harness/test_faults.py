"""What each kind of fault acts on, how it is drawn, and what it is said to have bitten."""

from collections import Counter
from itertools import combinations
from math import comb, factorial, perm
from random import Random

import pytest

from checkers.history import AnyEvent, Header, Invoke, Message, Return, ordered
from harness.faults import transport
from harness.faults.check import check_faults
from harness.faults.draw import draw_parameters
from harness.faults.kinds import MS, POSSIBLE, Fault, Kind, beat_of, touched
from harness.faults.table import KINDS
from harness.levers import CLIENTS, LEVERS, NODE_LEVERS, PROCESS_LEVERS, Action, Lever, ends
from harness.wrong import Wrong

NODES = ["r1", "r2", "r3", "r4"]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
SIZES = range(1, 8)


def some(count: int) -> list[str]:
    return [f"r{number + 1}" for number in range(count)]


def drawn(kind: Kind, nodes: list[str], random: Random) -> Fault:
    return Fault("f1", kind.name, kind.draw(random, nodes), 0, 1, draw_parameters(random, kind))


def actions(kind: str, *targets: str) -> list[Action]:
    return KINDS[kind].actions(Fault("f1", kind, list(targets), 0, 1), NODES)


@pytest.mark.parametrize("kind", ["kill", "stop", "pause", "wipe"])
def test_faults_of_a_process_are_one_lever(kind: str) -> None:
    assert actions(kind, "r2") == [Action(kind, "r2")]  # type: ignore[arg-type] # all are levers too


def test_slow_is_a_pause_that_beats() -> None:
    fault = Fault("f1", "slow", ["r2"], 0, 1, {"beat_on_ns": 20 * MS, "beat_off_ns": 5 * MS})
    assert KINDS["slow"].actions(fault, NODES) == [Action("pause", "r2")]
    assert beat_of(fault) == (20 * MS, 5 * MS)


def test_a_request_and_a_reply_are_two_directions_of_one_link() -> None:
    assert actions("lost-request", "r2") == [Action("block", "clients>r2")]
    assert actions("lost-reply", "r2") == [Action("block", "r2>clients")]


@EVERY_KIND
def test_a_kind_pulls_only_the_levers_that_it_names(kind: Kind) -> None:
    """On its own nodes and links, and on each at most once: a board counts faults, not mentions."""
    assert KINDS[kind.name] is kind
    assert set(kind.levers) <= set(LEVERS)
    random = Random(2)
    for count in SIZES:
        nodes = some(count)
        for _ in range(30 if count >= kind.nodes_min else 0):
            pulled = kind.actions(drawn(kind, nodes, random), nodes)
            assert {action.lever for action in pulled} == set(kind.levers)
            assert len({action.target for action in pulled}) == len(pulled)
            for action in pulled:
                places = [action.target] if action.lever in NODE_LEVERS else list(ends(action.target))
                assert set(places) <= {*nodes, CLIENTS}
                assert len(set(places)) == len(places)


@EVERY_KIND
def test_only_faults_that_beat_say_when(kind: Kind) -> None:
    fault = drawn(kind, NODES, Random(3))
    assert (beat_of(fault) is not None) == (kind.name in ("slow", "flapping", "clock-strobe"))
    assert ("beat_off_ns" in kind.parameters) == ("beat_on_ns" in kind.parameters)


@EVERY_KIND
def test_what_is_drawn_passes_the_check(kind: Kind) -> None:
    """On every cluster that is large enough, and on no smaller one."""
    random = Random(4)
    for count in SIZES:
        for _ in range(30):
            if count >= kind.nodes_min:
                check_faults([drawn(kind, some(count), random)], some(count), 1, "here")
        if count < kind.nodes_min:
            fault = Fault("f1", kind.name, some(count), 0, 1, draw_parameters(random, kind))
            with pytest.raises(Wrong, match=f"{kind.name} needs {kind.nodes_min} nodes or more"):
                check_faults([fault], some(count), 1, "here")


DRAWN_SETS = {  # of four nodes: how many targets there are, each as likely as any other
    **dict.fromkeys(("kill", "stop", "pause", "slow", "wipe", "isolate", "majority", "lost-request", "lost-reply"), 4),
    "halves": comb(4, 2),
    "bridge": 4 * 3,
    "ring": factorial(4),
    "one-way": perm(4, 2),
    "flapping": perm(4, 2),
}


@pytest.mark.parametrize("kind", DRAWN_SETS)
def test_every_target_is_drawn_about_equally_often(kind: str) -> None:
    random = Random(1)
    counts = Counter(tuple(KINDS[kind].draw(random, NODES)) for _ in range(200 * DRAWN_SETS[kind]))
    assert len(counts) == DRAWN_SETS[kind]
    assert max(counts.values()) < 1.6 * min(counts.values())


@pytest.mark.parametrize("kind", [kind.name for kind in transport.KINDS])
def test_links_of_one_a_minority_a_majority_or_all_nodes(kind: str) -> None:
    """Of five nodes: 1, 2, 3 or 5, each in a quarter of the draws, and each node in as many as any other."""
    random, nodes = Random(5), some(5)
    draws = [KINDS[kind].draw(random, nodes) for _ in range(2000)]
    assert all(430 < count < 570 for count in Counter(map(len, draws)).values())
    assert {len(targets) for targets in draws} == {1, 2, 3, 5}
    assert {tuple(targets) for targets in draws} == {
        each for size in (1, 2, 3, 5) for each in combinations(nodes, size)
    }
    shares = Counter(node for targets in draws for node in targets)
    assert max(shares.values()) < 1.1 * min(shares.values())


@EVERY_KIND
def test_parameters_are_drawn_over_their_whole_range(kind: Kind) -> None:
    random = Random(6)
    draws = [draw_parameters(random, kind) for _ in range(500)]
    assert all(list(each) == list(kind.parameters) for each in draws)
    for name, (least, most, step) in kind.parameters.items():
        numbers = [each[name] for each in draws]
        assert all(least <= number <= most and number % step == 0 for number in numbers)
        assert min(numbers) <= least + (most - least) // 20
        assert max(numbers) >= most - (most - least) // 20
        assert len(set(numbers)) >= min(30, (most - least) // step)
        possible = POSSIBLE[name]
        assert possible.least <= least < most <= possible.most
        assert possible.step == step
    assert all(each.get("jitter_ns", 0) <= each.get("delay_ns", 0) for each in draws)


# What a fault bit. Times are small numbers; the fault is on from 10 to 20.


def message(at: int, received: int | None, sender: str = "r1", to: str = "r2") -> Message:
    return Message(
        at=at, id=f"{sender}/{at}", born=at, sender=sender, to=to, kind="store", origin="", received=received
    )


def asked(at: int, node: str, returned: int | None, outcome: str = "ok", op: int = 1) -> list[AnyEvent]:
    events: list[AnyEvent] = [Invoke(at=at, op=op, session="c1.1", node=node, kind="get", key="k")]
    if returned is not None:
        events.append(Return(at=returned, op=op, session="c1.1", outcome=outcome))  # type: ignore[arg-type] # as given
    return events


BLOCK = [Action("block", "r1>r2")]
KILL = [Action("kill", "r2")]
LOST_REQUEST = [Action("block", "clients>r2")]
LOST_REPLY = [Action("block", "r2>clients")]
REFUSED = [Action("refuse", "r1>r2"), Action("refuse", "r2>r1"), Action("refuse", "clients>r2")]
DELAY = [Action("delay", "r1>r2", (("delay_ns", 5),)), Action("delay", "clients>r2", (("delay_ns", 5),))]
BUSY = [message(12, 13), message(14, None), *asked(15, "r2", 16), *asked(17, "r2", 18, "failed", op=2)]


@pytest.mark.parametrize(
    ("pulled", "events", "bitten"),
    [
        (BLOCK, [], 0),
        (BLOCK, [message(12, 13)], 0),
        (BLOCK, [message(12, None)], 1),
        (BLOCK, [message(12, 21)], 1),
        (BLOCK, [message(12, 20)], 0),
        (BLOCK, [message(5, None), message(21, None)], 0),
        (BLOCK, [message(10, None), message(20, None)], 2),
        (BLOCK, [message(12, None, "r2", "r1"), message(12, None, "r1", "r3")], 0),
        (BLOCK, asked(12, "r2", None), 0),
        (KILL, [message(12, None)], 1),
        (KILL, [message(12, None, "r3", "r2"), message(13, None, "r2", "r3")], 1),
        (KILL, asked(12, "r2", None), 1),
        (KILL, asked(12, "r2", 13, "failed"), 1),
        (KILL, asked(12, "r2", 13, "unknown"), 1),
        (KILL, asked(12, "r2", 25), 1),
        (KILL, asked(12, "r2", 15), 0),
        (KILL, asked(12, "r3", 13, "failed"), 0),
        (KILL, asked(5, "r2", 9, "failed"), 0),
        (KILL, [*asked(12, "r2", 13, "failed"), message(14, None), *asked(15, "r2", None, op=2)], 3),
        (LOST_REQUEST, asked(12, "r2", None), 1),
        (LOST_REPLY, asked(12, "r2", 13, "unknown"), 1),
        (LOST_REPLY, asked(12, "r2", 21), 1),
        (LOST_REQUEST, asked(12, "r2", 13), 0),
        (LOST_REQUEST, asked(12, "r1", None), 0),
        (LOST_REPLY, asked(9, "r2", None), 0),
        (LOST_REQUEST, [message(12, None)], 0),
        (REFUSED, [message(12, None), message(13, None, "r2", "r1"), *asked(14, "r2", 15, "failed")], 3),
        (REFUSED, [message(12, 13), message(12, None, "r1", "r3"), *asked(14, "r2", 15), *asked(15, "r1", None, op=2)],
         0),
        (DELAY, [message(12, 13), message(14, 30), message(15, None)], 3),
        (DELAY, [message(9, 13), message(21, 30), message(12, 13, "r2", "r1")], 0),
        (DELAY, [*asked(12, "r2", 13), *asked(14, "r1", 30, op=2)], 1),
        (BLOCK, BUSY, 1),
        (DELAY, BUSY, 4),
        ([Action("pause", "r2")], BUSY, 2),
    ],
)  # fmt: skip
def test_what_was_bitten(pulled: list[Action], events: list[AnyEvent], bitten: int) -> None:
    """A fault that touched nothing counts 0: it was on, and nobody noticed."""
    assert count(pulled, events) == bitten


def count(pulled: list[Action], events: list[AnyEvent]) -> int:
    return touched(pulled, 10, 20, ordered(Header(1, "simulation", 1, "incarnation", NODES, {}), events))


@pytest.mark.parametrize("lever", ["block", "refuse", "reset", "cut", "delay", "bandwidth", "slice"])
def test_every_lever_of_links_counts_what_went_over_them(lever: Lever) -> None:
    """Those that slow count all of it, the others what was lost."""
    slows = lever in ("delay", "bandwidth", "slice")
    assert count([Action(lever, "r1>r2")], BUSY) == (2 if slows else 1)
    assert count([Action(lever, "clients>r2")], BUSY) == (2 if slows else 1)


@pytest.mark.parametrize("lever", PROCESS_LEVERS)
def test_every_lever_of_processes_counts_what_the_node_missed(lever: Lever) -> None:
    assert count([Action(lever, "r2")], BUSY) == 2
