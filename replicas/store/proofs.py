"""What comparisons have shown: that a peer held the same of a partition, at some moment since one of ours.

Moments are numbers of changes made here, which no clock sets. An exchange that found nothing different in a partition
shows that the peer held, durably, all that was held here from its beginning to its end: each part of the two was found
equal at some moment between. Its opener knows that when it is over, and the other side when the opener has told it.
"""

from .core import Core

NEVER = -1


class Proofs:
    """By peer and partition, when the last comparison began that found nothing different; by peer, which exchange it
    opened last, and when its first message came."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.wanted = core.policy.purge == "repaired" and core.policy.compares_states()
        self._since: dict[str, dict[int, int]] = {}
        self._began: dict[str, tuple[int, int]] = {}

    def heard(self, peer: str, session: int) -> None:
        """A message in an exchange that this peer opened."""
        if self._began.get(peer, (0, 0))[0] != session:
            self._began[peer] = session, self.core.copies.changes

    def told(self, peer: str, session: int, same: list[int]) -> None:
        """The peer's last word in it: the partitions in which it found nothing different."""
        began = self.began(peer, session)
        if began is not None:
            self.found(peer, same, began)

    def began(self, peer: str, session: int) -> int | None:
        """With which change here; None: it is not the last that this peer has opened, or was in an earlier life."""
        known, began = self._began.get(peer, (0, NEVER))
        return began if known == session else None

    def found(self, peer: str, same: list[int], began: int) -> None:
        self._since.setdefault(peer, {}).update(dict.fromkeys(same, began))

    def since(self, peer: str, partition: int) -> int:
        return self._since.get(peer, {}).get(partition, NEVER)

    def forget(self, node: str) -> None:
        """It lost its disk."""
        self._since.pop(node, None)
        self._began.pop(node, None)
