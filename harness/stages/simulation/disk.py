"""The simulated disk of one node. What was not committed is gone when the node dies."""

from collections.abc import Iterator

from replicas.store.records import Record
from replicas.store.storage import Meta

Stored = tuple[Record, int]


class Disk:
    """What survives: the copies and the meta row of the last commit."""

    def __init__(self) -> None:
        self.copies: dict[str, Stored] = {}
        self.meta: Meta | None = None


class SimulatedStorage:
    """An open transaction over a disk, visible to its owner at once."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._open: dict[str, Stored | None] = {}
        self.meta = disk.meta

    def get(self, key: str) -> Record | None:
        found = self._open[key] if key in self._open else self._disk.copies.get(key)
        return found[0] if found else None

    def put(self, record: Record, marked_ns: int = 0) -> None:
        self._open[record.key] = (record, marked_ns)

    def remove(self, key: str) -> None:
        self._open[key] = None

    def scan(self) -> Iterator[Stored]:
        merged = {**self._disk.copies, **self._open}
        for key in sorted(merged):
            found = merged[key]
            if found is not None:
                yield found

    def commit(self, meta: Meta) -> None:
        for key, found in self._open.items():
            if found is None:
                self._disk.copies.pop(key, None)
            else:
                self._disk.copies[key] = found
        self._open.clear()
        self.meta = self._disk.meta = meta
