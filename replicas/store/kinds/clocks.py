"""Node-wide clocks, as in DottedDB: replicas tell each other which writes they know, and send what the other lacks.

The coordinator gives each write a dot. What comes without one (a hint, a read repair, a copy that a comparison of keys
brought) gets one from whoever takes it: so each copy that is held has a dot, by which others hear of it. A dot is
known once its write is held, or what dominates it: the other side lists the dots that are not known here, each with
what it holds of the key now, and only what is not held is asked for.

What a clock cannot tell, a comparison of all keys mends: a dot of which nobody remembers the key, and what was lost
here although it is known. As long as that is not made good with every peer, nobody takes this node's word for what it
knows, and nothing is listed of a key that was lost.
"""

from collections.abc import Iterator

from replicas.store.antientropy import brief
from replicas.store.comparing import (
    CaughtUpClocks,
    Clocks,
    DotsListed,
    Dotted,
    KeyPage,
    Lacks,
    LogDone,
    WantLogged,
)
from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.messages import DottedStore, Store
from replicas.store.records import Record, Version
from replicas.store.sending import Sending
from replicas.store.storage import Storage

from . import ranges
from .awaiting import AwaitingPurge
from .dots import Clocks as Known
from .dots import Dot, Dots
from .fallback import FallsBack
from .kind import Handlers
from .losses import Losses

_WANTED_MAX = 10_000


class NodeClocks(FallsBack):
    """`_wanted` has, by key, what was asked for: the version, and the dots that are known with it. `_told` has, by
    later peer, what it has said that it knows, and whether that can be relied on; `_cursor` how far the dots that it
    lacks were listed. `_heard` has what any peer knew last."""

    notices = True

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage) -> None:
        super().__init__(core, exchanges, sending, storage)
        self.dots = Dots(core, storage, core.policy.log_entries_max)
        self.losses = Losses(core, storage)
        self.awaiting = AwaitingPurge(core)
        self._arriving: tuple[Version, Dot] | None = None
        self._wanted: dict[str, Dotted] = {}
        self._told: dict[str, tuple[Known, bool]] = {}
        self._cursor: dict[str, Dot | None] = {}
        self._heard: dict[str, Known] = {}
        core.dots = self

    def handlers(self) -> Handlers:
        return {
            KeyPage: self.key_page,
            Lacks: self.lacks,
            Clocks: self.clocks,
            DotsListed: self.dots_listed,
            WantLogged: self.wanted,
            LogDone: self.done,
            CaughtUpClocks: self.caught_up,
        }

    def counted(self) -> dict[str, int]:
        dots = self.dots
        counts = {"dots_listable": len(dots.keys), "dots_dropped": dots.dropped, "dot_ranges": dots.ranges_known()}
        return {**counts, "log_fallbacks": self.fallbacks}

    def start(self, tombstones: list[Record]) -> None:
        """What was on the disk before there were dots, or is to come by a bootstrap, is compared by its keys."""
        self.losses.load()
        nothing_known = not self.dots.load() and next(iter(self.storage.scan(None, 1)), None) is not None
        if nothing_known or not self.core.joined:
            self.losses.add(None)
        self.awaiting.start(tombstones)

    def mint(self, store: Store) -> DottedStore:
        """By the coordinator, before it offers the write to itself."""
        key, version = store.record.key, store.record.version
        dot = self.dots.mint(self.core.placement.partition_of(key))
        self._arriving = version, dot
        return DottedStore(0, store.born, store.origin, store.request, store.record, store.cause, dot[2])

    def arriving(self, store: Store) -> None:
        if isinstance(store, DottedStore):
            dot = self.core.placement.partition_of(store.record.key), store.record.version.by, store.dot
            self._arriving = store.record.version, dot

    def held(self, store: Store) -> None:
        """The copy, or one that dominates it."""
        if isinstance(store, DottedStore) and self._arriving is not None:
            self.dots.learn(self._arriving[1], store.record.key)

    def taken(self, record: Record) -> None:
        self.awaiting.taken(record)
        core, dots = self.core, self.dots
        if not core.joined:
            return
        arriving, wanted = self._arriving, self._wanted.get(record.key)
        if arriving is not None and arriving[0] == record.version:
            dots.learn(arriving[1], record.key)
            return
        order = core.versions.glance(record, wanted.brief) if wanted is not None and wanted.brief else "older"
        if wanted is not None and order in ("same", "newer"):
            self._learn(wanted)
        if order != "same":
            dots.learn(dots.mint(core.placement.partition_of(record.key)), record.key)

    def lost(self, key: str) -> None:
        super().lost(key)
        self.losses.add(key)

    def _learn(self, dotted: Dotted) -> None:
        partition = self.core.placement.partition_of(dotted.key)
        self._wanted.pop(dotted.key, None)
        for incarnation, number in dotted.dots:
            self.dots.learn((partition, incarnation, number), dotted.key)

    def open(self, exchange: Exchange) -> None:
        super().open(exchange)
        self._ask(exchange, None)

    def _ask(self, exchange: Exchange, after: Dot | None) -> None:
        head = (0, self.core.now.wall, exchange.origin, exchange.session, self.core.name)
        known, compares = self.dots.clocks(exchange.partitions), self.losses.with_peer(exchange.peer)
        self.sending.say(exchange.peer, Clocks(*head, exchange.partitions, known, after, self.awaiting.any(), compares))

    def clocks(self, sender: str, message: Clocks) -> None:
        """At the other side: lists what the opener does not know."""
        core = self.core
        if not core.joined:
            return
        self._compared_whole[sender] = message.session
        self._hear(sender, message.known)
        mine, compares = self.dots.clocks(message.partitions), self.losses.with_peer(sender)
        head = (0, core.now.wall, message.origin, message.session, message.opened_by)
        if mine == message.known and not (message.waits or message.compares or compares or self.awaiting.any()):
            self.exchanges.was_compared(sender)
            core.send(sender, LogDone(*head, []))
            return
        listed, until, untold = self._list(sender, message.known, mine, message.after)
        whole, sure = compares or untold or message.compares, not self.losses.any()
        self.sending.say(sender, DotsListed(*head, mine, listed, until, whole, sure))

    def _hear(self, peer: str, known: Known) -> None:
        """What every other replica of a partition knows, nobody has to be told of any more."""
        core, heard = self.core, self._heard
        heard[peer] = known
        if not self.dots.keys:
            return
        replicas = {each: core.others(core.placement.replicas_of_partition(each)) for each in core.copies.trees}
        self.dots.forget_keys_known_by_all(
            {each: [heard.get(node, {}) for node in nodes] for each, nodes in replicas.items()}
        )

    def _list(
        self, reader: str, theirs: Known, mine: Known, after: Dot | None
    ) -> tuple[list[Dotted], Dot | None, bool]:
        """The dots that the reader does not know, key by key, as many as one message may list; the last of them, if
        there are more; and whether there are some of which nothing can be told."""
        found: dict[str, list[tuple[str, int]]] = {}
        last = after
        for dot in _unknown(theirs, mine):
            if after is not None and dot <= after:
                continue
            key = self.dots.keys.get(dot)
            if key is None or key in self.losses.keys:
                return [], None, True
            if key not in found and len(found) == self.core.policy.keys_per_exchange_max:
                return self._with_copies(found), last, False
            found.setdefault(key, []).append(dot[1:])
            last = dot
        waiting = (key for key in self.awaiting.some() if reader in self.core.placement.replicas_of(key))
        for key in waiting:
            found.setdefault(key, [])
        return self._with_copies(found), None, False

    def _with_copies(self, found: dict[str, list[tuple[str, int]]]) -> list[Dotted]:
        held = {key: self.core.copies.visible(key) for key in found}
        kept = {key: copy for key, copy in held.items() if key not in self.losses.keys}  # that look may have lost it
        return [Dotted(key, brief(copy) if copy else None, found[key]) for key, copy in kept.items()]

    def dots_listed(self, sender: str, message: DotsListed) -> None:
        if not self.core.joined:
            return
        exchange = self.exchanges.opened_here(message)
        if exchange is None:
            if message.opened_by != self.core.name:
                self._take_in_for(sender, message)
            return
        if not exchange.awaits_peer or sender in self._falls:
            return
        exchange.alive_at = self.core.now.mono
        self._hear(sender, message.known)
        self.note_difference(exchange, self._take_in(sender, message))
        if message.whole:
            self._compare_whole(exchange, message.known if message.sure else {})
        elif message.until is not None:
            self._ask(exchange, message.until)
        else:
            self._told[sender] = message.known, message.sure
            self._tell(exchange, None)

    def _take_in_for(self, opener: str, message: DotsListed) -> None:
        lacking = self._take_in(opener, message)
        self.exchanges.was_compared(opener)
        differed = list(dict.fromkeys(map(self.core.placement.partition_of, lacking)))
        head = (0, self.core.now.wall, message.origin, message.session, message.opened_by)
        self.core.send(opener, LogDone(*head, differed))

    def _take_in(self, owner: str, message: DotsListed) -> list[str]:
        """Learns the dots of what is held, and of what the owner has purged. The keys of the rest: it asks for them."""
        lacking, _ = self.weigh({each.key: each.brief for each in message.listed if each.brief}, [])
        if len(self._wanted) > _WANTED_MAX:
            self._wanted.clear()
        for each in message.listed:
            if each.key in lacking:
                self._wanted[each.key] = each
            else:
                self._learn(each)
        if lacking:
            head = (0, self.core.now.wall, message.origin, message.session, message.opened_by)
            self.sending.say(owner, WantLogged(*head, lacking))
        return lacking

    def _tell(self, exchange: Exchange, after: Dot | None) -> None:
        """At the opener, the other way round."""
        peer = exchange.peer
        theirs, sure = self._told[peer]
        listed, until, untold = self._list(peer, theirs, self.dots.clocks(exchange.partitions), after)
        self._cursor[peer] = until
        if untold:
            self._compare_whole(exchange, theirs if sure else {})
        elif listed:
            head = (0, self.core.now.wall, exchange.origin, exchange.session, self.core.name)
            self.sending.say(peer, DotsListed(*head, {}, listed, until, False, False))  # noqa: FBT003 - only answers tell
        else:
            self.finish(exchange)

    def done(self, sender: str, message: LogDone) -> None:
        exchange = self.exchanges.opened_here(message)
        if exchange is None or not exchange.awaits_peer or sender in self._falls:
            return
        exchange.alive_at = self.core.now.mono
        exchange.differed = list(dict.fromkeys([*exchange.differed, *message.differed]))
        after = self._cursor.pop(sender, None)
        if after is None:
            self.finish(exchange)
        else:
            self._tell(exchange, after)

    def _compare_whole(self, exchange: Exchange, theirs: Known) -> None:
        mine = {} if self.losses.any() else self.dots.clocks(exchange.partitions)
        self.fall_back(exchange, theirs, mine)

    def holds_all(self, peer: str, theirs: Known) -> None:
        self.dots.adopt(theirs)
        self.losses.made_good(peer)

    def tell_caught_up(self, exchange: Exchange, mine: Known) -> None:
        head = (0, self.core.now.wall, exchange.origin, exchange.session, self.core.name)
        self.core.send(exchange.peer, CaughtUpClocks(*head, mine))

    def caught_up(self, sender: str, message: CaughtUpClocks) -> None:
        if self.compared_whole(sender, message.session):
            self.holds_all(sender, message.known)


def _unknown(theirs: Known, mine: Known) -> Iterator[Dot]:
    for partition, of_partition in mine.items():
        for incarnation, known in of_partition.items():
            for first, last in ranges.without(known, theirs.get(partition, {}).get(incarnation, [])):
                for number in range(first, last + 1):
                    yield partition, incarnation, number
