"""Purge soundness: when a tombstone is purged, every replica is past it and nothing older is on its way."""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import takewhile
from operator import attrgetter

from checkers import words
from checkers.facts import Facts, gather, is_purge
from checkers.history import Change, Copy, History, Message, Version
from checkers.verdict import Verdict, Violation, conclude
from checkers.versions import precedes

NAME = "purge soundness"
_seq = attrgetter("seq")


def check(history: History) -> Verdict:
    facts = gather(history)
    violations = []
    if facts.purges:
        violations = [*_behind(facts), *_late(facts)]
        violations.sort(key=lambda violation: violation.events[-1])
    unknown = "" if facts.header.audited else "the replicas report no changes of their own"
    return conclude(NAME, violations, len(facts.purges), unknown)


def _behind(facts: Facts) -> Iterator[Violation]:
    incarnations = _incarnations(facts)
    for purge in facts.purges:
        for node in facts.replicas(purge.key):
            if node == purge.node or purge.old is None:
                continue
            started, names = incarnations.get(node, ([], []))
            place = bisect_right(started, purge.seq)
            incarnation = names[place - 1] if place else "never started"
            trail = facts.trails.get((node, incarnation), {}).get(purge.key, [])
            past = trail[: bisect_right(trail, purge.seq, key=_seq)]
            if not _is_past(facts, past, purge.old):
                held = past[-1].new if past else None
                summary = f"key {purge.key}: {words.change(purge)} while {node} ({incarnation}) held {words.copy(held)}"
                yield Violation(
                    purge.key,
                    "a tombstone is purged only when every replica holds it or what dominates it",
                    [*map(_seq, past[-1:]), purge.seq],
                    summary,
                )


def _is_past(facts: Facts, past: list[Change], tomb: Copy) -> bool:
    """It holds ⪰ tomb, or has purged ⪰ tomb."""
    if past and past[-1].new is not None and facts.at_least(past[-1].new, tomb):
        return True
    purged = (change.old for change in reversed(past) if is_purge(change))
    return any(old is not None and facts.at_least(old, tomb) for old in purged)


def _incarnations(facts: Facts) -> dict[str, tuple[list[int], list[str]]]:
    """Node -> when each of its incarnations began, and their names, in order."""
    began: dict[tuple[str, str], int] = {}
    for life in facts.lives:
        if life.what == "started":
            began.setdefault((life.node, life.incarnation), life.seq)
    for place, keys in facts.trails.items():
        first = min(trail[0].seq for trail in keys.values())
        began[place] = min(first, began.get(place, first))
    found: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
    for (node, incarnation), seq in sorted(began.items(), key=lambda item: item[1]):
        found[node][0].append(seq)
        found[node][1].append(incarnation)
    return found


def _late(facts: Facts) -> Iterator[Violation]:
    ahead: dict[str | None, deque[Change]] = defaultdict(deque)  # purges that follow the message at hand
    for purge in facts.purges:
        ahead[purge.key].append(purge)
    for message in facts.messages:
        purges = ahead.get(message.key)
        if not purges or message.received is None:
            continue
        while purges and purges[0].seq < message.seq:
            purges.popleft()
        if purges and purges[0].at < message.received and not _refused(facts, message):
            yield from _passed(facts, message, message.received, purges)


def _refused(facts: Facts, message: Message) -> bool:
    lifetime = facts.header.message_lifetime_ns
    return lifetime is not None and message.received is not None and message.received - message.born > lifetime


def _passed(facts: Facts, message: Message, received: int, purges: Iterable[Change]) -> Iterator[Violation]:
    """Looks for a purge of something newer before the receipt; the first is told."""
    for purge in takewhile(lambda purge: purge.at < received, purges):
        if message.version and purge.old and precedes(facts.header.tie, message.version, purge.old.version):
            summary = f"key {purge.key}: {words.change(purge)} while {_flight(message, message.version, received)}"
            yield Violation(
                purge.key,
                "a tombstone is purged only when no older message can be accepted any more",
                [message.seq, purge.seq],
                summary,
            )
            return


def _flight(message: Message, version: Version, received: int) -> str:
    return (
        f"message {message.id} ({message.kind}, {message.origin}) carried {words.version(version)} from"
        f" {message.sender} to {message.to}, sent at {words.seconds(message.at)}, received at {words.seconds(received)}"
    )
