"""Whose turn it is: which peers come first where only so many exchanges may be open, and which partitions where a round
looks at only so many.

Whoever was passed over for PATIENCE cycles comes first, the longest first, whatever the priority: a cycle is what
brings each one its turn where all goes well.
"""

from .core import Core
from .exchanges import Exchange, Exchanges

PATIENCE = 4


class Turns:
    """`_looked` has, by peer and partition, the round of the last exchange over it that was closed or given up: one
    that was turned away was no turn. A peer is `away` from the end of an exchange that it did not answer until one is
    over with it, and lately so once it is heard."""

    def __init__(self, core: Core, exchanges: Exchanges, shared: dict[str, list[int]]) -> None:
        self.core = core
        self.exchanges = exchanges
        self._shared = shared
        policy = core.policy
        self.bound = policy.compares_in_turn() or policy.exchanges_in_parallel_max > 0
        self._looked = {peer: dict.fromkeys(partitions, 0) for peer, partitions in shared.items()}
        self.away: dict[str, bool] = {}  # whether it was heard since

    def heard(self, peer: str) -> None:
        if peer in self.away:
            self.away[peer] = True

    def gave_up(self, exchange: Exchange) -> None:
        self.had(exchange)
        if self.bound and self.core.policy.repair_priority == "lately-away":
            self.away[exchange.peer] = False

    def order(self, peers: list[str], now: int) -> list[str]:
        priority, last = self.core.policy.repair_priority, {peer: max(self._looked[peer].values()) for peer in peers}
        in_turn = sorted(peers, key=last.__getitem__)
        waiting = [peer for peer in in_turn if self.waited(last[peer], now)]
        rest = [peer for peer in in_turn if peer not in waiting]
        if priority == "most-divergent":
            rest.sort(key=lambda peer: -sum(self.exchanges.differing[peer].values()))
        elif priority == "lately-away":
            rest.sort(key=lambda peer: not self.is_back(peer))
        return waiting + rest

    def is_back(self, peer: str) -> bool:
        return self.away.get(peer, False)

    def waited(self, looked: int, now: int, cycle: int = 1) -> bool:
        """For more rounds than any priority is worth."""
        return now - looked > PATIENCE * cycle

    def opens(self, peer: str, now: int) -> list[int]:
        """The partitions of the next exchange with this peer: all, or the next so many."""
        core, chosen = self.core, self._shared[peer]
        if core.policy.compares_in_turn():
            chosen = sorted(self._in_turn(peer, now)[: core.policy.ranges_per_round_max])
        return chosen

    def had(self, exchange: Exchange) -> None:
        self._looked[exchange.peer].update(dict.fromkeys(exchange.partitions, exchange.round))

    def _in_turn(self, peer: str, now: int) -> list[int]:
        """Those that waited longest, and before them those that differed last."""
        looked = self._looked[peer]
        partitions = sorted(self._shared[peer], key=looked.__getitem__)
        if self.core.policy.repair_priority != "most-divergent":
            return partitions
        differing = self.exchanges.differing[peer]
        cycle = self.core.policy.rounds_of_a_cycle(len(looked))
        waiting = [each for each in partitions if self.waited(looked[each], now, cycle)]
        rest = [each for each in partitions if each not in waiting]
        return waiting + sorted(rest, key=lambda each: -differing.get(each, 0))
