"""Faults of a node's disk and of its power. The loss of a whole disk, `wipe`, is with those of processes."""

from collections.abc import Callable
from random import Random

from harness.faults.kinds import MS, Fault, Kind, Range
from harness.faults.targets import any_number, draw_one, draw_set, exactly
from harness.levers import Action, Lever
from workloads.keys import below

_US = 1_000


def _on_each(lever: Lever) -> Callable[[Fault, list[str]], list[Action]]:
    return lambda fault, _nodes: [
        Action(lever, node, tuple(sorted(fault.parameters.items()))) for node in fault.targets
    ]


def _draw_most(random: Random, nodes: list[str]) -> list[str]:
    """A majority or all."""
    count = len(nodes)
    return draw_set(random, nodes, [count // 2 + 1, count][below(random, 2)])


def _kind(name: str, legend: str, lever: Lever, **parameters: Range) -> Kind:
    return Kind(name, legend, exactly(1), (lever,), draw_one, _on_each(lever), parameters)


KINDS = [
    _kind(
        "power-cut", "the power of a node is cut at the start: what its disk has not synced is lost or torn", "power"
    ),
    Kind(
        "blackout",
        "the power of several nodes is cut in the same moment",
        any_number,
        ("power",),
        _draw_most,
        _on_each("power"),
    ),
    _kind(
        "rot",
        "bits flip in a share of the copies that a disk has at the start; found only when a copy is read",
        "rot",
        keys_ppm=Range(10_000, 300_000, 1),
    ),
    _kind(
        "bad-sectors",
        "a share of the copies that a disk has at the start cannot be read: the process that tries ends",
        "unreadable",
        keys_ppm=Range(10_000, 300_000, 1),
    ),
    _kind("failing-writes", "no commit succeeds: the process that tries ends, and is started again", "unwritable"),
    _kind(
        "full-disk",
        "a commit that needs more room than the disk has fails: the process that tries ends, and is started again",
        "full",
        free_bytes=Range(0, 2_000, 1),
    ),
    _kind(
        "slow-disk",
        "each commit takes longer to be durable",
        "slow-sync",
        sync_ns=Range(MS, 200 * MS, _US),
    ),
]
