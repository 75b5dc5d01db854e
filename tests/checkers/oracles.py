"""Every property again, as loops straight from its definition: slow, short, and sharing no code with the checkers.

Each says how the verdict must come out and which keys (None: no key) must be named in its violations.
"""

from collections.abc import Callable
from typing import NamedTuple

from checkers.history import Change, Copy, Dump, History, Invoke, Life, Message, Phase, Return
from tests.checkers.definitions import (
    buried,
    changes,
    deletable,
    down,
    dumps,
    final,
    less,
    ok,
    purges,
    read,
    replicas,
    same_state,
    standing,
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
    up = set(history.header.nodes) - set(down(history))
    return judged(bad, unknown=not (up <= set(settled) & set(later)))


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
            elif back2.value is None and all(less(tie, old, seen) for old in buried(history, asked.key, back2.seq)):
                if history.header.audited or not deletable(history, asked.key):
                    bad.add(asked.key)
                unknown = True
    return judged(bad, unknown=unknown)


def fresh(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    unknown = False
    for wrote, ack in ok(history, "put", "delete"):
        for asked, back in ok(history, "get"):
            if wrote.key != asked.key or ack.seq >= asked.seq or ack.version is None:
                continue
            promised = written(wrote, ack.version)
            if back.version is not None:
                if less(tie, read(back, back.version), promised):
                    bad.add(asked.key)
            elif back.value is None and all(less(tie, old, promised) for old in buried(history, asked.key, back.seq)):
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
    ends = [(key, left(history, key, grave)) for key, grave, seq in lasting(history) if dumped_after(history, key, seq)]
    bad |= {key for key, end in ends if end == "violated"}
    return judged(bad, unknown=any(end == "unknown" for _, end in ends))


def lasting(history: History) -> list[tuple[str, Copy, int]]:
    """Tombstones that were acknowledged or purged, and those that a disk of a node that is up has had."""
    graves = [
        (asked.key, written(asked, back.version), back.seq) for asked, back in ok(history, "delete") if back.version
    ]
    graves += [(change.key, grave, change.seq) for change, grave in purges(history)]
    up = set(history.header.nodes) - set(down(history))
    for event in history.events:
        if isinstance(event, Dump) and event.node in up:
            graves += [(key, copy, event.seq) for key, copy in event.copies.items() if copy.dead]
        if isinstance(event, Change) and event.new and event.new.dead and event.node in up:
            last = standing(history, event.node, event.key, len(history.events))
            damaged = any(
                (c.node, c.incarnation, c.key, c.cause) == (event.node, event.incarnation, event.key, "corrupt")
                for c in changes(history)
                if c.seq > event.seq
            )
            if last.incarnation == event.incarnation and not damaged:
                graves.append((event.key, event.new, event.seq))
    return graves


def dumped_after(history: History, key: str, seq: int) -> bool:
    """No dump can show what was not there yet."""
    seen = [dump.seq for node, dump in dumps(history, "settled").items() if node in replicas(history, key)]
    return all(seq < each for each in seen)


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
            there = standing(history, node, gone.key, gone.seq)
            lost_all = there.lost and there.held is None
            if node != gone.node and not there.covers(tie, grave) and not lost_all:
                bad.add(gone.key)
        for change in changes(history):
            late = change.seq > gone.seq and change.key == gone.key and change.cause in ("hinted handoff", "bootstrap")
            if late and change.new and less(tie, change.new, grave):
                bad.add(gone.key)
        for message in history.events:
            if isinstance(message, Message) and message.key == gone.key and message.version and message.received:
                on_its_way = message.seq < gone.seq and gone.at < message.received
                lifetime = history.header.message_lifetime_ns
                accepted = lifetime is None or message.received - message.born <= lifetime
                whatever = [(True, None), (False, ""), (False, "a"), (False, "zzz")]
                carried = [Copy(message.version, dead, value) for dead, value in whatever]
                brings = message.kind not in ("confirm", "confirmed", "mark", "marked")
                if brings and on_its_way and accepted and all(less(tie, copy, grave) for copy in carried):
                    bad.add(gone.key)
    return judged(bad, unknown=not history.header.audited)


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
    keys = {change.key for change in changes(history)}
    for event in history.events:
        if isinstance(event, Change):
            left = left_by(history, event, event.key, event.seq)
            if event.cause != "corrupt" and left != event.old:  # a disk gives back what was not put there
                bad.add(event.key)
        elif isinstance(event, Dump):
            for key in keys | set(event.copies):
                if event.copies.get(key) != left_by(history, event, key, event.seq, event.batch):
                    bad.add(key)
    return judged(bad, unknown=False)


def left_by(history: History, who: Change | Dump, key: str, seq: int, batch: int | None = None) -> Copy | None:
    """What an incarnation's changes leave of a key: those before this place of the order, or those up to a batch."""
    left: Copy | None = None
    for change in changes(history):
        if (change.node, change.incarnation, change.key) == (who.node, who.incarnation, key):
            counts = change.seq < seq if batch is None else change.batch <= batch
            left = change.new if counts else left
    return left


ORACLES: dict[str, Callable[[History], Judgement]] = {
    "convergence": convergence,
    "no version regression": regression,
    "no tombstone resurrection": resurrection,
    "purge soundness": purge,
    "acknowledged writes kept": acknowledged,
    "monotonic reads": reads,
    "reads see acknowledged writes": fresh,
    "nothing invented": invented,
    "evidence agrees": evidence,
}
