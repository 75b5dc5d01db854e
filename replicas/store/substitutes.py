"""Sloppy quorums: while a replica is silent, a node that holds no copy of the key keeps the write as a hint for it, and
counts for the write. It hands the hint over like any other.

What it is asked to keep may be older than a tombstone that was purged, or soon will be: so it keeps nothing older than
any tombstone of which it has given its word that it keeps nothing older, or may have given it in an earlier life.
"""

from .core import Core
from .hints import Hints, size_of
from .messages import Keep, Kept
from .records import Record
from .writes import Write, Writes


class Substitutes:
    def __init__(self, core: Core, hints: Hints, writes: Writes) -> None:
        self.core = core
        self.hints = hints
        self.writes = writes

    def active(self) -> bool:
        return self.core.policy.quorums == "sloppy" and self.hints.active()

    def begun(self, write: Write) -> None:
        """Replicas that were silent before are not waited for."""
        silent = self.hints.silent_since
        if silent:
            self._ask(write, [node for node in self._missing(write) if node in silent])

    def early(self, write: Write) -> None:
        """A quarter of its time is over."""
        self._ask(write, self._missing(write))

    def _missing(self, write: Write) -> list[str]:
        replicas = self.core.placement.replicas_of(write.record.key)
        known = [*write.acks, *write.asked, self.core.name]
        return [node for node in replicas if node not in known]

    def _ask(self, write: Write, targets: list[str]) -> None:
        """One substitute for each: a node that kept two hints would be one node that counts twice."""
        core, copy = self.core, self.writes.for_a_hint(write)
        if write.buried or write.request not in core.waiting:
            return
        for target in targets:
            candidates = core.placement.substitutes_of(copy.key, target)
            busy = [*write.asked.values(), *self.hints.silent_since]
            substitute = next((node for node in candidates if node not in busy), None)
            if substitute is None:
                return
            write.asked[target] = substitute
            if substitute == core.name:
                if self.take(target, copy):
                    self._covered(write, target, substitute)
            else:
                born, origin = core.now.wall, f"op {write.message.op}"
                core.send(substitute, Keep(0, born, origin, write.request, target, copy))

    def keep(self, sender: str, message: Keep) -> None:
        keeps = self.may_keep(message) and self.keeps(message)
        core = self.core
        core.metrics.hints_for_others += keeps
        core.send(sender, Kept(0, core.now.wall, message.origin, message.request, message.target, keeps))

    def may_keep(self, message: Keep) -> bool:
        core, copy, target = self.core, message.record, message.target
        of_target = target in core.placement.replicas_of(copy.key) and target != core.name
        if not (of_target and core.joined and self.hints.active() and copy.intact()):
            return False
        return copy.version.time > self.hints.buried_until and self.writes.acceptable(message.born)

    def keeps(self, message: Keep) -> bool:
        target, copy = message.target, message.record
        if self.core.policy.hints_when_full == "refuse" and not self._has_room(target, copy):
            return False
        return self.take(target, copy)

    def take(self, target: str, copy: Record) -> bool:
        return self.hints.missed(target, copy)

    def _has_room(self, target: str, copy: Record) -> bool:
        return self.hints.has_room(target, [*self.writes.owed(target), (copy.key, size_of(copy))])

    def kept(self, sender: str, message: Kept) -> None:
        write = self.core.waiting.get(message.request)
        if isinstance(write, Write) and message.keeps and write.asked.get(message.target) == sender:
            self._covered(write, message.target, sender)

    def _covered(self, write: Write, target: str, substitute: str) -> None:
        if target not in write.acks:
            write.covered[target] = substitute
            self.core.metrics.writes_kept_elsewhere += 1
            self.writes.go_on(write)
