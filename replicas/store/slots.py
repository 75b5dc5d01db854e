"""How many exchanges may be open at a node, opened or answered.

Who finds no room is turned away at once and comes again in the next round. Room that is made is for whoever waits
longest, a peer that was turned away or one that this node wants to ask: so nobody starves.
"""

from typing import NamedTuple

from .core import Core
from .exchanges import Exchanges

_ROUNDS_KEPT = 3  # and two timeouts: for so long room is kept for one that was turned away and does not come again


class Waiting(NamedTuple):
    since: int
    came: int  # last


class Slots:
    """`_answered` has, by peer, the exchange that it opened, and when it went on last; `_turned_away` who waits for an
    answer, and `_waits_since` since when this node wants to open one itself."""

    def __init__(self, core: Core, exchanges: Exchanges) -> None:
        self.core = core
        self.exchanges = exchanges
        self.most = core.policy.exchanges_in_parallel_max
        self.turned_away_ever = 0
        self._answered: dict[str, tuple[int, int]] = {}
        self._turned_away: dict[str, Waiting] = {}
        self._waits_since: int | None = None

    def open(self) -> int:
        self._forget_late()
        return len(self.exchanges.open) + len(self._answered)

    def room_for_own(self) -> bool:
        """For an exchange that this node opens. True: it does."""
        open_now = self.open()
        since = self._waits_since = self.core.now.mono if self._waits_since is None else self._waits_since
        before = sum(each.since < since for each in self._turned_away.values())
        if open_now + before < self.most:
            self._waits_since = None
            return True
        return False

    def admit(self, peer: str, session: int) -> bool:
        now = self.core.now.mono
        known = self._answered.get(peer)
        if known is not None and known[0] == session:
            self._answered[peer] = session, now
            return True
        self._answered.pop(peer, None)  # it has opened another since
        open_now, waiting = self.open(), self._turned_away.get(peer, Waiting(now, now))
        before = [each for each in self._turned_away.values() if each.since < waiting.since]
        own_is_before = self._waits_since is not None and self._waits_since < waiting.since
        if open_now + len(before) + own_is_before < self.most:
            self._answered[peer] = session, now
            self._turned_away.pop(peer, None)
            return True
        self._turned_away[peer] = waiting._replace(came=now)
        self.turned_away_ever += 1
        return False

    def over(self, peer: str, session: int) -> None:
        known = self._answered.get(peer)
        if known is not None and known[0] == session:
            del self._answered[peer]

    def _forget_late(self) -> None:
        policy, now = self.core.policy, self.core.now.mono
        for peer, (_, since) in list(self._answered.items()):
            if now - since >= policy.exchange_timeout_ns:
                del self._answered[peer]
        kept_ns = 2 * policy.exchange_timeout_ns + _ROUNDS_KEPT * policy.longest_round_ns()
        for peer, waiting in list(self._turned_away.items()):
            if now - waiting.came > kept_ns:
                del self._turned_away[peer]
