"""What it takes two replicas to find and mend their differences, by each kind of anti-entropy: two cores that hand
each other their messages, as bytes, in memory."""

import time  # noqa: TID251 - this measures
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from replicas.store.comparing import CopyPage
from replicas.store.core import Now
from replicas.store.frames import Frames, frame
from replicas.store.messages import Store, Stored
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, record
from replicas.store.replica import Replica
from replicas.store.settings import Cluster, Node
from replicas.store.storage import Meta, SqliteStorage
from replicas.store.visits import Put

MS = 1_000_000
WALL = 1_700_000_000_000 * MS
COPIES_IN_A_BATCH = 1_000
POLICY = Policy(read_repair="none", purge="never", message_lifetime_ns=3600_000 * MS, keys_per_exchange_max=10_000)
_PAIR = Cluster([Node("r1"), Node("r2")], 2, 1, 1)


class Mended(NamedTuple):
    """`found` is the rows that were sent. `compared_bytes` are those of all messages but copies; `quiet_bytes` those of
    one more round, in which nothing differs."""

    differing: int
    found: int
    rounds: int
    compared_bytes: int
    copied_bytes: int
    quiet_bytes: int
    seconds: float
    whole: bool


def copies(count: int, value_bytes: int = 100) -> list[Record]:
    value = "v" * value_bytes
    return [record(f"key{number:09}", Version(WALL + number, "r1.1"), value) for number in range(count)]


class Pair:
    """r1 opens the exchanges. What is `held` both hold from the start."""

    def __init__(self, policy: Policy, held: Iterable[Record]) -> None:
        self.policy = policy
        self.now_ns = 0
        self.bytes: Counter[str] = Counter()
        self.rows = 0
        self._flying: deque[tuple[str, str, bytes]] = deque()
        self._storages = {name: SqliteStorage(Path(":memory:"), "OFF") for name in ("r1", "r2")}
        for name, storage in self._storages.items():
            for copy in held:
                storage.put(copy)
            storage.commit(Meta(f"{name}.1", 0, WALL, 0, joined=True))
        self.replicas = {
            name: Replica(name, f"{name}.1", _PAIR, policy, storage) for name, storage in self._storages.items()
        }
        for name, replica in self.replicas.items():
            replica.start(self._now())
            self._end(name)

    def close(self) -> None:
        for storage in self._storages.values():
            storage.close()

    def _now(self) -> Now:
        return Now(self.now_ns, WALL + 10**12 + self.now_ns)

    def _end(self, name: str, *, says: bool = True) -> None:
        effects = self.replicas[name].end_batch()
        if effects is None:
            return
        if effects.commit is not None:
            self._storages[name].commit(effects.commit)
        for to, message in effects.sends if says else []:
            data = bytes(frame(message))
            rows = len(message.copies) if isinstance(message, CopyPage) else isinstance(message, Store)
            self.rows += rows
            self.bytes["copied" if rows else "acknowledged" if isinstance(message, Stored) else "compared"] += len(data)
            self._flying.append((name, to, data))

    def write(self, keys: Iterable[str], value: str) -> None:
        """At r2, of which r1 hears nothing."""
        replica = self.replicas["r2"]
        for number, key in enumerate(keys):
            replica.receive(self._now(), "client", Put(number, key, value, "ONE"))
            if number % COPIES_IN_A_BATCH == 0:
                self._end("r2", says=False)
        self._end("r2", says=False)

    def round(self) -> None:
        self.now_ns += self.policy.round_every_ns
        self.replicas["r1"].wake(self._now(), "round")
        self._end("r1")
        while self._flying:
            sender, to, data = self._flying.popleft()
            for message in Frames().feed(data):
                self.replicas[to].receive(self._now(), sender, message)
            self._end(to)

    def agrees(self) -> bool:
        """Whether the last round found nothing."""
        entropy = self.replicas["r1"].entropy
        return entropy.pending([]) is None and entropy.completed([]) == entropy.begun

    def mend(self, differing: int, seconds_max: float) -> Mended:
        """`whole` is false if it was not done in this time."""
        self.bytes.clear()
        self.rows = rounds = 0
        begun = time.perf_counter()
        while True:
            before = self.bytes["compared"]
            self.round()
            rounds += 1
            took = time.perf_counter() - begun
            if self.agrees() or took > seconds_max:
                break
        quiet = self.bytes["compared"] - before
        return Mended(
            differing, self.rows, rounds, self.bytes["compared"], self.bytes["copied"], quiet, took, self.agrees()
        )


def differences(
    policy: Policy, held: list[Record], differing: Iterable[int], seconds_max: float = 120.0
) -> list[Mended]:
    """One after the other, of the same pair; spread over all keys."""
    pair = Pair(policy, held)
    try:
        pair.mend(0, seconds_max)  # the first exchange may compare all that was there before
        found: list[Mended] = []
        for turn, count in enumerate(differing):
            pair.write((held[index * len(held) // count].key for index in range(count)), f"new {turn} " + "v" * 90)
            found.append(pair.mend(count, seconds_max))
        return found
    finally:
        pair.close()


def by_share(policy: Policy, keys: int, shares_ppm: Iterable[int]) -> list[Mended]:
    """Of rows that differ, in millionths. What theory says is the least: each row that differs goes once."""
    return differences(policy, copies(keys), [keys * share // 1_000_000 for share in shares_ppm])


def with_kind(kind: str, **figures: int) -> Policy:
    return msgspec.structs.replace(POLICY, anti_entropy=kind, **figures)
