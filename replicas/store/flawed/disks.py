"""Flawed disks: what is declared durable, and what is believed."""

import contextlib
import sqlite3
from collections.abc import Iterator

from replicas.store.copies import Copies
from replicas.store.records import Record, record
from replicas.store.storage import Hint, Meta, Storage


class Around:
    """Another storage as it is."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.meta = storage.meta

    def get(self, key: str) -> Record | None:
        return self._storage.get(key)

    def put(self, record: Record, marked_ns: int = 0) -> None:
        self._storage.put(record, marked_ns)

    def remove(self, key: str) -> None:
        self._storage.remove(key)

    def scan(self, after: str | None = None, limit: int | None = None) -> Iterator[tuple[Record, int]]:
        return self._storage.scan(after, limit)

    def put_hint(self, hint: Hint) -> None:
        self._storage.put_hint(hint)

    def remove_hint(self, target: str, key: str) -> None:
        self._storage.remove_hint(target, key)

    def hints(self) -> list[Hint]:
        return self._storage.hints()

    def put_generation(self, peer: str, generation: int) -> None:
        self._storage.put_generation(peer, generation)

    def generations(self) -> dict[str, int]:
        return self._storage.generations()

    def put_note(self, topic: str, name: str, text: str | None) -> None:
        self._storage.put_note(topic, name, text)

    def notes(self, topic: str) -> dict[str, str]:
        return self._storage.notes(topic)

    def commit(self, meta: Meta) -> None:
        self._storage.commit(meta)

    def relax(self) -> None:
        self._storage.relax()


class CommitsLater(Around):
    """Says that a batch is durable; hands it to the disk with the next batch but nine."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self._withheld = 0

    def commit(self, meta: Meta) -> None:
        self._withheld += 1
        if self._withheld == 10:
            self._withheld = 0
            super().commit(meta)


def never_syncs(storage: Storage) -> Storage:
    storage.relax()
    return storage


class IgnoresFailedCommits(Around):
    def commit(self, meta: Meta) -> None:
        with contextlib.suppress(OSError, sqlite3.Error):  # the flaw is to go on
            super().commit(meta)


class ServesRot(Copies):
    def held(self, key: str) -> Record | None:
        """Whatever the disk gives, under a checksum that fits it."""
        found = self._storage.get(key)
        return record(found.key, found.version, found.value) if found is not None else None
