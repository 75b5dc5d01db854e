"""What faults destroyed: premises of whatever is promised of acknowledged writes, not properties of the store.

A disk that is wiped takes all its copies; one that rots takes each that the replica then finds damaged and discards.
A version that was acknowledged is destroyed if the copy held it, or what dominates it, and no other replica of the key
did. One that was acknowledged only after that must also be held by no replica then. What is lost by a power cut was
never synced: that is for the store to answer for.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from checkers import words
from checkers.facts import Answer, Facts, gather
from checkers.history import Change, Copy, Damage, History, Life


class _Loss(NamedTuple):
    """One copy, held by this node until then."""

    event: Life | Change
    key: str
    held: Copy


def last_copies(history: History) -> list[str]:
    """In words, loss by loss. Where replicas report no changes of their own, nothing is known and nothing told."""
    facts = gather(history)
    losses = [*_wiped(facts), *_rotten(facts)]
    shown = _by_key(facts.acks) if losses else {}
    return [
        _tell(loss.event, "destroyed", f"the last copy of {_what(answer, copy)}")
        for loss in sorted(losses, key=lambda loss: loss.event.seq)
        for answer, copy, _ in _behind(facts, loss, shown, enough=1)
    ]


def hidden_copies(history: History, asked_least: int) -> list[str]:
    """What a read of so many copies may miss from then on, since a node has discarded a damaged copy and speaks for the
    key all the same: in words, loss by loss."""
    facts = gather(history)
    losses = list(_rotten(facts))
    shown = _by_key([*facts.acks, *facts.reads]) if losses else {}
    told = []
    for loss in losses:
        replicas = len(facts.replicas(loss.key))
        for answer, copy, left in _behind(facts, loss, shown, enough=replicas - asked_least + 1):
            few = f"{left} of {replicas} replicas" if left else "no replica"
            told.append(f"{_tell(loss.event, 'left', f'{_what(answer, copy)}')}, with {few}")
    return told


def lone_copies(history: History) -> list[str]:
    """Copies that rotted while not every other replica held as much: in words, loss by loss."""
    facts = gather(history)
    told = []
    for loss in _rotten(facts):
        others, seq = len(facts.replicas(loss.key)) - 1, loss.event.seq
        if _safe(facts, loss.key, seq, loss.held) < others:
            what = f"key {loss.key} version {words.version(loss.held.version)}"
            told.append(f"{_tell(loss.event, 'took', what)}, which not every other replica held")
    return told


def _wiped(facts: Facts) -> Iterator[_Loss]:
    for wipe in facts.lives:
        if wipe.what != "wiped":
            continue
        stay = facts.lifetimes.at(wipe.node, wipe.seq - 1)
        lost = facts.trails.get((wipe.node, stay.incarnation), {}) if stay and stay.incarnation else {}
        for key in sorted(lost):
            yield from _loss(facts, wipe, key)


def _rotten(facts: Facts) -> Iterator[_Loss]:
    """A sound copy that a replica discards is its own fault: only what the harness knows to have rotted counts."""
    rotted = {(event.node, event.key) for event in facts.events if isinstance(event, Damage) and event.what == "rotted"}
    if not rotted:
        return
    for change in facts.changes:
        if change.cause == "corrupt" and (change.node, change.key) in rotted:
            yield from _loss(facts, change, change.key)


def _loss(facts: Facts, event: Life | Change, key: str) -> Iterator[_Loss]:
    past = facts.past(event.node, key, event.seq - 1)
    if past and past[-1].new is not None:
        yield _Loss(event, key, past[-1].new)


def _by_key(answers: list[Answer]) -> dict[str, list[tuple[Answer, Copy]]]:
    found: dict[str, list[tuple[Answer, Copy]]] = defaultdict(list)
    for answer in answers:
        if answer.copy is not None:
            found[answer.invoke.key].append((answer, answer.copy))
    return found


def _behind(
    facts: Facts, loss: _Loss, shown: dict[str, list[tuple[Answer, Copy]]], enough: int
) -> Iterator[tuple[Answer, Copy, int]]:
    """What clients were shown that the lost copy covered, and too few others: with the number of those."""
    seq, key, held = loss.event.seq, loss.key, loss.held
    if _safe(facts, key, seq, held) >= enough:
        return
    for answer, copy in shown.get(key, []):
        if answer.invoke.seq > seq or not facts.at_least(held, copy):
            continue
        left = _safe(facts, key, seq, copy)
        if left < enough and answer.back.seq >= seq:
            left = _safe(facts, key, answer.back.seq, copy)
        if left < enough:
            yield answer, copy, left


def _safe(facts: Facts, key: str, seq: int, copy: Copy) -> int:
    """How many replicas hold ⪰ copy, or have purged it."""
    return sum(facts.is_past(node, key, seq, copy) for node in facts.replicas(key))


def _what(answer: Answer, copy: Copy) -> str:
    deed = "read" if answer.invoke.kind == "get" else "acknowledged"
    when = f"{deed} at {words.seconds(answer.back.at)} (op {answer.invoke.op})"
    return f"key {answer.invoke.key} version {words.version(copy.version)}, {when}"


def _tell(event: Life | Change, deed: str, what: str) -> str:
    fault = "wipe" if isinstance(event, Life) else "rot"
    return f"the {fault} of {event.node} at {words.seconds(event.at)} {deed} {what}"
