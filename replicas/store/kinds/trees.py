"""Merkle trees: an exchange goes down the two trees of each partition, then both sides send what the other lacks."""

from collections.abc import Collection

from replicas.store.antientropy import brief
from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.merkle import children, differing, keys_of, roots, same_shape
from replicas.store.messages import Compare, Leaves, Want
from replicas.store.peer import Brief
from replicas.store.sending import Sending
from replicas.store.storage import Storage

from .kind import Handlers, Kind


class Trees(Kind):
    tells_keys = True

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage) -> None:
        super().__init__(core, exchanges, sending, storage)
        self._roots: dict[int, dict[int, int]] = {}  # as they were when so many changes had been made
        self._roots_at = -1
        self._listed: dict[str, str] = {}  # by peer: the key up to which it was last told what is held

    def handlers(self) -> Handlers:
        return {Compare: self.compare, Leaves: self.leaves, Want: self.want}

    def open(self, exchange: Exchange) -> None:
        hashes = self._roots_of(exchange.partitions)
        self._compare(exchange.peer, exchange.session, self.core.name, 0, hashes, exchange.origin)

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

    def _compare(
        self, to: str, session: int, opened_by: str, level: int, hashes: dict[int, dict[int, int]], origin: str
    ) -> None:
        self.sending.say(to, Compare(0, self.core.now.wall, origin, session, opened_by, level, hashes))

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
            self.exchanges.peer_is_done(message)
        else:
            self.exchanges.say_done(sender, message)

    def _list(self, to: str, message: Compare, leaves: dict[int, list[int]]) -> None:
        """From where the last listing for this peer ended, so that a limit delays keys but hides none."""
        self.exchanges.was_compared(to)
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
        self.sending.say(to, Leaves(0, born, message.origin, session, opener, leaves, briefs, after, until))

    def leaves(self, sender: str, message: Leaves) -> None:
        """At the opener, who sees both sides: send what wins here, ask for what wins there."""
        core = self.core
        exchange = self.exchanges.opened_here(message)
        if exchange is None or any(partition not in core.copies.trees for partition in message.leaves):
            return
        exchange.differed = list(message.leaves)
        exchange.leaves = {partition: len(leaves) for partition, leaves in message.leaves.items()}
        theirs = {b.key: b for b in message.briefs}
        only_here = self._only_here(message, theirs)
        exchange.cut = len(only_here) == core.policy.keys_per_exchange_max or (message.after, message.until) != (
            None,
            None,
        )
        want, win = self.weigh(theirs, only_here)
        for key in win:
            self.sending.push(sender, key, message.origin, exchange)
        exchange.awaits_peer = bool(want)
        if want:
            self.sending.say(sender, Want(0, core.now.wall, message.origin, message.session, core.name, want))
        self.exchanges.close_if_over(exchange)

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
            self.sending.push(sender, key, message.origin, None)
        self.exchanges.say_done(sender, message)
