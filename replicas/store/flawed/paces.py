"""Flawed pace of anti-entropy."""

from replicas.store.turns import Turns


class PutsTheSilentFirst(Turns):
    """Who did not answer comes first, whether it is back or not, however long the others wait."""

    def is_back(self, peer: str) -> bool:
        return peer in self.away

    def waited(self, looked: int, now: int, cycle: int = 1) -> bool:  # noqa: ARG002 - the flaw is not to look
        return False
