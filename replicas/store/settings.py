"""What a cluster is: its nodes, how many copies there are, and how many answers an operation needs."""

from typing import Literal

import msgspec

from replicas.system import Level

Tie = Literal["incarnation", "cassandra", "riak"]
VersionKind = Literal["hlc", "wall", "counter", "vector", "dotted"]
Merge = Literal["last", "siblings", "union"]
SIBLINGS_MAX = 32

VERSIONS: dict[VersionKind, str] = {
    "hlc": "a hybrid logical clock: the wall clock, or one more than any time that the node has seen; the last wins",
    "wall": "the wall clock of the coordinator alone, as Cassandra: what a clock dates that is behind is lost",
    "counter": "one more than the highest that W replicas tell: two may mint the same, and one write is lost",
    "vector": "a version vector by coordinator, as Riak had: writes that had not seen each other stay as siblings, and"
    " so do some that had",
    "dotted": "a dotted version vector: of writes that had not seen each other all stay as siblings, and no others",
}
MERGES: dict[Merge, str] = {
    "last": "of siblings the latest is kept",
    "siblings": "a client is shown all siblings, and its next write replaces those",
    "union": "values are JSON lists of strings, and a client is shown the union of the siblings' lists",
}


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    datacenter: str = "dc1"


class Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`n` copies of each key; `r` and `w` replies make a read or a write whose level is not given. `versions` says how
    a write is dated, `merge` what becomes of siblings, of which there are `siblings_max` at most: then the oldest are
    lost."""

    nodes: list[Node]
    n: int
    r: int
    w: int
    tie: Tie = "incarnation"
    operation_timeout_ns: int = 500_000_000
    operations_in_flight_max: int = 10_000
    versions: VersionKind = "hlc"
    merge: Merge = "last"
    siblings_max: int = SIBLINGS_MAX

    def names(self) -> list[str]:
        return [node.name for node in self.nodes]

    def keeps_siblings(self) -> bool:
        """A write says what its client had seen; those that had not seen each other are siblings."""
        return self.versions in ("vector", "dotted")

    def quorum(self) -> int:
        return self.n // 2 + 1

    def reads_needed(self, level: Level | None) -> int:
        return self.r if level is None else self._count(level)

    def writes_needed(self, level: Level | None) -> int:
        return self.w if level is None else self._count(level)

    def _count(self, level: Level) -> int:
        """Of any replicas: levels that ask for those of certain datacenters are in levels.py. At ANY a hint will do."""
        return {"ANY": 1, "ONE": 1, "TWO": 2, "THREE": 3, "QUORUM": self.quorum(), "ALL": self.n}[level]
