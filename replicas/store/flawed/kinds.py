"""Flawed kinds of anti-entropy: what is taken for held, for told, or for the same."""

from typing import Any

from replicas.store.comparing import DotsListed, LogEntries
from replicas.store.exchanges import Exchange
from replicas.store.kinds.clocks import NodeClocks
from replicas.store.kinds.fallback import Fall
from replicas.store.kinds.log import Log, Question
from replicas.store.kinds.rows import Rows
from replicas.store.records import Record


class MovesOnUnheld(Log):
    """What was asked for is as good as here."""

    def _take_in(self, owner: str, question: Question, message: LogEntries) -> list[str]:
        lacking = super()._take_in(owner, question, message)
        self.book.has_read(owner, message.log, self.book.read(owner).at, message.until)
        return lacking


class KnowsWhatItAskedFor(NodeClocks):
    """What was asked for is as good as here."""

    def _take_in(self, owner: str, message: DotsListed) -> list[str]:
        lacking = super()._take_in(owner, message)
        for each in message.listed:
            self._learn(each)
        return lacking


class SkipsWhatWasCut(Log):
    """Reads on where the log begins now."""

    def fall_back(self, exchange: Exchange, theirs: Any, mine: Any) -> None:
        self._falls[exchange.peer] = Fall(theirs, mine)
        self.finish(exchange)


class RowsWithoutTombstones(Rows):
    """A replica with a tombstone and one that never heard of the key look the same."""

    def row_hash(self, record: Record) -> int:
        return 0 if record.dead else super().row_hash(record)
