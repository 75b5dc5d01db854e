"""Flawed reads and writes, and a node that joins their quorums too early."""

from replicas.store.joining import Joining
from replicas.store.read import Read
from replicas.store.reads import Reads
from replicas.store.records import Record, record
from replicas.store.repairs import Repairs
from replicas.store.writes import Write, Writes


class JoinsAtOnce(Joining):
    def start(self) -> None:
        self.core.joined = True
        super().start()


class SkipsRepair(Repairs):
    def holders_needed(self, read: Read) -> int:  # noqa: ARG002 - the flaw is not to look
        return 0


class DecidesOnOne(Reads):
    def _gather(self, read: Read, sender: str, record: Record | None) -> None:
        read.needed = 1
        super()._gather(read, sender, record)


class RepairsAll(Repairs):
    def holders_needed(self, read: Read) -> int:
        return self.core.cluster.n if super().holders_needed(read) else 0


class MixesCopies(Reads):
    """The newest version with the value of another answer, as when a partial copy is written back as the whole."""

    def decided_copy(self, read: Read) -> Record | None:
        best = super().decided_copy(read)
        for other in read.answers.values():
            if best is not None and other is not None and other.value != best.value:
                return record(best.key, best.version, other.value)
        return best


class AcknowledgesOnSend(Writes):
    def enough(self, write: Write) -> bool:  # noqa: ARG002 - the flaw is not to look
        return True


class PrefersItsOwn(Reads):
    def decided_copy(self, read: Read) -> Record | None:
        return read.answers.get(self.core.name) or super().decided_copy(read)
