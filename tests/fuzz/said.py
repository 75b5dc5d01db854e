"""What may come over a connection to a node, from the almost right to noise."""

from typing import Any, Literal, NamedTuple, get_args

import msgspec
from hypothesis import strategies as st

from replicas.store.frames import FRAME_MAX, BadFrame, Frames, frame
from replicas.store.messages import AnyMessage
from replicas.store.peer import Peer
from replicas.store.visits import Delete, Get, Hello, Put
from replicas.system import Level
from tests.fuzz.spoil import HUGE, JUNK, TEXT, damaged
from tests.replicas.store.strategies import messages

Ending = Literal["close", "reset", "hear"]
TAGS = [str(kind.__struct_config__.tag) for kind in get_args(AnyMessage)]
PEERS = ["r1", "r2", "r3"]
NAMES = st.sampled_from([*PEERS, "r9", "observer", "good r1", "good r2"]) | TEXT


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


def nested(depth: int) -> bytes:
    """A ping with lists in lists where nothing is due."""
    return framed(b"\x93\xa4ping\x01" + b"\x91" * depth + b"\xc0")


def _encoded(fields: list[Any]) -> bytes:
    """Of what msgpack cannot say, a word on it."""
    try:
        return msgspec.msgpack.encode(fields)
    except (OverflowError, UnicodeEncodeError):
        return msgspec.msgpack.encode([str(field).encode(errors="replace") for field in fields])


def _of_wrong_types() -> st.SearchStrategy[bytes]:
    fields = st.lists(JUNK | st.sampled_from(HUGE), max_size=7)
    return st.builds(lambda tag, rest: framed(_encoded([tag, *rest])), st.sampled_from([*TAGS, "?"]) | TEXT, fields)


def _clients() -> st.SearchStrategy[AnyMessage]:
    """Well-formed, also with odd content."""
    op, level = st.sampled_from(HUGE), st.sampled_from([None, *get_args(Level)])
    key = TEXT | st.sampled_from(["k" * 1025, "\ud7ff", "k" * 1024])
    return st.one_of(
        st.builds(Get, op, key, level), st.builds(Put, op, key, TEXT, level), st.builds(Delete, op, key, level)
    )


VALID = (messages() | _clients()).map(lambda message: bytes(frame(message)))
FRAMES: st.SearchStrategy[bytes] = st.one_of(
    VALID,
    damaged(VALID),
    damaged(VALID.map(lambda whole: whole[4:])).map(framed),
    _of_wrong_types(),
    st.binary(max_size=60),
    st.binary(max_size=60).map(framed),
    st.builds(lambda length, body: length.to_bytes(4) + body, st.integers(0, 2**32 - 1), st.binary(max_size=40)),
    st.sampled_from([framed(b""), FRAME_MAX.to_bytes(4), (FRAME_MAX + 1).to_bytes(4), nested(500), nested(50_000)]),
)


class Visit(NamedTuple):
    """One connection: what is said on it, piece by piece, and how it ends."""

    node: str
    pieces: list[bytes]
    ending: Ending

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


class Understood(NamedTuple):
    """`closed`: the node must end the connection; `whole`: what came last was the end of a frame."""

    messages: list[AnyMessage]
    closed: bool
    whole: bool


def understood(data: bytes) -> Understood:
    """Frame by frame. What comes in one piece with a bad frame may count or not."""
    frames, heard = Frames(), list[AnyMessage]()
    at = 0
    while len(data) - at >= 4:
        length = int.from_bytes(data[at : at + 4])
        if length <= FRAME_MAX and len(data) - at - 4 < length:
            break
        try:
            heard += frames.feed(data[at : at + 4 + length])
        except BadFrame:
            return Understood(heard, closed=True, whole=False)
        at += 4 + length
    return Understood(heard, closed=bool(heard) and not isinstance(heard[0], Hello), whole=at == len(data))


def may_be_sent(visit: Visit) -> bool:
    """Whoever says that it is a peer is believed: nothing here guards against one that lies in whole messages. What
    is not believed is anything malformed from it, and any message of a peer from anybody else."""
    heard = understood(visit.data).messages
    hello = heard[0] if heard else None
    believed = isinstance(hello, Hello) and hello.role == "peer" and hello.name in PEERS
    return not (believed and any(isinstance(message, Peer) for message in heard))


HELLOS = st.builds(Hello, st.sampled_from(["client", "client", "control", "peer"]), NAMES)


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    """Most say a hello, so that the rest is heard."""
    pieces = draw(st.lists(FRAMES, min_size=1, max_size=5))
    if draw(st.integers(0, 5)):
        pieces = [bytes(frame(draw(HELLOS))), *pieces]
    if draw(st.booleans()):
        pieces = [b"".join(pieces)]
    return Visit(draw(st.sampled_from(["r1", "r2"])), pieces, draw(st.sampled_from(["hear", *get_args(Ending)])))
