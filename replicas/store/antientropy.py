"""Anti-entropy: the earlier node of each pair opens an exchange with the later one over all partitions they share.

Each round opens one with every later peer that has none open, so that a peer that is down delays nobody else. A round
is complete when all partitions have been compared with each peer in exchanges that were opened in it or later. What an
exchange says is the kind's.

Where only so many exchanges may be open, those that are due in a round follow one another.
"""

from collections.abc import Callable
from typing import Any

from xxhash import xxh3_64_intdigest

from .copies import both
from .core import Core
from .exchanges import Exchange, Exchanges
from .kinds.kind import Handlers, Kind
from .messages import Busy, Done, Over
from .peer import Brief, Exchanged
from .proofs import Proofs
from .records import Record
from .sending import Sending
from .slots import Slots
from .storage import Storage
from .turns import Turns


class AntiEntropy:
    """The pace. `begun` is the number of the last round."""

    def __init__(
        self,
        core: Core,
        storage: Storage,
        sending: type[Sending],
        kinds: dict[str, type[Kind]],
        turns: type[Turns],
        incremental: Callable[[Core, Exchanges, Sending, Storage, Kind], Kind],
    ) -> None:
        self.core = core
        self.begun = 0
        self._later_peers = _later_peers(core)
        self.exchanges = Exchanges(core, self._later_peers)
        self.turns = turns(core, self.exchanges, self._later_peers)
        self.slots = Slots(core, self.exchanges)
        self._due: list[str] = []  # in this round, and there was no room yet
        self._goes_on = False
        self.sending = sending(core)
        kind = kinds.get(core.policy.anti_entropy)
        self.proofs = Proofs(core)
        self.kind = kind(core, self.exchanges, self.sending, storage) if kind else None
        self._incremental = core.policy.is_incremental()
        if self.kind is not None and self._incremental:
            self.kind = incremental(core, self.exchanges, self.sending, storage, self.kind)
        if self.turns.bound or self.proofs.wanted or self._incremental:
            self.exchanges.closed = self._closed
            self.exchanges.dropped = lambda _exchange: self._go_on()

    def start(self, tombstones: list[Record]) -> None:
        self.exchanges.started_at = self.core.now.mono
        if self.kind is not None:
            self.kind.start(tombstones)
            self.core.set_timer(self._next_round_ns(), "round")

    def listen(self) -> None:
        """A kind that must know of each copy stands behind whoever hears of it already."""
        kind, copies = self.kind, self.core.copies
        if kind is None or not kind.notices:
            return
        copies.taken, copies.lost = both(copies.taken, kind.taken), both(copies.lost, kind.lost)

    def handlers(self) -> Handlers:
        if self.kind is None:
            return {}
        handlers: Handlers = {Done: self.done, **self.kind.handlers()}
        if not self.slots.most and not self.proofs.wanted and not self._incremental:
            return handlers
        self.exchanges.answered = lambda peer, message: self.slots.over(peer, message.session)
        within = {kind: self._within(handler) for kind, handler in handlers.items()}
        return {**within, Busy: self._busy, Over: self._over}

    def _within(self, handler: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
        """What another opened is answered only where there is room, and when it began is remembered."""
        core = self.core

        def handle(sender: str, message: Exchanged) -> None:
            if message.opened_by != core.name and core.joined:
                if self.slots.most and not self.slots.admit(sender, message.session):
                    core.send(sender, Busy(0, core.now.wall, message.origin, message.session, message.opened_by))
                    return
                self.proofs.heard(sender, message.session)
                if self.kind is not None:
                    self.kind.heard(sender, message.session)
            handler(sender, message)

        return handle

    def _next_round_ns(self) -> int:
        """Drawn for each round, so that nodes that started together do not repair together."""
        policy = self.core.policy
        spread = policy.round_every_ns * policy.round_jitter_ppm // 1_000_000
        drawn = xxh3_64_intdigest(f"{self.core.versions.incarnation}/{self.begun}".encode())
        return policy.round_every_ns - spread + drawn % (2 * spread + 1)

    def completed(self, without: list[str]) -> int:
        """The number of the last complete round, with those peers that can answer."""
        over = self.exchanges.over
        return min((number for peer, number in over.items() if peer not in without), default=self.begun)

    def pending(self, without: list[str]) -> str | None:
        if self.kind is None:
            return None
        findings = self.exchanges.finding.items()
        return next((finding for peer, finding in findings if finding and peer not in without), None)

    def ranges_pending(self) -> int:
        return len({partition for partitions in self.exchanges.differing.values() for partition in partitions})

    def counted(self) -> dict[str, int]:
        """What the ways that use no trees have compared."""
        if self.kind is None or (self.core.policy.anti_entropy == "merkle" and not self._incremental):
            return {}
        sending = self.sending
        return {
            "bytes_compared_sent": sending.compared_bytes,
            "keys_compared": sending.keys_compared,
            "keys_differed": sending.keys_differed,
            **self.kind.counted(),
        }

    def since_repair_ns(self) -> dict[int, int]:
        """By partition, for how long it has not been compared with every other of its replicas."""
        core, exchanges = self.core, self.exchanges
        ages: dict[int, int] = {}
        for partition in core.copies.trees:
            others = core.others(core.placement.replicas_of_partition(partition))
            last = min((exchanges.compared.get(node, exchanges.started_at) for node in others), default=core.now.mono)
            ages[partition] = core.now.mono - last
        return ages

    def tick(self) -> None:
        core = self.core
        self.begun += 1
        self.sending.held_back_bytes = 0
        core.set_timer(self._next_round_ns(), "round")
        if self.kind is None or not core.joined:
            return
        due: list[str] = []
        for peer in self._later_peers:
            late = self.exchanges.give_up_if_late(peer)
            if late is not None:
                self.turns.gave_up(late)
                self._tell_over(late, [])
            if peer in self.exchanges.open:
                self.kind.resume(self.exchanges.open[peer])
            else:
                due.append(peer)
        self._due = self.turns.order(due, self.begun) if self.slots.most else due
        self._open_due()

    def _go_on(self) -> None:
        """There may be room. As at the start of a round, an exchange begins when all messages of a batch are handled:
        it tells of the state that is committed before it leaves."""
        if self._due and not self._goes_on:
            self._goes_on = True
            self.core.set_timer(0, "turn")

    def turn(self) -> None:
        self._goes_on = False
        self._open_due()

    def _open_due(self) -> None:
        while self._due and self.kind is not None:
            peer = self._due[0]
            if self.slots.most and not self.slots.room_for_own():
                return
            del self._due[0]
            partitions = self.turns.opens(peer, self.begun)
            self.kind.open(self.exchanges.begin(peer, self.begun, partitions))

    def _closed(self, exchange: Exchange) -> None:
        self.turns.had(exchange)
        self.turns.away.pop(exchange.peer, None)
        if self.kind is not None:
            self.kind.closed(exchange)
        same = [] if exchange.partial else self.exchanges.same(exchange)
        self.proofs.found(exchange.peer, same, exchange.began)
        self._tell_over(exchange, same)
        self._go_on()

    def _tell_over(self, exchange: Exchange, same: list[int]) -> None:
        if self.slots.most or self.proofs.wanted:
            core = self.core
            core.send(exchange.peer, Over(0, core.now.wall, exchange.origin, exchange.session, core.name, same))

    def _over(self, sender: str, message: Over) -> None:
        if message.opened_by == sender:
            self.slots.over(sender, message.session)
            self.proofs.told(sender, message.session, message.same)
            self._go_on()

    def _busy(self, _sender: str, message: Busy) -> None:
        """In the next round again."""
        exchange = self.exchanges.opened_here(message)
        if exchange is not None:
            self.exchanges.drop(exchange)
            self._go_on()

    def metrics(self) -> dict[str, int]:
        """Nothing of a bound that is not there."""
        if not self.slots.most:
            return {}
        return {"exchanges_open": self.slots.open(), "exchanges_turned_away": self.slots.turned_away_ever}

    def forget(self, node: str) -> None:
        self.proofs.forget(node)
        if self.kind is not None:
            self.kind.forget(node)

    def done(self, _sender: str, message: Done) -> None:
        self.exchanges.peer_is_done(message)


def _later_peers(core: Core) -> dict[str, list[int]]:
    """The nodes after this one, in the cluster's order, with the partitions shared with each."""
    names = core.cluster.names()
    shared: dict[str, list[int]] = {}
    for peer in names[names.index(core.name) + 1 :]:
        partitions = [each for each in core.copies.trees if peer in core.placement.replicas_of_partition(each)]
        if partitions:
            shared[peer] = partitions
    return shared


def brief(record: Record) -> Brief:
    return Brief(record.key, record.version, record.dead, record.checksum)
