"""The record of a run: one totally ordered list of events, whoever observed them.

This is the published schema. Checkers know a system only by it. A file holds one JSON object a line, the header
first; the order is that of `seq`, never that of the lines. Times are nanoseconds since the start of unrest.
"""

from typing import Literal

import msgspec

FORMAT = 1

Outcome = Literal["ok", "failed", "unknown"]
Cause = Literal[
    "write",
    "read repair",
    "hinted handoff",
    "anti-entropy",
    "write repair",
    "bootstrap",
    "scrub",
    "purgeable",
    "purge",
    "corrupt",
]


class OddHistory(ValueError):
    """A history that can be read and not be judged: something that it speaks of is not in it, or unknown."""


class Version(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When a write was made, by a hybrid logical clock, and by which incarnation of which node.

    Where the header has `versions`, a copy is all that is known of its key: `by` is what it has seen and its siblings
    (`r1.1~7-9+r2.1~3-5@r1.1~9+r2.1~5x`: of r1.1 what is after 7 and up to 9, of r2.1 after 3 and up to 5; siblings are
    9 of r1.1, and 5 of r2.1, a tombstone), `time` is the latest of it, and the value of the copy is the JSON list of
    the siblings' values in that order, or None if all are tombstones. A write that is acknowledged has its own version
    so, with the write itself as the latest sibling.
    """

    time: int
    by: str


UNKNOWN = Version(0, "")  # of a store whose versions nobody knows: its copies differ by their values


class Copy(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a replica holds of a key. A dead copy is a tombstone; `purgeable` means that the node regards it
    as the same as nothing, and keeps it only as a floor under late messages."""

    version: Version
    dead: bool
    value: str | None
    purgeable: bool = False


class Header(msgspec.Struct, tag="header", tag_field="event"):
    format: int
    stage: str
    seed: int
    tie: str  # how equal times are ordered: see checkers.versions
    nodes: list[str]
    replicas: dict[str, list[str]]  # key -> the nodes that hold it
    audited: bool = True  # replicas report their own changes
    message_lifetime_ns: int | None = None  # nodes refuse a message older than this, if set
    versions: Literal["vector", "dotted"] | msgspec.UnsetType = msgspec.UNSET  # unset: the last one wins
    merge: Literal["last", "siblings", "union"] | msgspec.UnsetType = (
        msgspec.UNSET
    )  # what a client is shown of siblings


class Event(msgspec.Struct, tag_field="event", kw_only=True, gc=False):
    """`seq` is the place in the total order, counted from 1."""

    at: int
    seq: int = 0


class Invoke(Event, tag="invoke"):
    op: int
    session: str
    node: str
    kind: Literal["get", "put", "delete"]
    key: str
    value: str | None = None
    level: str | None = None


class Return(Event, tag="return"):
    """`failed` is definite: it never took effect. `unknown` may take effect later, or never."""

    op: int
    session: str
    outcome: Outcome
    value: str | None = None
    version: Version | None = None  # of the write that was acknowledged, or of the copy that was read
    dead: bool = False  # that copy is a tombstone
    error: str | None = None
    level_met: str | msgspec.UnsetType = msgspec.UNSET  # by what it was answered, if below the level asked for


class Change(Event, tag="change"):
    """A replica's own word on its state: `old` became `new` (None: nothing held) in commit `batch`."""

    node: str
    incarnation: str
    batch: int
    key: str
    old: Copy | None
    new: Copy | None
    cause: Cause
    message: str | None = None  # the id of the message that carried the new copy; None: the node's own act
    origin: str = ""  # what set it off, e.g. "op 141" or "round r1/12"


class Life(Event, tag="life"):
    """A node came up or went down. At a start, `batch` is the last commit found in its database and `committed`
    the last that this incarnation had declared durable before: batch < committed is a loss of durable state.
    `wiped`: it was killed and its disk is lost; what starts next on that node is a new incarnation. `powered off`: what
    its disk had not synced is lost. `stopped by its disk`: it ended by itself, as a read or a commit was refused."""

    node: str
    incarnation: str
    what: Literal["started", "killed", "stopped", "wiped", "powered off", "stopped by its disk", "ended of itself"]
    batch: int = 0
    committed: int = 0


class Damage(Event, tag="damage"):
    """What faults did to the disk of a node, as the harness knows it and the replica may not.

    A copy `rotted` or became `unreadable` under the version that it had, and is as before once it `healed`, unless it
    was written or discarded in between; `read rotten` is the first time that the replica was given what rot made of
    it. A commit, by its number `batch`, was `late`, or, by a power cut, `lost` or `torn`. `failed`: a read or a commit
    was refused, and `why`: a sound process ends of it."""

    node: str
    what: Literal["rotted", "read rotten", "unreadable", "healed", "late", "failed", "lost", "torn"]
    key: str | None = None
    version: Version | None = None
    batch: int | None = None
    why: str = ""


class Fault(Event, tag="fault"):
    fault: str
    kind: str
    phase: Literal["applied", "not applied", "healed", "not healed"]
    targets: list[str]
    evidence: str = ""


class Message(Event, tag="message"):
    """A message between nodes. `at` is when it was sent; `received` when it was handled, None if never; `born` when
    the sender's knowledge in it was read, by the sender's wall clock: a repair is as old as the read behind it. `bytes`
    is what it took on the link, where that was measured."""

    id: str
    born: int
    sender: str
    to: str
    kind: str
    origin: str
    key: str | None = None
    version: Version | None = None
    received: int | None = None
    bytes: int | msgspec.UnsetType = msgspec.UNSET


class Dump(Event, tag="dump"):
    """The whole state of one node, read at a moment of the mend phase: as it was with commit `batch`, if that is
    known, else at its place in the order."""

    node: str
    incarnation: str
    moment: Literal["settled", "one round later"]
    copies: dict[str, Copy]
    batch: int | None = None


class Rounds(Event, tag="rounds"):
    """The numbers, counted from the node's start, of its last round of anti-entropy begun and completed."""

    node: str
    begun: int
    completed: int


class Phase(Event, tag="phase"):
    """`settled`: `pending()` had no reason left, or the rounds that were promised are over and `pending` says why.
    `mend` names the nodes that stay `down` until the end; an `end` with something `pending` says why it came early."""

    name: Literal["unrest", "mend", "settled", "end"]
    pending: str | None = None
    down: list[str] = []


class Metrics(Event, tag="metrics"):
    """What one node has counted since its last start."""

    node: str
    values: dict[str, int]


AnyEvent = Invoke | Return | Change | Life | Damage | Fault | Message | Dump | Rounds | Phase | Metrics


class History(msgspec.Struct):
    header: Header
    events: list[AnyEvent]


def ordered(header: Header, events: list[AnyEvent]) -> History:
    """Numbers events in the order in which they are given."""
    for number, event in enumerate(events, 1):
        event.seq = number
    return History(header, events)
