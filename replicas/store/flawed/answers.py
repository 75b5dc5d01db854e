"""Flawed reads: what is answered before it is safe, and who is taken for nobody."""

from replicas.store.read import Read
from replicas.store.reads import Reads
from replicas.store.repairs import Repairs


class AnswersBeforeRepair(Repairs):
    """The repair is on its way, and nobody waits for it."""

    def begin(self, read: Read) -> None:
        super().begin(read)
        read.target = 0


class RepairsHoldersOnly(Repairs):
    """Replicas that answered "nothing" are left out, as if they were no replicas of the key."""

    def holders_needed(self, read: Read) -> int:
        holding = sum(record is not None for record in read.answers.values())
        return min(super().holders_needed(read), holding)

    def behind(self, read: Read, replicas: tuple[str, ...]) -> list[str]:
        return [node for node in super().behind(read, replicas) if read.answers.get(node) is not None]


class TakesSilenceForNothing(Reads):
    """Who has not answered when the time is up counts as one that has nothing."""

    def late(self, read: Read) -> bool:
        if read.decided:
            return super().late(read)
        for node in self.core.placement.replicas_of(read.message.key):
            if not read.decided and node not in read.answers:
                self._gather(read, node, None)
        return False
