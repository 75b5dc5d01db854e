"""Frames: what goes in comes out, however the stream is cut; whatever else arrives is BadFrame, at once."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replicas.store.frames import FRAME_MAX, BadFrame, Frames, frame
from replicas.store.messages import AnyMessage
from replicas.store.visits import Ping
from tests.replicas.store.strategies import messages

KIND_OF_PING = b"\xa4ping"  # msgpack's short string


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


def cut(data: bytes, at: list[int]) -> Iterator[bytes]:
    ends = sorted({min(end, len(data)) for end in at} | {len(data)})
    start = 0
    for end in ends:
        yield data[start:end]
        start = end


@settings(max_examples=150)
@given(st.lists(messages(), max_size=6), st.lists(st.integers(0, 400), max_size=20))
def test_any_message_survives_any_cut(said: list[AnyMessage], at: list[int]) -> None:
    frames = Frames()
    heard = [message for part in cut(b"".join(map(frame, said)), at) for message in frames.feed(part)]
    assert heard == said
    assert frames.feed(b"") == []


def test_a_message_comes_out_with_its_last_byte() -> None:
    frames, data = Frames(), bytes(frame(Ping(1)))
    assert [frames.feed(data[i : i + 1]) for i in range(len(data) - 1)] == [[]] * (len(data) - 1)
    assert frames.feed(data[-1:]) == [Ping(1)]


@pytest.mark.parametrize("length", [FRAME_MAX + 1, 2**31, 2**32 - 1])
def test_a_frame_too_long_is_refused_by_its_length_alone(length: int) -> None:
    with pytest.raises(BadFrame, match="limit"):
        Frames().feed(length.to_bytes(4))


def test_a_length_within_the_limit_is_waited_for() -> None:
    assert Frames().feed(FRAME_MAX.to_bytes(4) + b"\xc1") == []


def test_what_cannot_be_trusted_stays_so() -> None:
    """A caller who goes on feeding hears BadFrame again, and no message of a stream that has lost its step."""
    frames = Frames()
    with pytest.raises(BadFrame):
        frames.feed(framed(b"\xc1"))
    with pytest.raises(BadFrame):
        frames.feed(bytes(frame(Ping(1))))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x92" + KIND_OF_PING,
        b"\x91" + KIND_OF_PING,
        b"\x92" + KIND_OF_PING + b"\xa1x",
        b"\x92" + KIND_OF_PING + b"\x01\x01",
        b"\x92\xa3???\x01",
        b"\x97\xa4want\x01\x01\xa1a\x01\xa1a\xdd\xff\xff\xff\xff",  # a list of 4 thousand million keys
        b"\xdd\xff\xff\xff\xff" + KIND_OF_PING,
        b"\x91" * 10_000,
        b"\x94\xa3get\x01\xa2\xff\xfe\xc0",  # a key that is no UTF-8: msgspec raises UnicodeDecodeError
        b"\x93" + KIND_OF_PING + b"\x01" + b"\x91" * 100_000 + b"\xc0",  # nested without end: RecursionError
        b"\x95\xa5store" + msgspec.msgpack.encode([1, 1, "", 1, ["k", [1, "r1.1"], False, "v"]])[1:],
    ],
)
def test_a_body_that_is_no_message(body: bytes) -> None:
    with pytest.raises(BadFrame, match="no message"):
        Frames().feed(framed(body))


def hear(frames: Frames, data: bytes) -> list[AnyMessage] | None:
    """None for BadFrame."""
    try:
        return frames.feed(data)
    except BadFrame:
        return None


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=40), max_size=4))
def test_arbitrary_bytes_give_messages_or_bad_frame(parts: list[bytes]) -> None:
    frames = Frames()
    for part in parts:
        if hear(frames, part) is None:
            break


@settings(max_examples=150)
@given(st.binary(max_size=60))
def test_an_arbitrary_body_gives_a_message_or_bad_frame(body: bytes) -> None:
    heard = hear(Frames(), framed(body))
    assert heard is None or len(heard) == 1


@settings(max_examples=100)
@given(messages(), st.data())
def test_a_damaged_message_gives_a_message_or_bad_frame(message: AnyMessage, data: st.DataObject) -> None:
    """Bytes changed in the body, so that the damage gets as deep as it can."""
    damaged = frame(message)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    heard = hear(Frames(), bytes(damaged))
    assert heard is None or len(heard) == 1
