"""The simulated network: one-way links between nodes, each message with a delay and a fate of its own."""

from collections.abc import Callable

from checkers.history import AnyEvent, Message, Version
from harness.levers import link
from harness.plan import Network as Model
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.messages import PeerMessage, label

Deliver = Callable[[str, PeerMessage, Message], None]


class Network:
    """`blocked` links drop what is sent over them. Every message is recorded, whether or not it arrives."""

    def __init__(self, world: World, model: Model, fate: Fate, events: list[AnyEvent]) -> None:
        self.world = world
        self.blocked: dict[str, None] = {}
        self._model = model
        self._fate = fate
        self._events = events
        self._deliver: dict[str, Deliver] = {}

    def attach(self, node: str, deliver: Deliver) -> None:
        self._deliver[node] = deliver

    def send(self, sender: str, to: str, message: PeerMessage) -> None:
        kind, key, version = label(message)
        now = self.world.now
        record = Message(
            at=now,
            id=f"{sender}/{message.n}",
            born=message.born - WALL_AT_START_NS,
            sender=sender,
            to=to,
            kind=kind,
            origin=message.origin,
            key=key,
            version=Version(version.time, version.by) if version else None,
        )
        self._events.append(record)
        model = self._model
        name = link(sender, to)
        if name in self.blocked:
            return
        fate = self._fate.draw(f"{name}/{message.origin}/{kind}/{key}")
        if model.loss_ppm and (fate >> 32) % 1_000_000 < model.loss_ppm:
            return
        delay = model.delay_min_ns + (fate & 0xFFFF_FFFF) % (model.delay_max_ns - model.delay_min_ns + 1)
        self.world.at(now + delay, self._deliver[to], sender, message, record)
