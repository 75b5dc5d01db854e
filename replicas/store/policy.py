"""How replicas mend, with the limits: the part of the store's configuration that is compared and chosen."""

from typing import Any, Literal

import msgspec

OFF: dict[str, Any] = {  # no mechanism that mends; reads ask all replicas, once, and repair those that they asked
    "read_repair": "none",
    "hints": "none",
    "anti_entropy": "none",
    "quorums": "strict",
    "write_repair": "none",
    "level_unmet": "refuse",
    "read_from": "all",
    "read_choice": "first",
    "read_digests": "never",
    "repair_whom": "contacted",
    "read_repair_chance_ppm": 1_000_000,
    "read_repair_chance_local_ppm": 0,
    "repair_sync_replicas": 0,
    "speculate_after_ns": 0,
    "repair_attempts_max": 1,
}

CHOICES: dict[str, dict[str | int, str]] = {
    "read_repair": {
        "none": "a read repairs nothing",
        "blocking": "a read answers when a quorum holds what it returns",
        "background": "a read answers at once, and what it found to differ is repaired after",
        "bounded": "as blocking, yet after `read_repair_wait` a read answers all the same, and the repair goes on",
        "adaptive": "for each key: blocking where it is often updated and read, nothing for a while where repairs fail,"
        " digests where it is large, else background",
    },
    "read_from": {
        "all": "a read asks all replicas, and decides on the first R answers",
        "needed": "a read asks the R replicas that it needs, and `read_extra_max` more",
        "by-chance": "a read asks all by `read_repair_chance`, those of its datacenter by `read_repair_chance_local`,"
        " else those that it needs",
    },
    "read_choice": {
        "first": "whom a read asks first: in the order of the ring, so that the last ones stay cold",
        "random": "any, by a hash of the operation",
        "nearest": "the coordinator's own copy, then those that were the quickest to answer of late",
        "least-loaded": "the coordinator's own copy, then those that it waits for the least",
    },
    "read_digests": {
        "never": "all that a read asks send what they hold",
        "always": "one sends what it holds, the others a digest; where that differs they are asked for the rest",
        "large": "likewise, for values of more than `digest_above_bytes`",
    },
    "repair_whom": {
        "contacted": "a read repairs those that it asked",
        "all": "where those differed, the others are asked as well, behind the answer",
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
    `hints_per_replay_max` are sent to each. The bytes of a hint are those of its key and value, and 64: those for one
    node are at most `hint_bytes_max`, and of all that a node keeps it sends at most `hint_bytes_per_s_max` (0: no
    limit, of either).

    Rounds of anti-entropy come every `round_every_ns`, sooner or later by up to `round_jitter_ppm` of it; a node
    sends at most `repair_bytes_per_s_max` of copies in them, and all nodes of the cluster together at most
    `repair_bytes_per_s_cluster_max`, of which each has an equal share (0: no limit). A `continuous` schedule compares
    in each round the next `ranges_per_round_max` partitions with each peer, in turn. At most
    `exchanges_in_parallel_max` exchanges are open at a node at a time, opened or answered (0: no limit), and
    `repair_priority` says who comes first where there is a bound. With an `incremental` scope a pair compares what
    has changed since it was repaired, and everything each `full_every_rounds`. `log_entries_max` is for the log of
    what a node took, where anti-entropy reads logs, and for the writes of which it remembers the key, where it
    compares clocks: older ones are forgotten, and who has not been told of them compares all keys.

    Every `scrub_every_ns` a node reads the next `scrub_keys_max` of its copies (0: never). One that is damaged is
    discarded, and asked of all its other replicas until each has answered, so many keys at a time.

    By `read_repair_chance_ppm` a read compares and repairs all that it may, else by `read_repair_chance_local_ppm`
    those of the coordinator's datacenter, else no more than it must before it answers. `repair_sync_replicas` (0: as
    many as later quorums need) must hold what a blocking read of two or more returns. An asked replica that is
    silent after `speculate_after_ns` (0: never) has others asked in its place. Of `repairs_in_flight_max` reads the
    repair may be under way; what is more is answered without, and counted. A repair is sent up to
    `repair_attempts_max` times, first after `repair_backoff_ns`, then after twice that, as long as its read lives.

    What adaptive repair knows of a key halves in each `habit_half_life_ns`, and so does what `nearest` knows of a
    node: by such fading counts a key is often updated or read, or fails. Of `habits_max` keys it knows something.
    """

    read_repair: Literal["none", "blocking", "background", "bounded", "adaptive"] = "blocking"
    hints: Literal["none", "handoff"] = "none"
    anti_entropy: Literal["none", "merkle", "full", "keys", "rows", "log", "clocks"] = "merkle"
    purge: Literal["never", "confirmed", "grace", "repaired"] = "confirmed"
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
    read_repair_wait_ns: int = 10_000_000
    read_repair_chance_ppm: int = 1_000_000
    read_repair_chance_local_ppm: int = 0
    read_from: Literal["all", "needed", "by-chance"] = "all"
    read_extra_max: int = 0
    read_choice: Literal["first", "random", "nearest", "least-loaded"] = "first"
    read_digests: Literal["never", "always", "large"] = "never"
    digest_above_bytes: int = 1_024
    repair_whom: Literal["contacted", "all"] = "contacted"
    repair_sync_replicas: int = 0
    speculate_after_ns: int = 0
    repairs_in_flight_max: int = 10_000
    repair_attempts_max: int = 1
    repair_backoff_ns: int = 20_000_000
    habit_half_life_ns: int = 10_000_000_000
    habits_max: int = 10_000
    often_updated_min: int = 4
    often_read_min: int = 2
    often_failed_min: int = 3

    def waits_for_repair(self) -> bool:
        """Whether a read may have to wait for acknowledgements before it answers, for as long as that takes."""
        return self.read_repair in ("blocking", "adaptive")

    def reads_linger(self) -> bool:
        """Whether a read may go on for as long again as an operation may take, behind its answer."""
        return self.read_repair in ("background", "adaptive") or (
            self.read_repair != "none" and self.repair_whom == "all"
        )

    def compares_in_turn(self) -> bool:
        """Some partitions a round. A log is of all of them: who has read on has read on in all."""
        return self.entropy_schedule == "continuous" and self.anti_entropy != "log"

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
        return 1 if not self.compares_in_turn() else max(1, -(-shared // self.ranges_per_round_max))

    def exchange_hops(self) -> int:
        """How many messages one after the other, of a page where there are pages: what compares, then copies and their
        acknowledgement. Merkle trees are compared level by level, then leaf by leaf."""
        return _HOPS.get(self.anti_entropy, self.tree_levels + 4)

    def purge_wait_ns(self) -> int:
        """A message may be a lifetime old, its write may carry a time that is a skew too early, and the clock that
        judges its age may be a skew behind."""
        return self.message_lifetime_ns + 2 * self.skew_budget_ns
