"""When a tombstone may go: once every replica has confirmed it, or by grace, at a certain age whoever holds it.

Confirmed: the first replica of a key leads. It asks the others until each holds the tombstone durably, or what
dominates it, and, with hinted handoff, until no node at all keeps an older hint; then it marks its own and has the
others mark theirs. From the first mark on, nothing older exists but in messages that were born before; each replica
drops the tombstone when those have passed their lifetime.

Repaired: the leader asks nobody. It takes each replica's word from anti-entropy: a comparison that began after the
leader took the tombstone, and found nothing different in its partition, has shown that the other replica holds all that
the leader holds, the tombstone too. Older hints are flushed (`flushing.py`). From there on it goes as if all had
confirmed, and for the same reason: no replica has anything older, no hint and no clock brings anything older, and what
is on its way dies before the tombstone goes.

By grace each replica marks its own tombstones as they come of age. That is sound only as long as every replica gets
every deletion within the grace.
"""

from .antientropy import brief
from .copies import Source
from .core import Core
from .flushing import Flushing
from .hints import Hints
from .messages import Confirm, Confirmed, Mark, Marked
from .peer import Brief
from .proofs import Proofs
from .records import Record, record
from .writes import Write

TOMBSTONES_PER_TICK_MAX = 500


class Confirmation:
    """Where one tombstone stands: who holds it, and, once all do, who has marked it. It was `taken` with that many
    changes."""

    def __init__(self, tombstone: Brief, taken: int) -> None:
        self.tombstone = tombstone
        self.taken = taken
        self.confirmed: dict[str, None] = {}
        self.marked: dict[str, None] = {}


class Purging:
    """`_led` has the tombstones whose confirmation this node leads; `_ageing`, by grace, when each was made."""

    def __init__(self, core: Core, hints: Hints, proofs: Proofs) -> None:
        self.core = core
        self.hints = hints
        self.proofs = proofs
        self.flushing = Flushing(core, hints)
        self._mode = "never" if core.policy.purge == "repaired" and not proofs.wanted else core.policy.purge
        self._led: dict[str, Confirmation] = {}
        self._ageing: dict[str, int] = {}

    def start(self, tombstones: list[Record]) -> None:
        """Whether others have marked what is marked here is not known any more, so they are asked."""
        if self._mode == "never":
            return
        self.core.set_timer(self.core.policy.round_every_ns, "purge")
        for tombstone in tombstones:
            self.notice(tombstone)
        if self._mode == "grace":
            return
        for key in self.core.copies.marked:
            held = self.core.copies.held(key)
            if held is not None:
                self.notice(held)
                self._confirm_all(key)

    def _confirm_all(self, key: str) -> None:
        confirmation = self._led.get(key)
        if confirmation is not None:
            confirmation.confirmed = dict.fromkeys(self._voters(key))
            confirmation.marked[self.core.name] = None

    def notice(self, record: Record) -> None:
        """A copy was taken here. A tombstone of a key that this node leads opens a confirmation, a value ends one."""
        core, key = self.core, record.key
        purge = self._mode
        if purge in ("confirmed", "repaired"):
            self._led.pop(key, None)
            if record.dead and core.placement.replicas_of(key)[0] == core.name:
                self._led[key] = Confirmation(brief(record), core.copies.changes)
        elif purge == "grace":
            self._ageing.pop(key, None)
            if record.dead:
                self._ageing[key] = record.version.time

    def forget(self, node: str) -> None:
        """The node lost its disk, and what it had confirmed with it."""
        for confirmation in self._led.values():
            confirmation.confirmed.pop(node, None)
            confirmation.marked.pop(node, None)
        self.flushing.forget(node)

    def _voters(self, key: str) -> tuple[str, ...]:
        """Whoever may have something older: any node may keep a hint."""
        return tuple(self.core.cluster.names()) if self.hints.active() else self.core.placement.replicas_of(key)

    def pending(self, without: list[str]) -> str | None:
        waiting = sum(self._waits(key, each, without) for key, each in self._led.items())
        if waiting:
            return f"{waiting} tombstones await their confirmation"
        if self._ageing:
            return f"{len(self._ageing)} tombstones have not come of age"
        waiting = len(self.core.copies.marked)
        return f"{waiting} purgeable tombstones wait for older messages to pass" if waiting else None

    def _waits(self, key: str, confirmation: Confirmation, without: list[str]) -> bool:
        """Not for those that will not come back: their word will never be heard. What they confirmed before counts."""
        voters = self._voters(key)
        if any(node in without for node in voters if node not in confirmation.confirmed):
            return False
        replicas = self.core.placement.replicas_of(key)
        return any(node not in without and node not in confirmation.marked for node in replicas)

    def tick(self) -> None:
        core = self.core
        core.set_timer(core.policy.round_every_ns, "purge")
        if not core.joined:
            return
        self._purge_ripe()
        self._mark_aged()
        for key in list(self._led)[:TOMBSTONES_PER_TICK_MAX]:
            confirmation = self._led.pop(key)
            self._led[key] = confirmation  # to the back: the bound must not starve the rest
            self._press(key, confirmation)
        self.flushing.tick()

    def _press(self, key: str, confirmation: Confirmation) -> None:
        core = self.core
        held = core.copies.held(key)
        if held is None:
            del self._led[key]  # it rotted: whoever brings it back opens another confirmation
            return
        own_word = core.name in confirmation.confirmed
        if not own_word and held.version == confirmation.tombstone.version:
            confirmation.confirmed[core.name] = None
            self._bury(confirmation.tombstone)
        replicas, voters = core.placement.replicas_of(key), self._voters(key)
        born, origin = core.now.wall, f"purge {key}"
        if self._mode == "repaired":
            self._take_proofs(confirmation, replicas, voters)
            if not self.confirmed_by_all(confirmation, voters):
                self.flushing.want(confirmation.tombstone.version.time)
                return
        if not self.confirmed_by_all(confirmation, voters):
            missing = [node for node in core.others(voters) if node not in confirmation.confirmed]
            core.send_all(missing, Confirm(0, born, origin, confirmation.tombstone))
            return
        self._mark_own(confirmation)
        unmarked = [node for node in core.others(replicas) if node not in confirmation.marked]
        core.send_all(unmarked, Mark(0, born, origin, confirmation.tombstone))
        self._close_if_marked(key, confirmation)

    def _take_proofs(self, confirmation: Confirmation, replicas: tuple[str, ...], voters: tuple[str, ...]) -> None:
        tombstone = confirmation.tombstone
        partition = self.core.placement.partition_of(tombstone.key)
        for node in self.core.others(voters):
            holds = node not in replicas or self.proves(node, partition, confirmation.taken)
            if holds and self.flushing.covers(node, tombstone.version.time):
                confirmation.confirmed[node] = None

    def proves(self, node: str, partition: int, taken: int) -> bool:
        return self.proofs.since(node, partition) >= taken

    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:
        return all(node in confirmation.confirmed for node in voters)

    def confirm(self, sender: str, message: Confirm) -> None:
        if not self.core.joined:
            return
        self._bury(message.brief)
        if self._past(message.brief):
            self.core.send(sender, Confirmed(0, self.core.now.wall, message.origin, message.brief))

    def confirmed(self, sender: str, message: Confirmed) -> None:
        confirmation = self._led.get(message.brief.key)
        if confirmation is not None and confirmation.tombstone == message.brief:
            confirmation.confirmed[sender] = None

    def _bury(self, tombstone: Brief) -> None:
        """Whoever confirms keeps no older hint, makes none of a write that is under way, and mints nothing older: all
        of it durably, before the word is out."""
        core = self.core
        if not self.hints.active():
            return
        core.changes += tombstone.version.time > core.versions.clock
        core.versions.observe(tombstone.version)
        buried = record(tombstone.key, tombstone.version, None)
        self.hints.bury(buried)
        for waiting in core.waiting.values():
            if isinstance(waiting, Write) and waiting.record.key == tombstone.key:
                self._bury_write(waiting, buried)

    def _bury_write(self, write: Write, tombstone: Record) -> None:
        dominates = self.core.versions.dominates
        if not dominates(write.record, tombstone):
            write.buried = write.buried or dominates(tombstone, write.record)
            write.beside = tombstone

    def _past(self, tombstone: Brief) -> bool:
        """Whether this node holds the tombstone, or what dominates it; a node without the key holds nothing older."""
        if self.core.name not in self.core.placement.replicas_of(tombstone.key):
            return True
        held = self.core.copies.held(tombstone.key)
        return held is not None and self.core.versions.glance(held, tombstone) in ("same", "newer")

    def mark(self, sender: str, message: Mark) -> None:
        """Also answered when there is nothing to mark any more: the leader only needs to hear that it arrived."""
        if not self.core.joined:
            return
        self._mark(message.brief, f"{sender}/{message.n}")
        self.core.send(sender, Marked(0, self.core.now.wall, message.origin, message.brief))

    def marked(self, sender: str, message: Marked) -> None:
        confirmation = self._led.get(message.brief.key)
        if confirmation is not None and confirmation.tombstone == message.brief:
            confirmation.marked[sender] = None
            self._close_if_marked(message.brief.key, confirmation)

    def _mark_own(self, confirmation: Confirmation) -> None:
        if self.core.name not in confirmation.marked:
            confirmation.marked[self.core.name] = None
            self._mark(confirmation.tombstone, None)

    def _mark(self, tombstone: Brief, message: str | None) -> None:
        core = self.core
        held = core.copies.held(tombstone.key)
        if held is not None and held.version == tombstone.version and held.checksum == tombstone.checksum:
            source = Source("purgeable", core.now.wall, message, f"purge {tombstone.key}")
            core.copies.mark(held, core.now.wall, source)

    def _close_if_marked(self, key: str, confirmation: Confirmation) -> None:
        if all(node in confirmation.marked for node in self.core.placement.replicas_of(key)):
            self._led.pop(key, None)

    def grace_ns(self) -> int:
        return self.core.policy.grace_ns

    def _mark_aged(self) -> None:
        core = self.core
        aged = [key for key, made in self._ageing.items() if core.now.wall - made > self.grace_ns()]
        for key in aged[:TOMBSTONES_PER_TICK_MAX]:
            del self._ageing[key]
            held = core.copies.held(key)
            if held is not None and held.dead:
                core.copies.mark(held, core.now.wall, Source("purgeable", core.now.wall, None, f"grace {key}"))

    def _purge_ripe(self) -> None:
        core = self.core
        ripe: list[str] = []
        for key, marked_ns in core.copies.marked.items():
            if core.now.wall - marked_ns <= core.policy.purge_wait_ns():
                break  # oldest first
            ripe.append(key)
        for key in ripe:
            self._led.pop(key, None)  # it was marked, so all had confirmed; some may have purged it since
            core.metrics.tombstones_purged += 1
            core.copies.purge(key, Source("purge", core.now.wall, None, f"purge {key}"))
