"""Limits are kept: what a node sends of repairs and of hints stays within what its policy states.

Times are those at which the sender decided, by its own wall clock; so nodes whose clocks are off are not judged.
"""

from collections import defaultdict
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

import msgspec

from checkers import words
from checkers.facts import Facts, gather
from checkers.history import History, Message, Version
from checkers.verdict import Verdict, Violation, conclude

NAME = "limits kept"
_SECOND = 1_000_000_000
_READING = 20  # clocks are read a little apart: a twentieth of a second's worth is allowed
_EARLY_NS = 5_000_000  # of a timer
_ROUND, _HINT = "round ", "hint "  # how the origin of what anti-entropy and of what handoff says begins
_CITED_MAX = 12


class Limits(msgspec.Struct, frozen=True):
    """None: no such limit. A copy counts with its key, its value and `copy_bytes`. `odd_clocks` names the nodes whose
    clocks may be off."""

    repair_bytes_per_s: int | None = None
    copy_bytes: int = 0
    hints_max: int | None = None
    hints_per_replay: int | None = None
    hint_every_ns: int | None = None
    hint_lifetime_ns: int | None = None
    odd_clocks: tuple[str, ...] = ()
    hint_bytes_per_s: int | None = None


def check(history: History, limits: Limits) -> Verdict:
    """`checked` counts the copies that anti-entropy and handoff sent."""
    facts = gather(history)
    judged = [node for node in facts.header.nodes if node not in limits.odd_clocks]
    sends = _sends(facts, judged)
    starts: dict[str, list[int]] = defaultdict(list)
    for life in facts.lives:
        if life.what == "started":
            starts[life.node].append(life.seq)
    violations = [
        *_too_fast(facts, sends[_ROUND], starts, limits, _REPAIRS),
        *_too_fast(facts, sends[_HINT], starts, limits, _HINTS),
        *_too_many(sends[_HINT], limits),
        *_too_often(sends[_HINT], starts, limits),
        *_too_long(sends[_HINT], limits),
    ]
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, sum(map(len, sends.values())))


def _sends(facts: Facts, nodes: list[str]) -> dict[str, list[Message]]:
    """By the start of their origin. A network that delivers a message twice has sent it once."""
    sends: dict[str, list[Message]] = {_ROUND: [], _HINT: []}
    last: dict[tuple[str, str], str] = {}
    for message in facts.messages:
        if message.kind != "store" or message.sender not in nodes:
            continue
        for start, of_start in sends.items():
            if message.origin.startswith(start):
                way = message.sender, message.to
                if last.get(way) != message.id:
                    of_start.append(message)
                last[way] = message.id
    return sends


class _Rate(NamedTuple):
    limit: str
    copies: str
    rule: str


_REPAIRS = _Rate(
    "repair_bytes_per_s", "copies in anti-entropy", "anti-entropy sends no more bytes a second than the policy allows"
)
_HINTS = _Rate("hint_bytes_per_s", "hints", "hints take no more bytes a second than the policy allows")


def _too_fast(
    facts: Facts, sends: list[Message], starts: dict[str, list[int]], limits: Limits, rate: _Rate
) -> Iterator[Violation]:
    """A node saves up a second's worth at most, and begins with that; what is larger goes once all is saved."""
    per_s: int | None = getattr(limits, rate.limit)
    if per_s is None:
        return
    sizes = _sizes(facts) if sends else {}
    full = per_s * _SECOND
    by_node: dict[str, list[Message]] = defaultdict(list)
    for message in sends:
        by_node[message.sender].append(message)
    for node, of_node in by_node.items():
        left, at, begun = full, of_node[0].born, iter(starts[node])
        start, burst = next(begun, None), list[Message]()
        for message in of_node:
            while start is not None and start < message.seq:
                left, start, burst = full, next(begun, None), []
            left = min(full, left + max(0, message.born - at) * per_s)
            at = max(at, message.born)
            if left == full:
                burst = []
            burst.append(message)
            size = (sizes.get((message.key or "", message.version), 0) + limits.copy_bytes) * _SECOND
            size += len((message.key or "").encode()) * _SECOND
            if left < min(full, size) - full // _READING:
                yield _burst(node, burst, per_s, rate)
                left, burst = full, []  # each burst is told once
            left -= size


def _sizes(facts: Facts) -> dict[tuple[str, Version | None], int]:
    """Of values. Of a version with two contents the smaller; of one that nobody recorded, nothing."""
    sizes: dict[tuple[str, Version | None], int] = {}
    for change in facts.changes:
        if change.new is not None:
            place, size = (change.key, change.new.version), len((change.new.value or "").encode())
            sizes[place] = min(size, sizes.get(place, size))
    return sizes


def _burst(node: str, burst: list[Message], per_s: int, rate: _Rate) -> Violation:
    last, span = burst[-1], burst[-1].born - burst[0].born
    summary = (
        f"key {last.key}: {node} sent {len(burst)} {rate.copies} within {words.seconds(span)}, up to message"
        f" {last.id} at {words.seconds(last.at)}, and its limit is {per_s:,} bytes a second"
    )
    events = [message.seq for message in burst[-_CITED_MAX:]]
    return Violation(last.key, rate.rule, events, summary)


def _too_many(sends: list[Message], limits: Limits) -> Iterator[Violation]:
    """In one moment: all these were in the queue, and all were sent."""
    for what, rule, most in (
        ("were kept", "a node keeps no more hints for another than the policy allows", limits.hints_max),
        ("were sent at once", "no more hints are sent at a time than the policy allows", limits.hints_per_replay),
    ):
        if most is None:
            continue
        for at_once in _moments(sends):
            keys = {message.key for message in at_once}
            if len(keys) > most:
                first, last = at_once[0], at_once[-1]
                summary = (
                    f"key {last.key}: {len(keys)} hints of {first.sender} for {first.to} {what} at"
                    f" {words.seconds(first.at)}, and {most} may be"
                )
                yield Violation(last.key, rule, [message.seq for message in at_once[-_CITED_MAX:]], summary)


def _moments(sends: list[Message]) -> list[list[Message]]:
    """What one node decided at one time to send another. What a commit held up may leave with what came after it."""
    moments: dict[tuple[str, str, int], list[Message]] = defaultdict(list)
    for message in sends:
        moments[message.sender, message.to, message.born].append(message)
    return list(moments.values())


def _too_often(sends: list[Message], starts: dict[str, list[int]], limits: Limits) -> Iterator[Violation]:
    if limits.hint_every_ns is None:
        return
    before: dict[tuple[str, str], Message] = {}
    for at_once in _moments(sends):
        message = at_once[0]
        earlier = before.get((message.sender, message.to))
        before[message.sender, message.to] = message
        if earlier is None or any(earlier.seq < start < message.seq for start in starts[message.sender]):
            continue
        waited = message.born - earlier.born
        if waited < limits.hint_every_ns - _EARLY_NS:
            summary = (
                f"key {message.key}: {message.sender} sent hints to {message.to} at {words.seconds(message.at)},"
                f" {waited / 1e6:.0f} ms after others, and the policy says every {limits.hint_every_ns / 1e6:g} ms"
            )
            yield Violation(
                message.key, "hints are sent no more often than the policy allows", [earlier.seq, message.seq], summary
            )


def _too_long(sends: list[Message], limits: Limits) -> Iterator[Violation]:
    """A hint is at least as old as its first replay."""
    if limits.hint_lifetime_ns is None:
        return
    first: dict[tuple[str, str, str | None, Version | None], Message] = {}
    for message in sorted(sends, key=attrgetter("seq")):
        earlier = first.setdefault((message.sender, message.to, message.key, message.version), message)
        age = message.born - earlier.born
        if age > limits.hint_lifetime_ns:
            summary = (
                f"key {message.key}: {message.sender} sent {message.to} a hint at {words.seconds(message.at)} that it"
                f" had sent {words.seconds(age)} before, and hints live for {limits.hint_lifetime_ns / 1e9:g} s"
            )
            yield Violation(message.key, "no hint outlives its lifetime", [earlier.seq, message.seq], summary)
