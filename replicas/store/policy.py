"""How replicas mend, with the limits: the part of the store's configuration that is compared and chosen."""

from typing import Any, Literal

import msgspec

OFF: dict[str, Any] = {"read_repair": "none", "hints": "none", "anti_entropy": "none"}  # no mechanism that mends

CHOICES: dict[str, dict[str | int, str]] = {
    "read_repair": {
        "none": "a read repairs nothing",
        "blocking": "a read answers when a quorum holds what it returns",
        "background": "a read answers at once, and what it found to differ is repaired after",
    },
    "hints": {
        "none": "a write that a replica misses is kept nowhere for it",
        "handoff": "a write that a replica did not acknowledge is kept for it, and sent again until it does",
    },
    "anti_entropy": {
        "none": "replicas do not compare what they hold",
        "merkle": "in rounds, pairs of replicas compare hash trees and send each other what differs",
        "full": "in rounds, pairs of replicas send each other everything, page by page",
        "keys": "in rounds, pairs of replicas compare the version of every key, then send what differs",
        "log": "in rounds, pairs of replicas read on in each other's log of what they took, and ask for what they lack",
        "clocks": "in rounds, pairs of replicas tell each other which writes they know, and send those that one lacks",
        "rows": "in rounds, pairs of replicas compare sums over ranges of keys, then hashes of rows",
    },
    "entropy_schedule": {
        "batch": "each round of anti-entropy compares all partitions",
        "continuous": "each round compares the next few partitions, in turn",
    },
    "repair_scope": {
        "whole": "a comparison is about all that a pair of replicas shares",
        "incremental": "a comparison is about what has changed since a pair found the rest repaired",
    },
    "repair_priority": {
        "order": "where not all can be compared at once, peers and partitions have their turns",
        "most-divergent": "where not all can be compared at once, those come first that differed most when last seen",
        "lately-away": "where not all can be compared at once, peers come first that were silent and are back",
    },
    "tree_levels": {
        2: "a hash tree has 256 leaves a partition",
        4: "a hash tree has 65,536 leaves a partition: for many keys",
    },
    "purge": {
        "never": "tombstones stay",
        "confirmed": "a tombstone goes when every replica has confirmed that it holds it, and a lifetime has passed",
        "grace": "a tombstone goes when it is older than its grace, whoever holds it",
        "repaired": "a tombstone goes when comparisons that began after it have found each replica the same",
    },
}


_HOPS = {"full": 2, "keys": 4, "rows": 8, "log": 6, "clocks": 6}


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How replicas mend, with the limits.

    A message that carries a copy is refused once it is older than `message_lifetime_ns`, by clocks that may differ
    by `skew_budget_ns`; a confirmed purge waits for both. `purge = "grace"` drops a tombstone once it is `grace_ns`
    old, whoever holds it; `purge = "repaired"` asks nobody, and drops one that anti-entropy has shown to be everywhere.

    A hint is made for a replica that did not acknowledge a write, unless that replica has been silent for longer than
    `hint_window_ns`; it is dropped at the age of `hint_lifetime_ns` (or of the grace, if that is less). One node keeps
    at most `hints_max` hints for each other: more are dropped and counted. Every `hint_every_ns` at most
    `hints_per_replay_max` are sent to each.

    Rounds of anti-entropy come every `round_every_ns`, sooner or later by up to `round_jitter_ppm` of it; a node
    sends at most `repair_bytes_per_s_max` of copies in them, and all nodes of the cluster together at most
    `repair_bytes_per_s_cluster_max`, of which each has an equal share (0: no limit). A `continuous` schedule compares
    in each round the next `ranges_per_round_max` partitions with each peer, in turn. At most
    `exchanges_in_parallel_max` exchanges are open at a node at a time, opened or answered (0: no limit), and
    `repair_priority` says who comes first where there is a bound. With an `incremental` scope a pair compares what has
    changed since it was repaired, and everything each `full_every_rounds`. `log_entries_max` is for the log of
    what a node took, where anti-entropy reads logs, and for the writes of which it remembers the key, where it compares
    clocks: older ones are forgotten, and who has not been told of them compares all keys.

    Every `scrub_every_ns` a node reads the next `scrub_keys_max` of its copies (0: never). One that is damaged is
    discarded, and asked of all its other replicas until each has answered, so many keys at a time.
    """

    read_repair: Literal["none", "blocking", "background"] = "blocking"
    hints: Literal["none", "handoff"] = "none"
    anti_entropy: Literal["none", "merkle", "full", "keys", "rows", "log", "clocks"] = "merkle"
    purge: Literal["never", "confirmed", "grace", "repaired"] = "confirmed"
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
    entropy_schedule: Literal["batch", "continuous"] = "batch"
    ranges_per_round_max: int = 1
    exchanges_in_parallel_max: int = 0
    repair_scope: Literal["whole", "incremental"] = "whole"
    full_every_rounds: int = 100
    repair_priority: Literal["order", "most-divergent", "lately-away"] = "order"
    repair_bytes_per_s_cluster_max: int = 0
    scrub_every_ns: int = 0
    scrub_keys_max: int = 100
    log_entries_max: int = 10_000
    tree_levels: Literal[2, 4] = 2  # even, so that the node that opened an exchange is shown the leaves
    message_lifetime_ns: int = 1_000_000_000
    skew_budget_ns: int = 50_000_000

    def compares_states(self) -> bool:
        """What is found the same by such a kind of anti-entropy is held by both: not only what they have heard of."""
        return self.anti_entropy in ("merkle", "full", "keys", "rows")

    def is_incremental(self) -> bool:
        """Kinds that read on in logs or clocks are that by themselves."""
        return self.repair_scope == "incremental" and self.compares_states()

    def longest_round_ns(self) -> int:
        return self.round_every_ns * (1_000_000 + self.round_jitter_ppm) // 1_000_000

    def repair_bytes_per_s(self, nodes: int) -> int:
        """What one of so many nodes may send: each has an equal share of what the cluster may, and is not asked whether
        another uses its own. 0: no limit."""
        shares = [self.repair_bytes_per_s_max, max(1, self.repair_bytes_per_s_cluster_max // nodes)]
        if not self.repair_bytes_per_s_cluster_max:
            return shares[0]
        return min(share for share in shares if share)

    def rounds_of_a_cycle(self, shared: int) -> int:
        """How many rounds look at so many partitions."""
        return 1 if self.entropy_schedule == "batch" else max(1, -(-shared // self.ranges_per_round_max))

    def exchange_hops(self) -> int:
        """How many messages one after the other, of a page where there are pages: what compares, then copies and their
        acknowledgement. Merkle trees are compared level by level, then leaf by leaf."""
        return _HOPS.get(self.anti_entropy, self.tree_levels + 4)

    def purge_wait_ns(self) -> int:
        """A message may be a lifetime old, its write may carry a time that is a skew too early, and the clock that
        judges its age may be a skew behind."""
        return self.message_lifetime_ns + 2 * self.skew_budget_ns
