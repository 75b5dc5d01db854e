"""Faults of the network between replicas. Clients still reach every node."""

from random import Random

from harness.faults.kinds import Fault, Kind
from harness.faults.process import draw_one
from harness.levers import Action, link
from workloads.keys import below


def _draw_pair(random: Random, nodes: list[str]) -> list[str]:
    first = below(random, len(nodes))
    second = (first + 1 + below(random, len(nodes) - 1)) % len(nodes)
    return [nodes[first], nodes[second]]


def _isolate(fault: Fault, nodes: list[str]) -> list[Action]:
    alone = fault.targets[0]
    others = [node for node in nodes if node != alone]
    cut = [(alone, other) for other in others] + [(other, alone) for other in others]
    return [Action("block", link(*ends)) for ends in cut]


def _one_way(fault: Fault, _nodes: list[str]) -> list[Action]:
    return [Action("block", link(*fault.targets))]


KINDS = [
    Kind("isolate", "nothing passes between one node and all others", (1, 1), ("block",), draw_one, _isolate),
    Kind(
        "one-way",
        "nothing passes from the first node to the second; the reverse works",
        (2, 2),
        ("block",),
        _draw_pair,
        _one_way,
    ),
]
