"""Tiny worlds in which every delay is known: a link takes 1 ms, a commit 0.1 ms."""

from collections.abc import Callable

import msgspec

from checkers.history import AnyEvent, Invoke, Message, Return
from harness.faults.kinds import Fault
from harness.levers import Action, Lever
from harness.plan import FORMAT, Disk, Plan
from harness.plan import Network as Model
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.network import Network
from harness.stages.simulation.stage import Simulation
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.messages import AnyMessage, Fetch, PeerMessage
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from workloads.operations import Kind, Operation

US = 1_000
MS = 1_000_000
S = 1_000 * MS
WAY = MS
SYNC = 100 * US
TIMEOUT = 400 * MS
CONNECT = 2 * WAY  # to the node and, with its greeting, back
READ = 2 * WAY
WRITE = 2 * WAY + SYNC
REQUESTS, REPLIES = "clients>r1", "r1>clients"
NODES = ["r1", "r2", "r3"]

Arrival = tuple[int, str, str, str]  # when, from, to, key


def pull(lever: Lever, target: str, **numbers: int) -> Action:
    return Action(lever, target, tuple(sorted(numbers.items())))


def size_of(*messages: AnyMessage) -> int:
    """A frame is four bytes of length and msgpack."""
    return sum(4 + len(msgspec.msgpack.encode(message)) for message in messages)


def fetch(key: str, origin: str = "op 1") -> Fetch:
    return Fetch(1, WALL_AT_START_NS, origin, 1, key)


class Net:
    """A network between nodes that only note what arrives."""

    def __init__(self, model: Model | None = None, seed: int = 1) -> None:
        self.world = World()
        self.events: list[AnyEvent] = []
        self.arrived: list[Arrival] = []
        self.network = Network(self.world, model or Model(WAY, WAY), Fate(seed, {}), seed, self.events)
        for node in NODES:
            self.network.attach(node, self._hearing(node))

    def _hearing(self, node: str) -> Callable[[str, PeerMessage, Message], None]:
        def hear(sender: str, _message: PeerMessage, record: Message) -> None:
            self.arrived.append((self.world.now, sender, node, record.key or ""))

        return hear

    def say(self, at: int, key: str, sender: str = "r1", to: str = "r2") -> None:
        self.world.at(at, self.network.send, sender, [(to, fetch(key))])

    def pull(self, at: int, action: Action) -> None:
        self.world.at(at, self.network.pull, action)

    def let_go(self, at: int, action: Action) -> None:
        self.world.at(at, self.network.let_go, action)

    def run(self, end: int = 100 * S) -> dict[str, int]:
        """When each message arrived, by its key."""
        self.world.run_until(end)
        assert [arrival[0] for arrival in self.arrived] == sorted(arrival[0] for arrival in self.arrived)
        return {key: when for when, _, _, key in self.arrived}


def asked(number: int, at: int, kind: Kind = "get", node: str = "r1", client: str = "c1") -> Operation:
    return Operation(number, at, client, node, kind, "k0", f"w{number}" if kind == "put" else None)


def plan_of(operations: list[Operation], faults: list[Fault] | None = None, nodes: int = 1) -> Plan:
    """On one node nothing but its clients and its disk takes time."""
    return Plan(
        format=FORMAT,
        seed=1,
        scenario="by hand",
        cluster=Cluster([Node(f"r{number + 1}") for number in range(nodes)], 1, 1, 1),
        policy=Policy(round_every_ns=100 * MS, message_lifetime_ns=300 * MS),
        network=Model(WAY, WAY),
        disk=Disk(SYNC, SYNC),
        operations=operations,
        faults=faults or [],
        unrest_ns=3 * S,
        mend_rounds_max=25,
        client_timeout_ns=TIMEOUT,
    )


class Stage:
    """A simulation whose levers are pulled by hand."""

    def __init__(self, plan: Plan) -> None:
        self.simulation = Simulation(plan)
        self.node = self.simulation.nodes["r1"]

    def on(self, at: int, action: Action) -> None:
        self.simulation.world.at(at, self.simulation.levers.pull, action)

    def off(self, at: int, action: Action) -> None:
        self.simulation.world.at(at, self.simulation.levers.let_go, action)

    def run(self, end: int = 3 * S) -> dict[int, tuple[str, int]]:
        """Of each operation the outcome, and how long it took."""
        self.simulation.world.run_until(end)
        begun = {event.op: event.at for event in self.simulation.events if isinstance(event, Invoke)}
        ended = [event for event in self.simulation.events if isinstance(event, Return)]
        return {event.op: (event.outcome, event.at - begun[event.op]) for event in ended}


def stage_of(*times_ms: int) -> Stage:
    """Reads by one client."""
    return Stage(plan_of([asked(number, at * MS) for number, at in enumerate(times_ms, 1)]))
