"""Performs a plan on virtual time and returns its history."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from checkers.history import AnyEvent, Dump, History, Phase, Rounds, ordered
from checkers.history import Fault as FaultEvent
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.header import header_of
from harness.levers import Action, Board
from harness.plan import Plan
from harness.settle import Settling
from harness.stages.simulation.clients import Clients
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.network import Network
from harness.stages.simulation.node import Node, present
from harness.stages.simulation.world import World
from replicas.store.flaws import parts_of
from replicas.store.messages import AnyMessage, AskDump, DumpedCopy, DumpReply
from replicas.system import Health

OBSERVER = "observer"
DUMP_STEP_NS = 1_000_000
DUMP_STEPS_MAX = 1_000


class Simulation:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.events: list[AnyEvent] = []
        self.world = World()
        self.board = Board()
        fate = Fate(plan.seed)
        parts = parts_of(plan.flaw)
        self.network = Network(self.world, plan.network, plan.seed, self.events)
        self.nodes = {
            name: Node(name, plan, parts, self.world, self.network, fate, self.events) for name in plan.cluster.names()
        }
        for node in self.nodes.values():
            node.start()
        self.clients = Clients(plan, self.nodes, self.world, fate, self.events)
        self._replies: dict[str, list[DumpedCopy]] = {}
        self._dumped: list[str] = []
        for node in self.nodes.values():
            node.to_client = self._to_client
        for fault in plan.faults:
            self.world.at(fault.start_ns, self._apply, fault)
            self.world.at(fault.end_ns, self._heal, fault)

    def run(self) -> History:
        """Two phases: unrest, then everything is healed and must mend."""
        plan, world = self.plan, self.world
        self.events.append(Phase(at=0, name="unrest"))
        world.run_until(plan.unrest_ns)
        while not self.clients.idle():
            world.run_until(world.now + plan.client_timeout_ns)
        self.network.heal()
        self.events.append(Phase(at=world.now, name="mend"))
        settling = Settling(plan.mend_rounds_max, has_rounds=plan.policy.anti_entropy != "none")
        pending = self._settle(settling)
        self._dump("settled")
        self.events.append(Phase(at=world.now, name="settled", pending=pending))
        if pending is None:
            settling.begin_again(self._statuses())
            self._settle(settling)
            self._dump("one round later")
        self.events.append(Phase(at=world.now, name="end"))
        return ordered(header_of(plan, "simulation"), self.events)

    def _settle(self, settling: Settling) -> str | None:
        while True:
            self.world.run_until(self.world.now + self.plan.policy.round_every_ns)
            step = settling.look(self._statuses())
            if step != "wait":
                return settling.reason if step == "not mended" else None

    def _statuses(self) -> dict[str, Health]:
        statuses: dict[str, Health] = {}
        for name, node in self.nodes.items():
            replica = node.replica
            if replica is not None:
                status = replica.health(self.plan.down)
                statuses[name] = Health(status.begun, status.completed, status.changes, status.pending)
        return statuses

    def _dump(self, moment: Literal["settled", "one round later"]) -> None:
        """Asked for like by any observer, so that the answer waits for the commit under way."""
        self._replies, self._dumped = {}, []
        for node in self.nodes.values():
            node.deliver(OBSERVER, AskDump(), None)
        for _ in range(DUMP_STEPS_MAX):
            if len(self._dumped) == len(self.nodes):
                break
            self.world.run_until(self.world.now + DUMP_STEP_NS)
        for name in sorted(self._dumped):
            held = {each.record.key: present(each.record, purgeable=each.purgeable) for each in self._replies[name]}
            replica = self.nodes[name].replica
            if replica is not None:
                now, entropy = self.world.now, replica.entropy
                self.events.append(Rounds(at=now, node=name, begun=entropy.begun, completed=entropy.completed))
                self.events.append(Dump(at=now, node=name, incarnation=replica.incarnation, moment=moment, copies=held))

    def _to_client(self, node: str, client: str, message: AnyMessage) -> None:
        if isinstance(message, DumpReply):
            self._replies.setdefault(node, []).extend(message.copies)
            if message.more:
                self.nodes[node].deliver(OBSERVER, AskDump(message.copies[-1].record.key), None)
            else:
                self._dumped.append(node)
        else:
            self.clients.answer(node, client, message)

    def _apply(self, fault: Fault) -> None:
        actions = self._actions(fault)
        for action in self.board.pull(actions):
            self._pull(action)
        applied = all(self._is_pulled(action) for action in actions)
        self._record(fault, "applied" if applied else "not applied", actions)

    def _heal(self, fault: Fault) -> None:
        actions = self._actions(fault)
        for action in self.board.let_go(actions):
            self._let_go(action)
        self._record(fault, "healed", actions)

    def _actions(self, fault: Fault) -> list[Action]:
        return KINDS[fault.kind].actions(fault, list(self.nodes))

    def _pull(self, action: Action) -> None:
        if action.lever == "kill":
            self.nodes[action.target].kill()
            self.clients.node_died(action.target)
        elif action.lever == "pause":
            self.nodes[action.target].pause()
        else:
            self.network.blocked[action.target] = None

    def _let_go(self, action: Action) -> None:
        if action.lever == "kill":
            self.nodes[action.target].start()
        elif action.lever == "pause":
            self.nodes[action.target].resume()
        else:
            self.network.blocked.pop(action.target, None)

    def _is_pulled(self, action: Action) -> bool:
        if action.lever == "kill":
            return self.nodes[action.target].replica is None
        if action.lever == "pause":
            return self.nodes[action.target].paused
        return action.target in self.network.blocked

    def _record(self, fault: Fault, phase: Literal["applied", "not applied", "healed"], actions: list[Action]) -> None:
        evidence = ", ".join(f"{action.lever} {action.target}" for action in actions)
        self.events.append(
            FaultEvent(
                at=self.world.now,
                fault=fault.id,
                kind=fault.kind,
                phase=phase,
                targets=fault.targets,
                evidence=evidence,
            )
        )


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


def perform(plan: Plan) -> History:
    with _no_garbage_collection():
        return Simulation(plan).run()
