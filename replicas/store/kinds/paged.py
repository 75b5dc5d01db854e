"""What kinds have in common that go through all keys in their order, page by page.

The opener asks about a page of its own, up to its last key. The other side has a page as well, and the answer goes as
far as the shorter one: so no page is longer than the limit, whoever holds more. One question is open at a time.
"""

from replicas.store.comparing import OfRange
from replicas.store.exchanges import Exchange
from replicas.store.records import Record

from .kind import Kind


class Paged(Kind):
    def open(self, exchange: Exchange) -> None:
        self.ask(exchange)

    def ask(self, exchange: Exchange) -> None:
        """About the page behind the one that was done last."""
        raise NotImplementedError

    def page(self, after: str | None, until: str | None, partitions: list[int]) -> tuple[list[Record], str | None]:
        return self.core.copies.shown(after, until, self.core.policy.keys_per_exchange_max, partitions)

    def asked_about(self, message: OfRange) -> Exchange | None:
        """The exchange in which this answers the open question."""
        exchange = self.exchanges.opened_here(message)
        if exchange is None or not exchange.awaits_peer or message.after != exchange.after:
            return None
        exchange.alive_at = self.core.now.mono
        return exchange

    def go_on(self, exchange: Exchange, until: str | None) -> None:
        """This page is done."""
        exchange.after = until
        if until is not None:
            self.ask(exchange)
            return
        self.finish(exchange)

    def finish(self, exchange: Exchange) -> None:
        """All pages are done."""
        exchange.awaits_peer = False
        self.exchanges.close_if_over(exchange)

    def note_difference(self, exchange: Exchange, keys: list[str]) -> None:
        places = map(self.core.placement.partition_of, keys)
        exchange.differed = list(dict.fromkeys([*exchange.differed, *places]))
