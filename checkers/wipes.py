"""What wipes destroyed: a premise of whatever is promised of acknowledged writes, not a property of the store.

A version that was acknowledged is destroyed by a wipe if the wiped incarnation held it, or what dominates it, and no
other replica of the key did. One that was acknowledged only after the wipe must also be held by no replica then.
"""

from collections import defaultdict
from collections.abc import Iterator

from checkers import words
from checkers.facts import Answer, Facts, Trail, gather
from checkers.history import Copy, History, Life


def last_copies(history: History) -> list[str]:
    """In words, wipe by wipe. Where replicas report no changes of their own, nothing is known and nothing told."""
    facts = gather(history)
    wipes = [life for life in facts.lives if life.what == "wiped"]
    if not wipes:
        return []
    acks: dict[str, list[tuple[Answer, Copy]]] = defaultdict(list)
    for ack in facts.acks:
        if ack.copy is not None:
            acks[ack.invoke.key].append((ack, ack.copy))
    return [_tell(wipe, ack, copy) for wipe in wipes for ack, copy in _destroyed(facts, wipe, acks)]


def _destroyed(facts: Facts, wipe: Life, acks: dict[str, list[tuple[Answer, Copy]]]) -> Iterator[tuple[Answer, Copy]]:
    stay = facts.lifetimes.at(wipe.node, wipe.seq - 1)
    lost = facts.trails.get((wipe.node, stay.incarnation), {}) if stay and stay.incarnation else {}
    for key in sorted(lost):
        past = facts.past(wipe.node, key, wipe.seq - 1)
        held, elsewhere = past[-1].new if past else None, _pasts(facts, key, wipe.seq)
        if held is None or _is_safe(facts, elsewhere, held):
            continue
        for ack, copy in acks.get(key, []):
            if ack.invoke.seq > wipe.seq or not facts.at_least(held, copy) or _is_safe(facts, elsewhere, copy):
                continue
            if ack.back.seq < wipe.seq or not _is_safe(facts, _pasts(facts, key, ack.back.seq), copy):
                yield ack, copy


def _pasts(facts: Facts, key: str, seq: int) -> list[Trail]:
    return [facts.past(node, key, seq) for node in facts.replicas(key)]


def _is_safe(facts: Facts, pasts: list[Trail], copy: Copy) -> bool:
    """Whether any replica holds ⪰ copy, or has purged it."""
    return any(facts.is_past(past, copy) for past in pasts)


def _tell(wipe: Life, ack: Answer, copy: Copy) -> str:
    what = f"the last copy of key {ack.invoke.key} version {words.version(copy.version)}"
    when = f"acknowledged at {words.seconds(ack.back.at)} (op {ack.invoke.op})"
    return f"the wipe of {wipe.node} at {words.seconds(wipe.at)} destroyed {what}, {when}"
