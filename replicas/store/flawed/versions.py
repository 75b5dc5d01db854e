"""Flawed versions: minted twice, or not told apart."""

from replicas.store.flawed.clocks import MintsByCounting
from replicas.store.peer import Brief
from replicas.store.records import Record, Version
from replicas.store.settings import Tie
from replicas.store.versions import Glance, LastWriterWins


class CountsVersions(LastWriterWins):
    """One more than the highest seen, and nobody's: two coordinators mint the same."""

    def mint(self, wall_ns: int) -> Version:  # noqa: ARG002 - the flaw is to look at no clock
        self.clock = self.minted = self.clock + 1
        return Version(self.clock, "counter")


class TiesByArrival(LastWriterWins):
    """Of two versions with one time, each replica keeps the one that came first."""

    def dominates(self, one: Record | None, other: Record | None) -> bool:
        tied = one is not None and other is not None and one.version.time == other.version.time
        return tied or super().dominates(one, other)

    def glance(self, mine: Record | None, theirs: Brief) -> Glance:
        glance = super().glance(mine, theirs)
        return "same" if glance == "unsure" else glance


class RejoinsAsTheSame(MintsByCounting):
    """A node that lost its disk counts anew, under the name that it had before, and tells nobody of its loss."""

    def __init__(self, incarnation: str, tie: Tie, clock: int) -> None:
        super().__init__(f"{incarnation.partition('.')[0]}.1", tie, clock)
