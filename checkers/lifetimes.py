"""Which incarnation a node has at a place of the order: none between the wipe of its disk and its next start."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from operator import itemgetter
from typing import NamedTuple

from checkers.history import Change, Life


class Stay(NamedTuple):
    """A stretch of a node's time, from this place of the order on. `incarnation` is None while its disk is lost;
    `renewed`: a disk of this node was lost before."""

    since: int
    incarnation: str | None
    renewed: bool


class Lifetimes:
    """An incarnation begins with its start or with its first change, whichever was recorded."""

    def __init__(self, lives: list[Life], trails: Mapping[tuple[str, str], Mapping[str, list[Change]]]) -> None:
        begins: list[tuple[int, str, str | None]] = [
            (life.seq, life.node, None if life.what == "wiped" else life.incarnation)
            for life in lives
            if life.what in ("started", "wiped")
        ]
        begins += [
            (min(trail[0].seq for trail in keys.values()), node, incarnation)
            for (node, incarnation), keys in trails.items()
        ]
        self._stays: dict[str, list[Stay]] = defaultdict(list)
        for seq, node, incarnation in sorted(begins, key=itemgetter(0)):
            stays = self._stays[node]
            if not stays or stays[-1].incarnation != incarnation:
                stays.append(Stay(seq, incarnation, renewed=bool(stays) or incarnation is None))

    def at(self, node: str, seq: int) -> Stay | None:
        """None: it was never heard of before."""
        stays = self._stays.get(node, [])
        place = bisect_right(stays, seq, key=itemgetter(0))
        return stays[place - 1] if place else None

    def last(self, node: str) -> Stay | None:
        stays = self._stays.get(node)
        return stays[-1] if stays else None
