"""What each kind of fault acts on, how it is drawn, and what it is said to have bitten."""

from collections import Counter
from math import perm
from random import Random

import pytest

from checkers.history import AnyEvent, Header, History, Invoke, Message, Return, ordered
from harness.faults.kinds import Fault, Kind, touched
from harness.faults.table import KINDS
from harness.levers import LEVERS, Action, link

NODES = ["r1", "r2", "r3", "r4"]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def actions(kind: str, *targets: str) -> list[Action]:
    return KINDS[kind].actions(Fault("f1", kind, list(targets), 0, 1), NODES)


def test_isolate_is_all_links_of_the_node_and_no_other() -> None:
    every = {(one, other) for one in NODES for other in NODES if one != other}
    expected = {Action("block", link(*pair)) for pair in every if "r2" in pair}
    assert set(actions("isolate", "r2")) == expected
    assert len(actions("isolate", "r2")) == len(expected) == 6


def test_one_way_is_one_link() -> None:
    assert actions("one-way", "r3", "r1") == [Action("block", "r3>r1")]


@pytest.mark.parametrize("kind", ["kill", "pause"])
def test_faults_of_a_process_are_one_lever(kind: str) -> None:
    assert actions(kind, "r2") == [Action(kind, "r2")]  # type: ignore[arg-type] # both are levers too


@EVERY_KIND
def test_a_kind_pulls_only_the_levers_that_it_names(kind: Kind) -> None:
    assert kind.name in KINDS
    assert set(kind.levers) <= set(LEVERS)
    assert {action.lever for action in actions(kind.name, *NODES[: kind.targets[0]])} == set(kind.levers)


@EVERY_KIND
def test_every_target_is_drawn_about_equally_often(kind: Kind) -> None:
    random = Random(1)
    draws = [tuple(kind.draw(random, NODES)) for _ in range(2400)]
    assert all(len(set(targets)) == len(targets) == kind.targets[0] for targets in draws)
    counts = Counter(draws)
    assert len(counts) == perm(len(NODES), kind.targets[0])
    assert max(counts.values()) < 1.4 * min(counts.values())


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
    ],
)
def test_what_was_bitten(pulled: list[Action], events: list[AnyEvent], bitten: int) -> None:
    """A fault that touched nothing counts 0: it was on, and nobody noticed."""
    header = Header(1, "simulation", 1, "incarnation", NODES, {})
    history: History = ordered(header, events)
    assert touched(pulled, 10, 20, history) == bitten
