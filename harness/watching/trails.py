"""What the audit trails say of who holds what, as they grow: only what is committed, and of a copy only its hash."""

import time  # noqa: TID251 - trails are on the machine's monotonic clock
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.watching.tail import Tail
from replicas.store.trail import Changed, Committed, CopyLine, Started

_WANTED = tuple(b'{"line":"%s"' % tag for tag in (b"changed", b"committed", b"started"))
_decoder = msgspec.json.Decoder(Changed | Committed | Started)


class Held(NamedTuple):
    """`copy` None: nothing, or what is regarded as nothing."""

    node: str
    key: str
    copy: int | None


class Lost(NamedTuple):
    """The node began anew without its disk."""

    node: str


class TrailTail:
    """`read_until` is when the last line that was read was written, `more` whether there may be later ones."""

    def __init__(self, path: Path, node: str) -> None:
        self._tail = Tail(path)
        self._node = node
        self._incarnation = ""
        self._open: list[tuple[int, Held]] = []  # with the batch
        self._read_until = 0
        self.more = True

    def behind_s(self) -> float:
        """How old the news are that come next."""
        return (time.monotonic_ns() - self._read_until) / 1e9 if self.more and self._read_until else 0.0

    def read(self) -> list[Held | Lost]:
        """Of the next chunk."""
        lines = self._tail.read()
        self.more = bool(lines)
        told: list[Held | Lost] = []
        for line in lines:
            if line.startswith(_WANTED):
                self._take(_decoder.decode(line), told)
        return told

    def _take(self, line: Changed | Committed | Started, told: list[Held | Lost]) -> None:
        """Changes of a batch that a restarted node did not find in its database are void."""
        self._read_until = line.at
        if isinstance(line, Changed):
            self._open.append((line.batch, Held(self._node, line.key, _hash(line.new))))
            return
        if isinstance(line, Committed):
            told.extend(held for _, held in self._open)
        elif line.incarnation == self._incarnation:
            told.extend(held for batch, held in self._open if batch <= line.batch)
        else:
            if self._incarnation:
                told.append(Lost(self._node))
            self._incarnation = line.incarnation
        self._open = []


def _hash(copy: CopyLine | None) -> int | None:
    if copy is None:
        return None
    *content, purgeable = copy
    return None if purgeable else hash(tuple(content))
