"""Anti-entropy: the earlier node of each pair opens an exchange with the later one over all partitions they share.

Each round opens one with every later peer that has none open, so that a peer that is down delays nobody else. A round
is complete when an exchange that was opened in it or later is over with each peer. What an exchange says is the kind's.
"""

from xxhash import xxh3_64_intdigest

from .copies import both
from .core import Core
from .exchanges import Exchanges
from .kinds.kind import Handlers, Kind
from .messages import Brief, Done
from .records import Record
from .sending import Sending
from .storage import Storage


class AntiEntropy:
    """The pace. `begun` is the number of the last round."""

    def __init__(self, core: Core, storage: Storage, sending: type[Sending], kinds: dict[str, type[Kind]]) -> None:
        self.core = core
        self.begun = 0
        self._later_peers = _later_peers(core)
        self.exchanges = Exchanges(core, list(self._later_peers))
        self.sending = sending(core)
        kind = kinds.get(core.policy.anti_entropy)
        self.kind = kind(core, self.exchanges, self.sending, storage) if kind else None

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
        return {Done: self.done, **self.kind.handlers()} if self.kind else {}

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
        return len({partition for partitions in self.exchanges.differed.values() for partition in partitions})

    def counted(self) -> dict[str, int]:
        """What the ways that use no trees have compared."""
        if self.kind is None or self.core.policy.anti_entropy == "merkle":
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
        for peer, partitions in self._later_peers.items():
            self.exchanges.give_up_if_late(peer)
            if peer in self.exchanges.open:
                self.kind.resume(self.exchanges.open[peer])
                continue
            exchange = self.exchanges.begin(peer, self.begun)
            exchange.partitions, exchange.origin = partitions, f"round {core.name}/{self.begun}"
            self.kind.open(exchange)

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
