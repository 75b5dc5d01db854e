"""Anti-entropy: the earlier node of each pair opens an exchange with the later one over all partitions they share.

An exchange goes down the two Merkle trees, then both sides send what the other lacks. Each round opens one with every
later peer that has none open, so that a peer that is down delays nobody else. A round is complete when an exchange
that was opened in it or later is over with each peer.
"""

from collections.abc import Collection

from xxhash import xxh3_64_intdigest

from .budget import Budget
from .core import Core
from .merkle import children, differing, keys_of, roots, same_shape
from .messages import Brief, Compare, Done, Leaves, Store, Stored, Want
from .records import Record

_COPY_BYTES = 64  # of a message, beside key and value
_NOBODY_WAITS = 0  # session numbers are the opener's own: here the same number may mean something else


class Exchange:
    """As its opener sees it. Over when the peer is done and has acknowledged all that was sent to it."""

    def __init__(self, entropy: "AntiEntropy", peer: str, session: int) -> None:
        self.entropy = entropy
        self.peer = peer
        self.session = session
        self.round = entropy.begun
        self.opened_at = entropy.core.now.mono
        self.unacknowledged: dict[str, None] = {}  # keys: one that is acknowledged twice hides no other
        self.awaits_peer = True
        self.differed: list[int] = []  # partitions

    def stored(self, sender: str, message: Stored) -> None:  # noqa: ARG002 - one exchange has one peer
        """What is refused was not repaired: the exchange is then given up in its time."""
        if message.holds:
            self.unacknowledged.pop(message.key, None)
            self.entropy.close_if_over(self)

    def forget(self, node: str) -> None:
        """A peer that lost its disk answers this exchange no more: it is given up in its time."""


class AntiEntropy:
    """`begun` is the number of the last round; `_over` has, by peer, the round of the last exchange that was not
    given up, `_finding` what the last one found, in words, and `_differed` in which partitions. `_compared` has, for
    earlier peers as well, when the last exchange ended."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.begun = 0
        self.longest_without_repair_ns = 0  # of any pair
        self.held_back_bytes = 0  # what the limit kept from being sent since the last round
        self._budget = Budget(core.policy.repair_bytes_per_s_max)
        self._started_at = 0
        self._compared: dict[str, int] = {}
        self._differed: dict[str, list[int]] = {}
        self._later_peers = _later_peers(core)
        self._over = dict.fromkeys(self._later_peers, 0)
        self._finding: dict[str, str | None] = {
            peer: f"{core.name} has not been compared with {peer} yet" for peer in self._later_peers
        }
        self._open: dict[str, Exchange] = {}  # by peer
        self._roots: dict[int, dict[int, int]] = {}  # as they were when so many changes had been made
        self._roots_at = -1
        self._listed: dict[str, str] = {}  # by peer: the key up to which it was last told what is held

    def start(self) -> None:
        self._started_at = self.core.now.mono
        if self.core.policy.anti_entropy == "merkle":
            self.core.set_timer(self._next_round_ns(), "round")

    def _next_round_ns(self) -> int:
        """Drawn for each round, so that nodes that started together do not repair together."""
        policy = self.core.policy
        spread = policy.round_every_ns * policy.round_jitter_ppm // 1_000_000
        drawn = xxh3_64_intdigest(f"{self.core.versions.incarnation}/{self.begun}".encode())
        return policy.round_every_ns - spread + drawn % (2 * spread + 1)

    def completed(self, without: list[str]) -> int:
        """The number of the last complete round, with those peers that can answer."""
        return min((number for peer, number in self._over.items() if peer not in without), default=self.begun)

    def pending(self, without: list[str]) -> str | None:
        found = (finding for peer, finding in self._finding.items() if finding and peer not in without)
        return next(found, None)

    def ranges_pending(self) -> int:
        return len({partition for partitions in self._differed.values() for partition in partitions})

    def since_repair_ns(self) -> dict[int, int]:
        """By partition, for how long it has not been compared with every other of its replicas."""
        core = self.core
        ages: dict[int, int] = {}
        for partition in core.copies.trees:
            others = core.others(core.placement.replicas_of_partition(partition))
            last = min((self._compared.get(node, self._started_at) for node in others), default=core.now.mono)
            ages[partition] = core.now.mono - last
        return ages

    def tick(self) -> None:
        core = self.core
        self.begun += 1
        self.held_back_bytes = 0
        core.set_timer(self._next_round_ns(), "round")
        if not core.joined:
            return
        for peer, partitions in self._later_peers.items():
            self._give_up_if_late(peer)
            if peer not in self._open:
                exchange = Exchange(self, peer, core.next_request())
                self._open[peer] = core.waiting[exchange.session] = exchange
                origin = f"round {core.name}/{self.begun}"
                self._compare(peer, exchange.session, core.name, 0, self._roots_of(partitions), origin)

    def _roots_of(self, partitions: Collection[int]) -> dict[int, dict[int, int]]:
        """Of those that have a tree here. While nothing changes they are gathered once for all peers."""
        copies = self.core.copies
        if self._roots_at != copies.changes:
            self._roots_at = copies.changes
            self._roots = roots(copies.trees, list(copies.trees))
        mine = self._roots
        if len(partitions) == len(mine):
            return mine
        return {partition: mine[partition] for partition in partitions if partition in mine}

    def _give_up_if_late(self, peer: str) -> None:
        exchange = self._open.get(peer)
        if exchange and self.core.now.mono - exchange.opened_at >= self.core.policy.exchange_timeout_ns:
            del self._open[peer]
            del self.core.waiting[exchange.session]
            self._finding[peer] = f"no answer from {peer} in anti-entropy"

    def _exchange(self, session: int, opened_by: str) -> Exchange | None:
        """The open one of this number: it may have been given up, or belong to an earlier life."""
        found = self.core.waiting.get(session)
        return found if isinstance(found, Exchange) and opened_by == self.core.name else None

    def _compare(
        self, to: str, session: int, opened_by: str, level: int, hashes: dict[int, dict[int, int]], origin: str
    ) -> None:
        self.core.send(to, Compare(0, self.core.now.wall, origin, session, opened_by, level, hashes))

    def compare(self, sender: str, message: Compare) -> None:
        trees = self.core.copies.trees
        levels = self.core.policy.tree_levels
        if self.core.joined and message.level == 0 and message.hashes == self._roots_of(message.hashes):
            self._nothing_differs(sender, message)  # most of all comparisons end here
            return
        if not self.core.joined or not same_shape(trees, message.level, message.hashes):
            return  # a node without its copies, or that places keys otherwise: the exchange times out and says so
        unequal = differing(trees, message.level, message.hashes)
        self.core.metrics.digests_differed += sum(map(len, unequal.values()))
        session, opener = message.session, message.opened_by
        if not unequal:
            self._nothing_differs(sender, message)
        elif message.level < levels:
            below = children(trees, message.level + 1, unequal)
            self._compare(sender, session, opener, message.level + 1, below, message.origin)
        else:
            self._list(sender, message, unequal)

    def _nothing_differs(self, sender: str, message: Compare) -> None:
        if message.opened_by == self.core.name:
            self._peer_is_done(message.session, message.opened_by)
        else:
            self._say_done(sender, message)

    def _say_done(self, to: str, message: Compare | Want) -> None:
        self._was_compared(to)
        self.core.send(to, Done(0, self.core.now.wall, message.origin, message.session, message.opened_by))

    def _was_compared(self, peer: str) -> None:
        now, last = self.core.now.mono, self._compared.get(peer, self._started_at)
        self.longest_without_repair_ns = max(self.longest_without_repair_ns, now - last)
        self._compared[peer] = now

    def _list(self, to: str, message: Compare, leaves: dict[int, list[int]]) -> None:
        """From where the last listing for this peer ended, so that a limit delays keys but hides none."""
        self._was_compared(to)
        limit = self.core.policy.keys_per_exchange_max
        after = self._listed.pop(to, None)
        keys = [key for key in sorted(keys_of(self.core.copies.trees, leaves)) if after is None or key > after]
        until = None
        if len(keys) > limit:
            keys = keys[:limit]
            until = self._listed[to] = keys[-1]
        held = [self.core.copies.held(key) for key in keys]
        briefs = [brief(record) for record in held if record is not None]
        born, session, opener = self.core.now.wall, message.session, message.opened_by
        self.core.send(to, Leaves(0, born, message.origin, session, opener, leaves, briefs, after, until))

    def leaves(self, sender: str, message: Leaves) -> None:
        """At the opener, who sees both sides: send what wins here, ask for what wins there."""
        core = self.core
        exchange = self._exchange(message.session, message.opened_by)
        if exchange is None or any(partition not in core.copies.trees for partition in message.leaves):
            return
        exchange.differed = list(message.leaves)
        theirs = {b.key: b for b in message.briefs}
        want: list[str] = []
        for key, theirs_of_key in theirs.items():
            order = core.versions.glance(core.copies.held(key), theirs_of_key)
            if order in ("older", "unsure"):
                want.append(key)
            if order in ("newer", "unsure"):
                self._push(sender, key, message.origin, exchange)
        for key in self._only_here(message, theirs):
            self._push(sender, key, message.origin, exchange)
        exchange.awaits_peer = bool(want)
        if want:
            core.send(sender, Want(0, core.now.wall, message.origin, message.session, core.name, want))
        self.close_if_over(exchange)

    def _only_here(self, message: Leaves, theirs: dict[str, Brief]) -> list[str]:
        low, high = message.after, message.until
        keys = [
            key
            for key in keys_of(self.core.copies.trees, message.leaves)
            if key not in theirs and (low is None or key > low) and (high is None or key <= high)
        ]
        return keys[: self.core.policy.keys_per_exchange_max]

    def want(self, sender: str, message: Want) -> None:
        for key in message.keys:
            self._push(sender, key, message.origin, None)
        self._say_done(sender, message)

    def _push(self, to: str, key: str, origin: str, exchange: Exchange | None) -> None:
        """`exchange` as its opener, who waits for what it sends; the other side does not."""
        record = self.core.copies.held(key)
        if record is None:
            return
        size = len(key.encode()) + len((record.value or "").encode()) + _COPY_BYTES
        if not self._budget.take(self.core.now.mono, size):
            self.held_back_bytes += size
            return  # it still differs in the next round
        self.core.metrics.repair_bytes_sent += size
        if exchange is not None:
            exchange.unacknowledged[key] = None
        request = exchange.session if exchange else _NOBODY_WAITS
        self.core.send(to, Store(0, self.core.now.wall, origin, request, record, "anti-entropy"))

    def done(self, _sender: str, message: Done) -> None:
        self._peer_is_done(message.session, message.opened_by)

    def _peer_is_done(self, session: int, opened_by: str) -> None:
        exchange = self._exchange(session, opened_by)
        if exchange is not None:
            exchange.awaits_peer = False
            self.close_if_over(exchange)

    def close_if_over(self, exchange: Exchange) -> None:
        if exchange.awaits_peer or exchange.unacknowledged:
            return
        peer = exchange.peer
        del self._open[peer]
        del self.core.waiting[exchange.session]
        self._over[peer] = exchange.round
        self._was_compared(peer)
        self._differed[peer] = exchange.differed
        found = f"{self.core.name} and {peer} differed in the last round of anti-entropy"
        self._finding[peer] = found if exchange.differed else None


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
