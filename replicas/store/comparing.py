"""What nodes say to each other in the kinds of anti-entropy that use no trees."""

import msgspec

from .peer import Brief, Exchanged
from .records import Record


class OfRange(Exchanged):
    """The keys from behind `after` (None: from the first key) up to `until` (None: to the last one). An answer may be
    about a shorter range than the question."""

    after: str | None
    until: str | None


class KeyPage(OfRange, tag="key page"):
    """All that the sender holds in this range of these partitions. Answered by Lacks."""

    partitions: list[int]
    briefs: list[Brief]


class Lacks(OfRange, tag="lacks"):
    """The keys of which the sender wants the copy. What wins here, `sent` of them, is on its way."""

    keys: list[str]
    sent: int
    differed: list[int]  # partitions


class CopyPage(OfRange, tag="copy page"):
    """All that the sender holds in this range, whole. The opener's is answered by the other's. `more`: something lies
    behind `until`."""

    partitions: list[int]
    more: bool
    copies: list[Record]


class RowRange(OfRange, tag="row range"):
    """The sum of all rows in this range. Answered by RowsAgree or RowHashes."""

    partitions: list[int]
    total: int


class RowsAgree(OfRange, tag="rows agree"):
    """Nothing differs in the range, or all that was wanted of it is on its way."""


class RowHashes(OfRange, tag="row hashes"):
    hashes: list[int]


class AskRows(OfRange, tag="ask rows"):
    """What are these rows of yours? Answered by RowBriefs."""

    partitions: list[int]
    hashes: list[int]


class RowBriefs(OfRange, tag="row briefs"):
    briefs: list[Brief]


class WantRows(OfRange, tag="want rows"):
    """Answered by the copies, and by RowsAgree."""

    keys: list[str]


class ReadLog(Exchanged, tag="read log"):
    """What does your log say behind this? Of another log than yours nothing has been read. `own` and `end` are the
    sender's log and its last entry; `waits`: it has tombstones that wait for their purge. Answered by LogEntries."""

    log: str
    after: int
    own: str
    end: int
    waits: bool


class LogEntries(Exchanged, tag="log entries"):
    """What the sender holds of the keys of these entries. `cut`: the log begins later. `done`: the sender has read the
    other's log."""

    log: str
    after: int
    until: int
    end: int
    cut: bool
    done: bool
    briefs: list[Brief]


class WantLogged(Exchanged, tag="want logged"):
    """Answered by the copies."""

    keys: list[str]


class LogDone(Exchanged, tag="log done"):
    """The sender has read the opener's log, and lacked something of these partitions."""

    differed: list[int]


class CaughtUp(Exchanged, tag="caught up"):
    """A comparison of all keys has shown that the receiver lacks nothing of what this log of the sender says so far."""

    log: str
    until: int


class Dotted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the sender holds of this key, and the dots that are known with it: incarnations and numbers in the key's
    partition. None: nothing that is shown."""

    key: str
    brief: Brief | None
    dots: list[tuple[str, int]]


Known = dict[int, dict[str, list[tuple[int, int]]]]  # ranges of dots, by partition and incarnation


class Clocks(Exchanged, tag="clocks"):
    """What do you know of these partitions beside this? Behind `after`, if some was listed before. `waits`: the sender
    has tombstones that wait for their purge; `compares`: it has to compare all keys with the receiver. Answered by
    DotsListed, or LogDone."""

    partitions: list[int]
    known: Known
    after: tuple[int, str, int] | None
    waits: bool
    compares: bool


class DotsListed(Exchanged, tag="dots listed"):
    """Up to `until`, if there are more. An answer also tells what is `known`, whether all of that is `sure` to be held,
    and whether it takes a comparison of the `whole`."""

    known: Known
    listed: list[Dotted]
    until: tuple[int, str, int] | None
    whole: bool
    sure: bool


class CaughtUpClocks(Exchanged, tag="caught up clocks"):
    """A comparison of all keys has shown that the receiver holds the writes of all these dots."""

    known: Known


Comparing = (
    KeyPage
    | Lacks
    | CopyPage
    | RowRange
    | RowsAgree
    | RowHashes
    | AskRows
    | RowBriefs
    | WantRows
    | ReadLog
    | LogEntries
    | WantLogged
    | LogDone
    | CaughtUp
    | Clocks
    | DotsListed
    | CaughtUpClocks
)
