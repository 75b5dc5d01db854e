"""The exchanges of anti-entropy that this node opened, one a peer, and what came of those that are over."""

from collections import Counter
from collections.abc import Callable

from .core import Core
from .messages import Done, Stored
from .peer import Exchanged


class Exchange:
    """As its opener sees it. Over when the peer is done and has acknowledged all that was sent to it."""

    def __init__(self, exchanges: "Exchanges", peer: str, round_number: int, partitions: list[int]) -> None:
        self.exchanges = exchanges
        self.peer = peer
        self.session = exchanges.core.next_request()
        self.round = round_number
        self.partitions = partitions  # that are compared
        self.began = exchanges.core.copies.changes  # so many had been made here
        self.origin = f"round {exchanges.core.name}/{round_number}"
        self.alive_at = exchanges.core.now.mono  # when it was opened, or went on last
        self.unacknowledged: dict[str, None] = {}  # keys: one that is acknowledged twice hides no other
        self.awaits_peer = True
        self.differed: list[int] = []  # partitions
        self.partial = False  # only what has changed is compared
        self.cut = False  # a limit kept it from telling of all that differs
        self.settles: list[str] = []  # keys in which a partial one finds both the same, once all is acknowledged
        self.leaves: dict[int, int] = {}  # how many differed, by partition, where that is known
        self.after: str | None = None  # the key up to which that is done, in kinds that go from page to page
        self.told: str | None = None  # the key up to which the peer has been sent copies
        self.waits = False  # for its own limit of bytes, and not for the peer

    def stored(self, sender: str, message: Stored) -> None:  # noqa: ARG002 - one exchange has one peer
        """What is refused was not repaired: the exchange is then given up in its time."""
        if message.holds:
            self.unacknowledged.pop(message.key, None)
            self.exchanges.close_if_over(self)

    def forget(self, node: str) -> None:
        """A peer that lost its disk answers this exchange no more: it is given up in its time. What the one before it
        has answered shows nothing of it."""
        if node == self.peer:
            self.differed = self.partitions


class Exchanges:
    """By peer: `over` has the round since which all partitions shared with it have been compared, `finding` what came
    of that, in words, and `differing` the partitions that differed when they were last compared, with how much. For
    earlier peers as well, `compared` has since when all are. `closed` hears of each exchange that is over."""

    def __init__(self, core: Core, shared: dict[str, list[int]]) -> None:
        self.core = core
        self.closed: Callable[[Exchange], None] = lambda _exchange: None
        self.dropped: Callable[[Exchange], None] = lambda _exchange: None
        self.answered: Callable[[str, Exchanged], None] | None = None  # hears of each that this node has answered
        self.longest_without_repair_ns = 0  # of any pair
        self.started_at = 0
        self.over = dict.fromkeys(shared, 0)
        self.finding: dict[str, str | None] = {peer: self._not_yet(peer) for peer in shared}
        self.differing: dict[str, dict[int, int]] = {peer: {} for peer in shared}
        self.compared: dict[str, int] = {}
        self._last = {peer: dict.fromkeys(partitions, (0, 0)) for peer, partitions in shared.items()}
        self._parts_compared = Counter[str]()
        self.open: dict[str, Exchange] = {}  # by peer

    def _not_yet(self, peer: str) -> str:
        return f"{self.core.name} has not been compared with {peer} yet"

    def begin(self, peer: str, round_number: int, partitions: list[int]) -> Exchange:
        exchange = Exchange(self, peer, round_number, partitions)
        self.open[peer] = self.core.waiting[exchange.session] = exchange
        return exchange

    def opened_here(self, message: Exchanged) -> Exchange | None:
        """The open one of this number: it may have been given up, or belong to an earlier life."""
        found = self.core.waiting.get(message.session)
        return found if isinstance(found, Exchange) and message.opened_by == self.core.name else None

    def give_up_if_late(self, peer: str) -> Exchange | None:
        exchange = self.open.get(peer)
        if exchange is None or exchange.waits:
            return None
        if self.core.now.mono - exchange.alive_at < self.core.policy.exchange_timeout_ns:
            return None
        self.drop(exchange)
        self.finding[peer] = f"no answer from {peer} in anti-entropy"
        return exchange

    def drop(self, exchange: Exchange) -> None:
        del self.open[exchange.peer]
        del self.core.waiting[exchange.session]

    def say_done(self, to: str, message: Exchanged) -> None:
        """To the opener, by the other side."""
        self.was_compared(to)
        if self.answered is not None:
            self.answered(to, message)
        self.core.send(to, Done(0, self.core.now.wall, message.origin, message.session, message.opened_by))

    def peer_is_done(self, message: Exchanged) -> None:
        exchange = self.opened_here(message)
        if exchange is not None:
            exchange.awaits_peer = False
            self.close_if_over(exchange)

    def same(self, exchange: Exchange) -> list[int]:
        return [partition for partition in exchange.partitions if partition not in exchange.differed]

    def close_if_over(self, exchange: Exchange) -> None:
        if exchange.awaits_peer or exchange.unacknowledged:
            return
        self.drop(exchange)
        self._account_for(exchange)
        self.closed(exchange)

    def _account_for(self, exchange: Exchange) -> None:
        peer, now = exchange.peer, self.core.now.mono
        differing, last = self.differing[peer], self._last[peer]
        if len(exchange.partitions) == len(last):
            differing.clear()
            self.over[peer] = exchange.round
            self._compared_since(peer, self.compared.get(peer, self.started_at), now)
        else:
            before = min((last[each][1] for each in exchange.partitions), default=now)
            for each in exchange.partitions:
                differing.pop(each, None)
                last[each] = exchange.round, now
            self.over[peer] = min(number for number, _ in last.values())
            self._compared_since(peer, before, min(at for _, at in last.values()))
        for partition in exchange.differed:
            differing[partition] = exchange.leaves.get(partition, 1)
        found = f"{self.core.name} and {peer} differed in the last round of anti-entropy"
        self.finding[peer] = self._not_yet(peer) if not self.over[peer] else found if differing else None

    def was_compared(self, peer: str) -> None:
        """Asked by this peer, who has its own account of what was compared when: here a cycle is counted."""
        self._parts_compared[peer] += 1
        if self._parts_compared[peer] % self._rounds_of_a_cycle(peer) == 0:
            self._compared_since(peer, self.compared.get(peer, self.started_at), self.core.now.mono)

    def _rounds_of_a_cycle(self, peer: str) -> int:
        if not self.core.policy.compares_in_turn():
            return 1
        placement = self.core.placement
        shared = sum(peer in placement.replicas_of_partition(each) for each in self.core.copies.trees)
        return self.core.policy.rounds_of_a_cycle(shared)

    def _compared_since(self, peer: str, before: int, since: int) -> None:
        self.longest_without_repair_ns = max(self.longest_without_repair_ns, self.core.now.mono - before)
        self.compared[peer] = since
