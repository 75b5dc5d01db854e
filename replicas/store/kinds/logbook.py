"""What this node took, in its order, on its disk: in the same commit as the copies. And how far it has read others'.

A log has the name of its incarnation. It begins behind `start`: what was there before is cut, and of what was on the
disk before there was a log nothing is known, which is the same.
"""

from typing import NamedTuple

from replicas.store.core import Core
from replicas.store.storage import Storage

_LOG, _READ = "log", "read log"


class Position(NamedTuple):
    """All that this log says up to `at` is held here, or what dominates it."""

    log: str
    at: int


class Logbook:
    def __init__(self, core: Core, storage: Storage, entries_max: int) -> None:
        self.core = core
        self.name = core.versions.incarnation
        self.start = self.end = 0
        self._storage = storage
        self._entries_max = entries_max
        self._keys: dict[int, str] = {}  # by number
        self._positions: dict[str, Position] = {}  # by peer

    def load(self) -> None:
        self._keys = {int(name): key for name, key in self._storage.notes(_LOG).items()}
        if self._keys:
            self.start, self.end = next(iter(self._keys)) - 1, next(reversed(self._keys))
        elif next(iter(self._storage.scan(None, 1)), None) is not None:
            self.start = self.end = 1
        for peer, text in self._storage.notes(_READ).items():
            log, _, at = text.rpartition(" ")
            self._positions[peer] = Position(log, int(at))

    def add(self, key: str) -> None:
        self.end += 1
        self._keys[self.end] = key
        self._storage.put_note(_LOG, f"{self.end:019}", key)
        while self.end - self.start > self._entries_max:
            self.start += 1
            self._keys.pop(self.start, None)
            self._storage.put_note(_LOG, f"{self.start:019}", None)

    def behind(self, after: int, limit: int) -> tuple[list[str], int]:
        """The keys of so many entries, each key once, and the number of the last entry."""
        until = min(self.end, after + limit)
        return list(dict.fromkeys(self._keys[number] for number in range(after + 1, until + 1))), until

    def read(self, peer: str) -> Position:
        return self._positions.get(peer, Position("", 0))

    def has_read(self, peer: str, log: str, after: int, until: int) -> None:
        """Of this part nothing is lacking. It counts if nothing before it is."""
        before = self.read(peer)
        reached = before.at if before.log == log else 0
        if reached >= after and (until > reached or before.log != log):
            self.stands(peer, Position(log, until))

    def stands(self, peer: str, position: Position) -> None:
        self._positions[peer] = position
        self._storage.put_note(_READ, peer, f"{position.log} {position.at}")
        self.core.changes += 1

    def read_nothing(self) -> None:
        """A copy that was held is lost, whoever brought it: nothing that was read is sure to be held any more."""
        for peer in self._positions:
            self._storage.put_note(_READ, peer, None)
        self._positions.clear()
