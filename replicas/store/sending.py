"""The copies that anti-entropy sends, within its limit of bytes."""

from .budget import Budget
from .core import Core
from .exchanges import Exchange
from .messages import Store

_COPY_BYTES = 64  # of a message, beside key and value
_NOBODY_WAITS = 0  # session numbers are the opener's own: here the same number may mean something else


class Sending:
    def __init__(self, core: Core) -> None:
        self.core = core
        self.held_back_bytes = 0  # what the limit kept from being sent since the last round
        self.budget = Budget(core.policy.repair_bytes_per_s(len(core.cluster.nodes)))

    def push(self, to: str, key: str, origin: str, exchange: Exchange | None) -> None:
        """`exchange` as its opener, who waits for what it sends; the other side does not."""
        record = self.core.copies.held(key)
        if record is None:
            return
        size = len(key.encode()) + len((record.value or "").encode()) + _COPY_BYTES
        if not self.budget.take(self.core.now.mono, size):
            self.held_back_bytes += size
            return  # it still differs in the next round
        self.core.metrics.repair_bytes_sent += size
        if exchange is not None:
            exchange.unacknowledged[key] = None
        request = exchange.session if exchange else _NOBODY_WAITS
        self.core.send(to, Store(0, self.core.now.wall, origin, request, record, "anti-entropy"))
