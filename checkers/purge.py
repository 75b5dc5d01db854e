"""Purge soundness: when a tombstone is purged, every replica is past it and nothing older is on its way."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import takewhile
from operator import attrgetter

from msgspec import UNSET

from checkers import words
from checkers.facts import Facts, Trail, gather
from checkers.history import Cause, Change, Copy, History, Message, Version
from checkers.lifetimes import Stay
from checkers.verdict import Verdict, Violation, conclude

NAME = "purge soundness"
_BRING_NO_COPY = ("confirm", "confirmed", "mark", "marked")  # these messages only name a tombstone
_KEPT_ELSEWHERE: tuple[Cause, ...] = ("hinted handoff", "bootstrap")
_seq = attrgetter("seq")


def check(history: History) -> Verdict:
    facts = gather(history)
    violations = []
    if facts.purges:
        violations = [*_behind(facts), *_late(facts), *_remained(facts)]
        violations.sort(key=lambda violation: violation.events[-1])
    unknown = "" if facts.header.audited else "the replicas report no changes of their own"
    return conclude(NAME, violations, len(facts.purges), unknown)


def _behind(facts: Facts) -> Iterator[Violation]:
    for purge in facts.purges:
        for node in facts.replicas(purge.key):
            if node == purge.node or purge.old is None:
                continue
            if facts.is_past(node, purge.key, purge.seq, purge.old):
                continue
            stay, past = facts.lifetimes.at(node, purge.seq), facts.past(node, purge.key, purge.seq)
            if _lost_all(stay, past):
                continue
            held = past[-1].new if past else None
            who = f"{node} ({stay.incarnation if stay else 'never started'})"
            summary = f"key {purge.key}: {words.change(purge)} while {who} held {words.copy(held)}"
            yield Violation(
                purge.key,
                "a tombstone is purged only when every replica holds it or what dominates it",
                [*map(_seq, past[-1:]), purge.seq],
                summary,
            )


def _lost_all(stay: Stay | None, past: Trail) -> bool:
    """It holds nothing since it lost its disk, or a damaged copy: so it holds nothing older either."""
    if past and past[-1].new is not None:
        return False
    return (stay is not None and stay.renewed) or any(change.cause == "corrupt" for change in past)


def _remained(facts: Facts) -> Iterator[Violation]:
    """What was taken from a hint or a page after the purge was kept, or was under way, at the purge."""
    for change in facts.changes:
        if change.cause in _KEPT_ELSEWHERE and change.new is not None and change.key in facts.purged:
            top = facts.purged[change.key].top(change.seq)
            if top is not None and _is_older(facts, change.new, top[0]):
                yield Violation(
                    change.key,
                    "a tombstone is purged only when no hint or page has anything older",
                    [top[1].seq, change.seq],
                    f"key {change.key}: {words.change(top[1])}; later {words.change(change)}",
                )


def _is_older(facts: Facts, copy: Copy, tomb: Copy) -> bool:
    if facts.header.versions is UNSET:
        return not facts.at_least(copy, tomb)
    return facts.order.brings_back(copy.version, tomb.version)


def _late(facts: Facts) -> Iterator[Violation]:
    if not facts.messages:
        return
    ahead: dict[str | None, deque[Change]] = defaultdict(deque)  # purges that follow the message at hand
    for purge in facts.purges:
        ahead[purge.key].append(purge)
    taken = {change.message for change in facts.changes if change.key in ahead}
    for message in facts.messages:
        purges = ahead.get(message.key)
        if not purges or message.received is None or message.kind in _BRING_NO_COPY:
            continue
        while purges and purges[0].seq < message.seq:
            purges.popleft()
        if purges and purges[0].at < message.received and (message.id in taken or not _too_old(facts, message)):
            yield from _passed(facts, message, message.received, purges)


def _too_old(facts: Facts, message: Message) -> bool:
    """By true time; a receiver whose clock lags takes it all the same."""
    lifetime = facts.header.message_lifetime_ns
    return lifetime is not None and message.received is not None and message.received - message.born > lifetime


def _passed(facts: Facts, message: Message, received: int, purges: Iterable[Change]) -> Iterator[Violation]:
    """Looks for a purge of something newer before the receipt; the first is told."""
    for purge in takewhile(lambda purge: purge.at < received, purges):
        if message.version and purge.old and facts.order.brings_back(message.version, purge.old.version):
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
