"""The simulated network: one-way links between nodes, each message with a delay and a fate of its own."""

from collections.abc import Callable

from xxhash import xxh3_64_intdigest

from checkers.history import AnyEvent, Message, Version
from harness.levers import Action, ends
from harness.plan import LOST
from harness.plan import Network as Model
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.routes import Route
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.labels import label
from replicas.store.messages import PeerMessage

Deliver = Callable[[str, PeerMessage, Message], None]


class Network:
    """A message's fate is drawn from what caused it: seed, link, operation or round, kind, key, attempt. What is said
    over a link with levers on it goes through a pipe. Every message is recorded, whether or not it arrives."""

    def __init__(self, world: World, model: Model, fate: Fate, seed: int, events: list[AnyEvent]) -> None:
        self.world = world
        self._loss_ppm = model.loss_ppm
        self._delay_min = model.delay_min_ns
        self._jitter = (model.delay_max_ns - model.delay_min_ns) // 2 + 1
        self._attempts: dict[str, int] = {}
        self._links: dict[str, dict[str, tuple[int, Deliver]]] = {}  # by sender and receiver
        self._prefix = f"{seed}/"
        self._fate = fate
        self._events = events
        self._deliver: dict[str, Deliver] = {}
        self._routes: dict[str, dict[str, Route]] = {}  # by sender and receiver: links that a fault has touched

    def heal(self) -> None:
        """From here on every message arrives."""
        self._loss_ppm = 0
        for routes in self._routes.values():
            for route in routes.values():
                route.connect()

    def attach(self, node: str, deliver: Deliver) -> None:
        self._deliver[node] = deliver
        self._routes[node] = {}
        self._links = {sender: {to: self._link(sender, to) for to in self._deliver} for sender in self._deliver}

    def started(self, node: str) -> None:
        """What was on its way to it was said to its earlier life."""
        self.world.forget(self._deliver[node])
        for sender, routes in self._routes.items():
            for to, route in routes.items():
                if node in (sender, to):
                    route.begin()

    def pull(self, action: Action) -> None:
        sender, to = ends(action.target)
        routes = self._routes[sender]
        if to not in routes:
            routes[to] = Route(action.target, self.world, self._fate)
        routes[to].pull(action)
        if action.lever == "refuse":
            self.world.forget(self._deliver[to], sender)

    def let_go(self, action: Action) -> None:
        sender, to = ends(action.target)
        self._routes[sender][to].let_go(action)

    def is_pulled(self, action: Action) -> bool:
        sender, to = ends(action.target)
        route = self._routes[sender].get(to)
        return route is not None and action in route.on

    def send(self, sender: str, sends: list[tuple[str, PeerMessage]]) -> None:
        """All that one batch sends. This is the simulator's innermost loop: it calls as little as it can."""
        now, append, at, attempts = self.world.now, self._events.append, self.world.at, self._attempts
        links, routes, fixed = self._links[sender], self._routes[sender], self._fate.fixed
        jitter, loss_ppm, prefix = self._jitter, self._loss_ppm, self._prefix
        said: PeerMessage | None = None
        for to, message in sends:
            if message is not said:  # described once, when it goes to several
                said = message
                kind, key, version = label(message)
                copied = Version(version.time, version.by) if version else None
                number, born, origin = f"{sender}/{message.n}", message.born - WALL_AT_START_NS, message.origin
                about = f"{prefix}{sender}/{origin}/{kind}/{key}/"
            record = Message(
                at=now,
                id=number,
                born=born,
                sender=sender,
                to=to,
                kind=kind,
                origin=origin,
                key=key,
                version=copied,
            )
            append(record)
            attempt = about + to
            again = attempts.get(attempt, 0)
            attempts[attempt] = again + 1
            cause = f"{attempt}/{again}"
            fate = xxh3_64_intdigest(cause.encode())
            least, deliver = links[to]
            delay = least + (fate & 0xFFFF_FFFF) % jitter
            lost = loss_ppm and (fate >> 32) % 1_000_000 < loss_ppm
            if fixed and (chosen := fixed.get(cause[len(prefix) :])) is not None:
                lost, delay = chosen == LOST, chosen
            if lost:
                continue
            if routes and to in routes:
                self._send_over(routes[to], cause, delay, record, message)
            else:
                at(now + delay, deliver, sender, message, record)

    def _send_over(self, route: Route, cause: str, delay: int, record: Message, message: PeerMessage) -> None:
        sender, to = record.sender, record.to
        if self.world.now < route.connected_at:
            return
        outcome = route.pipe.take(cause, (message,), delay, self._deliver[to], sender, message, record)
        if outcome == "broken":
            route.end()
        elif not route.on:
            del self._routes[sender][to]

    def _link(self, sender: str, to: str) -> tuple[int, Deliver]:
        """Each link is nearer or farther than others, and stays so."""
        drawn = xxh3_64_intdigest(f"{self._prefix}{sender}/{to}".encode())
        return self._delay_min + drawn % self._jitter, self._deliver[to]
