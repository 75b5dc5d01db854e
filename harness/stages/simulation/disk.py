"""The simulated disk of one node, on two levels: what was written survives the end of its process, as a page cache
does; only what was synced survives a power cut. A sound commit is both at once.

What a power cut leaves of the rest is a log: transactions, each under a checksum. The next start applies those that
are whole, up to the first that is torn, and drops what follows: as SQLite does with its own.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeVar

from xxhash import xxh3_64_intdigest

from replicas.store.records import Record
from replicas.store.storage import Hint, Meta

Stored = tuple[Record, int]
Table = Literal["copies", "hints", "generations", "notes", "meta"]
K = TypeVar("K")
V = TypeVar("V")
_COPY_BYTES = 64  # of a row, beside key and value


class DiskError(OSError):
    """The disk refuses. Nobody catches it but the node, which ends as the process does that SQLite tells so."""


class Page(NamedTuple):
    """What is in one place of a table: None, nothing."""

    table: Table
    key: Any
    value: Any


class Transaction(NamedTuple):
    pages: list[Page]
    before: list[Page]  # what was in the same places
    checksum: int
    batch: int

    def is_whole(self) -> bool:
        return checksum_of(self.pages) == self.checksum


class Disk:
    """`refuse` is asked before each commit, with the bytes by which it makes the data grow; it raises DiskError."""

    def __init__(self) -> None:
        self.copies: dict[str, Stored] = {}
        self.hints: dict[tuple[str, str], Hint] = {}
        self.generations: dict[str, int] = {}
        self.notes: dict[tuple[str, str], str] = {}  # by topic and name
        self.meta: Meta | None = None
        self.unsynced: list[Transaction] = []  # oldest first
        self.log: list[Transaction] = []
        self.refuse: Callable[[int], None] | None = None

    def cut_power(self, kept: int, arrived: int | None) -> None:
        """All goes that was not synced, but for what had reached the disk by itself: the `kept` oldest transactions,
        and of the next one the pages for which `arrived` has a bit set, if it is not None."""
        for transaction in reversed(self.unsynced):
            self._put(transaction.before)
        self.log = self.unsynced[:kept]
        if arrived is not None and kept < len(self.unsynced):
            torn = self.unsynced[kept]
            pages = [page for place, page in enumerate(torn.pages[:-1]) if arrived >> place % 64 & 1]
            self.log.append(torn._replace(pages=pages))
        self.unsynced = []

    def recover(self) -> None:
        for transaction in self.log:
            if not transaction.is_whole():
                break
            self._put(transaction.pages)
        self.log = []

    def _put(self, pages: list[Page]) -> None:
        tables: dict[str, dict[Any, Any]] = {
            "copies": self.copies,
            "hints": self.hints,
            "generations": self.generations,
            "notes": self.notes,
        }
        for page in pages:
            if page.table == "meta":
                self.meta = page.value
            else:
                _apply({page.key: page.value}, tables[page.table])


class SimulatedStorage:
    """An open transaction over a disk, visible to its owner at once."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._open: dict[str, Stored | None] = {}
        self._open_hints: dict[tuple[str, str], Hint | None] = {}
        self._open_generations: dict[str, int] = {}
        self._open_notes: dict[tuple[str, str], str | None] = {}
        self._syncs = True
        self.meta = disk.meta

    def relax(self) -> None:
        self._syncs = False

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

    def put_note(self, topic: str, name: str, text: str | None) -> None:
        self._open_notes[topic, name] = text

    def notes(self, topic: str) -> dict[str, str]:
        merged = {**self._disk.notes, **self._open_notes}
        found = {name: text for (of, name), text in merged.items() if of == topic and text is not None}
        return {name: found[name] for name in sorted(found)}

    def commit(self, meta: Meta) -> None:
        """One that is refused is rolled back."""
        disk = self._disk
        if disk.refuse is not None:
            self._ask(disk.refuse)
        if not self._syncs:
            disk.unsynced.append(self._transaction(meta))
        elif disk.unsynced:
            disk.unsynced.clear()  # a sync takes along all that was written before
        _apply(self._open, disk.copies)
        _apply(self._open_hints, disk.hints)
        if self._open_generations:
            disk.generations.update(self._open_generations)
            self._open_generations.clear()
        if self._open_notes:
            _apply(self._open_notes, disk.notes)
        self.meta = disk.meta = meta

    def _ask(self, refuse: Callable[[int], None]) -> None:
        try:
            refuse(sum(_size(new) - _size(self._disk.copies.get(key)) for key, new in self._open.items()))
        except DiskError:
            self._open.clear()
            self._open_hints.clear()
            self._open_generations.clear()
            self._open_notes.clear()
            raise

    def _transaction(self, meta: Meta) -> Transaction:
        disk = self._disk
        changes: list[tuple[Table, dict[Any, Any], dict[Any, Any]]] = [
            ("copies", self._open, disk.copies),
            ("hints", self._open_hints, disk.hints),
            ("generations", self._open_generations, disk.generations),
            ("notes", self._open_notes, disk.notes),
        ]
        pages = [Page(table, key, value) for table, opened, _ in changes for key, value in opened.items()]
        before = [Page(table, key, now.get(key)) for table, opened, now in changes for key in opened]
        pages.append(Page("meta", None, meta))
        before.append(Page("meta", None, disk.meta))
        return Transaction(pages, before, checksum_of(pages), meta.batch)


def checksum_of(pages: list[Page]) -> int:
    return xxh3_64_intdigest(repr(pages).encode())


def _size(stored: Stored | None) -> int:
    """Looks beneath damage: the disk knows how much room it has given away."""
    while isinstance(stored, Damaged):
        stored = stored.beneath
    return len(stored[0].key.encode()) + len((stored[0].value or "").encode()) + _COPY_BYTES if stored else 0


def _apply(changes: dict[K, V | None], to: dict[K, V]) -> None:
    for key, value in changes.items():
        if value is None:
            to.pop(key, None)
        else:
            to[key] = value
    changes.clear()


class Damaged(tuple[Record, int]):  # noqa: SLOT001 - a tuple can have none that are not empty
    """What lies over a stored copy while a fault of the disk is on. To write the key puts another copy in its place,
    and to let go of the fault brings to light what is `beneath`. `look` says what a read gets, or raises."""

    fault: object
    beneath: Stored
    look: Callable[[Stored], Stored]

    def __getitem__(self, index: Any) -> Any:
        return self.look(self.beneath)[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.look(self.beneath))

    def without(self, fault: object) -> Stored:
        if self.fault == fault:
            return self.beneath
        if isinstance(self.beneath, Damaged):
            self.beneath = self.beneath.without(fault)
        return self


def damage(stored: Stored, fault: object, look: Callable[[Stored], Stored]) -> Damaged:
    damaged = Damaged(("out of sight", 0))  # type: ignore[arg-type] # only its length counts
    damaged.fault, damaged.beneath, damaged.look = fault, stored, look
    return damaged
