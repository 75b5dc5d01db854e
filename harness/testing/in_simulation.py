"""A cluster by hand on virtual time."""

from checkers.history import Copy, Return
from harness.levers import Action
from harness.plan import Plan
from harness.reproduce.recorded import RECONNECT_NS
from harness.stages.simulation.clients import Client
from harness.stages.simulation.node import present
from harness.stages.simulation.stage import OBSERVER, STEP_NS, Simulation
from harness.testing.by_hand import ClusterFailed, reply_of
from replicas.store.messages import AnyMessage
from replicas.store.visits import Answer, AskDump, DumpReply
from replicas.system import Health, Reply
from workloads.operations import Operation

STEPS_MAX = 10_000  # ten seconds: clients and commits have shorter deadlines


class Simulated:
    settles_within_s: float | None = None

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._simulation = Simulation(plan)
        self._client: Client | None = None
        self._dumped: list[DumpReply] = []
        for node in self._simulation.nodes.values():
            node.to_client = self._to_client

    def now(self) -> int:
        return self._simulation.world.now

    def wait(self, ns: int) -> None:
        self._simulation.world.run_until(self.now() + ns)

    def ask(self, operation: Operation) -> Reply:
        simulation, client = self._simulation, self._client
        if client is None:
            doors = simulation.clients.doors
            client = Client(operation.client, [operation], self._plan, doors, simulation.world, simulation.events)
            self._client = client
        else:
            client.goes_on(operation)
        for _ in range(STEPS_MAX):
            self.wait(STEP_NS)
            if client.idle():
                break
        return reply_of(next(event for event in reversed(simulation.events) if isinstance(event, Return)))

    def pull(self, actions: list[Action]) -> None:
        for action in actions:
            self._simulation.levers.pull(action)

    def let_go(self, actions: list[Action]) -> None:
        """A link that was blocked is open when its sender has connected again."""
        for action in actions:
            self._simulation.levers.let_go(action)
        self.wait(RECONNECT_NS)

    def healths(self, nodes: list[str], without: list[str]) -> dict[str, Health]:
        found: dict[str, Health] = {}
        for name in nodes:
            replica = self._simulation.nodes[name].replica
            if replica is None:
                raise ClusterFailed(f"{name} ended of itself")
            status = replica.health(without)
            found[name] = Health(status.begun, status.completed, status.changes, status.pending)
        return found

    def copies(self, node: str) -> dict[str, Copy]:
        """Asked for like by any observer, so that the answer waits for the commit under way."""
        self._dumped.clear()
        self._simulation.nodes[node].deliver(OBSERVER, AskDump(), None)
        for _ in range(STEPS_MAX):
            if self._dumped and not self._dumped[-1].more:
                break
            self.wait(STEP_NS)
        else:
            raise ClusterFailed(f"{node} does not say what it holds")
        copies = [each for reply in self._dumped for each in reply.copies]
        return {each.record.key: present(each.record, purgeable=each.purgeable) for each in copies}

    def _to_client(self, node: str, session: str, message: AnyMessage) -> None:
        if isinstance(message, DumpReply):
            self._dumped.append(message)
            if message.more:
                after = AskDump(message.copies[-1].record.key)
                self._simulation.nodes[node].deliver(OBSERVER, after, None)
        elif isinstance(message, Answer) and self._client is not None:
            self._client.hears(node, session, message)
