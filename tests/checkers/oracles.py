"""Every property again, as loops straight from its definition: slow, short, and sharing no code with the checkers.

Each says how the verdict must come out and which keys (None: no key) must be named in its violations.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from checkers.history import Change, Copy, Dump, History, Invoke, Life, Message, Phase, Return, Version


class Judgement(NamedTuple):
    outcome: str
    keys: frozenset[str | None] = frozenset()


def judged(bad: set[str | None], *, unknown: bool) -> Judgement:
    if bad:
        return Judgement("violated", frozenset(bad))
    return Judgement("unknown" if unknown else "holds")


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


def dumps(history: History, moment: str) -> dict[str, Dump]:
    return {event.node: event for event in history.events if isinstance(event, Dump) and event.moment == moment}


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


def purges(history: History) -> list[tuple[Change, Copy]]:
    gone = [change for change in changes(history) if change.cause == "purge" and change.new is None]
    return [(change, change.old) for change in gone if change.old is not None and change.old.dead]


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


def convergence(history: History) -> Judgement:
    phases = [event for event in history.events if isinstance(event, Phase)]
    ends = [phase for phase in phases if phase.name == "settled"]
    if not ends:
        return Judgement("unknown")
    bad: set[str | None] = {None for phase in ends if phase.pending is not None}
    settled, later = dumps(history, "settled"), dumps(history, "one round later")
    keys = {key for dump in [*settled.values(), *later.values()] for key in dump.copies} | set(history.header.replicas)
    for key in keys:
        for one in replicas(history, key):
            for other in replicas(history, key):
                if {one, other} <= set(settled):
                    if not same_state(settled[one].copies.get(key), settled[other].copies.get(key)):
                        bad.add(key)
        for node in set(settled) & set(later):
            if not same_state(settled[node].copies.get(key), later[node].copies.get(key)):
                bad.add(key)
    for change in changes(history):
        after = any(phase.name == "end" and ends[-1].seq < phase.seq < change.seq for phase in phases)
        if change.seq > ends[-1].seq and not after and change.cause not in ("purgeable", "purge"):
            bad.add(change.key)
    return judged(bad, unknown=not (set(history.header.nodes) <= set(settled) & set(later)))


def regression(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    for one, other in successors(history):
        if one.new is None:
            continue
        follows = not any(
            (c.node, c.incarnation, c.key) == (one.node, one.incarnation, one.key) and one.seq < c.seq < other.seq
            for c in changes(history)
        )
        if other.new is None:
            fair = one.new.dead and any(other is change for change, _ in purges(history))
            if follows and not fair:
                bad.add(one.key)
            continue
        content = (one.new.dead, one.new.value) == (other.new.dead, other.new.value)
        if less(tie, other.new, one.new) or (one.new.version == other.new.version and not content):
            bad.add(one.key)
        if follows and other.cause == "purgeable" and one.new.version != other.new.version:
            bad.add(one.key)
    for event in history.events:
        if isinstance(event, Life) and event.what == "started" and event.batch < event.committed:
            bad.add(None)
    return judged(bad, unknown=not history.header.audited)


def reads(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    unknown = False
    for asked, back in ok(history, "get"):
        for asked2, back2 in ok(history, "get"):
            if back.seq >= back2.seq or (asked.session, asked.key) != (asked2.session, asked2.key):
                continue
            if back.version is None:
                continue
            seen = Copy(back.version, back.dead, back.value)
            if back2.version is not None:
                if less(tie, Copy(back2.version, back2.dead, back2.value), seen):
                    bad.add(asked.key)
            elif back2.value is None:
                given_up = [
                    change.old
                    for change in changes(history)
                    if change.key == asked.key and change.seq < back2.seq and change.old and change.old.dead
                    and (change.cause == "purgeable" or (change.cause == "purge" and change.new is None))
                ]  # fmt: skip
                if all(less(tie, old, seen) for old in given_up):
                    if history.header.audited or not deletable(history, asked.key):
                        bad.add(asked.key)
                    unknown = True
    return judged(bad, unknown=unknown)


def resurrection(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    held = [(change.key, change.new) for change in changes(history) if change.new and change.new.dead]
    for dump in history.events:
        if isinstance(dump, Dump):
            held += [(key, copy) for key, copy in dump.copies.items() if copy.dead]
    for one, other in successors(history):
        for key, grave in held:
            if key == one.key and one.new and other.new and not other.new.dead:
                if not less(tie, one.new, grave) and less(tie, other.new, grave):
                    bad.add(key)
    for purge, grave in purges(history):
        for asked, back in ok(history, "get"):
            if asked.key == purge.key and asked.seq > purge.seq and back.version and not back.dead:
                if less(tie, Copy(back.version, back.dead, back.value), grave):
                    bad.add(asked.key)
    promised = [
        (asked.key, written(asked, back.version)) for asked, back in ok(history, "delete") if back.version is not None
    ]
    settled = dumps(history, "settled")
    unknown = False
    for key, grave in held + promised:
        nodes = replicas(history, key)
        copies = [settled[node].copies[key] for node in nodes if node in settled and key in settled[node].copies]
        if all(less(tie, copy, grave) for copy in copies):
            if not set(nodes) <= set(settled):
                unknown = True
            elif any(not copy.dead and not any(less(tie, copy, other) for other in copies) for copy in copies):
                bad.add(key)
    return judged(bad, unknown=unknown)


def purge(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    for gone, grave in purges(history):
        for node in replicas(history, gone.key):
            if not past(history, node, gone, grave):
                bad.add(gone.key)
        for message in history.events:
            if isinstance(message, Message) and message.key == gone.key and message.version and message.received:
                on_its_way = message.seq < gone.seq and gone.at < message.received
                lifetime = history.header.message_lifetime_ns
                accepted = lifetime is None or message.received - message.born <= lifetime
                whatever = [(True, None), (False, ""), (False, "a"), (False, "zzz")]
                carried = [Copy(message.version, dead, value) for dead, value in whatever]
                if on_its_way and accepted and all(less(tie, copy, grave) for copy in carried):
                    bad.add(gone.key)
    return judged(bad, unknown=not history.header.audited)


def past(history: History, node: str, gone: Change, grave: Copy) -> bool:
    """Whether a node holds, or has purged, ⪰ grave in the incarnation that it has at this point of the order."""
    before = [event for event in history.events if event.seq <= gone.seq]
    names = [
        event.incarnation
        for event in before
        if (isinstance(event, Change) or (isinstance(event, Life) and event.what == "started")) and event.node == node
    ]
    held: Copy | None = None
    for change in before:
        if isinstance(change, Change) and change.key == gone.key and change.node == node:
            if change.incarnation == names[-1]:
                held = change.new
                if any(change is other and not less(history.header.tie, old, grave) for other, old in purges(history)):
                    return True
    return held is not None and not less(history.header.tie, held, grave)


def acknowledged(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    unknown = False
    settled = dumps(history, "settled")
    for asked, back in ok(history, "put", "delete"):
        if back.version is None:
            continue
        promised = written(asked, back.version)
        nodes = replicas(history, asked.key)
        copies = [settled[n].copies[asked.key] for n in nodes if n in settled and asked.key in settled[n].copies]
        if any(not less(tie, copy, promised) for copy in copies):
            continue
        whole = set(nodes) <= set(settled)
        gone = [old for change, old in purges(history) if change.key == asked.key and not less(tie, old, promised)]
        if not whole:
            unknown = True
        elif not copies and not gone and not history.header.audited and deletable(history, asked.key):
            unknown = True
        elif copies or not gone:
            bad.add(asked.key)
    return judged(bad, unknown=unknown)


def invented(history: History) -> Judgement:
    seen: list[tuple[str, Copy, int]] = []
    bad: set[str | None] = set()
    failed = {event.op for event in history.events if isinstance(event, Return) and event.outcome == "failed"}

    def possible(key: str, kind: str, value: str | None, before: int) -> bool:
        for event in history.events:
            if isinstance(event, Invoke) and event.seq < before and event.op not in failed:
                if (event.key, event.kind) == (key, kind) and (kind == "delete" or event.value == value):
                    return True
        return False

    for event in history.events:
        if isinstance(event, Change) and event.new is not None:
            seen.append((event.key, event.new, event.seq))
        elif isinstance(event, Dump):
            seen += [(key, copy, event.seq) for key, copy in event.copies.items()]
    for asked, back in ok(history, "put", "delete", "get"):
        if back.version is None:
            if asked.kind == "get" and back.value is not None and not possible(asked.key, "put", back.value, back.seq):
                bad.add(asked.key)
        elif asked.kind == "get":
            seen.append((asked.key, Copy(back.version, back.dead, back.value), back.seq))
        else:
            seen.append((asked.key, written(asked, back.version), back.seq))
    for key, copy, seq in seen:
        if not possible(key, "delete" if copy.dead else "put", copy.value, seq):
            bad.add(key)
        for key2, copy2, _ in seen:
            if key == key2 and copy.version == copy2.version:
                if (copy.dead, copy.value) != (copy2.dead, copy2.value):
                    bad.add(key)
            elif key == key2 and not copy.dead and not copy2.dead and copy.value == copy2.value:
                bad.add(key)
    return judged(bad, unknown=False)


def evidence(history: History) -> Judgement:
    if not history.header.audited:
        return Judgement("unknown")
    bad: set[str | None] = set()
    held: dict[tuple[str, str, str], Copy | None] = {}
    for event in history.events:
        if isinstance(event, Change):
            place = (event.node, event.incarnation, event.key)
            if held.get(place) != event.old:
                bad.add(event.key)
            held[place] = event.new
        elif isinstance(event, Dump):
            for key in set(event.copies) | {key for _, _, key in held}:
                if event.copies.get(key) != held.get((event.node, event.incarnation, key)):
                    bad.add(key)
    return judged(bad, unknown=False)


ORACLES: dict[str, Callable[[History], Judgement]] = {
    "convergence": convergence,
    "no version regression": regression,
    "no tombstone resurrection": resurrection,
    "purge soundness": purge,
    "acknowledged writes kept": acknowledged,
    "monotonic reads": reads,
    "nothing invented": invented,
    "evidence agrees": evidence,
}
