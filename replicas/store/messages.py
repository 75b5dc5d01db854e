"""Everything that is said on a connection.

Messages between nodes are one-way: an answer is a message of its own, sent over the answering node's own
connection. `n` is the sender's number for the message; `born` is the sender's wall clock when it read the knowledge
in it (a repair is as old as the read behind it); `origin` says what set it off.
"""

from typing import Annotated, Literal

import msgspec

from .changed import Changed
from .comparing import Comparing
from .peer import Brief, Exchanged, Peer
from .records import TIME_MAX, Record, Version
from .visits import (
    Answer,
    AskDump,
    AskMetrics,
    AskReady,
    AskStanding,
    AskStatus,
    ClientMessage,
    DumpReply,
    Greeting,
    Hello,
    MetricsReply,
    Ping,
    Pong,
    Ready,
    StandingReply,
    Status,
    SteppedDown,
)

RepairCause = Literal["write", "read repair", "hinted handoff", "anti-entropy", "write repair"]


class Store(Peer, tag="store"):
    """Hold this copy unless you hold one that dominates it. Answered by Stored."""

    request: int
    record: Record
    cause: RepairCause


class DottedStore(Store, tag="dotted store"):
    """A write with its number among those of its coordinator's incarnation in the key's partition."""

    dot: int


class Stored(Peer, tag="stored"):
    request: int
    key: str
    holds: bool  # this copy or one that dominates it is durable here


class Fetch(Peer, tag="fetch"):
    request: int
    key: str


class Fetched(Peer, tag="fetched"):
    request: int
    key: str
    record: Record | None


class AskDigest(Peer, tag="ask digest"):
    """What do you hold of this key? A value of more than `above` bytes as a digest, what is smaller as it is."""

    request: int
    key: str
    above: int


class Digest(Peer, tag="digest"):
    """None: nothing is held."""

    request: int
    key: str
    brief: "Brief | None"


class AskVersion(Peer, tag="ask version"):
    """Which version of this key do you hold? Answered by ToldVersion."""

    request: int
    key: str


class ToldVersion(Peer, tag="told version"):
    request: int
    key: str
    version: Version | None


class Compare(Exchanged, tag="compare"):
    """Hashes of nodes on one level of the trees, by partition. The answer is one level deeper, or Leaves, or Done."""

    level: int
    hashes: dict[int, dict[int, int]]


class Done(Exchanged, tag="done"):
    """The sender has nothing more to say in this session: no difference, or all that was wanted is on its way."""


class Over(Exchanged, tag="over"):
    """The opener's last word: its exchange is over, or given up. `same`: the partitions in which nothing differed."""

    same: list[int]


class Busy(Exchanged, tag="busy"):
    """As many exchanges are open at the sender as may be: come again in the next round."""


class Leaves(Exchanged, tag="leaves"):
    """What the sender holds in leaves that differ: all of it between the two keys, and no more than the limit.

    `after` is not part of it, `until` is; the next listing goes on from there.
    """

    leaves: dict[int, list[int]]  # by partition
    briefs: list[Brief]
    after: str | None  # None: from the first key
    until: str | None  # None: to the last key


class Want(Exchanged, tag="want"):
    keys: list[str]


class Confirm(Peer, tag="confirm"):
    """Do you hold this tombstone, or what dominates it, durably?"""

    brief: Brief


class Confirmed(Peer, tag="confirmed"):
    brief: Brief


class Flush(Peer, tag="flush"):
    """Do you keep a hint, or have a write under way, that is as old as this?"""

    time: Annotated[int, msgspec.Meta(ge=0, le=TIME_MAX)]


class Flushed(Peer, tag="flushed"):
    """None as old as this, and there will be none."""

    time: Annotated[int, msgspec.Meta(ge=0, le=TIME_MAX)]


class Mark(Peer, tag="mark"):
    """Every replica has confirmed this tombstone: it is now the same as nothing, and may go after the wait."""

    brief: Brief


class Marked(Peer, tag="marked"):
    brief: Brief


class Offer(Peer, tag="offer"):
    """I keep a hint of this copy for you: do you want it? Answered by OfferReply."""

    request: int
    brief: Brief


class OfferReply(Peer, tag="offer reply"):
    request: int
    key: str
    wanted: bool  # False: this copy or one that dominates it is durable here


class Keep(Peer, tag="keep"):
    """Keep this copy as a hint for that replica, which does not answer me. Answered by Kept."""

    request: int
    target: str
    record: Record


class Kept(Peer, tag="kept"):
    request: int
    target: str
    keeps: bool  # a hint of this copy, or of one that dominates it, is durable here


class Newer(Peer, tag="newer"):
    """In place of Stored, where writes repair: what is held here is newer than the write."""

    request: int
    key: str


Generation = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Announce(Peer, tag="announce"):
    """The sender lost its disk: whatever an earlier generation of it said holds no more."""

    generation: Generation


class Announced(Peer, tag="announced"):
    generation: Generation


class AskPage(Peer, tag="ask page"):
    """For what the receiver holds of the sender's partitions, behind this key; None: from the first."""

    after: str | None


class PagedCopy(msgspec.Struct, array_like=True, frozen=True, gc=False):
    record: Record
    purgeable: bool


class Page(Peer, tag="page"):
    """`last`: the key up to which the sender has looked."""

    after: str | None
    last: str | None
    copies: list[PagedCopy]
    more: bool


PeerMessage = (
    Store
    | DottedStore
    | Stored
    | Fetch
    | Fetched
    | AskVersion
    | ToldVersion
    | AskDigest
    | Digest
    | Compare
    | Done
    | Over
    | Busy
    | Leaves
    | Want
    | Confirm
    | Confirmed
    | Flush
    | Flushed
    | Mark
    | Marked
    | Announce
    | Announced
    | AskPage
    | Page
    | Offer
    | OfferReply
    | Keep
    | Kept
    | Newer
    | Comparing
    | Changed
)

AnyMessage = (
    PeerMessage
    | ClientMessage
    | Answer
    | SteppedDown
    | Hello
    | Greeting
    | AskStatus
    | Status
    | AskMetrics
    | MetricsReply
    | AskDump
    | DumpReply
    | Ping
    | Pong
    | AskReady
    | Ready
    | AskStanding
    | StandingReply
)
