"""Faults of a replica's process."""

from random import Random

from harness.faults.kinds import Fault, Kind
from harness.levers import Action
from workloads.keys import below


def draw_one(random: Random, nodes: list[str]) -> list[str]:
    return [nodes[below(random, len(nodes))]]


def _kill(fault: Fault, _nodes: list[str]) -> list[Action]:
    return [Action("kill", node) for node in fault.targets]


def _pause(fault: Fault, _nodes: list[str]) -> list[Action]:
    return [Action("pause", node) for node in fault.targets]


KINDS = [
    Kind("kill", "kill -9 at the start, restart on the same disk at the end", (1, 1), ("kill",), draw_one, _kill),
    Kind("pause", "stop the process at the start, let it continue at the end", (1, 1), ("pause",), draw_one, _pause),
]
