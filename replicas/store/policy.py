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
    "tree_levels": {
        2: "a hash tree has 256 leaves a partition",
        4: "a hash tree has 65,536 leaves a partition: for many keys",
    },
    "purge": {
        "never": "tombstones stay",
        "confirmed": "a tombstone goes when every replica has confirmed that it holds it, and a lifetime has passed",
        "grace": "a tombstone goes when it is older than its grace, whoever holds it",
    },
}


_HOPS = {"full": 2, "keys": 4, "rows": 8, "log": 6, "clocks": 6}


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
    sends at most `repair_bytes_per_s_max` of copies in them (0: no limit). `log_entries_max` is for the log of
    what a node took, where anti-entropy reads logs, and for the writes of which it remembers the key, where it compares
    clocks: older ones are forgotten, and who has not been told of them compares all keys.
    """

    read_repair: Literal["none", "blocking", "background"] = "blocking"
    hints: Literal["none", "handoff"] = "none"
    anti_entropy: Literal["none", "merkle", "full", "keys", "rows", "log", "clocks"] = "merkle"
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
    log_entries_max: int = 10_000
    tree_levels: Literal[2, 4] = 2  # even, so that the node that opened an exchange is shown the leaves
    message_lifetime_ns: int = 1_000_000_000
    skew_budget_ns: int = 50_000_000

    def exchange_hops(self) -> int:
        """How many messages one after the other, of a page where there are pages: what compares, then copies and their
        acknowledgement. Merkle trees are compared level by level, then leaf by leaf."""
        return _HOPS.get(self.anti_entropy, self.tree_levels + 4)

    def purge_wait_ns(self) -> int:
        """A message may be a lifetime old, its write may carry a time that is a skew too early, and the clock that
        judges its age may be a skew behind."""
        return self.message_lifetime_ns + 2 * self.skew_budget_ns
