"""Flawed scope of repair."""

from replicas.store.exchanges import Exchange
from replicas.store.kinds.incremental import Incremental


class MarksWhenSent(Incremental):
    """What has changed counts as repaired once it is told, and not once the peer has acknowledged it."""

    def open(self, exchange: Exchange) -> None:
        super().open(exchange)
        if exchange.partial:
            keys, _ = self.book.with_peer(exchange.peer, exchange.partitions, self.core.policy.keys_per_exchange_max)
            self.book.repaired(exchange.peer, keys, self.book.changes)
