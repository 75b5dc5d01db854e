"""Hinted handoff: a coordinator keeps the write that a replica did not acknowledge, and sends it again later.

A hint is made when a write's time is up, is durable, and goes when its target holds it or what dominates it. Of one
key the newest write is enough. Replay is throttled: to a target that has not been heard of since, one hint at a time.
"""

from itertools import islice
from typing import NamedTuple

from .core import Core
from .messages import Store, Stored
from .records import Record
from .storage import Hint, Storage


class Replay(NamedTuple):
    hint: Hint
    request: int
    at: int


class Hints:
    """In memory each target's hints are in the order in which they were
    made; `_sent` has the latest replay of each. All replays of one hint have one number, so that a late answer counts;
    a newer hint of the key has another, so that it does not count for that."""

    def __init__(self, core: Core, storage: Storage) -> None:
        self.core = core
        self._storage = storage
        self._of: dict[str, dict[str, Hint]] = {}  # by target and key
        self._sent: dict[str, dict[str, Replay]] = {}
        self.silent_since: dict[str, int] = {}

    def active(self) -> bool:
        return self.core.policy.hints == "handoff"

    def start(self) -> None:
        if not self.active():
            return
        for hint in self._storage.hints():
            if hint.record.intact():
                self._of.setdefault(hint.target, {})[hint.record.key] = hint
                self.silent_since[hint.target] = self.core.now.mono
            else:
                self._remove(hint)
        self.core.set_timer(self.core.policy.hint_every_ns, "hints")

    def heard(self, sender: str) -> None:
        self.silent_since.pop(sender, None)

    def missed(self, target: str, copy: Record) -> None:
        """The target did not acknowledge this write in time."""
        core = self.core
        since = self.silent_since.setdefault(target, core.now.mono)
        known = self._of.setdefault(target, {})
        older = known.get(copy.key)
        if older is not None and core.versions.dominates(older.record, copy):
            return
        if older is not None and core.versions.joins:
            copy = core.versions.merge(older.record, copy) or copy
        too_long = core.now.mono - since > core.policy.hint_window_ns
        full = older is None and len(known) >= core.policy.hints_max
        if too_long or full:
            core.metrics.hints_dropped += 1
            return
        if older is not None:
            del known[copy.key]  # the newer one goes to the back
            self._forget_replay(target, copy.key)
        hint = known[copy.key] = Hint(target, copy, core.now.wall)
        self._storage.put_hint(hint)
        self.core.changes += 1
        core.metrics.hints_queued += 1

    def bury(self, tombstone: Record) -> None:
        """Nothing older than this tombstone is kept: whoever asks may purge it. It has no use, since every replica of
        the key holds the tombstone before that."""
        for known in self._of.values():
            hint = known.get(tombstone.key)
            if hint is None or self.core.versions.dominates(hint.record, tombstone):
                continue
            merged = self.core.versions.merge(hint.record, tombstone)
            if merged is tombstone:
                del known[tombstone.key]
                self._remove(hint)
            elif merged is not None:  # a sibling in it is not older; what the tombstone has replaced goes
                self._forget_replay(hint.target, tombstone.key)
                known[tombstone.key] = hint._replace(record=merged)
                self._storage.put_hint(known[tombstone.key])
                self.core.changes += 1

    def tick(self) -> None:
        core = self.core
        core.set_timer(core.policy.hint_every_ns, "hints")
        for target, known in self._of.items():
            self._expire(known)
            for hint in self._next(target, known):
                before = self._sent.get(target, {}).get(hint.record.key)
                request = before.request if before else core.next_request()
                core.waiting[request] = self
                self._sent.setdefault(target, {})[hint.record.key] = Replay(hint, request, core.now.mono)
                origin = f"hint for {target}"
                core.send(target, Store(0, core.now.wall, origin, request, hint.record, "hinted handoff"))

    def _next(self, target: str, known: dict[str, Hint]) -> list[Hint]:
        """The oldest that are not on their way, as many as may be."""
        late = self.core.now.mono - self.core.cluster.operation_timeout_ns
        on_their_way = {key for key, replay in self._sent.get(target, {}).items() if replay.at > late}
        limit = self.core.policy.hints_per_replay_max
        if target in self.silent_since:
            limit = 0 if on_their_way else 1
        return list(islice((hint for key, hint in known.items() if key not in on_their_way), limit))

    def lifetime_ns(self) -> int:
        """A hint that outlives the grace would bring back what was purged."""
        policy = self.core.policy
        return min(policy.hint_lifetime_ns, policy.grace_ns) if policy.purge == "grace" else policy.hint_lifetime_ns

    def _expire(self, known: dict[str, Hint]) -> None:
        wall, lifetime = self.core.now.wall, self.lifetime_ns()
        for hint in list(known.values()):
            if wall - hint.made_ns <= lifetime:
                break  # oldest first
            del known[hint.record.key]
            self._remove(hint)
            self.core.metrics.hints_expired += 1

    def stored(self, sender: str, message: Stored) -> None:
        """The target's word on one replay."""
        del self.core.waiting[message.request]
        replay = self._sent.get(sender, {}).get(message.key)
        if replay is None or replay.request != message.request:
            return
        del self._sent[sender][message.key]
        if message.holds:
            del self._of[sender][message.key]
            self._remove(replay.hint)
            self.core.metrics.hints_replayed += 1

    def forget(self, node: str) -> None:
        """A node that lost its disk needs its hints no less."""

    def _remove(self, hint: Hint) -> None:
        self._forget_replay(hint.target, hint.record.key)
        self._storage.remove_hint(hint.target, hint.record.key)
        self.core.changes += 1

    def _forget_replay(self, target: str, key: str) -> None:
        replay = self._sent.get(target, {}).pop(key, None)
        if replay is not None:
            self.core.waiting.pop(replay.request, None)

    def waiting(self) -> int:
        return sum(map(len, self._of.values()))

    def pending(self, without: list[str]) -> str | None:
        for target, known in self._of.items():
            if known and target not in without:
                return f"{len(known)} hints for {target} wait"
        return None
