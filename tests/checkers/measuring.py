"""The definitions of what repair sends, of what is reaped, and of what is measured: word by word, at any cost."""

from collections.abc import Iterator

from checkers.history import Change, Copy, Damage, History, Invoke, Life, Message, Phase
from tests.checkers.definitions import buried, changes, down, dumps, less, ok, read, replicas, written
from tests.checkers.oracles import Judgement, judged


def needless(history: History) -> Judgement:
    if not history.header.audited:
        return Judgement("unknown")
    bad: set[str | None] = set()
    for sent in history.events:
        if not isinstance(sent, Message) or sent.kind != "store" or not sent.origin.startswith("round "):
            continue
        pair = {sent.sender, sent.to}
        compared = [
            event.seq
            for event in history.events
            if isinstance(event, Message) and event.seq < sent.seq
            and event.kind == "compare" and event.origin == sent.origin and {event.sender, event.to} == pair
        ]  # fmt: skip
        if not compared or sent.key is None:
            continue
        moments = range(min(compared), sent.seq)
        befell = [
            event
            for event in history.events
            if isinstance(event, Life | Damage) and event.node in pair and event.seq in moments
        ]
        states = {_counts(held(history, node, sent.key, seq)) for node in pair for seq in moments}
        mine = held(history, sent.sender, sent.key, sent.seq)
        if not befell and len(states) == 1 and mine is not None and mine.version == sent.version:
            bad.add(sent.key)
    return judged(bad, unknown=False)


def held(history: History, node: str, key: str, seq: int) -> Copy | None:
    """What a node said last that it holds, up to and with this place of the order; a wipe takes it."""
    copy: Copy | None = None
    for event in history.events:
        if event.seq <= seq and isinstance(event, Change | Life) and event.node == node:
            if isinstance(event, Life):
                copy = None if event.what == "wiped" else copy
            elif event.key == key:
                copy = event.new
    return copy


def _counts(copy: Copy | None) -> Copy | None:
    return None if copy is None or (copy.dead and copy.purgeable) else copy


def reaped(history: History) -> Judgement:
    ends = [event for event in history.events if isinstance(event, Phase) and event.name == "settled"]
    if not ends or any(end.pending is not None for end in ends):
        return Judgement("unknown")
    settled = dumps(history, "settled")
    bad: set[str | None] = {key for dump in settled.values() for key, copy in dump.copies.items() if copy.dead}
    up = set(history.header.nodes) - set(down(history))
    return judged(bad, unknown=not up <= set(settled))


def behind(history: History) -> Iterator[tuple[int, int, int]]:
    """Of each stale read its operation, how many versions it is behind, and by how many nanoseconds."""
    tie = history.header.tie
    for invoke, back in ok(history, "get"):
        if back.version is None and _is_untold(history, invoke.key, back.value):
            continue
        shown = [read(back, back.version)] if back.version is not None else buried(history, invoke.key, back.seq)
        newer: list[tuple[Copy, int]] = []
        for asked, acked in ok(history, "put", "delete"):
            if asked.key == invoke.key and acked.seq < invoke.seq and acked.version is not None:
                copy = written(asked, acked.version)
                if all(less(tie, each, copy) for each in shown):
                    newer.append((copy, acked.at))
        if newer:
            yield invoke.op, len({copy for copy, _ in newer}), invoke.at - min(at for _, at in newer)


def _is_untold(history: History, key: str, value: str | None) -> bool:
    deleted = any(isinstance(each, Invoke) and (each.kind, each.key) == ("delete", key) for each in history.events)
    return value is not None or (not history.header.audited and deleted)


def divergent(history: History) -> dict[str, int]:
    """By key, for how long its replicas that were up did not hold the same: looked at after every event."""
    times = dict.fromkeys([change.key for change in changes(history)], 0)
    for event, following in zip(history.events, history.events[1:], strict=False):
        for key in times:
            up = [node for node in replicas(history, key) if _is_up(history, node, event.seq)]
            states = [_counts(held(history, node, key, event.seq)) for node in up]
            if any(state != states[0] for state in states):
                times[key] += following.at - event.at
    return times


def _is_up(history: History, node: str, seq: int) -> bool:
    lives = [event for event in history.events if isinstance(event, Life) and event.node == node and event.seq <= seq]
    return not lives or lives[-1].what == "started"
