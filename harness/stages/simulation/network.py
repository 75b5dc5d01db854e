"""The simulated network: one-way links between nodes, each message with a delay and a fate of its own."""

from collections.abc import Callable

from xxhash import xxh3_64_intdigest

from checkers.history import AnyEvent, Message, Version
from harness.levers import link
from harness.plan import Network as Model
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.messages import PeerMessage, label

Deliver = Callable[[str, PeerMessage, Message], None]


class Network:
    """A message's fate is drawn from what caused it: seed, link, operation or round, kind, key, attempt.
    `blocked` links
    drop what is sent over them. Every message is recorded, whether or not it arrives."""

    def __init__(self, world: World, model: Model, seed: int, events: list[AnyEvent]) -> None:
        self.world = world
        self.blocked: dict[str, None] = {}
        self._loss_ppm = model.loss_ppm
        self._delay_min = model.delay_min_ns
        self._jitter = (model.delay_max_ns - model.delay_min_ns) // 2 + 1
        self._attempts: dict[str, int] = {}
        self._least: dict[tuple[str, str], int] = {}
        self._seed = seed
        self._events = events
        self._deliver: dict[str, Deliver] = {}

    def heal(self) -> None:
        """From here on every message arrives."""
        self._loss_ppm = 0

    def attach(self, node: str, deliver: Deliver) -> None:
        self._deliver[node] = deliver

    def send(self, sender: str, sends: list[tuple[str, PeerMessage]]) -> None:
        """All that one batch sends. This is the simulator's innermost loop: it calls as little as it can."""
        now, append, at = self.world.now, self._events.append, self.world.at
        said: PeerMessage | None = None
        for to, message in sends:
            if message is not said:  # described once, when it goes to several
                said = message
                kind, key, version = label(message)
                copied = Version(version.time, version.by) if version else None
                cause = f"{self._seed}/{sender}/{message.origin}/{kind}/{key}/"
                number, born = f"{sender}/{message.n}", message.born - WALL_AT_START_NS
            record = Message(
                at=now,
                id=number,
                born=born,
                sender=sender,
                to=to,
                kind=kind,
                origin=message.origin,
                key=key,
                version=copied,
            )
            append(record)
            if self.blocked and link(sender, to) in self.blocked:
                continue
            again = self._attempts.get(cause + to, 0)
            self._attempts[cause + to] = again + 1
            fate = xxh3_64_intdigest(f"{cause}{to}/{again}".encode())
            if self._loss_ppm and (fate >> 32) % 1_000_000 < self._loss_ppm:
                continue
            delay = self._least_delay(sender, to) + (fate & 0xFFFF_FFFF) % self._jitter
            at(now + delay, self._deliver[to], sender, message, record)

    def _least_delay(self, sender: str, to: str) -> int:
        """Each link is nearer or farther than others, and stays so."""
        name = (sender, to)
        least = self._least.get(name)
        if least is None:
            drawn = xxh3_64_intdigest(f"{self._seed}/{sender}/{to}".encode())
            least = self._least[name] = self._delay_min + drawn % self._jitter
        return least
