"""Faults of the link between a node and its clients. Replicas still reach each other."""

from harness.faults.kinds import Fault, Kind
from harness.faults.targets import draw_one, exactly
from harness.levers import CLIENTS, Action, link


def _requests(fault: Fault, _nodes: list[str]) -> list[Action]:
    return [Action("block", link(CLIENTS, node)) for node in fault.targets]


def _replies(fault: Fault, _nodes: list[str]) -> list[Action]:
    return [Action("block", link(node, CLIENTS)) for node in fault.targets]


KINDS = [
    Kind(
        "lost-request",
        "what clients ask of the node does not arrive: it never happened, and they do not know",
        exactly(1),
        ("block",),
        draw_one,
        _requests,
    ),
    Kind(
        "lost-reply",
        "what the node answers to clients does not arrive: it did happen, and they do not know",
        exactly(1),
        ("block",),
        draw_one,
        _replies,
    ),
]
