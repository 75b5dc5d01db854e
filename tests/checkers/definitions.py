"""The words of the definitions, for the oracles: nothing here is shared with the checkers."""

from collections.abc import Iterator
from typing import NamedTuple

from checkers.history import Change, Copy, Dump, History, Invoke, Life, Phase, Return, Version


def less(tie: str, one: Copy, other: Copy) -> bool:
    def place(copy: Copy) -> tuple[object, ...]:
        value = b"" if copy.value is None else b"+" + copy.value.encode()
        time, by = copy.version.time, copy.version.by
        if tie == "riak":
            return (time, 0 if copy.dead else 1, value, by)
        dead = 1 if copy.dead else 0
        return (time, dead, value, by) if tie == "cassandra" else (time, by, dead, value)

    return place(one) < place(other)


def changes(history: History) -> list[Change]:
    return [event for event in history.events if isinstance(event, Change)]


def down(history: History) -> list[str]:
    return next((e.down for e in reversed(history.events) if isinstance(e, Phase) and e.name == "mend"), [])


def dumps(history: History, moment: str) -> dict[str, Dump]:
    found = [event for event in history.events if isinstance(event, Dump) and event.moment == moment]
    return {dump.node: dump for dump in found if dump.node not in down(history)}


def replicas(history: History, key: str) -> list[str]:
    return history.header.replicas.get(key, history.header.nodes)


def invoke_of(history: History, op: int) -> Invoke:
    return next(event for event in history.events if isinstance(event, Invoke) and event.op == op)


def ok(history: History, *kinds: str) -> Iterator[tuple[Invoke, Return]]:
    for event in history.events:
        if isinstance(event, Return) and event.outcome == "ok" and invoke_of(history, event.op).kind in kinds:
            yield invoke_of(history, event.op), event


def written(invoke: Invoke, version: Version) -> Copy:
    return Copy(version, invoke.kind == "delete", invoke.value)


def read(back: Return, version: Version) -> Copy:
    return Copy(version, back.dead, back.value)


def final(history: History, key: str) -> tuple[list[Copy], bool]:
    """What the replicas of a key that are up hold in their settled dumps, and whether all have one."""
    settled = dumps(history, "settled")
    nodes = [node for node in replicas(history, key) if node not in down(history)]
    copies = [settled[node].copies[key] for node in nodes if node in settled and key in settled[node].copies]
    return copies, set(nodes) <= set(settled)


def purges(history: History) -> list[tuple[Change, Copy]]:
    gone = [change for change in changes(history) if change.cause == "purge" and change.new is None]
    return [(change, change.old) for change in gone if change.old is not None and change.old.dead]


def buried(history: History, key: str, before: int) -> list[Copy]:
    """Tombstones of a key that were purged or marked as purgeable before this place of the order."""
    marks = [(change, change.old) for change in changes(history) if change.cause == "purgeable"]
    given_up = [*purges(history), *marks]
    return [old for change, old in given_up if change.key == key and change.seq < before and old and old.dead]


class Standing(NamedTuple):
    """What a node holds of a key and has purged of it since it last lost its disk, and whether it ever lost one; a
    damaged copy that was discarded counts as a lost disk."""

    incarnation: str | None
    held: Copy | None
    purged: list[Copy]
    lost: bool

    def covers(self, tie: str, copy: Copy) -> bool:
        return any(not less(tie, each, copy) for each in [*self.purged, *([self.held] if self.held else [])])


def standing(history: History, node: str, key: str, seq: int) -> Standing:
    """At this place of the order, what happened there included."""
    now, gone = Standing(None, None, [], lost=False), purges(history)
    known = False
    for event in history.events:
        if not isinstance(event, Change | Life) or event.node != node or event.seq > seq:
            continue
        if isinstance(event, Life) and event.what == "wiped":
            now, known = Standing(None, None, [], lost=True), True
        elif (isinstance(event, Change) or event.what == "started") and event.incarnation != now.incarnation:
            now, known = Standing(event.incarnation, None, [], lost=known), True
        if isinstance(event, Change) and event.key == key:
            purged = [*now.purged, *(old for change, old in gone if change is event)]
            now = Standing(now.incarnation, event.new, purged, now.lost or event.cause == "corrupt")
    return now


def deletable(history: History, key: str) -> bool:
    return any(isinstance(event, Invoke) and event.kind == "delete" and event.key == key for event in history.events)


def successors(history: History) -> Iterator[tuple[Change, Change]]:
    """Pairs of changes of one key in one incarnation, the later not told apart by a damaged copy between."""
    everything = changes(history)
    for one in everything:
        for other in everything:
            place = (one.node, one.incarnation, one.key)
            if one.seq < other.seq and place == (other.node, other.incarnation, other.key):
                between = (c for c in everything if place == (c.node, c.incarnation, c.key))
                if not any(c.cause == "corrupt" and one.seq < c.seq <= other.seq for c in between):
                    yield one, other


def same_state(one: Copy | None, other: Copy | None) -> bool:
    def state(copy: Copy | None) -> object:
        return None if copy is None or (copy.dead and copy.purgeable) else copy

    return state(one) == state(other)
