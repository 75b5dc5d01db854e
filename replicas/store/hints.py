"""Hinted handoff: a coordinator keeps the write that a replica did not acknowledge, and sends it again later.

A hint is made when a write's time is up, is durable, and goes when its target holds it or what dominates it. Of one
key the newest write is enough. Replay is throttled: to a target that has not been heard of since, one hint at a time.
"""

from .core import Core
from .messages import Brief, Store, Stored
from .records import Record, record
from .storage import Hint, Storage


class Hints:
    """`changes` counts what must be committed. In memory each target's hints are in the order in which they were
    made; `_in_flight` has what was sent, and when."""

    def __init__(self, core: Core, storage: Storage) -> None:
        self.core = core
        self.changes = 0
        self._storage = storage
        self._of: dict[str, dict[str, Hint]] = {}  # by target and key
        self._in_flight: dict[tuple[str, str], tuple[Record, int]] = {}
        self._silent_since: dict[str, int] = {}
        self._purging: dict[str, tuple[Record, int]] = {}  # tombstones confirmed here, and when: no older hint any more
        self._request = 0

    def active(self) -> bool:
        return self.core.policy.hints == "handoff"

    def start(self) -> None:
        if not self.active():
            return
        for hint in self._storage.hints():
            if hint.record.intact():
                self._of.setdefault(hint.target, {})[hint.record.key] = hint
            else:
                self._remove(hint)
        self._request = self.core.next_request()
        self.core.waiting[self._request] = self
        self.core.set_timer(self.core.policy.hint_every_ns, "hints")

    def heard(self, sender: str) -> None:
        self._silent_since.pop(sender, None)

    def missed(self, target: str, copy: Record) -> None:
        """The target did not acknowledge this write in time."""
        core = self.core
        since = self._silent_since.setdefault(target, core.now.mono)
        known = self._of.setdefault(target, {})
        older = known.get(copy.key)
        if older is not None and core.versions.dominates(older.record, copy):
            return
        too_long = core.now.mono - since > core.policy.hint_window_ns
        full = older is None and len(known) >= core.policy.hints_max
        if too_long or full or self._is_being_purged(copy):
            core.metrics.hints_dropped += 1
            return
        known.pop(copy.key, None)  # the newer one goes to the back
        hint = known[copy.key] = Hint(target, copy, core.now.wall)
        self._storage.put_hint(hint)
        self.changes += 1
        core.metrics.hints_queued += 1

    def bury(self, tombstone: Brief) -> None:
        """Nothing older than this tombstone is kept or made any more: whoever asks may purge it. What it replaces has
        no use, since every replica of the key holds the tombstone before it is purged."""
        core = self.core
        core.versions.observe(tombstone.version)
        buried = record(tombstone.key, tombstone.version, None)
        self._purging[tombstone.key] = (buried, core.now.mono)
        for known in self._of.values():
            hint = known.get(tombstone.key)
            if hint is not None and not core.versions.dominates(hint.record, buried):
                del known[tombstone.key]
                self._remove(hint)

    def _is_being_purged(self, copy: Record) -> bool:
        tombstone = self._purging.get(copy.key)
        return tombstone is not None and not self.core.versions.dominates(copy, tombstone[0])

    def tick(self) -> None:
        core = self.core
        core.set_timer(core.policy.hint_every_ns, "hints")
        self._forget_purges()
        for target, known in self._of.items():
            self._expire(known)
            limit = 1 if target in self._silent_since else core.policy.hints_per_replay_max
            for hint in self._next(target, known, limit):
                self._in_flight[target, hint.record.key] = (hint.record, core.now.mono)
                origin = f"hint for {target}"
                store = Store(0, core.now.wall, origin, self._request, hint.record, "hinted handoff")
                core.send(target, store)

    def _next(self, target: str, known: dict[str, Hint], limit: int) -> list[Hint]:
        """The oldest that are not on their way."""
        late = self.core.now.mono - self.core.cluster.operation_timeout_ns
        chosen: list[Hint] = []
        for key, hint in known.items():
            sent = self._in_flight.get((target, key))
            if sent is None or sent[1] <= late:
                chosen.append(hint)
            if len(chosen) == limit:
                break
        return chosen

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

    def _forget_purges(self) -> None:
        """A write that was under way when its key was confirmed has long ended after two timeouts."""
        late = self.core.now.mono - 2 * self.core.cluster.operation_timeout_ns
        while self._purging:
            key, (_, at) = next(iter(self._purging.items()))
            if at > late:
                break
            del self._purging[key]

    def stored(self, sender: str, message: Stored) -> None:
        """The target's word on a hint: it may be about one that a newer write has replaced since."""
        sent = self._in_flight.pop((sender, message.key), None)
        hint = self._of.get(sender, {}).get(message.key)
        if message.holds and hint is not None and sent is not None and hint.record == sent[0]:
            del self._of[sender][message.key]
            self._remove(hint)
            self.core.metrics.hints_replayed += 1

    def forget(self, node: str) -> None:
        """A node that lost its disk needs its hints no less."""

    def _remove(self, hint: Hint) -> None:
        self._in_flight.pop((hint.target, hint.record.key), None)
        self._storage.remove_hint(hint.target, hint.record.key)
        self.changes += 1

    def waiting(self) -> int:
        return sum(map(len, self._of.values()))

    def pending(self, without: list[str]) -> str | None:
        for target, known in self._of.items():
            if known and target not in without:
                return f"{len(known)} hints for {target} wait"
        return None
