"""From what each process wrote down to events on the time of the run."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from checkers.history import AnyEvent, Change, Copy, Life, Message, Metrics, Version
from replicas.store.trail import Changed, Committed, CopyLine, Line, Looked, Received, Sent, Started


class Zero(NamedTuple):
    """The start of unrest, by the monotonic and by the wall clock of the machine."""

    mono: int
    wall: int


class BrokenTrail(Exception):
    """The audit trail cannot be read: no verdict can rest on it."""


class Trail(NamedTuple):
    events: list[AnyEvent]
    received: dict[str, int]  # message id -> when this node handled it
    sent: list[tuple[Sent, Message]]


def read_trail(path: Path, node: str, zero: Zero) -> Trail:
    """Changes count from their commit. Those of a batch that a restarted node did not find in its database are void;
    so are those of a batch that was not declared committed when the disk was wiped, since nobody can know any more."""
    trail = Trail([], {}, [])
    incarnation, declared = "", 0
    open_changes: list[Changed] = []
    for line in _lines(path):
        if isinstance(line, Changed):
            open_changes.append(line)
        elif isinstance(line, Received):
            trail.received[line.id] = line.at - zero.mono
        elif isinstance(line, Sent):
            trail.sent.append((line, _message(line, node, zero)))
        elif isinstance(line, Looked):
            trail.events.append(Metrics(at=line.at - zero.mono, node=node, values=line.values))
        elif isinstance(line, Committed):
            trail.events.extend(_change(each, node, incarnation, line.at - zero.mono) for each in open_changes)
            open_changes, declared = [], line.batch
        else:
            if line.incarnation == incarnation:
                kept = [each for each in open_changes if each.batch <= line.batch]
                trail.events.extend(_change(each, node, incarnation, each.at - zero.mono) for each in kept)
            else:
                declared = 0
            open_changes, incarnation = [], line.incarnation
            trail.events.append(_start(line, node, zero, declared))
    return trail


def join(trails: dict[str, Trail]) -> list[AnyEvent]:
    """All nodes' events; each message knows when its receiver handled it."""
    events: list[AnyEvent] = []
    for trail in trails.values():
        events.extend(trail.events)
        for sent, message in trail.sent:
            message.received = trails[sent.to].received.get(sent.id)
            events.append(message)
    return events


def _lines(path: Path) -> list[Line]:
    """A last line without its end was cut off by a kill, and counts for nothing."""
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    try:
        return msgspec.json.Decoder(Line).decode_lines(whole)
    except msgspec.MsgspecError as problem:
        raise BrokenTrail(f"{path}: a line that is no audit line: {problem}") from problem


def _start(line: Started, node: str, zero: Zero, declared: int) -> Life:
    return Life(
        at=line.at - zero.mono,
        node=node,
        incarnation=line.incarnation,
        what="started",
        batch=line.batch,
        committed=declared,
    )


def _change(line: Changed, node: str, incarnation: str, at: int) -> Change:
    return Change(
        at=at,
        node=node,
        incarnation=incarnation,
        batch=line.batch,
        key=line.key,
        old=_copy(line.old),
        new=_copy(line.new),
        cause=line.cause,  # type: ignore[arg-type]  # the trail's causes are the history's
        message=line.message,
        origin=line.origin,
    )


def _message(line: Sent, node: str, zero: Zero) -> Message:
    return Message(
        at=line.at - zero.mono,
        id=line.id,
        born=line.born - zero.wall,
        sender=node,
        to=line.to,
        kind=line.kind,
        origin=line.origin,
        key=line.key,
        version=Version(*line.version) if line.version else None,
        bytes=line.bytes,
    )


def _copy(line: CopyLine | None) -> Copy | None:
    if line is None:
        return None
    time, by, dead, value, purgeable = line
    return Copy(Version(time, by), dead, value, purgeable)
