"""Flawed purges, and hints that outlive them."""

from replicas.store.core import Core
from replicas.store.hints import Hints
from replicas.store.proofs import Proofs
from replicas.store.purging import Confirmation, Purging
from replicas.store.records import Record


class KeepsOldHints(Hints):
    def bury(self, tombstone: Record) -> None:
        """A purge that does not look at hints."""


class PurgesUnconfirmed(Purging):
    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:  # noqa: ARG002 - as above
        return True


class PurgesAfterQuorum(Purging):
    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:
        return len(confirmation.confirmed) > len(voters) // 2


class PurgesEarly(Purging):
    def grace_ns(self) -> int:
        return super().grace_ns() // 8


class ConfirmsTwice(Purging):
    """Asks all replicas again before it believes them; not once marks are out, when some may have purged."""

    def __init__(self, core: Core, hints: Hints, proofs: Proofs) -> None:
        super().__init__(core, hints, proofs)
        self._asked_again: dict[str, None] = {}

    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:
        name = f"{confirmation.tombstone.key} {confirmation.tombstone.version}"
        fresh = name not in self._asked_again and not confirmation.marked
        if fresh and super().confirmed_by_all(confirmation, voters):
            self._asked_again[name] = None
            confirmation.confirmed.clear()
        return super().confirmed_by_all(confirmation, voters)


class CountsEarlierRepairs(Purging):
    """Any comparison counts that found the replica the same, also one from before the deletion."""

    def proves(self, node: str, partition: int, taken: int) -> bool:  # noqa: ARG002 - the flaw is not to look
        return super().proves(node, partition, 0)
