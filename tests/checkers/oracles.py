"""Every property again, as loops straight from its definition: slow, short, and sharing no code with the checkers.

Each says how the verdict must come out and which keys (None: no key) must be named in its violations.
"""

from collections.abc import Callable
from typing import NamedTuple

from checkers.history import Change, Copy, Dump, History, Invoke, Life, Message, Phase, Return
from tests.checkers.definitions import (
    changes,
    deletable,
    dumps,
    final,
    less,
    ok,
    purges,
    read,
    replicas,
    same_state,
    successors,
    written,
)


class Judgement(NamedTuple):
    outcome: str
    keys: frozenset[str | None] = frozenset()


def judged(bad: set[str | None], *, unknown: bool) -> Judgement:
    if bad:
        return Judgement("violated", frozenset(bad))
    return Judgement("unknown" if unknown else "holds")


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
                both = {one, other} <= set(settled)
                if both and not same_state(settled[one].copies.get(key), settled[other].copies.get(key)):
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
            seen = read(back, back.version)
            if back2.version is not None:
                if less(tie, read(back2, back2.version), seen):
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
    held = [(change.key, change.new) for change in changes(history) if change.new and change.new.dead]
    for dump in history.events:
        if isinstance(dump, Dump):
            held += [(key, copy) for key, copy in dump.copies.items() if copy.dead]
    bad: set[str | None] = {
        key
        for one, other in successors(history)
        for key, grave in held
        if key == one.key and one.new and other.new and not other.new.dead
        if not less(tie, one.new, grave) and less(tie, other.new, grave)
    }
    for purge, grave in purges(history):
        for asked, back in ok(history, "get"):
            late = asked.key == purge.key and asked.seq > purge.seq
            if late and back.version and not back.dead and less(tie, read(back, back.version), grave):
                bad.add(asked.key)
    promised = [(asked.key, written(asked, back.version)) for asked, back in ok(history, "delete") if back.version]
    ends = [(key, left(history, key, grave)) for key, grave in held + promised]
    bad |= {key for key, end in ends if end == "violated"}
    return judged(bad, unknown=any(end == "unknown" for _, end in ends))


def left(history: History, key: str, grave: Copy) -> str:
    """Whether a live copy ≺ grave is the highest in the settled dumps."""
    tie = history.header.tie
    copies, whole = final(history, key)
    if any(not less(tie, copy, grave) for copy in copies):
        return "holds"
    if not whole:
        return "unknown"
    highest = [copy for copy in copies if not any(less(tie, copy, other) for other in copies)]
    return "violated" if any(not copy.dead for copy in highest) else "holds"


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
        if isinstance(change, Change) and (change.key, change.node) == (gone.key, node):
            if change.incarnation != names[-1]:
                continue
            held = change.new
            if any(change is other and not less(history.header.tie, old, grave) for other, old in purges(history)):
                return True
    return held is not None and not less(history.header.tie, held, grave)


def acknowledged(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    unknown = False
    for asked, back in ok(history, "put", "delete"):
        if back.version is None:
            continue
        promised = written(asked, back.version)
        copies, whole = final(history, asked.key)
        gone = [old for change, old in purges(history) if change.key == asked.key and not less(tie, old, promised)]
        unseen = not history.header.audited and deletable(history, asked.key)
        if any(not less(tie, copy, promised) for copy in copies):
            continue
        if not whole or (unseen and not copies and not gone):
            unknown = True
        elif copies or not gone:
            bad.add(asked.key)
    return judged(bad, unknown=unknown)


def invented(history: History) -> Judgement:
    bad: set[str | None] = set()
    seen: list[tuple[str, Copy, int]] = []
    for event in history.events:
        if isinstance(event, Change) and event.new is not None:
            seen.append((event.key, event.new, event.seq))
        elif isinstance(event, Dump):
            seen += [(key, copy, event.seq) for key, copy in event.copies.items()]
    for asked, back in ok(history, "put", "delete", "get"):
        if back.version is not None:
            copy = read(back, back.version) if asked.kind == "get" else written(asked, back.version)
            seen.append((asked.key, copy, back.seq))
        elif asked.kind == "get" and back.value is not None and not possible(history, asked.key, back.value, back.seq):
            bad.add(asked.key)
    for key, copy, seq in seen:
        if not possible(history, key, None if copy.dead else copy.value, seq, dead=copy.dead):
            bad.add(key)
        for key2, copy2, _ in seen:
            one_version = copy.version == copy2.version
            one_content = (copy.dead, copy.value) == (copy2.dead, copy2.value)
            if key == key2 and (one_version != one_content) and (one_version or not copy.dead):
                bad.add(key)
    return judged(bad, unknown=False)


def possible(history: History, key: str, value: str | None, before: int, *, dead: bool = False) -> bool:
    """Whether some client may have written this by then."""
    failed = {event.op for event in history.events if isinstance(event, Return) and event.outcome == "failed"}
    wanted = (key, "delete" if dead else "put", value)
    return any(
        isinstance(event, Invoke)
        and event.seq < before
        and event.op not in failed
        and (event.key, event.kind, event.value) == wanted
        for event in history.events
    )


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
