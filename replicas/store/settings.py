"""What a cluster is and how it repairs itself: the whole configuration of the reference store."""

from typing import Literal

import msgspec

from replicas.system import Level

Tie = Literal["incarnation", "cassandra", "riak"]


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    datacenter: str = "dc1"


class Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`n` copies of each key; `r` and `w` replies make a read or a write whose level is not given."""

    nodes: list[Node]
    n: int
    r: int
    w: int
    tie: Tie = "incarnation"
    operation_timeout_ns: int = 500_000_000
    operations_in_flight_max: int = 10_000

    def names(self) -> list[str]:
        return [node.name for node in self.nodes]

    def quorum(self) -> int:
        return self.n // 2 + 1

    def reads_needed(self, level: Level | None) -> int:
        return self.r if level is None else self._count(level)

    def writes_needed(self, level: Level | None) -> int:
        return self.w if level is None else self._count(level)

    def _count(self, level: Level) -> int:
        return {"ONE": 1, "TWO": 2, "THREE": 3, "QUORUM": self.quorum(), "ALL": self.n}[level]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How replicas mend, with the limits.

    A message that carries a copy is refused once it is older than `message_lifetime_ns`, by clocks that may differ
    by `skew_budget_ns`; a confirmed purge waits for both. `purge = "grace"` drops a tombstone once it is `grace_ns`
    old, whoever holds it.

    A hint is made for a replica that did not acknowledge a write, unless that replica has been silent for longer than
    `hint_window_ns`; it is dropped at the age of `hint_lifetime_ns` (or of the grace, if that is less). One node keeps
    at most `hints_max` hints for each other: more are dropped and counted. Every `hint_every_ns` at most
    `hints_per_replay_max` are sent to each.

    Rounds of anti-entropy come every `round_every_ns`, sooner or later by up to `round_jitter_ppm` of it; a node
    sends at most `repair_bytes_per_s_max` of copies in them (0: no limit).
    """

    read_repair: Literal["none", "blocking", "background"] = "blocking"
    hints: Literal["none", "handoff"] = "none"
    anti_entropy: Literal["none", "merkle"] = "merkle"
    purge: Literal["never", "confirmed", "grace"] = "confirmed"
    grace_ns: int = 10_000_000_000
    hint_window_ns: int = 10_000_000_000
    hint_lifetime_ns: int = 10_000_000_000
    hint_every_ns: int = 100_000_000
    hints_max: int = 1_000
    hints_per_replay_max: int = 50
    round_every_ns: int = 200_000_000
    round_jitter_ppm: int = 0
    repair_bytes_per_s_max: int = 0
    exchange_timeout_ns: int = 1_000_000_000
    keys_per_exchange_max: int = 1_000
    tree_levels: Literal[2, 4] = 2  # even, so that the node that opened an exchange is shown the leaves
    message_lifetime_ns: int = 1_000_000_000
    skew_budget_ns: int = 50_000_000

    def exchange_hops(self) -> int:
        """How many messages one after the other: down the trees, then leaves, copies and their acknowledgement."""
        return self.tree_levels + 4

    def purge_wait_ns(self) -> int:
        """A message may be a lifetime old, its write may carry a time that is a skew too early, and the clock that
        judges its age may be a skew behind."""
        return self.message_lifetime_ns + 2 * self.skew_budget_ns
