"""The version interface (mint, compare, merge) and the kinds of versions of which the last one wins."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from .peer import Brief
from .records import Record, Version
from .settings import Tie

Glance = Literal["older", "same", "newer", "unsure"]
Rank = Callable[[Record], Any]


class Versions(Protocol):
    """Every other part of the store orders copies only by these."""

    incarnation: str
    clock: int  # never behind a time seen
    minted: int  # must be durable, in a clock, before the version is seen outside
    asks_first: bool  # a version is minted above those that replicas tell
    joins: bool  # what is made of two copies may be a third one

    def mint(self, wall_ns: int) -> Version: ...

    def observe(self, version: Version) -> None: ...

    def dominates(self, one: Record | None, other: Record | None) -> bool: ...

    def merge(self, one: Record | None, other: Record | None) -> Record | None: ...

    def glance(self, mine: Record | None, theirs: Brief) -> Glance: ...

    def oldest(self, record: Record) -> int: ...


def value_rank(record: Record) -> tuple[bool, bytes]:
    """Absence of a value is lower than the empty value."""
    return (True, record.value.encode()) if record.value is not None else (False, b"")


RANKS: dict[Tie, Rank] = {
    "incarnation": lambda r: (r.version.time, r.version.by, r.dead, value_rank(r)),
    "cassandra": lambda r: (r.version.time, r.dead, value_rank(r), r.version.by),
    "riak": lambda r: (r.version.time, not r.dead, value_rank(r), r.version.by),
}


class LastWriterWins:
    """A version's time is the wall clock, or one more than any time seen before, whichever is later.

    The incarnation makes versions unique, as long as a clock that covers what it minted is durable: else a restart
    within a clock step mints a version again.
    """

    asks_first = False
    joins = False

    def __init__(self, incarnation: str, tie: Tie, clock: int) -> None:
        self.incarnation = incarnation
        self.rank = RANKS[tie]
        self.clock = clock
        self.minted = clock

    def mint(self, wall_ns: int) -> Version:
        self.clock = self.minted = max(self.clock + 1, wall_ns)
        return Version(self.clock, self.incarnation)

    def observe(self, version: Version) -> None:
        if version.time > self.clock:  # noqa: PLR1730 - asked for each copy, and a call takes longer
            self.clock = version.time

    def dominates(self, one: Record | None, other: Record | None) -> bool:
        """Whether `one` ⪰ `other`; nothing is older than everything, and equal to nothing."""
        if other is None or one is other:
            return True
        if one is None:
            return False
        if one.version.time != other.version.time:
            return one.version.time > other.version.time
        return bool(self.rank(one) >= self.rank(other))

    def merge(self, one: Record | None, other: Record | None) -> Record | None:
        """The least that dominates both."""
        return one if self.dominates(one, other) else other

    def glance(self, mine: Record | None, theirs: Brief) -> Glance:
        """How my copy stands to one of which I have not seen the value."""
        if mine is None or mine.version.time < theirs.version.time:
            return "older"
        if mine.version.time > theirs.version.time:
            return "newer"
        return "same" if mine.checksum == theirs.checksum else "unsure"

    def oldest(self, record: Record) -> int:
        """The time of the oldest write that it shows."""
        return record.version.time


class WallClock(LastWriterWins):
    """The wall clock alone: what the node sees teaches it nothing, and only what it has minted itself keeps a version
    unique where the clock stands still or was set back. So the clock of this is the last time minted."""

    def observe(self, version: Version) -> None:
        pass


class Counter(LastWriterWins):
    """Numbers instead of times: one more than the highest that the coordinator was told of, or has minted. Two
    coordinators that are told the same mint the same, and the rule for ties says whose write is lost."""

    asks_first = True

    def mint(self, wall_ns: int) -> Version:  # noqa: ARG002 - a number is no time
        """None yet: it is below all others until replicas have told theirs."""
        return Version(0, self.incarnation)

    def mint_above(self, highest: int) -> Version:
        self.clock = self.minted = max(self.clock, highest) + 1
        return Version(self.clock, self.incarnation)

    def observe(self, version: Version) -> None:
        pass
