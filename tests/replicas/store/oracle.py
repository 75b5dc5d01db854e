"""The order of versions, written from the words of the design and from nothing in the store."""

from collections.abc import Iterable
from functools import reduce
from itertools import chain
from typing import TypeVar

from replicas.store.records import Record
from replicas.store.settings import Tie

T = TypeVar("T", int, str, bytes)


def compare(one: Record | None, other: Record | None, tie: Tie) -> int:
    """-1, 0 or 1. Nothing is older than anything; a later time wins; then the rule for ties decides."""
    if one is None or other is None:
        return _sign(one is not None, other is not None)
    if one.version.time != other.version.time:
        return _sign(one.version.time, other.version.time)
    if tie == "incarnation" and one.version.by != other.version.by:
        return _sign(one.version.by, other.version.by)
    if one.dead != other.dead:
        tombstone_wins = tie != "riak"
        return 1 if one.dead == tombstone_wins else -1
    values = _sign((one.value or "").encode(), (other.value or "").encode())
    return values or _sign(one.version.by, other.version.by)


def covers(one: Record | None, other: Record | None, tie: Tie) -> bool:
    return compare(one, other, tie) >= 0


def latest(records: Iterable[Record | None], tie: Tie) -> Record | None:
    return reduce(lambda a, b: a if covers(a, b, tie) else b, chain([None], records))


def _sign(one: T, other: T) -> int:
    return (one > other) - (one < other)
