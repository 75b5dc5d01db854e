"""The copies that anti-entropy sends, within its limit of bytes."""

import msgspec

from .budget import Budget
from .core import Core
from .exchanges import Exchange
from .messages import PeerMessage, Store
from .records import Record

_COPY_BYTES = 64  # of a message, beside key and value
_encode = msgspec.msgpack.Encoder().encode
_NOBODY_WAITS = 0  # session numbers are the opener's own: here the same number may mean something else


class Sending:
    def __init__(self, core: Core) -> None:
        self.core = core
        self.held_back_bytes = 0  # what the limit kept from being sent since the last round
        self.compared_bytes = 0  # of messages that compare
        self.keys_compared = 0  # one by one
        self.keys_differed = 0
        self.budget = Budget(core.policy.repair_bytes_per_s(len(core.cluster.nodes)))

    def say(self, to: str, message: PeerMessage) -> None:
        """What compares: the limit is for copies alone."""
        self.core.send(to, message)
        self.compared_bytes += len(_encode(message))

    def may_send(self, record: Record) -> bool:
        """What is held back still differs in the next round."""
        size = len(record.key.encode()) + len((record.value or "").encode()) + _COPY_BYTES
        if not self.budget.take(self.core.now.mono, size):
            self.held_back_bytes += size
            return False
        self.core.metrics.repair_bytes_sent += size
        return True

    def push(self, to: str, key: str, origin: str, exchange: Exchange | None) -> None:
        """`exchange` as its opener, who waits for what it sends; the other side does not."""
        record = self.core.copies.held(key)
        if record is None or not self.may_send(record):
            return
        if exchange is not None:
            exchange.unacknowledged[key] = None
        request = exchange.session if exchange else _NOBODY_WAITS
        self.core.send(to, Store(0, self.core.now.wall, origin, request, record, "anti-entropy"))
