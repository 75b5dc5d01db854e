"""Faults of a replica's process."""

from collections.abc import Callable

from harness.faults.kinds import BEAT_OFF, BEAT_ON, MS, Fault, Kind, Range
from harness.faults.targets import draw_one, exactly
from harness.levers import Action, Lever


def _each(lever: Lever) -> Callable[[Fault, list[str]], list[Action]]:
    return lambda fault, _nodes: [Action(lever, node) for node in fault.targets]


KINDS = [
    Kind(
        "kill",
        "kill -9 at the start, restart on the same disk at the end",
        exactly(1),
        ("kill",),
        draw_one,
        _each("kill"),
    ),
    Kind(
        "stop",
        "an orderly end at the start, restart on the same disk at the end",
        exactly(1),
        ("stop",),
        draw_one,
        _each("stop"),
    ),
    Kind(
        "pause",
        "stop the process at the start, let it continue at the end",
        exactly(1),
        ("pause",),
        draw_one,
        _each("pause"),
    ),
    Kind(
        "slow",
        "stop the process and let it continue, again and again: it answers, and late",
        exactly(1),
        ("pause",),
        draw_one,
        _each("pause"),
        {BEAT_ON: Range(20 * MS, 60 * MS, MS), BEAT_OFF: Range(5 * MS, 20 * MS, MS)},
    ),
    Kind(
        "wipe",
        "kill -9 and lose the disk at the start; at the end it starts empty and is bootstrapped",
        exactly(1),
        ("wipe",),
        draw_one,
        _each("wipe"),
        nodes_min=2,
    ),
]
