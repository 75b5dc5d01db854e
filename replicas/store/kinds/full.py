"""Everything, values too: the naive comparison, which is right and costs what all data cost."""

from typing import NamedTuple

from replicas.store.comparing import CopyPage
from replicas.store.copies import Source
from replicas.store.exchanges import Exchange
from replicas.store.records import Record

from .kind import Handlers
from .paged import Paged

_PAGE_BYTES_MAX = 1024 * 1024


class Shown(NamedTuple):
    copies: list[Record]
    until: str | None
    more: bool


class Full(Paged):
    def handlers(self) -> Handlers:
        return {CopyPage: self.copy_page}

    def ask(self, exchange: Exchange) -> None:
        """Not now, if the limit lets nothing through: the next round asks."""
        shown = self._within_limit(exchange.after, None, exchange.partitions, exchange.told)
        exchange.waits = shown.more and shown.until == exchange.after
        if not exchange.waits:
            exchange.told = shown.copies[-1].key if shown.copies else exchange.told
            self._show(exchange.peer, exchange, exchange.after, exchange.partitions, shown)

    def resume(self, exchange: Exchange) -> None:
        if exchange.waits:
            exchange.alive_at = self.core.now.mono  # what it waited for was not the peer
            self.ask(exchange)

    def _within_limit(
        self, after: str | None, until: str | None, partitions: list[int], told: str | None = None
    ) -> Shown:
        """As much of a page as a frame takes and as the limit of bytes lets through, without what was told before."""
        page, end = self.page(after, until, partitions)
        shown: list[Record] = []
        size, behind = 0, after
        for record in page:
            if told is not None and record.key <= told:
                behind = record.key
                continue
            size += len(record.key) + len(record.value or "")
            if (shown and size > _PAGE_BYTES_MAX) or not self.sending.may_send(record):
                return Shown(shown, behind, more=True)
            shown.append(record)
            behind = record.key
        return Shown(shown, end, more=end is not None)

    def _show(self, to: str, of: Exchange | CopyPage, after: str | None, partitions: list[int], shown: Shown) -> None:
        core = self.core
        opened_by = of.opened_by if isinstance(of, CopyPage) else core.name
        head = (0, core.now.wall, of.origin, of.session, opened_by)
        message = CopyPage(*head, after, shown.until, partitions, shown.more, shown.copies)
        core.send(to, message)

    def copy_page(self, sender: str, message: CopyPage) -> None:
        core = self.core
        if not core.joined or core.now.wall - message.born > core.policy.message_lifetime_ns:
            return
        if message.opened_by == core.name:
            self._answered(sender, message)
            return
        shown = self._within_limit(message.after, message.until, message.partitions)
        self._take(sender, message)
        self._show(sender, message, message.after, message.partitions, shown)
        if not shown.more:
            self.exchanges.was_compared(sender)

    def _answered(self, sender: str, message: CopyPage) -> None:
        """At the opener. A page that is empty and yet has more behind it waits for the other side's limit."""
        exchange = self.asked_about(message)
        if exchange is None:
            return
        exchange.waits = message.more and message.until == message.after
        if exchange.waits:
            return
        self.note_difference(exchange, self._differing(message, exchange.partitions))
        self._take(sender, message)
        self.go_on(exchange, message.until if message.more else None)

    def _differing(self, message: CopyPage, partitions: list[int]) -> list[str]:
        page, _ = self.page(message.after, message.until, partitions)
        mine = {record.key: record for record in page}
        theirs = {record.key: record for record in message.copies}
        keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
        self.sending.keys_compared += len({**mine, **theirs})
        self.sending.keys_differed += len(keys)
        return keys

    def _take(self, sender: str, message: CopyPage) -> None:
        source = Source("anti-entropy", message.born, f"{sender}/{message.n}", message.origin)
        for record in message.copies:
            self.core.copies.offer(record, source)
