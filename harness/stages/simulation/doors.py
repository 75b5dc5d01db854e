"""Connections of clients to nodes, through the two directions of each node's client link."""

from collections.abc import Callable
from typing import Protocol

from harness.levers import CLIENTS, Action, ends, link
from harness.plan import LOST
from harness.plan import Network as Model
from harness.stages.simulation.delays import SPREADS, evenly
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.links import On, Pipe
from harness.stages.simulation.node import Node
from harness.stages.simulation.world import World
from replicas.store.messages import AnyMessage
from replicas.store.visits import Greeting, Hello

Act = Callable[["Connection", AnyMessage], None]


class Caller(Protocol):
    """A client. It may have given up a connection of which it hears."""

    def greeted(self, connection: "Connection") -> None: ...

    def answered(self, connection: "Connection", answer: AnyMessage) -> None: ...

    def lost(self, connection: "Connection") -> None: ...


class Connection:
    """`ended` is for good. A client that gives it up leaves it as it is: what it asked may still arrive."""

    def __init__(self, caller: Caller, session: str, node: str) -> None:
        self.caller = caller
        self.session = session
        self.node = node
        self.greeted = False
        self.ended = False
        self.introduced = False
        self.last_words: tuple[int, str] = (0, "")  # when what its node said last arrives, and the cause
        self.pipes: dict[str, Pipe] = {}  # by link, for those over which something was said while a lever was on


class Doors:
    def __init__(self, model: Model, nodes: dict[str, Node], world: World, fate: Fate) -> None:
        self._least_ns, self._most_ns = model.delay_min_ns, model.delay_max_ns
        self._last_words_ppm = model.last_words_ppm
        self._spread = SPREADS[model.distribution]
        self._plain = not fate.fixed and model.distribution == "uniform"
        self._nodes = nodes
        self._world = world
        self._fate = fate
        self._on: dict[str, On] = {}  # by link, for those that a fault has touched
        self._connections: dict[str, list[Connection]] = {node: [] for node in nodes}

    def refuses(self, node: str) -> bool:
        if self._nodes[node].replica is None:
            return True
        names = (link(CLIENTS, node), link(node, CLIENTS))
        return any(action.lever == "refuse" for name in names for action in self._on.get(name, ()))

    def connect(self, connection: Connection, cause: str) -> None:
        """To connect is no data, so no lever holds it up; the greeting that answers it is."""
        self._connections[connection.node].append(connection)
        way_ns = self._way_ns(f"{cause}/connect")
        if way_ns != LOST:
            self._world.at(self._world.now + way_ns, self._reached, connection, cause)

    def ask(self, connection: Connection, cause: str, request: AnyMessage) -> None:
        if connection.introduced:
            self._say(connection, CLIENTS, connection.node, cause, self._asked, request)
        else:
            connection.introduced = True
            hello = Hello("client", connection.session)
            self._say(connection, CLIENTS, connection.node, cause, self._asked, hello, request)

    def answer(self, connection: Connection, cause: str, answer: AnyMessage) -> None:
        self._say(connection, connection.node, CLIENTS, cause, connection.caller.answered, answer)

    def node_ended(self, node: str) -> None:
        """All its connections are lost, with what is on its way over them. By chance, what it said last arrives first,
        and only then the end of the connection."""
        connections, self._connections[node] = self._connections[node], []
        for connection in connections:
            arrival, cause = connection.last_words
            if arrival > self._world.now and self._fate.happens(self._last_words_ppm, f"{cause}/last words"):
                connection.ended = True
                self._world.at(arrival, self._end, connection)
            else:
                self._end(connection)

    def pull(self, action: Action) -> None:
        self._on.setdefault(action.target, {})[action] = None
        if action.lever == "refuse":
            self._end_all(_node(action))

    def let_go(self, action: Action) -> None:
        """A stream out of which something was dropped cannot go on: to open a blocked link ends its connections."""
        del self._on[action.target][action]
        if action.lever == "block":
            self._end_all(_node(action))
        for connection in self._connections[_node(action)]:
            if action.target in connection.pipes:
                connection.pipes[action.target].let_go(action)

    def is_pulled(self, action: Action) -> bool:
        return action in self._on.get(action.target, ())

    def _say(self, connection: Connection, sender: str, to: str, cause: str, act: Act, *messages: AnyMessage) -> None:
        """In one go; `act` takes the last of the messages."""
        if connection.ended:
            return
        way_ns = self._fate.between(self._least_ns, self._most_ns, cause) if self._plain else self._way_ns(cause)
        if way_ns == LOST:
            return
        if self._on and self._on.get(link(sender, to)):
            self._say_over(connection, link(sender, to), cause, way_ns, act, messages)
            return
        arrival = self._world.now + way_ns
        if self._last_words_ppm and to == CLIENTS:
            connection.last_words = (arrival, cause)
        self._world.at(arrival, act, connection, messages[-1])

    def _way_ns(self, cause: str) -> int:
        if self._fate.fixed.get(cause) == LOST:
            return LOST
        if self._spread is evenly or cause in self._fate.fixed:
            return self._fate.between(self._least_ns, self._most_ns, cause)
        return self._least_ns + self._spread(self._fate.draw(cause) & 0xFFFF_FFFF, self._most_ns - self._least_ns)

    def _say_over(
        self, connection: Connection, name: str, cause: str, way_ns: int, act: Act, messages: tuple[AnyMessage, ...]
    ) -> None:
        pipe = connection.pipes.get(name)
        if pipe is None:
            pipe = connection.pipes[name] = Pipe(self._world, self._fate, self._on[name])
        if pipe.take(cause, messages, way_ns, act, connection, messages[-1]) == "broken":
            self._connections[connection.node].remove(connection)
            self._end(connection)

    def _end_all(self, node: str) -> None:
        connections, self._connections[node] = self._connections[node], []
        for connection in connections:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        connection.ended = True
        connection.caller.lost(connection)

    def _reached(self, connection: Connection, cause: str) -> None:
        if not connection.ended:
            self._nodes[connection.node].when_awake(self._greet, connection, cause)

    def _greet(self, connection: Connection, cause: str) -> None:
        greeting = Greeting(connection.node, self._nodes[connection.node].incarnation)
        self._say(connection, connection.node, CLIENTS, f"{cause}/greeting", self._greeted, greeting)

    def _greeted(self, connection: Connection, _greeting: AnyMessage) -> None:
        if not connection.ended:
            connection.greeted = True
            connection.caller.greeted(connection)

    def _asked(self, connection: Connection, request: AnyMessage) -> None:
        if not connection.ended:
            self._nodes[connection.node].deliver(connection.session, request, None)


def _node(action: Action) -> str:
    sender, to = ends(action.target)
    return to if sender == CLIENTS else sender
