"""What every kind of anti-entropy has: an exchange is opened, then messages go to and fro until it is over."""

from collections.abc import Callable
from typing import Any

from replicas.store.core import Core
from replicas.store.exchanges import Exchange, Exchanges
from replicas.store.sending import Sending

Handlers = dict[type[Any], Callable[[str, Any], None]]


class Kind:
    def __init__(self, core: Core, exchanges: Exchanges, sending: Sending) -> None:
        self.core = core
        self.exchanges = exchanges
        self.sending = sending

    def open(self, exchange: Exchange, partitions: list[int], origin: str) -> None:
        """The first message of an exchange over these partitions, which both sides replicate."""
        raise NotImplementedError

    def handlers(self) -> Handlers:
        raise NotImplementedError
