"""Anti-entropy: the earlier node of each pair opens an exchange with the later one over all partitions they share.

An exchange goes down the two Merkle trees, then both sides send what the other lacks. A round is complete when each
of its exchanges is over, and clean when none of them found a difference.
"""

from .core import Core
from .merkle import children, differing, keys_of, roots, same_shape
from .messages import Brief, Compare, Done, Leaves, Store, Stored, Want
from .records import Record

_NOBODY_WAITS = 0  # session numbers are the opener's own: here the same number may mean something else


class Exchange:
    """As its opener sees it. Over when the peer is done and has acknowledged all that was sent to it."""

    def __init__(self, entropy: "AntiEntropy", peer: str) -> None:
        self.entropy = entropy
        self.peer = peer
        self.unacknowledged: dict[str, None] = {}  # keys: one that is acknowledged twice hides no other
        self.awaits_peer = True

    def stored(self, sender: str, message: Stored) -> None:  # noqa: ARG002 - one exchange has one peer
        self.unacknowledged.pop(message.key, None)
        self.entropy.close_if_over(message.request)

    def timed_out(self) -> str:
        return f"no answer from {self.peer} in anti-entropy"


class AntiEntropy:
    """`begun` and `completed` are numbers of rounds: the last one begun, and the last one that was not given up."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.begun = 0
        self.completed = 0
        self.pending: str | None = "no round of anti-entropy is complete yet"
        self._open: dict[int, Exchange] = {}
        self._findings: list[str] = []
        self._opened_at = 0
        self._listed: dict[str, str] = {}  # by peer: the key up to which it was last told what is held
        self._later_peers = _later_peers(core)

    def tick(self) -> None:
        """A round that is late is given up after two intervals: its peers may be down."""
        core = self.core
        core.set_timer(core.policy.round_every_ns, "round")
        if self._open:
            if core.now.mono - self._opened_at < 2 * core.policy.round_every_ns:
                return
            for session, exchange in self._open.items():
                core.waiting.pop(session, None)
                self._findings.append(exchange.timed_out())
            self._open.clear()
            self.pending = self._findings[0]
        self._begin_round()

    def _begin_round(self) -> None:
        core = self.core
        self.begun += 1
        self._findings = []
        self._opened_at = core.now.mono
        for peer, partitions in self._later_peers.items():
            session = core.next_request()
            self._open[session] = core.waiting[session] = Exchange(self, peer)
            self._compare(peer, session, core.name, 0, roots(core.copies.trees, partitions), self._origin())
        if not self._open:
            self._end_round()

    def _origin(self) -> str:
        return f"round {self.core.name}/{self.begun}"

    def _end_round(self) -> None:
        self.completed = self.begun
        self.pending = self._findings[0] if self._findings else None

    def _compare(
        self, to: str, session: int, opened_by: str, level: int, hashes: dict[int, dict[int, int]], origin: str
    ) -> None:
        self.core.send(to, Compare(0, self.core.now.wall, origin, session, opened_by, level, hashes))

    def compare(self, sender: str, message: Compare) -> None:
        trees = self.core.copies.trees
        levels = self.core.policy.tree_levels
        if not same_shape(trees, message.level, message.hashes):
            return  # a node that places keys otherwise; its exchange times out and says so
        unequal = differing(trees, message.level, message.hashes)
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
            self._peer_is_done(message.session)
        else:
            self.core.send(sender, Done(0, self.core.now.wall, message.origin, message.session, message.opened_by))

    def _list(self, to: str, message: Compare, leaves: dict[int, list[int]]) -> None:
        """From where the last listing for this peer ended, so that a limit delays keys but hides none."""
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
        exchange = self._open.get(message.session)
        if exchange is None or any(partition not in core.copies.trees for partition in message.leaves):
            return
        self._findings.append(f"{core.name} and {sender} differed in the last round of anti-entropy")
        theirs = {b.key: b for b in message.briefs}
        want: list[str] = []
        for key, theirs_of_key in theirs.items():
            order = core.versions.glance(core.copies.held(key), theirs_of_key)
            if order in ("older", "unsure"):
                want.append(key)
            if order in ("newer", "unsure"):
                self._push(sender, message.session, key, message.origin)
        for key in self._only_here(message, theirs):
            self._push(sender, message.session, key, message.origin)
        exchange.awaits_peer = bool(want)
        if want:
            core.send(sender, Want(0, core.now.wall, message.origin, message.session, core.name, want))
        self.close_if_over(message.session)

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
            self._push(sender, message.session, key, message.origin, opener=False)
        self.core.send(sender, Done(0, self.core.now.wall, message.origin, message.session, message.opened_by))

    def _push(self, to: str, session: int, key: str, origin: str, *, opener: bool = True) -> None:
        record = self.core.copies.held(key)
        if record is None:
            return
        request = _NOBODY_WAITS
        if opener:
            request = session
            self._open[session].unacknowledged[key] = None
        self.core.send(to, Store(0, self.core.now.wall, origin, request, record, "anti-entropy"))

    def done(self, _sender: str, message: Done) -> None:
        self._peer_is_done(message.session)

    def _peer_is_done(self, session: int) -> None:
        exchange = self._open.get(session)
        if exchange is not None:
            exchange.awaits_peer = False
            self.close_if_over(session)

    def close_if_over(self, session: int) -> None:
        exchange = self._open.get(session)
        if exchange is None or exchange.awaits_peer or exchange.unacknowledged:
            return
        del self._open[session]
        self.core.waiting.pop(session, None)
        if not self._open:
            self._end_round()


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
