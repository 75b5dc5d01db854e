"""The simulated disk of one node. What was not committed is gone when the node dies."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from replicas.store.records import Record
from replicas.store.storage import Hint, Meta

Stored = tuple[Record, int]
K = TypeVar("K")
V = TypeVar("V")


class Disk:
    """What survives: the copies, hints and generations, and the meta row of the last commit."""

    def __init__(self) -> None:
        self.copies: dict[str, Stored] = {}
        self.hints: dict[tuple[str, str], Hint] = {}
        self.generations: dict[str, int] = {}
        self.meta: Meta | None = None


class SimulatedStorage:
    """An open transaction over a disk, visible to its owner at once."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._open: dict[str, Stored | None] = {}
        self._open_hints: dict[tuple[str, str], Hint | None] = {}
        self._open_generations: dict[str, int] = {}
        self.meta = disk.meta

    def get(self, key: str) -> Record | None:
        found = self._open[key] if key in self._open else self._disk.copies.get(key)
        return found[0] if found else None

    def put(self, record: Record, marked_ns: int = 0) -> None:
        self._open[record.key] = (record, marked_ns)

    def remove(self, key: str) -> None:
        self._open[key] = None

    def scan(self, after: str | None = None, limit: int | None = None) -> Iterator[Stored]:
        merged = {**self._disk.copies, **self._open}
        keys = sorted(key for key in merged if after is None or key > after)
        return islice((found for key in keys if (found := merged[key]) is not None), limit)

    def put_hint(self, hint: Hint) -> None:
        self._open_hints[hint.target, hint.record.key] = hint

    def remove_hint(self, target: str, key: str) -> None:
        self._open_hints[target, key] = None

    def hints(self) -> list[Hint]:
        merged = {**self._disk.hints, **self._open_hints}
        found = [hint for hint in merged.values() if hint is not None]
        return sorted(found, key=lambda hint: (hint.made_ns, hint.target, hint.record.key))

    def put_generation(self, peer: str, generation: int) -> None:
        self._open_generations[peer] = generation

    def generations(self) -> dict[str, int]:
        merged = {**self._disk.generations, **self._open_generations}
        return {peer: merged[peer] for peer in sorted(merged)}

    def commit(self, meta: Meta) -> None:
        _apply(self._open, self._disk.copies)
        _apply(self._open_hints, self._disk.hints)
        if self._open_generations:
            self._disk.generations.update(self._open_generations)
            self._open_generations.clear()
        self.meta = self._disk.meta = meta


def _apply(changes: dict[K, V | None], to: dict[K, V]) -> None:
    for key, value in changes.items():
        if value is None:
            to.pop(key, None)
        else:
            to[key] = value
    changes.clear()
