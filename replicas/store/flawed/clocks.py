"""Flawed clocks of a coordinator: a later write gets an earlier time."""

from typing import ClassVar

from replicas.store.records import Version
from replicas.store.versions import LastWriterWins


class MintsCoarsely(LastWriterWins):
    """By a clock that stands still for a tenth of a second. Whoever mints much meanwhile is ahead of others."""

    _step_ns: ClassVar[int] = 100_000_000

    def mint(self, wall_ns: int) -> Version:
        return super().mint(wall_ns - wall_ns % self._step_ns)


class MintsInMicroseconds(MintsCoarsely):
    """No operation is as fast as that."""

    _step_ns = 1_000


class MintsByTheWall(LastWriterWins):
    """Also where that is older than what it has minted before."""

    def mint(self, wall_ns: int) -> Version:
        self.clock = self.minted = wall_ns
        return Version(wall_ns, self.incarnation)


class MintsByCounting(LastWriterWins):
    """One more than the highest that this node has seen, whatever the time is."""

    def mint(self, wall_ns: int) -> Version:  # noqa: ARG002 - the flaw is to look at no clock
        return super().mint(0)


class LearnsNothing(LastWriterWins):
    """The clock does not follow the versions that the node sees."""

    def observe(self, version: Version) -> None:
        pass
