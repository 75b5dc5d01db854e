"""Flawed clocks, and a core that iterates a set."""

from typing import Any

import msgspec

from replicas.store.core import Core
from replicas.store.messages import PeerMessage
from replicas.store.policy import Policy
from replicas.store.records import Version
from replicas.store.settings import Cluster, Tie
from replicas.store.versions import LastWriterWins


class ForgetsItsClock(LastWriterWins):
    """Mints by a clock of milliseconds, and keeps what it has minted in memory only."""

    def __init__(self, incarnation: str, tie: Tie, clock: int) -> None:  # noqa: ARG002 - the flaw is to forget it
        super().__init__(incarnation, tie, 0)

    def mint(self, wall_ns: int) -> Version:
        return super().mint(wall_ns - wall_ns % 1_000_000)


class KnowsNoSkew(Core):
    def __init__(self, name: str, cluster: Cluster, policy: Policy, *rest: Any, joined: bool) -> None:
        super().__init__(name, cluster, msgspec.structs.replace(policy, skew_budget_ns=0), *rest, joined=joined)


class SendsInSetOrder(Core):
    def send_all(self, nodes: list[str], message: PeerMessage) -> None:
        super().send_all([node for node in set(nodes)], message)  # noqa: C416 - the order of a set is the flaw
