"""What the faults of a run met: what was under way when one began or ended, and what repaired replicas after it began.

Told by the history alone: operations by their calls, exchanges, hints and purges by the messages that make them, and
work by the changes that replicas report. So it says what faults met, and not that they did any harm.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from checkers.history import Change, Fault, History, Invoke, Life, Message, Return

ANY = "any"
PHASES = (
    "a write",
    "a read",
    "hint replay",
    "anti-entropy",
    "a purge",
    "a bootstrap",
    "another fault",
    "none of these",
)
MECHANISMS = ("read repair", "write repair", "hinted handoff", "anti-entropy", "bootstrap", "scrub", "purge")
_WORK = {**{name: name for name in MECHANISMS}, "purgeable": "purge"}  # cause of a change -> mechanism
_UNDER_WAY = {"hint": "hint replay", "round": "anti-entropy", "purge": "a purge"}  # origin of a message -> phase

Cell = tuple[str, str, str]  # kind of fault, phase, mechanism


class Met(NamedTuple):
    """By one fault that was applied."""

    kind: str
    phases: tuple[str, ...]
    mechanisms: tuple[str, ...]


Stretch = tuple[str, int, int]  # a phase, from when until when


def met(history: History) -> list[Met]:
    spans = _spans(history)
    edges = sorted({edge for _, begun, ended in spans.values() for edge in (begun, ended)})
    under_way: dict[int, set[str]] = defaultdict(set)
    for phase, begun, ended in _stretches(history):
        for place in range(bisect_left(edges, begun), len(edges)):
            if edges[place] > ended:
                break
            under_way[edges[place]].add(phase)
    last: dict[str, int] = {}  # mechanism -> when it last changed a replica
    for event in history.events:
        if isinstance(event, Change) and event.cause in _WORK:
            name = _WORK[event.cause]
            last[name] = max(event.at, last.get(name, event.at))
    found: dict[Met, None] = {}
    for fault, (kind, begun, ended) in spans.items():
        phases = under_way[begun] | under_way[ended]
        others = [each for name, each in spans.items() if name != fault]
        if any(one <= edge <= other for _, one, other in others for edge in (begun, ended)):
            phases = {*phases, "another fault"}
        told = tuple(phase for phase in PHASES if phase in phases) or ("none of these",)
        found[Met(kind, told, tuple(name for name in MECHANISMS if last.get(name, -1) >= begun))] = None
    return list(found)


def cells(found: list[Met]) -> set[Cell]:
    """Each with `any`, too, since the seeds of several cells are not as many as their sum."""
    return {
        (each.kind, phase, mechanism)
        for each in found
        for phase, mechanism in product((*each.phases, ANY), (*each.mechanisms, ANY))
    }


def _spans(history: History) -> dict[str, tuple[str, int, int]]:
    """A fault that was never healed ends with the record."""
    begun: dict[str, Fault] = {}
    ended: dict[str, int] = {}
    for event in history.events:
        if isinstance(event, Fault) and event.phase == "applied":
            begun.setdefault(event.fault, event)
        elif isinstance(event, Fault) and event.phase == "healed":
            ended[event.fault] = event.at
    end = max((event.at for event in history.events), default=0)
    return {name: (event.kind, event.at, ended.get(name, end)) for name, event in begun.items()}


def _stretches(history: History) -> Iterator[Stretch]:
    """What was lost was under way when it was sent."""
    end = max((event.at for event in history.events), default=0)
    returned = {event.op: event.at for event in history.events if isinstance(event, Return)}
    for event in history.events:
        if isinstance(event, Invoke):
            yield "a read" if event.kind == "get" else "a write", event.at, returned.get(event.op, end)
        elif isinstance(event, Message):
            phase = _UNDER_WAY.get(event.origin.partition(" ")[0])
            if phase is not None:
                yield phase, event.at, event.at if event.received is None else event.received
    yield from _bootstraps(history)


def _bootstraps(history: History) -> Iterator[Stretch]:
    """From the start of an incarnation to the last copy that its bootstrap brought."""
    started = {(event.node, event.incarnation): event.at for event in reversed(_starts(history))}
    brought = {
        (event.node, event.incarnation): event.at
        for event in history.events
        if isinstance(event, Change) and event.cause == "bootstrap"
    }
    for who, until in brought.items():
        yield "a bootstrap", started.get(who, until), until


def _starts(history: History) -> list[Life]:
    return [event for event in history.events if isinstance(event, Life) and event.what == "started"]
