"""Flawed stand-ins: hints that are promised and not kept, and levels that are said to be met by what is less."""

from replicas.store.budget import Budget
from replicas.store.core import Core
from replicas.store.hints import Hints, size_of
from replicas.store.messages import OfferReply
from replicas.store.records import Record
from replicas.store.storage import Storage
from replicas.store.substitutes import Substitutes
from replicas.store.visits import Answer
from replicas.store.writes import Write, Writes
from replicas.system import Level


class ForgetsForOthers(Substitutes):
    """Says that it keeps the hint, and counts for the write."""

    def take(self, target: str, copy: Record) -> bool:  # noqa: ARG002 - the flaw is not to look
        return True


class DropsTheNewest(Hints):
    """Where the oldest hint is to make room for the newest."""

    def missed(self, target: str, copy: Record) -> bool:
        if self.has_room(target, [(copy.key, size_of(copy))]):
            return super().missed(target, copy)
        self.core.metrics.hints_evicted += 1
        return True


class ForgetsWhatIsWanted(Hints):
    """A hint is gone once its target was asked about it, whatever it answers."""

    def offer_answered(self, sender: str, message: OfferReply) -> None:
        message.wanted = False
        super().offer_answered(sender, message)


class IgnoresHintLimit(Hints):
    def __init__(self, core: Core, storage: Storage) -> None:
        super().__init__(core, storage)
        self._budget = Budget(0)


class ClaimsItsLevel(Writes):
    """A write that stepped down is answered as if it had not."""

    def told_below(self, told: Answer, level: Level) -> Answer:  # noqa: ARG002 - as above
        return told


class CountsRemote(Writes):
    """Any replica counts at a level that asks for those of one datacenter."""

    def enough(self, write: Write) -> bool:
        return len(write.acks) >= write.needed
