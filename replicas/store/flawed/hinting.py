"""Flawed handoff: hints that are not made, that go too early, or that are taken for copies."""

from replicas.store.hints import Hints
from replicas.store.records import Record
from replicas.store.writes import Write, Writes


class HintsFirstOnly(Writes):
    """As in `hints[0]`."""

    def leave_hints(self, write: Write) -> None:
        core = self.core
        missed = [node for node in core.placement.replicas_of(write.record.key) if node not in write.acks]
        if self.hints.active() and not write.buried:
            for node in core.others(tuple(missed))[:1]:
                self.hints.missed(node, write.record)


class CountsHints(Writes):
    """A hint counts as an acknowledgement by the replica that it is for."""

    def leave_hints(self, write: Write) -> None:
        super().leave_hints(write)
        if self.hints.active():
            write.acks |= dict.fromkeys(self.core.placement.replicas_of(write.record.key))
            self.go_on(write)


class DropsHints(Hints):
    """There is room for the hints of one key for each node, and what is dropped is not counted."""

    def missed(self, target: str, copy: Record) -> bool:
        if all(key == copy.key for key in self._of.get(target, {})):
            return super().missed(target, copy)
        return False


class ForgetsSentHints(Hints):
    """A hint goes when it is sent, not when its target holds it."""

    def tick(self) -> None:
        super().tick()
        for sent in self._sent.values():
            for replay in list(sent.values()):
                self._remove(replay.hint)
