"""A comparison of all keys where a shorter way does not lead any more: what a log or a node's dots no longer tell.

Where it finds nothing lacking on a side, that side holds all that the other held when the comparison began.
"""

from typing import Any, NamedTuple

from replicas.store.comparing import KeyPage, Lacks, WantLogged
from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.sending import Sending
from replicas.store.storage import Storage

from .keys import Keys


class Fall(NamedTuple):
    """`theirs` and `mine` are what the two sides had told when it began."""

    theirs: Any
    mine: Any
    lacking_here: bool = False
    lacking_there: bool = False


class FallsBack(Keys):
    """`_falls` has those of exchanges that this node opened, by peer. `_compared_whole` has, by earlier peer, the
    exchange since which nothing was lost here."""

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage) -> None:
        super().__init__(core, exchanges, sending, storage)
        self.fallbacks = 0
        self._falls: dict[str, Fall] = {}
        self._compared_whole: dict[str, int] = {}

    def holds_all(self, peer: str, theirs: Any) -> None:
        """Of what the peer had told."""
        raise NotImplementedError

    def tell_caught_up(self, exchange: Exchange, mine: Any) -> None:
        """The peer holds all of it."""
        raise NotImplementedError

    def lost(self, key: str) -> None:  # noqa: ARG002 - which one, no comparison under way can tell
        """What a comparison under way has passed may be lost now."""
        self._compared_whole.clear()
        for peer, fall in self._falls.items():
            self._falls[peer] = fall._replace(lacking_here=True, lacking_there=True)

    def open(self, exchange: Exchange) -> None:
        self._falls.pop(exchange.peer, None)

    def fall_back(self, exchange: Exchange, theirs: Any, mine: Any) -> None:
        if exchange.peer not in self._falls:
            self.fallbacks += 1
            self._falls[exchange.peer] = Fall(theirs, mine)
            self.ask(exchange)

    def key_page(self, sender: str, message: KeyPage) -> None:
        """Not once something was lost since the opener was told what is known here."""
        if self._compared_whole.get(sender) == message.session:
            super().key_page(sender, message)

    def compared_whole(self, sender: str, session: int) -> bool:
        """Whether nothing that was held was lost since this comparison began here."""
        return self.core.joined and self._compared_whole.pop(sender, None) == session

    def lacks(self, sender: str, message: Lacks) -> None:
        fall = self._falls.get(sender)
        if fall is not None and self.asked_about(message):
            here, there = fall.lacking_here or message.sent > 0, fall.lacking_there or bool(message.keys)
            self._falls[sender] = fall._replace(lacking_here=here, lacking_there=there)
        super().lacks(sender, message)

    def finish(self, exchange: Exchange) -> None:
        fall = self._falls.pop(exchange.peer, None)
        if fall is not None and not fall.lacking_here:
            self.holds_all(exchange.peer, fall.theirs)
        if fall is not None and not fall.lacking_there:
            self.tell_caught_up(exchange, fall.mine)
        super().finish(exchange)

    def wanted(self, sender: str, message: WantLogged) -> None:
        exchange = self.exchanges.opened_here(message)
        for key in message.keys:
            self.sending.push(sender, key, message.origin, exchange)
