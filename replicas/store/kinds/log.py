"""Each node reads on in the other's log of what it took, and asks for what it lacks.

A position moves on only over what is held: the copies that are asked for are seen to be there when the same entries
are read once more. Who has read less than a log still says compares all keys; a comparison that finds nothing lacking
shows that all of it is held. Nothing that is lost moves a position back by itself, so what is lost here is read anew.

A log does not know that something was purged elsewhere. So tombstones that wait for their purge are told in each
exchange: who has purged one takes it again, and its purge is led to the end.
"""

from typing import NamedTuple

from replicas.store.antientropy import brief
from replicas.store.comparing import CaughtUp, KeyPage, Lacks, LogDone, LogEntries, ReadLog, WantLogged
from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.peer import Brief, Exchanged
from replicas.store.records import Record
from replicas.store.sending import Sending
from replicas.store.storage import Storage

from .awaiting import AwaitingPurge
from .fallback import FallsBack
from .kind import Handlers
from .logbook import Logbook, Position


class Question(NamedTuple):
    """The open one to a peer. It reads up to `target`, where the log ended when the reading began."""

    session: int
    position: Position
    target: int | None


class Log(FallsBack):
    notices = True

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage) -> None:
        super().__init__(core, exchanges, sending, storage)
        self.book = Logbook(core, storage, core.policy.log_entries_max)
        self.awaiting = AwaitingPurge(core)
        self._questions: dict[str, Question] = {}
        self._lacked: dict[str, list[int]] = {}  # by earlier peer: of which partitions, in the open exchange

    def handlers(self) -> Handlers:
        return {
            KeyPage: self.key_page,
            Lacks: self.lacks,
            ReadLog: self.read_log,
            LogEntries: self.log_entries,
            WantLogged: self.wanted,
            LogDone: self.log_done,
            CaughtUp: self.caught_up,
        }

    def counted(self) -> dict[str, int]:
        return {"log_entries": self.book.end - self.book.start, "log_fallbacks": self.fallbacks}

    def start(self, tombstones: list[Record]) -> None:
        self.book.load()
        self.awaiting.start(tombstones)

    def taken(self, record: Record) -> None:
        self.book.add(record.key)
        self.awaiting.taken(record)

    def lost(self, key: str) -> None:
        """All is read anew."""
        super().lost(key)
        self.book.read_nothing()

    def open(self, exchange: Exchange) -> None:
        super().open(exchange)
        self._read(exchange.peer, exchange, self.core.name, self.book.read(exchange.peer), None)

    def _read(
        self, peer: str, of: Exchange | Exchanged, opened_by: str, position: Position, target: int | None
    ) -> None:
        self._questions[peer] = Question(of.session, position, target)
        head = (0, self.core.now.wall, of.origin, of.session, opened_by)
        own, end, waits = self.book.name, self.book.end, self.awaiting.any()
        self.sending.say(peer, ReadLog(*head, position.log, position.at, own, end, waits))

    def read_log(self, sender: str, message: ReadLog) -> None:
        """At the log's owner. The other side goes on to read the opener's, if that may have something for it."""
        core, book = self.core, self.book
        exchange = self.exchanges.opened_here(message)
        if not core.joined or (exchange is None and message.opened_by == core.name):
            return
        after = message.after if message.log == book.name else 0
        cut = after < book.start
        if exchange is None:
            self._compared_whole[sender] = message.session
        else:
            exchange.alive_at = core.now.mono
            if cut:
                self.fall_back(exchange, Position(message.own, message.end), book.end)
                return
        keys, until = ([], after) if cut else book.behind(after, core.policy.keys_per_exchange_max)
        last = until == book.end and not cut
        briefs = self._briefs(sender, [*keys, *(self.awaiting.some() if last else [])])
        reads = exchange is None and last and self._reads_on(sender, message)
        done = exchange is None and last and not reads
        head = (0, core.now.wall, message.origin, message.session, message.opened_by)
        self.sending.say(sender, LogEntries(*head, book.name, message.after, until, book.end, cut, done, briefs))
        if reads:
            self._read(sender, message, message.opened_by, book.read(sender), message.end)

    def _briefs(self, reader: str, keys: list[str]) -> list[Brief]:
        """Of what is shown of these keys, and lives there as well."""
        core = self.core
        shared = (key for key in dict.fromkeys(keys) if reader in core.placement.replicas_of(key))
        held = (core.copies.visible(key) for key in shared)
        return [brief(record) for record in held if record is not None]

    def _reads_on(self, opener: str, message: ReadLog) -> bool:
        self._lacked[opener] = []
        if message.waits or self.book.read(opener) != Position(message.own, message.end):
            return True
        self.exchanges.was_compared(opener)
        return False

    def log_entries(self, sender: str, message: LogEntries) -> None:
        """At the reader, of either side."""
        question, exchange = self._questions.get(sender), self.exchanges.opened_here(message)
        asked = question is not None and (question.session, question.position.at) == (message.session, message.after)
        if question is None or not asked or (exchange is None and message.opened_by == self.core.name):
            return
        del self._questions[sender]
        if exchange is not None:
            exchange.alive_at = self.core.now.mono
            if message.cut:
                self.fall_back(exchange, Position(message.log, message.end), self.book.end)
                return
        lacking = self._take_in(sender, question, message)
        target = message.end if question.target is None else question.target
        if exchange is not None:
            self.note_difference(exchange, lacking)
        else:
            self._lacked.setdefault(sender, []).extend(map(self.core.placement.partition_of, lacking))
        if message.until < target:
            self._read(sender, message, message.opened_by, Position(message.log, message.until), target)
        elif exchange is None:
            self._say_done(sender, message)
        elif message.done:
            self.finish(exchange)

    def _take_in(self, owner: str, question: Question, message: LogEntries) -> list[str]:
        """The keys of which something is lacking here. Where nothing is, the position moves on."""
        since = question.position.at if question.position.log == message.log else 0
        lacking, _ = self.weigh({each.key: each for each in message.briefs}, [])
        if lacking:
            head = (0, self.core.now.wall, message.origin, message.session, message.opened_by)
            self.sending.say(owner, WantLogged(*head, lacking))
        else:
            self.book.has_read(owner, message.log, since, message.until)
        return lacking

    def _say_done(self, opener: str, message: LogEntries) -> None:
        self.exchanges.was_compared(opener)
        differed = list(dict.fromkeys(self._lacked.pop(opener, [])))
        head = (0, self.core.now.wall, message.origin, message.session, message.opened_by)
        self.core.send(opener, LogDone(*head, differed))

    def log_done(self, _sender: str, message: LogDone) -> None:
        exchange = self.exchanges.opened_here(message)
        if exchange is not None and exchange.awaits_peer:
            exchange.differed = list(dict.fromkeys([*exchange.differed, *message.differed]))
            self.finish(exchange)

    def holds_all(self, peer: str, theirs: Position) -> None:
        self.book.stands(peer, theirs)

    def tell_caught_up(self, exchange: Exchange, mine: int) -> None:
        head = (0, self.core.now.wall, exchange.origin, exchange.session, self.core.name)
        self.core.send(exchange.peer, CaughtUp(*head, self.book.name, mine))

    def caught_up(self, sender: str, message: CaughtUp) -> None:
        if self.compared_whole(sender, message.session):
            self.book.stands(sender, Position(message.log, message.until))
