"""The copies that this node holds: the only place where its state changes, and where each change is audited."""

from collections.abc import Callable, Collection
from typing import Literal

import msgspec

from .merkle import Tree
from .placement import Placement
from .records import Record
from .storage import Storage
from .versions import Versions

Cause = Literal[
    "write", "read repair", "hinted handoff", "anti-entropy", "bootstrap", "scrub", "purgeable", "purge", "corrupt"
]


class Audited(msgspec.Struct, frozen=True, gc=False):
    """One change of one key. The flags say whether the copy before and after is marked as purgeable."""

    key: str
    old: Record | None
    old_purgeable: bool
    new: Record | None
    new_purgeable: bool
    cause: Cause
    message: str | None
    origin: str


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where an offered copy comes from. `born` is the wall time at which the sender read it."""

    cause: Cause
    born: int
    message: str | None
    origin: str


class Copies:
    """`marked` has, oldest mark first, the tombstones that are the same as nothing, and when they were marked.

    A marked tombstone is invisible to reads and to trees, yet stays a floor under late messages until it is purged.
    """

    def __init__(self, storage: Storage, versions: Versions, placement: Placement, trees: dict[int, Tree]) -> None:
        self._storage = storage
        self._versions = versions
        self._placement = placement
        self.trees = trees  # by partition
        self.marked: dict[str, int] = {}
        self.audit: list[Audited] = []
        self.changes = 0
        self.corrupt = 0
        self.marks_mended = 0
        self.taken: Callable[[Record], None] = lambda _record: None  # hears of each copy that is taken
        self.lost: Callable[[str], None] = lambda _key: None  # hears of each key whose copy was discarded

    def load(self) -> list[Record]:
        """Reads the whole disk: rebuilds trees and marks. Returns the tombstones that are not marked."""
        tombstones: list[Record] = []
        marks: list[tuple[int, str]] = []
        for record, marked_ns in self._storage.scan():
            if not _sound(record, marked_ns):
                self._discard(record)
                continue
            self._versions.observe(record.version)
            if marked_ns:
                marks.append((marked_ns, record.key))
                continue
            self._show(record.key, record)
            if record.dead:
                tombstones.append(record)
        self.marked = {key: marked_ns for marked_ns, key in sorted(marks)}
        return tombstones

    def scrub(self, after: str | None, limit: int) -> tuple[int, str | None]:
        """Reads so many copies behind this key, and discards those that are damaged. Returns how many it read, and the
        last of them; None: there are no more. No checksum covers when a copy was marked: that is compared with what
        this node remembers, and written again."""
        looked, last = 0, None
        for record, marked_ns in self._storage.scan(after, limit):
            looked, last = looked + 1, record.key
            mark = self.marked.get(record.key, 0)
            if not record.intact():
                self._discard(record)
            elif marked_ns != mark:
                self._storage.put(record, mark)
                self.changes += 1
                self.marks_mended += 1
        return looked, last if looked == limit else None

    def held(self, key: str) -> Record | None:
        """Whatever is here, marked tombstones too. A copy with a bad checksum is reported and is not held."""
        record = self._storage.get(key)
        if record is not None and not record.intact():
            self._discard(record)
            return None
        return record

    def visible(self, key: str) -> Record | None:
        return None if key in self.marked else self.held(key)

    def shown(
        self, after: str | None, until: str | None, limit: int, partitions: Collection[int]
    ) -> tuple[list[Record], str | None]:
        """What others are told of this range, in the order of keys; and how far it goes: to where the limit was
        reached, or to the end."""
        found: list[Record] = []
        while True:
            looked_at = 0
            for record, marked_ns in self._storage.scan(after, limit):
                looked_at += 1
                if until is not None and record.key > until:
                    return found, until
                if not record.intact():
                    self._discard(record)
                    continue
                after = record.key
                if not marked_ns and self._placement.partition_of(record.key) in partitions:
                    found.append(record)
                    if len(found) == limit:
                        return found, after
            if looked_at < limit:
                return found, until

    def offer(self, record: Record, source: Source) -> bool:
        """Takes the copy if it wins. True: this copy, or one that dominates it, is held once the batch commits."""
        key = record.key
        tree = self._tree(key)
        if tree is None or not record.intact():
            return False
        held = self.held(key)
        self._versions.observe(record.version)
        if self.wins(record, held):
            self._note(key, held, record, source, new_purgeable=False)
            self.marked.pop(key, None)
            tree.replace(key, record)
            self._storage.put(record)
            self.taken(record)
        return True

    def wins(self, offered: Record, held: Record | None) -> bool:
        """Repair is conditional: nothing overwrites by arrival, and an equal copy is no change."""
        return not self._versions.dominates(held, offered)

    def mark(self, record: Record, wall_ns: int, source: Source) -> None:
        if record.key in self.marked:
            return
        self._note(record.key, record, record, source, new_purgeable=True)
        self._storage.put(record, wall_ns)
        self._show(record.key, None)
        self.marked[record.key] = wall_ns

    def purge(self, key: str, source: Source) -> None:
        held = self.held(key)
        if held is not None:
            self._drop(held, source)

    def _drop(self, record: Record, source: Source) -> None:
        self._note(record.key, record, None, source, new_purgeable=False)
        self.marked.pop(record.key, None)
        self._show(record.key, None)
        self._storage.remove(record.key)

    def _discard(self, record: Record) -> None:
        """Never served, never spread: as if it had never been here, so that a repair brings a good one."""
        self.corrupt += 1
        self._drop(record, Source("corrupt", 0, None, "checksum"))
        self.lost(record.key)

    def _note(self, key: str, old: Record | None, new: Record | None, source: Source, *, new_purgeable: bool) -> None:
        was_marked = key in self.marked
        self.changes += 1
        self.audit.append(
            Audited(key, old, was_marked, new, new_purgeable, source.cause, source.message, source.origin)
        )

    def _show(self, key: str, record: Record | None) -> None:
        """What the tree tells others of this key. A rotten key may belong to no tree of this node."""
        tree = self._tree(key)
        if tree is not None:
            tree.replace(key, record)

    def _tree(self, key: str) -> Tree | None:
        """None: the key lives elsewhere."""
        return self.trees.get(self._placement.partition_of(key))


def _sound(record: Record, marked_ns: int) -> bool:
    """A value is never marked: such a mark is damage that no checksum shows."""
    return record.intact() and (record.dead or not marked_ns)
