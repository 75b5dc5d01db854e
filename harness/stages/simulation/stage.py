"""Performs a plan on virtual time and returns its history."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from checkers.history import AnyEvent, Dump, History, Metrics, Phase, Rounds, ordered
from harness.header import header_of
from harness.plan import Plan
from harness.samples import Sample
from harness.settle import Settling
from harness.stages.simulation.clients import Clients
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.faults import Faults, Levers
from harness.stages.simulation.network import Network
from harness.stages.simulation.node import Node, present
from harness.stages.simulation.world import World
from replicas.store.flaws import parts_of
from replicas.store.messages import AnyMessage
from replicas.store.replica import Replica
from replicas.store.visits import AskDump, DumpReply
from replicas.system import Health

OBSERVER = "observer"
STEP_NS = 1_000_000
LOOK_EVERY_NS = 100_000_000
SAMPLE_EVERY_NS = 200_000_000
DUMP_STEPS_MAX = 1_000


class Simulation:
    """`measured` also records what a comparison needs and a verdict does not: how long messages are, and how many hints
    wait, every while. `samples` gets what a look at each node saw. Neither changes anything of what happens."""

    def __init__(self, plan: Plan, *, measured: bool = False, samples: list[Sample] | None = None) -> None:
        self.plan = plan
        self.events: list[AnyEvent] = []
        self.world = World()
        fate = Fate(plan.seed, plan.fates)
        parts = parts_of(plan.flaw)
        self.network = Network(self.world, plan.network, fate, plan.seed, self.events, sizes=measured)
        names = plan.cluster.names()
        self.nodes = {name: Node(name, plan, parts, self.world, self.network, fate, self.events) for name in names}
        self.network.process_of = lambda name: self.nodes[name].replica
        self._start()
        self.clients = Clients(plan, self.nodes, self.world, fate, self.events)
        self._replies: dict[str, list[DumpReply]] = {}
        self._dumped: list[str] = []
        for node in self.nodes.values():
            node.to_client = self._to_client
            node.ended = self.clients.doors.node_ended
        self.levers = Levers(self.nodes, self.network, self.clients.doors)
        Faults(plan.faults, names, self.levers, self.world, self.events)
        if measured:
            self._look()
        if samples is not None:
            self._sample(samples)

    def _start(self) -> None:
        """All at once, or one after the other and all before unrest."""
        starts_ns = self.plan.starts_ns
        for name in sorted(self.nodes, key=lambda name: starts_ns.get(name, 0)):
            if starts_ns:
                self.world.run_until(starts_ns.get(name, 0))
            self.nodes[name].start()
        if starts_ns:
            self.world.run_until(0)

    def run(self) -> History:
        """Two phases: unrest, then everything is healed, but for the nodes that stay down, and must mend."""
        plan, world = self.plan, self.world
        self.events.append(Phase(at=0, name="unrest"))
        world.run_until(plan.unrest_ns)
        while not self.clients.idle():
            world.run_until(world.now + STEP_NS)
        self.network.heal()
        self.events.append(Phase(at=world.now, name="mend", down=plan.down))
        for name in plan.down:
            self.levers.end(name, "kill")
        settling = Settling(plan.mend_rounds_max, has_rounds=plan.policy.anti_entropy != "none")
        pending = self._settle(settling)
        self._dump("settled")
        self.events.append(Phase(at=world.now, name="settled", pending=pending))
        if pending is None:
            settling.begin_again(self._statuses())
            self._settle(settling)
            self._dump("one round later")
        for name, replica in self._living():
            self.events.append(Metrics(at=world.now, node=name, values=replica.metrics()))
        self.events.append(Phase(at=world.now, name="end"))
        return ordered(header_of(plan, "simulation"), self.events)

    def _look(self) -> None:
        for name, replica in self._living():
            waiting = {"hints_waiting": replica.hints.waiting()}
            self.events.append(Metrics(at=self.world.now, node=name, values=waiting))
        self.world.at(self.world.now + LOOK_EVERY_NS, self._look)

    def _sample(self, samples: list[Sample]) -> None:
        for name, node in self.nodes.items():
            hints = node.replica.hints.waiting() if node.replica is not None else None
            samples.append(Sample(self.world.now, name, hints=hints))
        self.world.at(self.world.now + SAMPLE_EVERY_NS, lambda: self._sample(samples))

    def _living(self) -> list[tuple[str, Replica]]:
        return [(name, node.replica) for name, node in self.nodes.items() if node.replica is not None]

    def _settle(self, settling: Settling) -> str | None:
        while True:
            self.world.run_until(self.world.now + self.plan.policy.round_every_ns)
            step = settling.look(self._statuses())
            if step != "wait":
                return settling.reason if step == "not mended" else None

    def _statuses(self) -> dict[str, Health]:
        statuses: dict[str, Health] = {}
        for name, replica in self._living():
            status = replica.health(self.plan.down)
            statuses[name] = Health(status.begun, status.completed, status.changes, status.pending)
        return statuses

    def _dump(self, moment: Literal["settled", "one round later"]) -> None:
        """Asked for like by any observer, so that the answer waits for the commit under way."""
        self._replies, self._dumped = {}, []
        living = self._living()
        for name, _ in living:
            self.nodes[name].deliver(OBSERVER, AskDump(), None)
        for _ in range(DUMP_STEPS_MAX):
            if len(self._dumped) == len(living):
                break
            self.world.run_until(self.world.now + STEP_NS)
        for name, replica in living:
            if name in self._dumped:
                replies = self._replies[name]
                copies = [each for reply in replies for each in reply.copies]
                held = {each.record.key: present(each.record, purgeable=each.purgeable) for each in copies}
                batch = replies[0].batch if len(replies) == 1 else None
                now, entropy = self.world.now, replica.entropy
                self.events.append(
                    Rounds(at=now, node=name, begun=entropy.begun, completed=entropy.completed(self.plan.down))
                )
                self.events.append(
                    Dump(at=now, node=name, incarnation=replica.incarnation, moment=moment, copies=held, batch=batch)
                )

    def _to_client(self, node: str, client: str, message: AnyMessage) -> None:
        if isinstance(message, DumpReply):
            self._replies.setdefault(node, []).append(message)
            if message.more:
                self.nodes[node].deliver(OBSERVER, AskDump(message.copies[-1].record.key), None)
            else:
                self._dumped.append(node)
        else:
            self.clients.answer(node, client, message)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Collections would run finalisers at thresholds that depend on earlier runs; and they cost time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def perform(plan: Plan, *, measured: bool = False, samples: list[Sample] | None = None) -> History:
    with _no_garbage_collection():
        return Simulation(plan, measured=measured, samples=samples).run()
