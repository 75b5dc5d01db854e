"""Row by row, as Scylla does it: agree on a range, compare one sum over it, and only where that differs the hash of
each row; then ask what the unknown ones are. A row's hash is its checksum: over key, version, tombstone and value.

What is sent is the least in rows: each that differs goes once, from where it wins to where it lacks.
"""

from replicas.store.antientropy import brief
from replicas.store.comparing import AskRows, RowBriefs, RowHashes, RowRange, RowsAgree, WantRows
from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.peer import Brief
from replicas.store.records import Record
from replicas.store.sending import Sending
from replicas.store.storage import Storage

from .kind import Handlers
from .paged import Paged

_MASK = 0xFFFF_FFFF_FFFF_FFFF


class Rows(Paged):
    tells_keys = True

    """`_only_here`, by peer: the keys of the open page whose rows the peer does not have."""

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage) -> None:
        super().__init__(core, exchanges, sending, storage)
        self._only_here: dict[str, list[str]] = {}

    def handlers(self) -> Handlers:
        return {
            RowRange: self.row_range,
            RowHashes: self.row_hashes,
            AskRows: self.ask_rows,
            RowBriefs: self.row_briefs,
            WantRows: self.want_rows,
            RowsAgree: self.rows_agree,
        }

    def row_hash(self, record: Record) -> int:
        return record.checksum

    def ask(self, exchange: Exchange) -> None:
        partitions, after = exchange.partitions, exchange.after
        page, until = self.page(after, None, partitions)
        born, session, total = self.core.now.wall, exchange.session, self._total(page)
        self.sending.say(
            exchange.peer, RowRange(0, born, exchange.origin, session, self.core.name, after, until, partitions, total)
        )

    def _total(self, page: list[Record]) -> int:
        return sum(map(self.row_hash, page)) & _MASK

    def row_range(self, sender: str, message: RowRange) -> None:
        """Two whose pages end at different keys differ somewhere before the first of these."""
        core = self.core
        if not core.joined:
            return
        page, until = self.page(message.after, message.until, message.partitions)
        if until is None:
            self.exchanges.was_compared(sender)
        head = (0, core.now.wall, message.origin, message.session, message.opened_by, message.after, until)
        if until == message.until and self._total(page) == message.total:
            core.send(sender, RowsAgree(*head))
            return
        core.metrics.digests_differed += 1
        self.sending.say(sender, RowHashes(*head, [self.row_hash(record) for record in page]))

    def row_hashes(self, sender: str, message: RowHashes) -> None:
        """At the opener: what is unknown here it asks about; if nothing is, what is unknown there goes."""
        exchange = self.asked_about(message)
        if exchange is None:
            return
        page, _ = self.page(message.after, message.until, exchange.partitions)
        mine, theirs = {self.row_hash(record): record.key for record in page}, dict.fromkeys(message.hashes)
        self.sending.keys_compared += len(mine)
        unknown = [each for each in theirs if each not in mine]
        only_here = [key for each, key in mine.items() if each not in theirs]
        if not unknown:
            self._mend(exchange, {}, only_here, message.until)
            return
        self._only_here[sender] = only_here
        head = (0, self.core.now.wall, message.origin, message.session, self.core.name)
        self.sending.say(sender, AskRows(*head, message.after, message.until, exchange.partitions, unknown))

    def ask_rows(self, sender: str, message: AskRows) -> None:
        page, until = self.page(message.after, message.until, message.partitions)
        asked = dict.fromkeys(message.hashes)
        briefs = [brief(record) for record in page if self.row_hash(record) in asked]
        head = (0, self.core.now.wall, message.origin, message.session, message.opened_by)
        self.sending.say(sender, RowBriefs(*head, message.after, until, briefs))

    def row_briefs(self, sender: str, message: RowBriefs) -> None:
        exchange = self.asked_about(message)
        if exchange is not None:
            theirs = {each.key: each for each in message.briefs}
            self._mend(exchange, theirs, self._only_here.pop(sender, []), message.until)

    def _mend(self, exchange: Exchange, theirs: dict[str, Brief], only_here: list[str], until: str | None) -> None:
        want, win = self.weigh(theirs, only_here)
        self.note_difference(exchange, [*want, *win])
        for key in win:
            self.sending.push(exchange.peer, key, exchange.origin, exchange)
        if not want:
            self.go_on(exchange, until)
            return
        head = (0, self.core.now.wall, exchange.origin, exchange.session, self.core.name)
        self.sending.say(exchange.peer, WantRows(*head, exchange.after, until, want))

    def want_rows(self, sender: str, message: WantRows) -> None:
        for key in message.keys:
            self.sending.push(sender, key, message.origin, None)
        head = (0, self.core.now.wall, message.origin, message.session, message.opened_by)
        self.core.send(sender, RowsAgree(*head, message.after, message.until))

    def rows_agree(self, _sender: str, message: RowsAgree) -> None:
        exchange = self.asked_about(message)
        if exchange is not None:
            self.go_on(exchange, message.until)
