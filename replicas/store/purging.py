"""Confirmed purge: a tombstone goes when every replica has confirmed it and no older message can arrive any more.

The first replica of a key leads. It asks the others until each holds the tombstone durably, or what dominates it;
then it marks its own and has the others mark theirs. From the first mark on, nothing older exists but in messages
that were born before; each replica drops the tombstone when those have passed their lifetime.
"""

from .antientropy import brief
from .copies import Source
from .core import Core
from .messages import Brief, Confirm, Confirmed, Mark, Marked
from .records import Record

_KEYS_PER_TICK_MAX = 500


class Confirmation:
    """Where one tombstone stands: who holds it, and, once all do, who has marked it."""

    def __init__(self, tombstone: Brief) -> None:
        self.tombstone = tombstone
        self.confirmed: dict[str, None] = {}
        self.marked: dict[str, None] = {}


class Purging:
    def __init__(self, core: Core) -> None:
        self.core = core
        self._led: dict[str, Confirmation] = {}

    def active(self) -> bool:
        return self.core.policy.purge == "confirmed"

    def load(self, tombstones: list[Record]) -> None:
        """After a start: whether others have marked what is marked here is not known any more, so they are asked."""
        for tombstone in tombstones:
            self.notice(tombstone)
        for key in self.core.copies.marked:
            held = self.core.copies.held(key)
            if held is not None:
                self.notice(held)
                self._confirm_all(key)

    def _confirm_all(self, key: str) -> None:
        confirmation = self._led.get(key)
        if confirmation is not None:
            confirmation.confirmed = dict.fromkeys(self.core.placement.replicas_of(key))
            confirmation.marked[self.core.name] = None

    def notice(self, record: Record) -> None:
        """A copy was taken here. A tombstone of a key that this node leads opens a confirmation, a value ends one."""
        if not self.active() or self.core.placement.replicas_of(record.key)[0] != self.core.name:
            return
        self._led.pop(record.key, None)
        if record.dead:
            self._led[record.key] = Confirmation(brief(record))

    def pending(self) -> str | None:
        waiting = len(self._led)
        return f"{waiting} tombstones await their confirmation" if waiting else self._pending_marks()

    def _pending_marks(self) -> str | None:
        waiting = len(self.core.copies.marked)
        return f"{waiting} purgeable tombstones wait for older messages to pass" if waiting else None

    def tick(self) -> None:
        core = self.core
        core.set_timer(core.policy.round_every_ns, "purge")
        self._purge_ripe()
        for key in list(self._led)[:_KEYS_PER_TICK_MAX]:
            confirmation = self._led.pop(key)
            self._led[key] = confirmation  # to the back: the bound must not starve the rest
            self._press(key, confirmation)

    def _press(self, key: str, confirmation: Confirmation) -> None:
        core = self.core
        held = core.copies.held(key)
        if held is not None and held.version == confirmation.tombstone.version:
            confirmation.confirmed[core.name] = None
        replicas = core.placement.replicas_of(key)
        born, origin = core.now.wall, f"purge {key}"
        if not self.confirmed_by_all(confirmation, replicas):
            missing = [node for node in core.others(replicas) if node not in confirmation.confirmed]
            core.send_all(missing, Confirm(0, born, origin, confirmation.tombstone))
            return
        self._mark_own(confirmation)
        unmarked = [node for node in core.others(replicas) if node not in confirmation.marked]
        core.send_all(unmarked, Mark(0, born, origin, confirmation.tombstone))
        self._close_if_marked(key, confirmation)

    def confirmed_by_all(self, confirmation: Confirmation, replicas: tuple[str, ...]) -> bool:
        return all(node in confirmation.confirmed for node in replicas)

    def confirm(self, sender: str, message: Confirm) -> None:
        held = self.core.copies.held(message.brief.key)
        if held is not None and self.core.versions.glance(held, message.brief) in ("same", "newer"):
            self.core.send(sender, Confirmed(0, self.core.now.wall, message.origin, message.brief))

    def confirmed(self, sender: str, message: Confirmed) -> None:
        confirmation = self._led.get(message.brief.key)
        if confirmation is not None and confirmation.tombstone == message.brief:
            confirmation.confirmed[sender] = None

    def mark(self, sender: str, message: Mark) -> None:
        """Also answered when there is nothing to mark any more: the leader only needs to hear that it arrived."""
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

    def _purge_ripe(self) -> None:
        core = self.core
        ripe: list[str] = []
        for key, marked_ns in core.copies.marked.items():
            if core.now.wall - marked_ns <= core.policy.purge_wait_ns():
                break  # oldest first
            ripe.append(key)
        for key in ripe:
            core.copies.purge(key, Source("purge", core.now.wall, None, f"purge {key}"))
