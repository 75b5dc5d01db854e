"""What every kind of anti-entropy has: an exchange is opened, then messages go to and fro until it is over."""

from collections.abc import Callable, Iterable
from typing import Any

from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.peer import Brief
from replicas.store.records import Record
from replicas.store.sending import Sending
from replicas.store.storage import Storage

Handlers = dict[type[Any], Callable[[str, Any], None]]


class Kind:
    """`notices`: it hears of each copy that is taken here, and of each that is lost."""

    notices = False
    tells_keys = False  # each key that a comparison finds to differ is told to `found`, on one side at least
    found: Callable[[list[str]], None] | None = None

    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending, storage: Storage) -> None:
        self.core = core
        self.storage = storage
        self.exchanges = exchanges
        self.sending = sending

    def start(self, tombstones: list[Record]) -> None:
        """`tombstones` are those of the disk that are shown."""

    def taken(self, record: Record) -> None:
        """In the commit that takes it."""

    def lost(self, key: str) -> None:
        """Its copy was damaged, and is held no more."""

    def open(self, exchange: Exchange) -> None:
        """The first message of an exchange, over partitions that both sides replicate."""
        raise NotImplementedError

    def heard(self, peer: str, session: int) -> None:
        """A message in an exchange that this peer opened."""

    def closed(self, exchange: Exchange) -> None:
        """It is over, at its opener."""

    def forget(self, node: str) -> None:
        """The node lost its disk."""

    def resume(self, exchange: Exchange) -> None:
        """It is still open when the next round comes."""

    def weigh(self, theirs: dict[str, Brief], mine: Iterable[str]) -> tuple[list[str], list[str]]:
        """What wins there and what wins here, of the keys that the other side has told of and of those that are shown
        here. A tie, which a brief does not decide, is in both."""
        core = self.core
        want: list[str] = []
        win: list[str] = []
        for key, of_key in theirs.items():
            order = core.versions.glance(core.copies.held(key), of_key)
            self.sending.keys_differed += order != "same"
            if order in ("older", "unsure"):
                want.append(key)
            if order in ("newer", "unsure"):
                win.append(key)
        only_here = [key for key in mine if key not in theirs]
        self.sending.keys_compared += len(theirs) + len(only_here)
        self.sending.keys_differed += len(only_here)
        if self.found is not None:
            self.found([*want, *win, *only_here])
        return want, win + only_here

    def counted(self) -> dict[str, int]:
        """Metrics of this kind alone."""
        return {}

    def handlers(self) -> Handlers:
        raise NotImplementedError
