"""Flawed anti-entropy."""

import msgspec
from xxhash import xxh3_64_intdigest

from replicas.store.antientropy import AntiEntropy
from replicas.store.budget import Budget
from replicas.store.core import Core
from replicas.store.kinds.trees import Trees
from replicas.store.merkle import Tree, keys_of
from replicas.store.messages import Leaves
from replicas.store.peer import Brief
from replicas.store.records import Record
from replicas.store.sending import Sending


class HashesKeysOnly(Tree):
    def leaf_hash(self, record: Record) -> int:
        return xxh3_64_intdigest(record.key.encode())


class HashesVersionsOnly(Tree):
    """Enough, since no version has two contents."""

    def leaf_hash(self, record: Record) -> int:
        version = record.version
        return xxh3_64_intdigest(f"{version.time} {version.by} {record.key}".encode())


class HashesNoTombstones(Tree):
    """A replica with a tombstone and one that never heard of the key look the same."""

    def leaf_hash(self, record: Record) -> int:
        return 0 if record.dead else super().leaf_hash(record)


class HashesRunTogether(Tree):
    """Who wrote it and what, run together into one text, of which the letters are added up."""

    def leaf_hash(self, record: Record) -> int:
        return sum(f"{record.version.by}{record.value}".encode())


class ComparesByPosition(Trees):
    """The first key of the one list with the first of the other, and so on to the end of the shorter one."""

    def leaves(self, sender: str, message: Leaves) -> None:
        mine = sorted(keys_of(self.core.copies.trees, message.leaves))
        self._looked_at = mine[: len(message.briefs)]
        super().leaves(sender, msgspec.structs.replace(message, briefs=message.briefs[: len(mine)]))

    def _only_here(self, message: Leaves, theirs: dict[str, Brief]) -> list[str]:
        return [key for key in super()._only_here(message, theirs) if key in self._looked_at]


class SpendsOnce(Budget):
    def take(self, now_ns: int, size: int) -> bool:  # noqa: ARG002 - the flaw is that time gives nothing back
        return super().take(0, size)


class NeverRefills(Sending):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.budget = SpendsOnce(core.policy.repair_bytes_per_s_max)


class StopsRounds(AntiEntropy):
    def tick(self) -> None:
        if self.begun < 3:
            super().tick()
