"""Hinted handoff: a coordinator keeps the write that a replica did not acknowledge, and sends it again later.

A hint is made when a write's time is up, is durable, and goes when its target holds it or what dominates it. Of one
key the newest write is enough, unless the policy keeps each. Replay is throttled: to a target that has not been heard
of since, one hint at a time. With a check by brief, a target is asked first, and is sent the copy in the next replay if
what it holds is older.
"""

from itertools import islice

from .antientropy import brief
from .budget import Budget
from .core import Core
from .messages import Offer, OfferReply, Store, Stored
from .records import Record
from .storage import Hint, Storage

HINT_BYTES = 64  # of a hint, beside key and value
Wanted = tuple[str, int]  # room for a hint: its key and its bytes


class Replay:
    """A hint on its way. All replays of one hint have one number, so that a late answer counts; a newer hint of the key
    has another, so that it does not count for that."""

    def __init__(self, hints: "Hints", hint: Hint, request: int) -> None:
        self.hints = hints
        self.hint = hint
        self.request = request
        self.at: int | None = None  # None: it may go at once
        self.wanted = False  # the target said that it holds nothing newer

    def stored(self, sender: str, message: Stored) -> None:
        if sender == self.hint.target:
            self.hints.answered(self, holds=message.holds)

    def forget(self, node: str) -> None:
        """A node that lost its disk needs its hints no less."""


class Hints:
    """In memory each target's hints are in the order in which they were made, by their place; `_sent` has the latest
    replay of each. `buried_until` is no older than any tombstone of which this node has said that it keeps nothing
    older."""

    def __init__(self, core: Core, storage: Storage) -> None:
        self.core = core
        self._storage = storage
        self._of: dict[str, dict[str, Hint]] = {}  # by target and place
        self._bytes: dict[str, int] = {}
        self._sent: dict[str, dict[str, Replay]] = {}
        self._last_number = 0
        self._budget = Budget(core.policy.hint_bytes_per_s_max)
        self._turn = 0
        self.silent_since: dict[str, int] = {}
        self.buried_until = 0

    def active(self) -> bool:
        return self.core.policy.hints == "handoff"

    def start(self) -> None:
        if not self.active():
            return
        core, policy = self.core, self.core.policy
        in_doubt = policy.purge in ("confirmed", "repaired")  # which tombstones were buried is not known any more
        if in_doubt and core.cluster.versions != "counter":  # counts tell no times: nothing is promised of their purges
            self.buried_until = max(core.versions.clock, core.now.wall + policy.skew_budget_ns)
        for hint in self._storage.hints():
            self._last_number = max(self._last_number, hint.number)
            if hint.record.intact():
                self._put_in(hint)
                self.silent_since[hint.target] = self.core.now.mono
            else:
                self._storage.remove_hint(hint)
                self.core.changes += 1
        self.core.set_timer(self.core.policy.hint_every_ns, "hints")

    def heard(self, sender: str) -> None:
        self.silent_since.pop(sender, None)

    def missed(self, target: str, copy: Record) -> bool:
        """The target did not acknowledge this write in time. True: it is kept for it, or what dominates it."""
        core, policy = self.core, self.core.policy
        since = self.silent_since.setdefault(target, core.now.mono)
        coalesces = policy.hint_coalescing == "on"
        older = self._of.setdefault(target, {}).get(copy.key) if coalesces else None
        if older is not None and core.versions.dominates(older.record, copy):
            return True
        if older is not None and core.versions.joins:
            copy = core.versions.merge(older.record, copy) or copy
        if core.now.mono - since > policy.hint_window_ns or not self._make_room(target, copy, older):
            core.metrics.hints_dropped += 1
            return False
        if older is not None:
            self._take_out(older)  # the newer one goes to the back
        self._last_number += not coalesces
        hint = Hint(target, copy, core.now.wall, 0 if coalesces else self._last_number)
        self._put_in(hint)
        self._storage.put_hint(hint)
        core.changes += 1
        core.metrics.hints_queued += 1
        return True

    def _make_room(self, target: str, copy: Record, older: Hint | None) -> bool:
        """For one more hint, in place of an older one of its key. A full queue takes none, or drops its oldest."""
        while not self._fits(target, [(copy.key, size_of(copy))], older):
            victim = self._victim(target, copy, older)
            if victim is None:
                return False
            self._remove(victim)
            self.core.metrics.hints_evicted += 1
        return True

    def _victim(self, target: str, copy: Record, older: Hint | None) -> Hint | None:
        """What goes to make room for this copy."""
        policy = self.core.policy
        too_large = policy.hint_bytes_max and size_of(copy) > policy.hint_bytes_max
        if policy.hints_when_full != "drop-oldest" or too_large:
            return None
        return next((hint for hint in self._of.get(target, {}).values() if hint is not older), None)

    def has_room(self, target: str, wanted: list[Wanted]) -> bool:
        """For hints of all these, whatever becomes of those that are kept by now."""
        return self._fits(target, wanted, None)

    def _fits(self, target: str, wanted: list[Wanted], older: Hint | None) -> bool:
        policy, known = self.core.policy, self._of.get(target, {})
        coalesces = policy.hint_coalescing == "on"
        more = len({key for key, _ in wanted if key not in known}) if coalesces else len(wanted)
        if len(known) + more > policy.hints_max:
            return False
        freed = size_of(older.record) if older is not None else 0
        needed = self._bytes.get(target, 0) - freed + sum(size for _, size in wanted)
        return not policy.hint_bytes_max or needed <= policy.hint_bytes_max

    def bury(self, tombstone: Record) -> None:
        """Nothing older than this tombstone is kept: whoever asks may purge it. It has no use, since every replica of
        the key holds the tombstone before that."""
        self.buried_until = max(self.buried_until, tombstone.version.time)
        for known in self._of.values():
            for hint in self._hints_of(known, tombstone.key):
                if self.core.versions.dominates(hint.record, tombstone):
                    continue
                left = self.core.versions.merge(hint.record, tombstone)
                self._remove(hint)
                if left is not None and left is not tombstone:  # a sibling in it is not older
                    self._put_in(hint._replace(record=left))
                    self._storage.put_hint(hint._replace(record=left))

    def _hints_of(self, known: dict[str, Hint], key: str) -> list[Hint]:
        if self.core.policy.hint_coalescing == "on":
            return [known[key]] if key in known else []
        return [hint for hint in known.values() if hint.record.key == key]

    def keeps_older(self, time: int) -> bool:
        """A write of that time, or an older one, perhaps beside a later sibling."""
        oldest = self.core.versions.oldest
        return any(oldest(hint.record) <= time for known in self._of.values() for hint in known.values())

    def tick(self) -> None:
        core = self.core
        core.set_timer(core.policy.hint_every_ns, "hints")
        targets = list(self._of)
        if core.policy.hint_bytes_per_s_max and targets:
            self._turn = (self._turn + 1) % len(targets)  # else the first would take all there is for ever
            targets = targets[self._turn :] + targets[: self._turn]
        for target in targets:
            known = self._of[target]
            self._expire(known)
            for hint in self._next(target, known):
                self._replay(hint)

    def _replay(self, hint: Hint) -> None:
        core, target = self.core, hint.target
        replay = self._sent.setdefault(target, {}).get(hint.place)
        born, origin = core.now.wall, f"hint for {target}"
        asks = core.policy.hint_check == "brief" and not (replay and replay.wanted)
        if not asks and not self._budget.take(core.now.mono, size_of(hint.record)):
            core.metrics.hints_held_back += 1
            return
        if replay is None:
            replay = self._sent[target][hint.place] = Replay(self, hint, core.next_request())
        core.waiting[replay.request] = replay
        replay.at, replay.wanted = core.now.mono, False
        if asks:
            core.send(target, Offer(0, born, origin, replay.request, brief(hint.record)))
        else:
            core.send(target, Store(0, born, origin, replay.request, hint.record, "hinted handoff"))

    def _next(self, target: str, known: dict[str, Hint]) -> list[Hint]:
        """The first that are not on their way, as many as may be."""
        late = self.core.now.mono - self.core.cluster.operation_timeout_ns
        sent = self._sent.get(target, {})
        on_their_way = {place for place, replay in sent.items() if replay.at is not None and replay.at > late}
        limit = self.core.policy.hints_per_replay_max
        if target in self.silent_since:
            limit = 0 if on_their_way else 1
        ordered = reversed(known.items()) if self.core.policy.hint_order == "newest" else iter(known.items())
        return list(islice((hint for place, hint in ordered if place not in on_their_way), limit))

    def lifetime_ns(self) -> int:
        """A hint that outlives the grace would bring back what was purged."""
        policy = self.core.policy
        return min(policy.hint_lifetime_ns, policy.grace_ns) if policy.purge == "grace" else policy.hint_lifetime_ns

    def _expire(self, known: dict[str, Hint]) -> None:
        wall, lifetime = self.core.now.wall, self.lifetime_ns()
        for hint in list(known.values()):
            if wall - hint.made_ns <= lifetime:
                break  # oldest first
            self._remove(hint)
            self.core.metrics.hints_expired += 1

    def offered(self, sender: str, message: Offer) -> None:
        """Whether this node has a use for a copy. One that has not joined has no answer."""
        core = self.core
        if core.joined:
            wanted = core.versions.glance(core.copies.held(message.brief.key), message.brief) in ("older", "unsure")
            core.send(sender, OfferReply(0, core.now.wall, message.origin, message.request, message.brief.key, wanted))

    def offer_answered(self, sender: str, message: OfferReply) -> None:
        replay = self.core.waiting.get(message.request)
        if not isinstance(replay, Replay) or replay.hint.target != sender or replay.at is None:
            return
        if message.wanted:
            replay.wanted, replay.at = True, None
        else:
            self.core.metrics.hints_spared += 1
            self._remove(replay.hint)

    def answered(self, replay: Replay, *, holds: bool) -> None:
        """The target's word on one replay."""
        hint = replay.hint
        self._forget_replay(hint)
        if holds:
            self._remove(hint)
            self.core.metrics.hints_replayed += 1

    def _put_in(self, hint: Hint) -> None:
        self._of.setdefault(hint.target, {})[hint.place] = hint
        self._bytes[hint.target] = self._bytes.get(hint.target, 0) + size_of(hint.record)

    def _take_out(self, hint: Hint) -> None:
        del self._of[hint.target][hint.place]
        self._bytes[hint.target] -= size_of(hint.record)
        self._forget_replay(hint)

    def _remove(self, hint: Hint) -> None:
        self._take_out(hint)
        self._storage.remove_hint(hint)
        self.core.changes += 1

    def _forget_replay(self, hint: Hint) -> None:
        replay = self._sent.get(hint.target, {}).pop(hint.place, None)
        if replay is not None:
            self.core.waiting.pop(replay.request, None)

    def waiting(self) -> int:
        return sum(map(len, self._of.values()))

    def waiting_bytes(self) -> int:
        return sum(self._bytes.values())

    def pending(self, without: list[str]) -> str | None:
        for target, known in self._of.items():
            if known and target not in without:
                return f"{len(known)} hints for {target} wait"
        return None


def size_of(copy: Record) -> int:
    return bytes_of(copy.key, copy.value)


def bytes_of(key: str, value: str | None) -> int:
    return len(key.encode()) + len((value or "").encode()) + HINT_BYTES
