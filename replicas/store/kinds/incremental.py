"""Incremental repair: what a pair has found repaired is compared no more, only what has changed on a side since.

A pair begins with a whole comparison, of whatever kind, and comes back to one where the marks of the two differ: one
of them has lost a copy, a disk or a commit, or a message that set a mark. A whole one comes every `full_every_rounds`
in any case, for what may be lost in silence.
"""

from replicas.store.antientropy import brief
from replicas.store.changed import ChangedKeys, HeldOfThem, Settled, Unmarked, WantChanged
from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.peer import Brief
from replicas.store.records import Record
from replicas.store.repaired import Repaired
from replicas.store.sending import Sending
from replicas.store.storage import Storage

from .kind import Handlers, Kind


class Incremental(Kind):
    notices = True

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage, whole: Kind) -> None:
        super().__init__(core, exchanges, sending, storage)
        self.whole = whole
        self.whole.found = self._differ
        self.book = Repaired(core, storage)
        self._last_whole: dict[str, dict[int, int]] = {}  # by peer and partition: its round
        self._opened: dict[str, int] = {}  # by peer: with which change the open exchange began
        self._answered: dict[
            str, tuple[int, int]
        ] = {}  # the same of the last one that this peer opened, with its number
        self._whole_passes = 0

    def start(self, tombstones: list[Record]) -> None:
        self.book.load()
        self.whole.start(tombstones)

    def taken(self, record: Record) -> None:
        self.book.changed(record.key)

    def lost(self, key: str) -> None:
        """What else was lost nobody knows."""
        self.book.changed(key)
        self.book.unmark_all()

    def forget(self, node: str) -> None:
        self.book.unmark(node)

    def heard(self, peer: str, session: int) -> None:
        if self._answered.get(peer, (0, 0))[0] != session:
            self._answered[peer] = session, self.book.changes

    def _differ(self, keys: list[str]) -> None:
        """A whole comparison has found these: they stay noted until another exchange finds them the same."""
        for key in keys:
            self.book.changed(key)

    def handlers(self) -> Handlers:
        return {
            **self.whole.handlers(),
            ChangedKeys: self.changed_keys,
            HeldOfThem: self.held_of_them,
            WantChanged: self.want_changed,
            Unmarked: self.unmarked,
            Settled: self.settled,
        }

    def counted(self) -> dict[str, int]:
        mine = {
            "unrepaired_keys": self.book.unrepaired(),
            "unrepaired_overflows": self.book.overflows,
            "whole_passes": self._whole_passes,
        }
        return {**self.whole.counted(), **mine}

    def open(self, exchange: Exchange) -> None:
        core, peer = self.core, exchange.peer
        self._opened[peer] = self.book.changes
        marks = self.book.marks(peer, exchange.partitions)
        last = self._last_whole.setdefault(peer, {})
        longest = max(exchange.round - last.get(each, 0) for each in exchange.partitions)
        if marks is None or longest >= core.policy.full_every_rounds:
            last.update(dict.fromkeys(exchange.partitions, exchange.round))
            self._whole_passes += 1
            self.whole.open(exchange)
            return
        exchange.partial = True
        keys, exchange.cut = self.book.with_peer(peer, marks, core.policy.keys_per_exchange_max)
        briefs, gone = self._shown(keys)
        born, session = core.now.wall, exchange.session
        self.sending.say(peer, ChangedKeys(0, born, exchange.origin, session, core.name, marks, briefs, gone))

    def resume(self, exchange: Exchange) -> None:
        if not exchange.partial:
            self.whole.resume(exchange)

    def _shown(self, keys: list[str]) -> tuple[list[Brief], list[str]]:
        shown = {key: self.core.copies.visible(key) for key in keys}
        briefs = [brief(copy) for copy in shown.values() if copy is not None]
        return briefs, [key for key, copy in shown.items() if copy is None]

    def changed_keys(self, sender: str, message: ChangedKeys) -> None:
        """At the other side: what it holds of these, and of what has changed here."""
        core = self.core
        if not core.joined:
            return
        born, origin, session, opener = core.now.wall, message.origin, message.session, message.opened_by
        if self.book.marks(sender, message.marks) != message.marks:
            self.book.unmark(sender, message.marks)
            core.send(sender, Unmarked(0, born, origin, session, opener, list(message.marks)))
            return
        mine, more = self.book.with_peer(sender, message.marks, core.policy.keys_per_exchange_max)
        keys = list(dict.fromkeys([*(each.key for each in message.briefs), *message.gone, *mine]))
        if not keys:
            self.exchanges.say_done(sender, message)
            return
        self.exchanges.was_compared(sender)
        self.sending.say(sender, HeldOfThem(0, born, origin, session, opener, *self._shown(keys), more))

    def held_of_them(self, sender: str, message: HeldOfThem) -> None:
        """At the opener, who sees both sides: send what wins here, ask for what wins there."""
        core = self.core
        exchange = self.exchanges.opened_here(message)
        if exchange is None:
            return
        theirs = {each.key: each for each in message.briefs}
        want, win = self.weigh(theirs, [key for key in message.gone if core.copies.visible(key) is not None])
        for key in win:
            self.sending.push(sender, key, message.origin, exchange)
        held_back = [key for key in win if key not in exchange.unacknowledged]
        differed = map(core.placement.partition_of, [*want, *win])
        exchange.differed = exchange.partitions if exchange.cut or message.more else list(dict.fromkeys(differed))
        exchange.settles = [key for key in [*theirs, *message.gone] if key not in want and key not in held_back]
        exchange.awaits_peer = bool(want)
        if want:
            born, session = core.now.wall, message.session
            self.sending.say(sender, WantChanged(0, born, message.origin, session, core.name, want))
        self.exchanges.close_if_over(exchange)

    def want_changed(self, sender: str, message: WantChanged) -> None:
        for key in message.keys:
            self.sending.push(sender, key, message.origin, None)
        self.exchanges.say_done(sender, message)

    def unmarked(self, sender: str, message: Unmarked) -> None:
        """In the next round, all is compared."""
        exchange = self.exchanges.opened_here(message)
        if exchange is not None and exchange.partial:
            self.book.unmark(sender, message.partitions)
            self.exchanges.drop(exchange)
            self.exchanges.dropped(exchange)

    def closed(self, exchange: Exchange) -> None:
        """The peer has acknowledged all that was sent to it: now, and not before, is it repaired."""
        began = self._opened[exchange.peer]
        if exchange.partial:
            if exchange.settles:
                self.book.repaired(exchange.peer, exchange.settles, began)
                self._set_mark(exchange, exchange.settles)
        elif not exchange.cut and (self.whole.tells_keys or not exchange.differed):
            self.book.all_repaired(exchange.peer, exchange.partitions, began)
            self._set_mark(exchange, None)

    def _set_mark(self, exchange: Exchange, keys: list[str] | None) -> None:
        core, session = self.core, exchange.session
        self.book.mark(exchange.peer, exchange.partitions, session)
        born, origin, partitions = core.now.wall, exchange.origin, exchange.partitions
        core.send(exchange.peer, Settled(0, born, origin, session, core.name, partitions, keys))

    def settled(self, sender: str, message: Settled) -> None:
        """At the other side. What has changed here since the exchange began is not settled."""
        session, began = self._answered.get(sender, (0, 0))
        if session != message.session or not self.core.joined:
            return
        if message.keys is None:
            self.book.all_repaired(sender, message.partitions, began)
        else:
            self.book.repaired(sender, message.keys, began)
        self.book.mark(sender, message.partitions, message.session)
