"""Faults on virtual time: each pulls its levers at its start, or beat by beat, and lets go of them at its end."""

from typing import Literal, cast

from checkers.history import AnyEvent
from checkers.history import Fault as FaultEvent
from harness.faults.kinds import Fault, beat_of
from harness.faults.table import KINDS
from harness.levers import CLIENTS, CLOCK_LEVERS, DISK_LEVERS, DOWN_LEVERS, NODE_LEVERS, Action, Board, ends
from harness.stages.simulation.doors import Doors
from harness.stages.simulation.network import Network
from harness.stages.simulation.node import How, Node
from harness.stages.simulation.world import World


class Levers:
    """Performs actions. What a lever's evidence says is the state that decides what nodes and links do."""

    def __init__(self, nodes: dict[str, Node], network: Network, doors: Doors) -> None:
        self._nodes = nodes
        self._network = network
        self._doors = doors

    def pull(self, action: Action) -> None:
        if action.lever in DOWN_LEVERS:
            self.end(action.target, cast("How", action.lever))
        elif action.lever == "pause":
            self._nodes[action.target].pause()
        elif action.lever in CLOCK_LEVERS:
            self._nodes[action.target].clock.pull(action)
        elif action.lever in DISK_LEVERS:
            self._nodes[action.target].pull_disk(action)
        else:
            self._links(action).pull(action)

    def let_go(self, action: Action) -> None:
        if action.lever in DOWN_LEVERS:
            self._nodes[action.target].start()
        elif action.lever == "pause":
            self._nodes[action.target].resume()
        elif action.lever in CLOCK_LEVERS:
            self._nodes[action.target].clock.let_go(action)
        elif action.lever in DISK_LEVERS:
            self._nodes[action.target].let_go_disk(action)
        else:
            self._links(action).let_go(action)

    def is_pulled(self, action: Action) -> bool:
        if action.lever in NODE_LEVERS:
            return self._nodes[action.target].is_pulled(action)
        return self._links(action).is_pulled(action)

    def end(self, node: str, how: How) -> None:
        self._nodes[node].end(how)
        self._doors.node_ended(node)

    def _links(self, action: Action) -> Network | Doors:
        return self._doors if CLIENTS in ends(action.target) else self._network


class Faults:
    """Two faults may hold the same lever: it is pulled by the first and let go by the last."""

    def __init__(
        self, faults: list[Fault], names: list[str], levers: Levers, world: World, events: list[AnyEvent]
    ) -> None:
        self._levers = levers
        self._world = world
        self._events = events
        self._board = Board()
        self._on: dict[str, None] = {}  # faults that hold their levers at this moment
        for fault in faults:
            actions = KINDS[fault.kind].actions(fault, names)
            world.at(fault.start_ns, self._apply, fault, actions)
            world.at(fault.end_ns, self._heal, fault, actions)

    def _apply(self, fault: Fault, actions: list[Action]) -> None:
        self._pull(fault, actions)
        applied = all(self._levers.is_pulled(action) for action in actions)
        self._record(fault, "applied" if applied else "not applied", actions)

    def _heal(self, fault: Fault, actions: list[Action]) -> None:
        if fault.id in self._on:
            self._let_go(fault, actions)
        self._record(fault, "healed", actions)

    def _pull(self, fault: Fault, actions: list[Action]) -> None:
        self._on[fault.id] = None
        for action in self._board.pull(actions):
            self._levers.pull(action)
        beat = beat_of(fault)
        if beat is not None and self._world.now + beat.on_ns < fault.end_ns:
            self._world.at(self._world.now + beat.on_ns, self._pause, fault, actions, beat.off_ns)

    def _pause(self, fault: Fault, actions: list[Action], off_ns: int) -> None:
        self._let_go(fault, actions)
        if self._world.now + off_ns < fault.end_ns:
            self._world.at(self._world.now + off_ns, self._pull, fault, actions)

    def _let_go(self, fault: Fault, actions: list[Action]) -> None:
        del self._on[fault.id]
        for action in self._board.let_go(actions):
            self._levers.let_go(action)

    def _record(self, fault: Fault, phase: Literal["applied", "not applied", "healed"], actions: list[Action]) -> None:
        self._events.append(
            FaultEvent(
                at=self._world.now,
                fault=fault.id,
                kind=fault.kind,
                phase=phase,
                targets=fault.targets,
                evidence=", ".join(action.words() for action in actions),
            )
        )
