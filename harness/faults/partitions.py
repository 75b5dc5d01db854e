"""Faults of the network between replicas. Clients still reach every node."""

from itertools import combinations
from random import Random

from harness.faults.kinds import BEAT_OFF, BEAT_ON, MS, Fault, Kind, Range
from harness.faults.targets import draw_in_order, draw_one, draw_pair, draw_set, exactly
from harness.levers import Action, link
from workloads.keys import below


def _between(one_side: list[str], other_side: list[str]) -> list[Action]:
    """Both directions."""
    pairs = [(one, other) for one in one_side for other in other_side]
    return [Action("block", link(*way)) for one, other in pairs for way in ((one, other), (other, one))]


def _cut_off(fault: Fault, nodes: list[str]) -> list[Action]:
    return _between(fault.targets, [node for node in nodes if node not in fault.targets])


def _half(nodes: int) -> tuple[int, int]:
    return nodes // 2, (nodes + 1) // 2


def _draw_half(random: Random, nodes: list[str]) -> list[str]:
    return draw_set(random, nodes, len(nodes) // 2)


def _minority(nodes: int) -> tuple[int, int]:
    return 1, (nodes - 1) // 2


def _draw_minority(random: Random, nodes: list[str]) -> list[str]:
    _, most = _minority(len(nodes))
    return draw_set(random, nodes, 1 + below(random, most))


def _bridge_and_side(nodes: int) -> tuple[int, int]:
    least, most = _half(nodes - 1)
    return 1 + least, 1 + most


def _draw_bridge(random: Random, nodes: list[str]) -> list[str]:
    [middle] = draw_one(random, nodes)
    return [middle, *_draw_half(random, [node for node in nodes if node != middle])]


def _bridge(fault: Fault, nodes: list[str]) -> list[Action]:
    return _between(fault.targets[1:], [node for node in nodes if node not in fault.targets])


def _everyone(nodes: int) -> tuple[int, int]:
    return nodes, nodes


def _draw_ring(random: Random, nodes: list[str]) -> list[str]:
    return draw_in_order(random, nodes, len(nodes))


def _ring(fault: Fault, _nodes: list[str]) -> list[Action]:
    places = combinations(range(len(fault.targets)), 2)
    apart = [(one, other) for one, other in places if other - one not in (1, len(fault.targets) - 1)]
    return [action for one, other in apart for action in _between([fault.targets[one]], [fault.targets[other]])]


def _one_way(fault: Fault, _nodes: list[str]) -> list[Action]:
    return [Action("block", link(*fault.targets))]


def _flapping(fault: Fault, _nodes: list[str]) -> list[Action]:
    return _between(fault.targets[:1], fault.targets[1:])


KINDS = [
    Kind(
        "isolate",
        "nothing passes between one node and all others",
        exactly(1),
        ("block",),
        draw_one,
        _cut_off,
        nodes_min=2,
    ),
    Kind(
        "halves",
        "nothing passes between one half of the nodes and the other",
        _half,
        ("block",),
        _draw_half,
        _cut_off,
        nodes_min=2,
    ),
    Kind(
        "majority",
        "nothing passes between a minority of the nodes, which is named, and the majority",
        _minority,
        ("block",),
        _draw_minority,
        _cut_off,
        nodes_min=3,
    ),
    Kind(
        "bridge",
        "nothing passes between two halves; only the first node sees both. Named are that node and one half",
        _bridge_and_side,
        ("block",),
        _draw_bridge,
        _bridge,
        nodes_min=3,
    ),
    Kind(
        "ring",
        "each node sees only its two neighbours in the order in which the nodes are named",
        _everyone,
        ("block",),
        _draw_ring,
        _ring,
        nodes_min=4,
    ),
    Kind(
        "one-way",
        "nothing passes from the first node to the second; the reverse works",
        exactly(2),
        ("block",),
        draw_pair,
        _one_way,
        nodes_min=2,
    ),
    Kind(
        "flapping",
        "nothing passes between two nodes, then everything does, again and again",
        exactly(2),
        ("block",),
        draw_pair,
        _flapping,
        {BEAT_ON: Range(30 * MS, 300 * MS, MS), BEAT_OFF: Range(30 * MS, 300 * MS, MS)},
        nodes_min=2,
    ),
]
