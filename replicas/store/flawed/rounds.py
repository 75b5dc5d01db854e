"""Flawed anti-entropy."""

from xxhash import xxh3_64_intdigest

from replicas.store.antientropy import AntiEntropy
from replicas.store.budget import Budget
from replicas.store.core import Core
from replicas.store.merkle import Tree
from replicas.store.records import Record


class HashesKeysOnly(Tree):
    def leaf_hash(self, record: Record) -> int:
        return xxh3_64_intdigest(record.key.encode())


class HashesVersionsOnly(Tree):
    """Enough, since no version has two contents."""

    def leaf_hash(self, record: Record) -> int:
        version = record.version
        return xxh3_64_intdigest(f"{version.time} {version.by} {record.key}".encode())


class SpendsOnce(Budget):
    def take(self, now_ns: int, size: int) -> bool:  # noqa: ARG002 - the flaw is that time gives nothing back
        return super().take(0, size)


class NeverRefills(AntiEntropy):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._budget = SpendsOnce(core.policy.repair_bytes_per_s_max)


class StopsRounds(AntiEntropy):
    def tick(self) -> None:
        if self.begun < 3:
            super().tick()
