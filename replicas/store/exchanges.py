"""The exchanges of anti-entropy that this node opened, one a peer, and what came of those that are over."""

from .core import Core
from .messages import Done, Stored
from .peer import Exchanged


class Exchange:
    """As its opener sees it. Over when the peer is done and has acknowledged all that was sent to it."""

    def __init__(self, exchanges: "Exchanges", peer: str, round_number: int) -> None:
        self.exchanges = exchanges
        self.peer = peer
        self.session = exchanges.core.next_request()
        self.round = round_number
        self.alive_at = exchanges.core.now.mono  # when it was opened, or went on last
        self.unacknowledged: dict[str, None] = {}  # keys: one that is acknowledged twice hides no other
        self.awaits_peer = True
        self.differed: list[int] = []  # partitions
        self.partitions: list[int] = []  # that are compared
        self.after: str | None = None  # the key up to which that is done, in kinds that go from page to page
        self.told: str | None = None  # the key up to which the peer has been sent copies
        self.origin = ""
        self.waits = False  # for its own limit of bytes, and not for the peer

    def stored(self, sender: str, message: Stored) -> None:  # noqa: ARG002 - one exchange has one peer
        """What is refused was not repaired: the exchange is then given up in its time."""
        if message.holds:
            self.unacknowledged.pop(message.key, None)
            self.exchanges.close_if_over(self)

    def forget(self, node: str) -> None:
        """A peer that lost its disk answers this exchange no more: it is given up in its time."""


class Exchanges:
    """`over` has, by peer, the round of the last exchange that was not given up, `finding` what the last one found,
    in words, and `differed` in which partitions. `compared` has, for earlier peers as well, when the last exchange
    ended."""

    def __init__(self, core: Core, peers: list[str]) -> None:
        self.core = core
        self.longest_without_repair_ns = 0  # of any pair
        self.started_at = 0
        self.over = dict.fromkeys(peers, 0)
        self.finding: dict[str, str | None] = {
            peer: f"{core.name} has not been compared with {peer} yet" for peer in peers
        }
        self.differed: dict[str, list[int]] = {}
        self.compared: dict[str, int] = {}
        self.open: dict[str, Exchange] = {}  # by peer

    def begin(self, peer: str, round_number: int) -> Exchange:
        exchange = Exchange(self, peer, round_number)
        self.open[peer] = self.core.waiting[exchange.session] = exchange
        return exchange

    def opened_here(self, message: Exchanged) -> Exchange | None:
        """The open one of this number: it may have been given up, or belong to an earlier life."""
        found = self.core.waiting.get(message.session)
        return found if isinstance(found, Exchange) and message.opened_by == self.core.name else None

    def give_up_if_late(self, peer: str) -> None:
        exchange = self.open.get(peer)
        if exchange is None or exchange.waits:
            return
        if self.core.now.mono - exchange.alive_at >= self.core.policy.exchange_timeout_ns:
            del self.open[peer]
            del self.core.waiting[exchange.session]
            self.finding[peer] = f"no answer from {peer} in anti-entropy"

    def say_done(self, to: str, message: Exchanged) -> None:
        """To the opener, by the other side."""
        self.was_compared(to)
        self.core.send(to, Done(0, self.core.now.wall, message.origin, message.session, message.opened_by))

    def peer_is_done(self, message: Exchanged) -> None:
        exchange = self.opened_here(message)
        if exchange is not None:
            exchange.awaits_peer = False
            self.close_if_over(exchange)

    def close_if_over(self, exchange: Exchange) -> None:
        if exchange.awaits_peer or exchange.unacknowledged:
            return
        peer = exchange.peer
        del self.open[peer]
        del self.core.waiting[exchange.session]
        self.over[peer] = exchange.round
        self.was_compared(peer)
        self.differed[peer] = exchange.differed
        found = f"{self.core.name} and {peer} differed in the last round of anti-entropy"
        self.finding[peer] = found if exchange.differed else None

    def was_compared(self, peer: str) -> None:
        now, last = self.core.now.mono, self.compared.get(peer, self.started_at)
        self.longest_without_repair_ns = max(self.longest_without_repair_ns, now - last)
        self.compared[peer] = now
