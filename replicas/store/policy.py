"""How replicas mend, with the limits: the part of the store's configuration that is compared and chosen."""

from typing import Any, Literal

import msgspec

OFF: dict[str, Any] = {  # no mechanism that mends
    "read_repair": "none",
    "hints": "none",
    "anti_entropy": "none",
    "quorums": "strict",
    "write_repair": "none",
    "level_unmet": "refuse",
}

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
    },
    "tree_levels": {
        2: "a hash tree has 256 leaves a partition",
        4: "a hash tree has 65,536 leaves a partition: for many keys",
    },
    "hints_when_full": {
        "drop-newest": "where there is no room for another hint, it is not made",
        "drop-oldest": "where there is no room for another hint, the oldest go",
        "refuse": "a write is refused where there may be no room for the hints that it may need",
    },
    "hint_order": {
        "oldest": "hints are sent in the order in which they were made",
        "newest": "the newest hint is sent first",
    },
    "hint_coalescing": {
        "on": "of one key the newest write is kept as a hint",
        "off": "each write is kept as a hint",
    },
    "hint_check": {
        "none": "a hint is sent whole",
        "brief": "a replica is asked first whether it holds something older, and only then sent the hint",
    },
    "quorums": {
        "strict": "only replicas of a key acknowledge its writes",
        "sloppy": "in place of a replica that is silent another node keeps a hint, and counts for the write",
    },
    "write_repair": {
        "none": "a write mends nothing",
        "on": "what a write finds to be newer than itself is brought to the replicas that hold only the write",
    },
    "level_unmet": {
        "refuse": "an operation that does not reach its level times out",
        "step-down": "an operation that has not reached its level in half its time is answered by what it has reached",
    },
    "purge": {
        "never": "tombstones stay",
        "confirmed": "a tombstone goes when every replica has confirmed that it holds it, and a lifetime has passed",
        "grace": "a tombstone goes when it is older than its grace, whoever holds it",
    },
}


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How replicas mend, with the limits.

    A message that carries a copy is refused once it is older than `message_lifetime_ns`, by clocks that may differ
    by `skew_budget_ns`; a confirmed purge waits for both. `purge = "grace"` drops a tombstone once it is `grace_ns`
    old, whoever holds it.

    A hint is made for a replica that did not acknowledge a write, unless that replica has been silent for longer than
    `hint_window_ns`; it is dropped at the age of `hint_lifetime_ns` (or of the grace, if that is less). One node keeps
    at most `hints_max` hints for each other: more are dropped and counted. Every `hint_every_ns` at most
    `hints_per_replay_max` are sent to each. The bytes of a hint are those of its key and value, and 64: those for one
    node are at most `hint_bytes_max`, and of all that a node keeps it sends at most `hint_bytes_per_s_max` (0: no
    limit, of either).

    Rounds of anti-entropy come every `round_every_ns`, sooner or later by up to `round_jitter_ppm` of it; a node
    sends at most `repair_bytes_per_s_max` of copies in them (0: no limit).

    Every `scrub_every_ns` a node reads the next `scrub_keys_max` of its copies (0: never). One that is damaged is
    discarded, and asked of all its other replicas until each has answered, so many keys at a time.
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
    hint_bytes_max: int = 0
    hint_bytes_per_s_max: int = 0
    hints_when_full: Literal["drop-newest", "drop-oldest", "refuse"] = "drop-newest"
    hint_order: Literal["oldest", "newest"] = "oldest"
    hint_coalescing: Literal["on", "off"] = "on"
    hint_check: Literal["none", "brief"] = "none"
    quorums: Literal["strict", "sloppy"] = "strict"
    write_repair: Literal["none", "on"] = "none"
    level_unmet: Literal["refuse", "step-down"] = "refuse"
    round_every_ns: int = 200_000_000
    round_jitter_ppm: int = 0
    repair_bytes_per_s_max: int = 0
    exchange_timeout_ns: int = 1_000_000_000
    keys_per_exchange_max: int = 1_000
    scrub_every_ns: int = 0
    scrub_keys_max: int = 100
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
