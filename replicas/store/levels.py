"""Levels that ask for replicas of certain datacenters, and what an operation has reached when it steps down."""

from collections.abc import Collection
from typing import NamedTuple

from replicas.system import Level

from .placement import Placement
from .settings import Cluster

BY_DATACENTER: tuple[Level, ...] = ("LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM")


class Share(NamedTuple):
    """So many of these replicas, which are all of one datacenter."""

    datacenter: str
    replicas: tuple[str, ...]
    needed: int


class Quota(NamedTuple):
    shares: tuple[Share, ...]

    def met(self, names: Collection[str]) -> bool:
        return all(sum(name in names for name in share.replicas) >= share.needed for share in self.shares)

    def total(self) -> int:
        return sum(share.needed for share in self.shares)

    def possible(self) -> bool:
        return all(share.needed <= len(share.replicas) for share in self.shares)

    def to_be_met_again(self) -> "Quota":
        """So many that each later operation of this level meets one, in each datacenter that it asks."""
        return Quota(
            tuple(
                share._replace(needed=max(_majority(share.replicas), len(share.replicas) - share.needed + 1))
                for share in self.shares
            )
        )


def quota_of(level: Level | None, placement: Placement, key: str, coordinator: str) -> Quota | None:
    """None: the level only counts, whatever replicas they are."""
    if level not in BY_DATACENTER:
        return None
    own = placement.datacenter_of[coordinator]
    by_datacenter: dict[str, list[str]] = {} if level == "EACH_QUORUM" else {own: []}
    for node in placement.replicas_of(key):
        by_datacenter.setdefault(placement.datacenter_of[node], []).append(node)
    return Quota(
        tuple(
            Share(datacenter, tuple(replicas), 1 if level == "LOCAL_ONE" else _majority(replicas))
            for datacenter, replicas in sorted(by_datacenter.items())
            if level == "EACH_QUORUM" or datacenter == own
        )
    )


def _majority(replicas: Collection[str]) -> int:
    return len(replicas) // 2 + 1


def reads_needed(cluster: Cluster, placement: Placement, level: Level | None, key: str, node: str) -> int:
    """How many answers a read of this key through this node takes at least."""
    quota = quota_of(level, placement, key, node)
    return cluster.reads_needed(level) if quota is None else quota.total()


def writes_needed(cluster: Cluster, placement: Placement, level: Level | None, key: str, node: str) -> int:
    quota = quota_of(level, placement, key, node)
    return cluster.writes_needed(level) if quota is None else quota.total()


def level_reached(count: int) -> Level:
    """In place of the level that was asked for."""
    words: tuple[Level, ...] = ("ONE", "TWO", "THREE")
    return words[min(count, len(words)) - 1]
