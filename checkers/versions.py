"""Version order, by code of its own: a store must not be judged by its own comparison.

Equal times are broken by the header's `tie`:
- incarnation: the later name of an incarnation, then a tombstone over a value, then the larger value;
- cassandra: a tombstone over a value, then the larger value, then the later name;
- riak: a value over a tombstone, then the larger value, then the later name.
Values compare as UTF-8 bytes; no value is below the empty value.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from checkers import clocks
from checkers.history import Copy, Header, OddHistory, Version

Rank = Callable[[Copy], tuple[Any, ...]]
Covers = Callable[[Copy, Copy], bool]


class Order(NamedTuple):
    """`join`: the least that covers both; where the last one wins, that is one of the two. `brings_back`: whether a
    copy of the first version may show a value that the second, of a tombstone, has replaced. `raised`: the first, as if
    it knew of all that the second, which was purged, had seen; where the last one wins a purge leaves no such gap.
    `beside`: as if it showed that as well."""

    at_least: Covers
    join: Callable[[Copy, Copy], Copy]
    brings_back: Callable[[Version, Version], bool]
    raised: Callable[[Copy, Copy], Copy]
    beside: Callable[[Copy, Copy], Copy]


def order_of(header: Header) -> Order:
    kind = header.versions
    if kind is not msgspec.UNSET:
        return Order(
            clocks.COVERS[kind],
            clocks.join(kind),
            lambda version, tomb: clocks.brings_back(kind, version, tomb),
            clocks.raised,
            clocks.beside,
        )
    at_least = covers(header.tie)
    return Order(
        at_least,
        lambda one, other: one if at_least(one, other) else other,
        lambda version, tomb: precedes(header.tie, version, tomb),
        lambda copy, _purged: copy,
        lambda copy, _purged: copy,
    )


def _value(copy: Copy) -> tuple[bool, bytes]:
    return copy.value is not None, (copy.value or "").encode()


_RANKS: dict[str, Rank] = {
    "incarnation": lambda c: (c.version.time, c.version.by, c.dead, _value(c)),
    "cassandra": lambda c: (c.version.time, c.dead, _value(c), c.version.by),
    "riak": lambda c: (c.version.time, not c.dead, _value(c), c.version.by),
}


def rank(tie: str) -> Rank:
    """A key function: copies in version order."""
    if tie not in _RANKS:
        raise OddHistory(f"unknown tie rule {tie!r} in the header of the history: use one of {', '.join(_RANKS)}")
    return _RANKS[tie]


def covers(tie: str) -> Covers:
    """Whether the first copy ⪰ the second."""
    key = rank(tie)

    def at_least(one: Copy, other: Copy) -> bool:
        mine, theirs = one.version.time, other.version.time
        if mine != theirs:
            return mine > theirs
        return (one.version == other.version and same(one, other)) or key(one) >= key(other)

    return at_least


def precedes(tie: str, one: Version, tomb: Version) -> bool:
    """Whether a copy of the first version is ≺ a tombstone of the second, whatever that copy carries.

    A name decides equal times, unless values beat tombstones: then (5, a) may be a value that beats (5, b).
    """
    if one.time != tomb.time:
        return one.time < tomb.time
    return tie != "riak" and one.by < tomb.by


def same(one: Copy, other: Copy) -> bool:
    """Whether two copies have the same content; a purgeable mark is no content."""
    return one.dead == other.dead and one.value == other.value
