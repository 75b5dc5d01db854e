"""What a kind of fault is, the table of all kinds, and the evidence that a fault touched something."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import msgspec

from checkers.history import History, Invoke, Message, Return
from harness.levers import Action, Lever, ends


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data only. `targets` are nodes, in the order that the kind gives a meaning to."""

    id: str
    kind: str
    targets: list[str]
    start_ns: int
    end_ns: int


class Kind(NamedTuple):
    name: str
    legend: str
    targets: int  # how many nodes it takes
    levers: tuple[Lever, ...]
    draw: Callable[[Random, list[str]], list[str]]
    actions: Callable[[Fault, list[str]], list[Action]]


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
