"""Flawed copies: what is taken, what is offered, and what is told of it."""

from typing import ClassVar

from replicas.store.copies import Cause, Copies, Source
from replicas.store.peer import Brief
from replicas.store.records import Record
from replicas.store.versions import Glance, LastWriterWins


class TakesAnyOther(Copies):
    def wins(self, offered: Record, held: Record | None) -> bool:
        return held is None or offered.version != held.version


class SendsAnyOther(LastWriterWins):
    def glance(self, mine: Record | None, theirs: Brief) -> Glance:
        return "newer" if mine is not None and mine.checksum != theirs.checksum else super().glance(mine, theirs)


class TakesEqual(Copies):
    """Of siblings neither wins over the other, and both are to be taken."""

    def wins(self, offered: Record, held: Record | None) -> bool:
        return super().wins(offered, held) or self._versions.dominates(offered, held)


class RepairsByArrival(Copies):
    """The repair of a read overwrites what was written since the read looked."""

    _overwrites: ClassVar[Cause] = "read repair"

    def offer(self, record: Record, source: Source) -> bool:
        self._blind = source.cause == self._overwrites
        return super().offer(record, source)

    def wins(self, offered: Record, held: Record | None) -> bool:
        differs = held is None or offered.version != held.version
        return differs if self._blind else super().wins(offered, held)


class HintsByArrival(RepairsByArrival):
    """As when hints carry no version."""

    _overwrites = "hinted handoff"


class HidesRepairs(Copies):
    def _note(self, key: str, old: Record | None, new: Record | None, source: Source, *, new_purgeable: bool) -> None:
        super()._note(key, old, new, source, new_purgeable=new_purgeable)
        if source.cause == "anti-entropy":
            self.audit.pop()


class DeletesOutright(Copies):
    """A delete removes what is there, and leaves no tombstone."""

    def offer(self, record: Record, source: Source) -> bool:
        held = super().offer(record, source)
        if record.dead and self.held(record.key) == record:
            self.purge(record.key, Source("purge", source.born, source.message, source.origin))
        return held


class ShowsPurgeable(Copies):
    """A tombstone that may go is still in the trees, and goes everywhere at another moment."""

    def mark(self, record: Record, wall_ns: int, source: Source) -> None:
        super().mark(record, wall_ns, source)
        self._show(record.key, record)
