"""A Merkle tree over one partition, kept up at each write.

A leaf is the sum modulo 2^64 of its copies' checksums: a sum and not an exclusive or, under which two equal changes
cancel. A key's leaf comes from the key's hash alone, so the trees of two replicas always line up. Inner nodes are
hashed when they are asked for, from the leaves that changed.
"""

import struct
from functools import cache

from xxhash import xxh3_64_intdigest

from .records import Record

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_FAN_BITS = 4
_FAN = 1 << _FAN_BITS
_pack = struct.Struct(f"<{_FAN}Q").pack


class Tree:
    """`levels` below the root, each 16 times as wide as the one above."""

    def __init__(self, levels: int) -> None:
        self.levels = levels
        empty = _hashes_of_nothing(levels)
        self._nodes = [[empty[level]] * (1 << _FAN_BITS * level) for level in range(levels + 1)]
        self._dirty: dict[int, None] = {}
        self._added: dict[int, dict[str, int]] = {}

    def leaf_of(self, key: str) -> int:
        """From the high bits: the low ones choose the partition."""
        return xxh3_64_intdigest(key.encode()) >> (64 - _FAN_BITS * self.levels)

    def leaf_hash(self, record: Record) -> int:
        """What of a copy two trees compare: the checksum covers key, version, tombstone and value."""
        return record.checksum

    def replace(self, key: str, record: Record | None) -> None:
        """The leaf remembers what the key added to it, so that even a copy that rotted since is taken out exactly."""
        leaf = self.leaf_of(key)
        added = self._added.get(leaf)
        if added is None:
            added = self._added[leaf] = {}
        change = -added.pop(key, 0)
        if record is not None:
            new = added[key] = self.leaf_hash(record)
            change += new
        leaves = self._nodes[-1]
        leaves[leaf] = (leaves[leaf] + change) & _MASK
        self._dirty[leaf] = None

    def keys(self, leaf: int) -> list[str]:
        return sorted(self._added.get(leaf, ()))

    def hashes(self, level: int, parents: list[int]) -> dict[int, int]:
        """The children, on `level`, of these nodes one level up; of the root on level 0."""
        if self._dirty:
            self._settle()
        row = self._nodes[level]
        if level == 0:
            return {0: row[0]}
        return {child: row[child] for parent in parents for child in range(parent * _FAN, parent * _FAN + _FAN)}

    def differing(self, level: int, hashes: dict[int, int]) -> list[int]:
        if self._dirty:
            self._settle()
        row = self._nodes[level]
        return [index for index, value in hashes.items() if row[index] != value]

    def _settle(self) -> None:
        dirty = list(self._dirty)
        self._dirty.clear()
        for level in range(self.levels - 1, -1, -1):
            dirty = list(dict.fromkeys([index >> _FAN_BITS for index in dirty]))
            row, children = self._nodes[level], self._nodes[level + 1]
            for index in dirty:
                start = index << _FAN_BITS
                row[index] = xxh3_64_intdigest(_pack(*children[start : start + _FAN]))


class Untended(Tree):
    """Where nothing compares trees: it says which keys live here, and costs nothing."""

    def replace(self, key: str, record: Record | None) -> None: ...


def roots(trees: dict[int, Tree], partitions: list[int]) -> dict[int, dict[int, int]]:
    return {partition: trees[partition].hashes(0, []) for partition in partitions}


def same_shape(trees: dict[int, Tree], level: int, hashes: dict[int, dict[int, int]]) -> bool:
    """Whether these trees have all the nodes that another's hashes speak of."""
    for partition, nodes in hashes.items():
        if partition not in trees or not 0 <= level <= trees[partition].levels:
            return False
        if nodes and not 0 <= min(nodes) <= max(nodes) < 1 << _FAN_BITS * level:
            return False
    return True


def differing(trees: dict[int, Tree], level: int, hashes: dict[int, dict[int, int]]) -> dict[int, list[int]]:
    """The nodes on this level that are not as the other side says, by partition; only partitions with any."""
    found: dict[int, list[int]] = {}
    for partition, theirs in hashes.items():
        nodes = trees[partition].differing(level, theirs)
        if nodes:
            found[partition] = nodes
    return found


def children(trees: dict[int, Tree], level: int, parents: dict[int, list[int]]) -> dict[int, dict[int, int]]:
    return {partition: trees[partition].hashes(level, nodes) for partition, nodes in parents.items()}


def keys_of(trees: dict[int, Tree], leaves: dict[int, list[int]]) -> list[str]:
    return [key for partition, nodes in leaves.items() for leaf in nodes for key in trees[partition].keys(leaf)]


@cache
def _hashes_of_nothing(levels: int) -> list[int]:
    """By level: an emptied tree must equal one that never held anything."""
    hashes = [0]
    for _ in range(levels):
        hashes.insert(0, xxh3_64_intdigest(_pack(*[hashes[0]] * _FAN)))
    return hashes
