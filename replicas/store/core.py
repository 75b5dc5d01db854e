"""What every part of a replica stands on: who it is, what it holds, and the outbox for its effects.

Nothing here, nor in the parts, has a clock, a socket, a loop or a random source of its own.
"""

from typing import Protocol

import msgspec

from .copies import Copies
from .messages import AnyMessage, PeerMessage, Store, Stored
from .metrics import Metrics
from .placement import Placement
from .policy import Policy
from .settings import Cluster
from .versions import Versions


class Now(msgspec.Struct, frozen=True, gc=False):
    """`mono` for timers; `wall` for versions and ages: it can be skewed."""

    mono: int
    wall: int


class Waiting(Protocol):
    """Whatever sent Store messages under a request number, and hears of their answers."""

    def stored(self, sender: str, message: Stored) -> None: ...

    def forget(self, node: str) -> None:
        """The node lost its disk: what it said before is not true any more."""
        ...


class Dotting(Protocol):
    """Numbers the writes, and knows those that are held."""

    def mint(self, store: Store) -> Store: ...

    def arriving(self, store: Store) -> None: ...

    def held(self, store: Store) -> None: ...


class Core:
    """The outbox is `sends`, `answers`, `timers` and the audit in `copies`: the shell takes it after each batch.

    `joined`: this node holds what it should, and counts in quorums. Messages with a number below the sender's in
    `oldest_numbers` are those of an earlier incarnation.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        policy: Policy,
        placement: Placement,
        versions: Versions,
        copies: Copies,
        *,
        joined: bool,
    ) -> None:
        self.name = name
        self.cluster = cluster
        self.policy = policy
        self.placement = placement
        self.versions = versions
        self.copies = copies
        self.joined = joined
        self.oldest_numbers: dict[str, int] = {}
        self.metrics = Metrics()
        self.now = Now(0, 0)
        self.sends: list[tuple[str, PeerMessage]] = []
        self.answers: list[tuple[str, AnyMessage]] = []
        self.timers: list[tuple[int, str]] = []
        self.waiting: dict[int, Waiting] = {}
        self.dots: Dotting | None = None
        self.changes = 0  # of what must be committed beside copies
        self._requests = 0
        self._sent = 0

    def number_from(self, start: int) -> None:
        """Message and request numbers of different lives of a node must differ."""
        self._sent = self._requests = start

    def next_request(self) -> int:
        self._requests += 1
        return self._requests

    def send(self, to: str, message: PeerMessage) -> None:
        message.n = self._sent = self._sent + 1
        self.sends.append((to, message))

    def send_all(self, nodes: list[str], message: PeerMessage) -> None:
        """One message with one number for all: it is encoded once."""
        self._sent += 1
        message.n = self._sent
        self.sends.extend([(to, message) for to in nodes])

    def answer(self, to: str, message: AnyMessage) -> None:
        """To a client or to the harness: no number."""
        self.answers.append((to, message))

    def set_timer(self, after_ns: int, timer: str) -> None:
        self.timers.append((self.now.mono + after_ns, timer))

    def others(self, nodes: tuple[str, ...]) -> list[str]:
        return [node for node in nodes if node != self.name]
