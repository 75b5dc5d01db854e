"""The simulated network: one-way links between nodes, each message with a delay and a fate of its own."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from xxhash import xxh3_64_intdigest

from checkers.history import AnyEvent, Message, Version
from harness.levers import Action, ends
from harness.mixtures import Draw, drawing_of
from harness.plan import LOST
from harness.plan import Network as Model
from harness.stages.simulation.delays import SPREADS
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.links import SECOND_NS
from harness.stages.simulation.routes import Route
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.frames import frame
from replicas.store.labels import label
from replicas.store.messages import PeerMessage

Deliver = Callable[[str, PeerMessage, Message], None]

_MILLION = 1_000_000
_LONG_AGO = -(1 << 63)


class Held(NamedTuple):
    """A message that has been said and is not yet on its way."""

    cause: str
    way_ns: int
    record: Message
    message: PeerMessage
    said_by: object  # the process with which it dies; None: with none


class Line:
    """What is under way over one link: held at its near end, or due at its far end at one of `arrivals`, a heap."""

    def __init__(self) -> None:
        self.said = 0
        self.free_at = _LONG_AGO  # the capacity lets one message through after the other
        self.held: dict[int, Held] = {}
        self.arrivals: list[int] = []

    def forget(self) -> None:
        self.free_at = _LONG_AGO
        self.held.clear()
        self.arrivals.clear()


class Network:
    """A message's fate is drawn from what caused it: seed, link, operation or round, kind, key, attempt. What is said
    over a link with levers on it goes through a pipe. Every message is recorded, whether or not it arrives; one that
    arrives twice is recorded twice, under one id. With `sizes` the record says how long it was."""

    def __init__(
        self, world: World, model: Model, fate: Fate, seed: int, events: list[AnyEvent], *, sizes: bool = False
    ) -> None:
        self.world = world
        self._loss_ppm = model.loss_ppm
        self._delay_min = model.delay_min_ns
        self._jitter = (model.delay_max_ns - model.delay_min_ns) // 2 + 1
        self._attempts: dict[str, int] = {}
        self._links: dict[str, dict[str, tuple[int, Deliver]]] = {}  # by sender and receiver
        self._prefix = f"{seed}/"
        self._fate = fate
        self._events = events
        self._sizes = sizes
        self._deliver: dict[str, Deliver] = {}
        self._routes: dict[str, dict[str, Route]] = {}  # by sender and receiver: links that a fault has touched
        self.process_of: Callable[[str], object] = lambda _node: None  # that runs now
        self._model = model
        plain = Model(model.delay_min_ns, model.delay_max_ns, model.loss_ppm, delays=model.delays)
        self._plain = not fate.fixed and model == plain
        self._spread = SPREADS[model.distribution]
        self._mixtures: dict[str, Draw] = {kind: drawing_of(each) for kind, each in model.delays.items()}
        self._of_all = self._mixtures.get("all")
        self._lines: dict[tuple[str, str], Line] = {}  # none where all is plain

    def heal(self) -> None:
        """From here on every message arrives, once and in its time; what was held back goes on its way."""
        self._loss_ppm = 0
        self._model = Model()  # but for its delays, which stay as they were
        self._fate.heal()
        for routes in self._routes.values():
            for route in routes.values():
                route.connect()
        for line in self._lines.values():
            for number in list(line.held):
                self._leave(line, number)

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
        for (_, to), line in self._lines.items():
            if node == to:
                line.forget()

    def pull(self, action: Action) -> None:
        sender, to = ends(action.target)
        routes = self._routes[sender]
        if to not in routes:
            arrivals = self._line(sender, to).arrivals if self._model.queue_max else None
            routes[to] = Route(action.target, self.world, self._fate, arrivals)
        routes[to].pull(action)
        if action.lever == "refuse":
            self.world.forget(self._deliver[to], sender)
            if (sender, to) in self._lines:
                self._lines[sender, to].forget()

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
        links, routes, plain = self._links[sender], self._routes[sender], self._plain
        jitter, loss_ppm, prefix, mixtures = self._jitter, self._loss_ppm, self._prefix, self._mixtures
        said: PeerMessage | None = None
        size: int | UnsetType = UNSET
        for to, message in sends:
            if message is not said:  # described once, when it goes to several
                said = message
                kind, key, version = label(message)
                copied = Version(version.time, version.by) if version else None
                number, born, origin = f"{sender}/{message.n}", message.born - WALL_AT_START_NS, message.origin
                about = f"{prefix}{sender}/{origin}/{kind}/{key}/"
                if self._sizes:
                    size = len(frame(message))
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
                bytes=size,
            )
            append(record)
            attempt = about + to
            again = attempts.get(attempt, 0)
            attempts[attempt] = again + 1
            cause = f"{attempt}/{again}"
            if not plain:
                self._send_oddly(cause[len(prefix) :], record, message)
                continue
            fate = xxh3_64_intdigest(cause.encode())
            if loss_ppm and (fate >> 32) % _MILLION < loss_ppm:
                continue
            least, deliver = links[to]
            mixture = mixtures.get(kind, self._of_all) if mixtures else None
            delay = mixture(fate & 0xFFFF_FFFF) if mixture else least + (fate & 0xFFFF_FFFF) % jitter
            if routes and to in routes:
                self._send_over(routes[to], cause, delay, record, message)
            else:
                at(now + delay, deliver, sender, message, record)

    def _send_oddly(self, cause: str, record: Message, message: PeerMessage) -> None:
        """Where the network does more to a message than to lose it or to delay it evenly."""
        copy = f"{cause}/copy"
        ruled, ruled_copy = self._fate.fixed.get(cause), self._fate.fixed.get(copy)
        self._send_once(cause, ruled, record, message)
        if ruled is None and ruled_copy is None:
            doubled = self._fate.happens(self._model.duplicate_ppm, f"{cause}/doubled")
        else:
            doubled = ruled_copy is not None and ruled_copy != LOST
        if doubled:
            second = msgspec.structs.replace(record)
            self._events.append(second)
            self._send_once(copy, ruled_copy, second, message)

    def _send_once(self, cause: str, ruled: int | None, record: Message, message: PeerMessage) -> None:
        if ruled == LOST:
            return
        line, model = self._line(record.sender, record.to), self._model
        if ruled is not None:
            self._depart(line, Held(cause, ruled, record, message, None))
            return
        chance = self._fate.draw(cause)
        if (chance >> 32) % _MILLION < model.loss_ppm or (model.queue_max and self._is_full(line, record)):
            return
        mixture = self._mixtures.get(record.kind, self._of_all) if self._mixtures else None
        if mixture is None:
            way_ns = self._links[record.sender][record.to][0] + self._spread(chance & 0xFFFF_FFFF, self._jitter - 1)
        else:
            way_ns = mixture(chance & 0xFFFF_FFFF)
        hold_ns, said_by = self._hold_ns(line, cause, message), None
        if self._fate.happens(model.last_words_ppm, f"{cause}/last words"):
            hold_ns, way_ns, said_by = hold_ns + way_ns, 0, self.process_of(record.sender)
        held = Held(cause, way_ns, record, message, said_by)
        if hold_ns:
            line.said += 1
            line.held[line.said] = held
            self.world.at(self.world.now + hold_ns, self._leave, line, line.said)
        else:
            self._depart(line, held)

    def _is_full(self, line: Line, record: Message) -> bool:
        while line.arrivals and line.arrivals[0] <= self.world.now:
            heappop(line.arrivals)
        route = self._routes[record.sender].get(record.to)
        under_way = len(line.arrivals) + len(line.held) + (route.pipe.holds() if route else 0)
        return under_way >= self._model.queue_max

    def _hold_ns(self, line: Line, cause: str, message: PeerMessage) -> int:
        """For how long the link is busy with this message and those before it, and how long chance holds it back."""
        now, model, hold_ns = self.world.now, self._model, 0
        if model.bytes_per_s:
            line.free_at = max(now, line.free_at) - (-len(frame(message)) * SECOND_NS // model.bytes_per_s)
            hold_ns = line.free_at - now
        if self._fate.happens(model.reorder_ppm, f"{cause}/held"):
            hold_ns += 1 + ((self._fate.draw(f"{cause}/held for") & 0xFFFF_FFFF) * model.reorder_ns >> 32)
        return hold_ns

    def _leave(self, line: Line, number: int) -> None:
        held = line.held.pop(number, None)
        if held is not None and (held.said_by is None or held.said_by is self.process_of(held.record.sender)):
            self._depart(line, held)

    def _depart(self, line: Line, held: Held) -> None:
        cause, way_ns, record, message, _ = held
        route = self._routes[record.sender].get(record.to)
        if route is not None:
            self._send_over(route, f"{self._prefix}{cause}", way_ns, record, message)
            return
        arrival = self.world.now + way_ns
        if self._model.queue_max:
            heappush(line.arrivals, arrival)
        self.world.at(arrival, self._deliver[record.to], record.sender, message, record)

    def _line(self, sender: str, to: str) -> Line:
        line = self._lines.get((sender, to))
        if line is None:
            line = self._lines[sender, to] = Line()
        return line

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
