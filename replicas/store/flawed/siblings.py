"""Flawed versions with siblings: what a copy has seen is compared, merged, passed on or minted wrongly."""

from collections.abc import Callable

from replicas.store.causal import Clock
from replicas.store.records import Record, Version
from replicas.store.settings import SIBLINGS_MAX, Merge, Tie
from replicas.store.siblings import Contents, Dotted


class ComparesScalars(Dotted):
    """The copy with the latest dot is taken for one that has seen all that the other has."""

    def is_past(self, one: Clock, other: Clock) -> bool:
        return max(one.dots, default=(0, "")) >= max(other.dots, default=(0, ""))


class MergesEqualsToNothing(Dotted):
    """Equal clocks are called concurrent, and of two concurrent copies each leaves out what the other has seen."""

    def dominates(self, one: Record | None, other: Record | None) -> bool:
        if one is not None and other is not None and one.version == other.version and not one.dead:
            return False
        return super().dominates(one, other)

    def kept(self, mine: Clock, theirs: Clock, of_mine: Contents, of_theirs: Contents) -> Contents:
        return {} if mine == theirs else super().kept(mine, theirs, of_mine, of_theirs)


class MergesToTheLarger(Dotted):
    """Of concurrent siblings the largest value is left, as if it had seen the others."""

    def kept(self, mine: Clock, theirs: Clock, of_mine: Contents, of_theirs: Contents) -> Contents:
        kept = super().kept(mine, theirs, of_mine, of_theirs)
        if len(kept) < 2:
            return kept
        largest = max(kept, key=lambda dot: (kept[dot] or "", dot))
        return {largest: kept[largest]}


class IgnoresContexts(Dotted):
    """Each write is minted as if its client had read nothing."""

    def written(
        self,
        key: str,
        value: str | None,
        context: str,  # noqa: ARG002 - the flaw is to look at no context
        wall_ns: int,
        held: Callable[[str], Record | None],
    ) -> Record:
        return super().written(key, value, "", wall_ns, held)


class MintsDotsAgain(Dotted):
    """Dots are counted, and a node that lost its disk counts anew under the name that it had before."""

    def __init__(
        self, incarnation: str, tie: Tie, clock: int, merging: Merge = "siblings", most: int = SIBLINGS_MAX
    ) -> None:
        super().__init__(f"{incarnation.partition('.')[0]}.1", tie, clock, merging, most)

    def mint(self, wall_ns: int) -> Version:  # noqa: ARG002 - the flaw is to look at no clock
        return super().mint(0)

    def observe(self, version: Version) -> None:
        """Counts its own writes only."""
