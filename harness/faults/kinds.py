"""What a kind of fault is, what its parameters may be, and the evidence that a fault touched something."""

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

import msgspec

from checkers.history import Damage, History, Invoke, Message, Return
from harness.levers import CLIENTS, CLOCK_LEVERS, NODE_LEVERS, PROCESS_LEVERS, Action, Lever, ends

MS = 1_000_000
BEAT_ON, BEAT_OFF = "beat_on_ns", "beat_off_ns"
SLOWING: tuple[Lever, ...] = ("delay", "bandwidth", "slice")  # what goes over the link arrives, and late
_BITE_OF_DISK: dict[Lever, tuple[str, ...]] = {
    "power": ("lost", "torn"),
    "rot": ("read rotten",),
    "unreadable": ("failed",),
    "unwritable": ("failed",),
    "full": ("failed",),
    "slow-sync": ("late",),
}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data only. `targets` are nodes, in the order that the kind gives a meaning to."""

    id: str
    kind: str
    targets: list[str]
    start_ns: int
    end_ns: int
    parameters: dict[str, int] = {}


class Range(NamedTuple):
    """What a parameter may be: a multiple of `step` from `least` to `most`. Proxies know only whole milliseconds,
    microseconds and thousands of bytes."""

    least: int
    most: int
    step: int


POSSIBLE: dict[str, Range] = {
    BEAT_ON: Range(MS, 60_000 * MS, MS),
    BEAT_OFF: Range(MS, 60_000 * MS, MS),
    "delay_ns": Range(MS, 60_000 * MS, MS),
    "jitter_ns": Range(0, 60_000 * MS, MS),
    "bytes_per_s": Range(1_000, 1_000_000_000, 1_000),
    "piece_bytes": Range(1, 1_000_000, 1),
    "gap_ns": Range(1_000, 60_000 * MS, 1_000),
    "after_bytes": Range(1, 1_000_000_000, 1),
    "keys_ppm": Range(1, 1_000_000, 1),
    "free_bytes": Range(0, 1_000_000_000, 1),
    "sync_ns": Range(1_000, 60_000 * MS, 1_000),
    "offset_ns": Range(-3_600_000 * MS, 3_600_000 * MS, MS),
    "drift_ppm": Range(-1_000_000, 1_000_000, 1),
}
NO_MORE_THAN = {"jitter_ns": "delay_ns"}  # nothing arrives before it was sent


class Kind(NamedTuple):
    """`targets` says how few and how many nodes it takes of so many; `parameters` from what a seed draws, which is
    less than what is POSSIBLE. A kind with `beat_on_ns` and `beat_off_ns` among its parameters pulls its levers for
    the one time and lets them go for the other, again and again until it ends."""

    name: str
    legend: str
    targets: Callable[[int], tuple[int, int]]
    levers: tuple[Lever, ...]
    draw: Callable[[Random, list[str]], list[str]]
    actions: Callable[[Fault, list[str]], list[Action]]
    parameters: Mapping[str, Range] = {}
    nodes_min: int = 1


class Beat(NamedTuple):
    on_ns: int
    off_ns: int


def beat_of(fault: Fault) -> Beat | None:
    """None: the levers are held from start to end."""
    if BEAT_ON not in fault.parameters:
        return None
    return Beat(fault.parameters[BEAT_ON], fault.parameters[BEAT_OFF])


def touched(actions: list[Action], applied_at: int, healed_at: int, history: History) -> int:
    """How many messages and operations the fault bit, of those that were sent or asked while it was on. A fault that
    slows a link bit all that went over it; one of a clock, all that carries a reading of it; one of a disk, each read
    and commit that was otherwise than without it; any other, what did not get through before it ended."""
    nodes = {action.target for action in actions if action.lever in PROCESS_LEVERS}
    bites = {(action.target, what) for action in actions for what in _BITE_OF_DISK.get(action.lever, ())}
    misread = {action.target for action in actions if action.lever in CLOCK_LEVERS}
    slowed = {ends(action.target) for action in actions if action.lever in SLOWING}
    severed = {ends(action.target) for action in actions if action.lever not in (*NODE_LEVERS, *SLOWING)}
    slow_doors, shut_doors = _doors(slowed), _doors(severed) | nodes
    outcomes = {event.op: event for event in history.events if isinstance(event, Return)}
    count = 0
    for event in history.events:
        if not applied_at <= event.at <= healed_at:
            continue
        if isinstance(event, Message):
            late = event.received is None or event.received > healed_at
            way = (event.sender, event.to)
            count += way in slowed or event.sender in misread or (late and (way in severed or event.to in nodes))
        elif isinstance(event, Damage):
            count += (event.node, event.what) in bites
        elif isinstance(event, Invoke):
            outcome = outcomes.get(event.op)
            late = outcome is None or outcome.outcome != "ok" or outcome.at > healed_at
            minted = event.node in misread and event.kind != "get"
            count += minted or event.node in slow_doors or (late and event.node in shut_doors)
    return count


def _doors(links: set[tuple[str, str]]) -> set[str]:
    """The nodes whose client link is among these."""
    return {to if sender == CLIENTS else sender for sender, to in links if CLIENTS in (sender, to)}
