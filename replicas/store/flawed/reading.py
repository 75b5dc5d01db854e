"""Flawed courses of reads: digests that leave something out, answers that count twice, who waits for nobody, and what
is remembered for ever."""

from msgspec import structs
from xxhash import xxh3_64_intdigest

from replicas.store.antientropy import brief
from replicas.store.core import Core
from replicas.store.habits import Habits
from replicas.store.peer import Brief
from replicas.store.read import Read
from replicas.store.reads import Reads
from replicas.store.records import Record
from replicas.store.repairs import Repairs
from replicas.store.versions import Glance


class DigestsValuesOnly(Reads):
    """A digest is a hash of the value alone: a tombstone and nothing at all have the same."""

    def digest_of(self, held: Record | None) -> Brief | None:
        return None if held is None else structs.replace(brief(held), checksum=_hash_of_value(held))

    def stands(self, best: Record | None, brief: Brief | None) -> Glance:
        theirs = brief.checksum if brief is not None else _hash_of_value(None)
        return "same" if theirs == _hash_of_value(best) else "unsure"


def _hash_of_value(held: Record | None) -> int:
    value = (held.value or "") if held is not None else ""
    return xxh3_64_intdigest(value.encode()) >> 1


class DigestsNoTombstones(Reads):
    """Who holds a tombstone says that it holds nothing."""

    def digest_of(self, held: Record | None) -> Brief | None:
        return super().digest_of(None if held is None or held.dead else held)


class CountsTwice(Reads):
    """When one is slow all are asked again, and who answers twice counts twice."""

    def _speculate(self, read: Read) -> None:
        if not read.decided:
            self._ask(read, read.asked)

    def _gather(self, read: Read, sender: str, record: Record | None) -> None:
        read.needed -= sender in read.answers
        super()._gather(read, sender, record)


class NeverSpeculates(Reads):
    """Who is slow is waited for, and nobody else is asked."""

    def _speculate(self, read: Read) -> None:
        pass


class StopsWaiting(Repairs):
    """A read that may wait so long for its repair does not wait at all, and does not say so."""

    def begin(self, read: Read) -> None:
        super().begin(read)
        if read.course.mode == "bounded":
            read.target = 0


class RemembersForEver(Repairs):
    """What is known of keys never fades."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.habits = _Unfading(core)


class _Unfading(Habits):
    def half_life_ns(self) -> int:
        return 1 << 62
