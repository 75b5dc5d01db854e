"""What a kind of fault is, the table of all kinds, and the evidence that a fault touched something."""

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

import msgspec

from checkers.history import History, Invoke, Message, Return
from harness.levers import Action, Lever, ends

BEAT_ON, BEAT_OFF = "beat_on_ns", "beat_off_ns"


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


class Kind(NamedTuple):
    """A kind with `beat_on_ns` and `beat_off_ns` among its parameters pulls its levers for the one time and lets them
    go for the other, again and again until it ends."""

    name: str
    legend: str
    targets: tuple[int, int]  # the least and the most nodes it takes
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
    """How many messages and operations the fault bit: those that were under way to a target while it was on and
    that did not get through before it ended."""
    links = {ends(action.target) for action in actions if action.lever == "block"}
    nodes = {action.target for action in actions if action.lever != "block"}
    outcomes = {event.op: event for event in history.events if isinstance(event, Return)}
    count = 0
    for event in history.events:
        if not applied_at <= event.at <= healed_at:
            continue
        if isinstance(event, Message):
            late = event.received is None or event.received > healed_at
            count += late and ((event.sender, event.to) in links or event.to in nodes)
        elif isinstance(event, Invoke) and event.node in nodes:
            outcome = outcomes.get(event.op)
            count += outcome is None or outcome.outcome != "ok" or outcome.at > healed_at
    return count
