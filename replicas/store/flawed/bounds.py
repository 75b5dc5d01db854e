"""Flawed limits: what is sent although it is too much, is in vain, or never ends; and who is not asked."""

from replicas.store.budget import Budget
from replicas.store.core import Core
from replicas.store.hints import Hints
from replicas.store.kinds.trees import Trees
from replicas.store.merkle import Tree
from replicas.store.messages import Fetch, Leaves, PeerMessage, Store
from replicas.store.purging import Confirmation, Purging
from replicas.store.sending import Sending
from replicas.store.storage import Hint


class AsksTheFirst(Core):
    """A write goes to the first W replicas of its key and to no other, a read to the first R."""

    def send_all(self, nodes: list[str], message: PeerMessage) -> None:
        if isinstance(message, Fetch):
            nodes = self._first(nodes, message.key, self.cluster.r)
        elif isinstance(message, Store) and message.cause == "write":
            nodes = self._first(nodes, message.record.key, self.cluster.w)
        super().send_all(nodes, message)

    def _first(self, nodes: list[str], key: str, count: int) -> list[str]:
        first = self.placement.replicas_of(key)[:count]
        return [node for node in nodes if node in first]


class IgnoresLimit(Sending):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.budget = Budget(0)


class OneLeaf(Tree):
    """A tree of the wrong depth: all keys of a partition are in one leaf."""

    def leaf_of(self, key: str) -> int:  # noqa: ARG002 - the flaw is not to look
        return 0


class StreamsAll(Trees):
    """Sends all that is in a leaf, whether it differs or not."""

    def leaves(self, sender: str, message: Leaves) -> None:
        if self.exchanges.opened_here(message) is not None:
            for brief in message.briefs:
                self.sending.push(sender, brief.key, message.origin, None)
        super().leaves(sender, message)


class FloodsWithHints(Hints):
    def _next(self, target: str, known: dict[str, Hint]) -> list[Hint]:
        """All that there are, as soon as the target is heard of."""
        found = super()._next(target, known)
        return list(known.values()) if found and target not in self.silent_since else found


class NeverReaps(Purging):
    """Asks once whether all hold a tombstone. When not all say so, it is forgotten."""

    def _press(self, key: str, confirmation: Confirmation) -> None:
        asked = self.core.name in confirmation.confirmed
        if asked and not self.confirmed_by_all(confirmation, self._voters(key)):
            del self._led[key]
            return
        super()._press(key, confirmation)
