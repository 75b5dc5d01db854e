"""The dots that this node knows, on its disk: in the same commit as the copies.

A dot is the number of a write among those of its coordinator's incarnation in a partition. All replicas of a partition
are to know all its dots, so that what is known is few ranges. A dot is known where its write is held, or what
dominates it. Of which key it is, is kept until every other replica knows it, for `keys_max` dots at most.
"""

from collections import defaultdict
from collections.abc import Collection

from replicas.store.core import Core
from replicas.store.storage import Storage

from . import ranges
from .ranges import Ranges

Clocks = dict[int, dict[str, Ranges]]  # by partition and incarnation
Dot = tuple[int, str, int]  # partition, incarnation, number

_MINTED, _KEYS, _KNOWN = "dots minted", "keys of dots", "dots known"


class Dots:
    def __init__(self, core: Core, storage: Storage, keys_max: int) -> None:
        self.core = core
        self.own = core.versions.incarnation
        self.keys: dict[Dot, str] = {}  # oldest first
        self.dropped = 0
        self._storage = storage
        self._keys_max = keys_max
        self._minted: dict[int, int] = {}
        self._known: Clocks = defaultdict(dict)

    def load(self) -> bool:
        """Whether anything was known."""
        notes = self._storage.notes
        self._minted = {int(partition): int(text) for partition, text in notes(_MINTED).items()}
        for name, text in notes(_KNOWN).items():
            partition, _, incarnation = name.partition(" ")
            self._known[int(partition)][incarnation] = ranges.read(text)
        for name, key in notes(_KEYS).items():
            partition, incarnation, number = name.split(" ")
            dot = int(partition), incarnation, int(number)
            self.keys[dot] = key
            self._add(dot)
        return bool(self._known)

    def mint(self, partition: int) -> Dot:
        number = self._minted[partition] = self._minted.get(partition, 0) + 1
        self._storage.put_note(_MINTED, str(partition), str(number))
        self.core.changes += 1
        return partition, self.own, number

    def learn(self, dot: Dot, key: str) -> None:
        """Its write is held here, or what dominates it."""
        if dot in self.keys or self.knows(dot):
            return
        self._add(dot)
        self.keys[dot] = key
        self._storage.put_note(_KEYS, _name(dot), key)
        self.core.changes += 1
        if len(self.keys) > self._keys_max:
            self.dropped += 1
            self._forget_keys([next(iter(self.keys))])

    def knows(self, dot: Dot) -> bool:
        known = self._known[dot[0]].get(dot[1], [])
        return any(first <= dot[2] <= last for first, last in reversed(known))

    def clocks(self, partitions: Collection[int]) -> Clocks:
        """As a copy, with nothing that is empty."""
        known = self._known
        return {
            partition: {incarnation: list(known[partition][incarnation]) for incarnation in sorted(known[partition])}
            for partition in sorted(partitions)
            if known.get(partition)
        }

    def adopt(self, clocks: Clocks) -> None:
        """All of it is held here, whichever keys it is about."""
        for partition, of_partition in clocks.items():
            for incarnation, known in of_partition.items():
                before = self._known[partition].get(incarnation, [])
                self._known[partition][incarnation] = ranges.union(before, known)
                self._write(partition, incarnation)

    def forget_keys_known_by_all(self, others: dict[int, list[Clocks]]) -> None:
        """By partition, what each other replica knows."""
        gone: list[Dot] = []
        for dot in self.keys:
            partition, incarnation, number = dot
            clocks = others.get(partition, [])
            if clocks and all(_has(clock.get(partition, {}).get(incarnation, []), number) for clock in clocks):
                gone.append(dot)
        self._forget_keys(gone)

    def _forget_keys(self, dots: list[Dot]) -> None:
        for dot in dots:
            del self.keys[dot]
            self._storage.put_note(_KEYS, _name(dot), None)
        for partition, incarnation in dict.fromkeys((dot[0], dot[1]) for dot in dots):
            self._write(partition, incarnation)

    def _add(self, dot: Dot) -> None:
        ranges.add(self._known[dot[0]].setdefault(dot[1], []), dot[2])

    def _write(self, partition: int, incarnation: str) -> None:
        self._storage.put_note(_KNOWN, f"{partition} {incarnation}", ranges.write(self._known[partition][incarnation]))
        self.core.changes += 1

    def ranges_known(self) -> int:
        return sum(len(known) for of_partition in self._known.values() for known in of_partition.values())


def _has(known: Ranges, number: int) -> bool:
    return any(first <= number <= last for first, last in reversed(known))


def _name(dot: Dot) -> str:
    return f"{dot[0]} {dot[1]} {dot[2]:019}"
