"""Messages on a stream: four bytes of length, then msgpack."""

from typing import ClassVar

import msgspec

from .messages import AnyMessage

FRAME_MAX = 16 * 1024 * 1024


class BadFrame(Exception):
    """What arrived is not a frame of this protocol; the connection cannot be trusted any further."""


class Frames:
    """Cuts a byte stream into messages. A frame longer than FRAME_MAX is refused before it is buffered."""

    _decode: ClassVar = msgspec.msgpack.Decoder(AnyMessage).decode

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[AnyMessage]:
        buffer = self._buffer
        buffer += data
        messages: list[AnyMessage] = []
        start, end = 0, len(buffer)
        view = memoryview(buffer)
        try:
            while end - start >= 4:
                length = int.from_bytes(view[start : start + 4])
                if length > FRAME_MAX:
                    raise BadFrame(f"a frame of {length:,} bytes; the limit is {FRAME_MAX:,}")
                if end - start - 4 < length:
                    break
                messages.append(self._decode(view[start + 4 : start + 4 + length]))
                start += 4 + length
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise BadFrame(f"a frame that is no message: {problem}") from problem
        finally:
            view.release()
        del buffer[:start]
        return messages


_encoder = msgspec.msgpack.Encoder()


def frame(message: AnyMessage) -> bytearray:
    buffer = bytearray(4)
    _encoder.encode_into(message, buffer, 4)
    buffer[:4] = (len(buffer) - 4).to_bytes(4)
    return buffer
