"""The audit trail: what a replica says it did, in a file outside its database. One JSON object a line.

For each batch: what was received and changed, then the commit, then `committed`, then what was sent, and only then
do the sends leave. After a crash, changes of a batch that the database does not have are void; a database behind the
last `committed` has lost what was declared durable. Times are those of the machine's monotonic clock.
"""

import os
from pathlib import Path

import msgspec

from .copies import Audited
from .frames import frame
from .labels import label
from .messages import AnyMessage, PeerMessage
from .peer import Peer
from .records import Record

CopyLine = tuple[int, str, bool, str | None, bool]  # time, by, dead, value, purgeable


class Started(msgspec.Struct, tag="started", tag_field="line"):
    at: int
    incarnation: str
    batch: int


class Received(msgspec.Struct, tag="received", tag_field="line", gc=False):
    at: int
    id: str


class Changed(msgspec.Struct, tag="changed", tag_field="line", gc=False):
    at: int
    batch: int
    key: str
    old: CopyLine | None
    new: CopyLine | None
    cause: str
    message: str | None
    origin: str


class Committed(msgspec.Struct, tag="committed", tag_field="line", gc=False):
    at: int
    batch: int


class Sent(msgspec.Struct, tag="sent", tag_field="line", gc=False):
    at: int
    id: str
    to: str
    kind: str
    origin: str
    born: int
    key: str | None
    version: tuple[int, str] | None
    bytes: int | msgspec.UnsetType = msgspec.UNSET


class Looked(msgspec.Struct, tag="looked", tag_field="line", gc=False):
    at: int
    values: dict[str, int]


Line = Started | Received | Changed | Committed | Sent | Looked


class Trail:
    """Each call is one write to the file, so that nothing waits in a buffer when the process is killed."""

    def __init__(self, path: Path, node: str, *, messages: bool, sizes: bool = False) -> None:
        _drop_cut_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._node = node
        self._messages = messages
        self._sizes = sizes
        self._encoder = msgspec.json.Encoder()

    def started(self, at: int, incarnation: str, batch: int) -> None:
        self._write([Started(at, incarnation, batch)])

    def before_commit(self, at: int, batch: int, received: list[tuple[str, AnyMessage]], audit: list[Audited]) -> None:
        lines: list[Line] = []
        if self._messages:
            lines += [
                Received(at, f"{sender}/{message.n}") for sender, message in received if isinstance(message, Peer)
            ]
        for change in audit:
            old = _copy(change.old, purgeable=change.old_purgeable)
            new = _copy(change.new, purgeable=change.new_purgeable)
            lines.append(Changed(at, batch, change.key, old, new, change.cause, change.message, change.origin))
        self._write(lines)

    def after_commit(self, at: int, batch: int | None, sends: list[tuple[str, PeerMessage]]) -> None:
        lines: list[Line] = [Committed(at, batch)] if batch is not None else []
        if self._messages:
            for to, message in sends:
                kind, key, version = label(message)
                pair = (version.time, version.by) if version else None
                sent = Sent(at, f"{self._node}/{message.n}", to, kind, message.origin, message.born, key, pair)
                if self._sizes:
                    sent.bytes = len(frame(message))
                lines.append(sent)
        self._write(lines)

    def looked(self, at: int, values: dict[str, int]) -> None:
        self._write([Looked(at, values)])

    def _write(self, lines: list[Line]) -> None:
        data = memoryview(self._encoder.encode_lines(lines)) if lines else memoryview(b"")
        while data:
            data = data[os.write(self._file, data) :]  # a short write is continued, or raises on a full disk

    def close(self) -> None:
        os.close(self._file)


def _drop_cut_line(path: Path) -> None:
    """A kill may cut off the last line of the life before: what follows it must start on a line of its own."""
    if path.exists():
        whole = path.read_bytes().rfind(b"\n") + 1
        os.truncate(path, whole)


def _copy(record: Record | None, *, purgeable: bool) -> CopyLine | None:
    if record is None:
        return None
    return (record.version.time, record.version.by, record.dead, record.value, purgeable)
