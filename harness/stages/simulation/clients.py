"""Simulated clients: sessions that issue one operation after the other and give up on an unknown outcome."""

from msgspec import UNSET

from checkers.history import AnyEvent, Invoke, Outcome, Return, Version
from harness.plan import Plan
from harness.stages.memory import Memory
from harness.stages.simulation.doors import Connection, Doors
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.node import Node
from harness.stages.simulation.world import World
from replicas.store.messages import AnyMessage
from replicas.store.requests import request
from replicas.store.visits import Answer, level_met
from workloads.operations import Operation

GREETING_DEADLINE_NS = 500_000_000  # as in harness/stages/processes/clients.py

_OUTCOMES: dict[str, Outcome] = {"ok": "ok", "refused": "failed", "timeout": "unknown"}


class Client:
    """An unknown outcome ends the session and its connections; the rest of the operations goes on in a new one."""

    def __init__(
        self, name: str, operations: list[Operation], plan: Plan, doors: Doors, world: World, events: list[AnyEvent]
    ) -> None:
        self.name = name
        self.session = f"{name}.1"
        self.waiting: Operation | None = None
        self._operations = operations
        self._next = 0
        self._timeout_ns = plan.client_timeout_ns
        self._doors = doors
        self._world = world
        self._events = events
        self._session_number = 1
        self._memory = Memory(plan.cluster)
        self._connections: dict[str, Connection] = {}
        self._gives_up_at: int | None = None  # on what it has asked
        self._timer_is_set = False  # one for all operations: most are answered long before
        self._world.at(operations[0].at_ns, self._issue)

    def idle(self) -> bool:
        return self.waiting is None and self._next == len(self._operations)

    def goes_on(self, operation: Operation) -> None:
        """One more, once it is idle."""
        self._operations.append(operation)
        self._world.at(operation.at_ns, self._issue)

    def hears(self, node: str, session: str, answer: Answer) -> None:
        """Whoever has gone hears nothing."""
        connection = self._connections.get(node)
        if connection is not None and connection.session == session:
            self._doors.answer(connection, f"{self.name}/{node}/op {answer.op}/answer", answer)

    def _issue(self) -> None:
        operation = self.waiting = self._operations[self._next]
        self._next += 1
        node = operation.node
        self._events.append(
            Invoke(
                at=self._world.now,
                op=operation.id,
                session=self.session,
                node=node,
                kind=operation.kind,
                key=operation.key,
                value=self._memory.value(operation),
                level=operation.level,
            )
        )
        connection = self._connections.get(node)
        if connection is None:
            self._connect(operation)
        else:
            self._ask(connection, operation)

    def _connect(self, operation: Operation) -> None:
        """No greeting, no request: that failure is definite."""
        node = operation.node
        if self._doors.refuses(node):
            self._finish("failed", error=f"{node} refused the connection")
            return
        connection = self._connections[node] = Connection(self, self.session, node)
        self._doors.connect(connection, f"{self.name}/{node}/op {operation.id}")
        self._world.at(self._world.now + GREETING_DEADLINE_NS, self._not_greeted, connection)

    def _ask(self, connection: Connection, operation: Operation) -> None:
        """A connection that was lost since its last use is found out only now, as with sockets."""
        if connection.ended:
            self._finish("unknown", error="connection lost")
            return
        self._gives_up_at = self._world.now + self._timeout_ns
        if not self._timer_is_set:
            self._timer_is_set = True
            self._world.at(self._gives_up_at, self._time_out)
        self._doors.ask(connection, f"{self.name}/{operation.node}/op {operation.id}/ask", self._request(operation))

    def _request(self, operation: Operation) -> AnyMessage:
        value, context = self._memory.value(operation), self._memory.context(operation)
        return request(operation.id, operation.kind, operation.key, value, operation.level, context)

    def greeted(self, connection: Connection) -> None:
        if self._has(connection) and self.waiting is not None:
            self._ask(connection, self.waiting)

    def _not_greeted(self, connection: Connection) -> None:
        if self._has(connection) and not connection.greeted:
            del self._connections[connection.node]
            self._finish("failed", error=f"no greeting from {connection.node}")

    def answered(self, _connection: Connection, answer: AnyMessage) -> None:
        """What comes too late, or over a connection that is lost, finds the operation over."""
        waiting = self.waiting
        if isinstance(answer, Answer) and waiting is not None and waiting.id == answer.op:
            self._finish(_OUTCOMES[answer.outcome], answer, answer.error)

    def _time_out(self) -> None:
        due, waiting = self._gives_up_at, self.waiting
        if due is not None and due > self._world.now:
            self._world.at(due, self._time_out)
            return
        self._timer_is_set = False
        if due is not None and waiting is not None:
            self._finish("unknown", error=f"no answer from {waiting.node} within the client's timeout")

    def lost(self, connection: Connection) -> None:
        """Whatever was asked over it may or may not have happened; before the greeting nothing was."""
        if not self._has(connection):
            return
        if not connection.greeted:
            del self._connections[connection.node]
            self._finish("failed", error=f"{connection.node} ended the connection before its greeting")
        elif self.waiting is not None and self.waiting.node == connection.node:
            self._finish("unknown", error="connection lost")

    def _has(self, connection: Connection) -> bool:
        return self._connections.get(connection.node) is connection

    def _finish(self, outcome: Outcome, answer: Answer | None = None, error: str | None = None) -> None:
        operation = self.waiting
        assert operation is not None  # noqa: S101 - only a waiting client finishes
        version = answer.version if answer else None
        self._events.append(
            Return(
                at=self._world.now,
                op=operation.id,
                session=self.session,
                outcome=outcome,
                value=answer.value if answer else None,
                version=Version(version.time, version.by) if version else None,
                dead=answer.dead if answer else False,
                error=error,
                level_met=(answer and level_met(answer)) or UNSET,
            )
        )
        self._memory.read(operation, outcome, answer.value if answer else None, version.by if version else None)
        self.waiting = self._gives_up_at = None
        if outcome == "unknown":
            self._session_number += 1
            self.session = f"{self.name}.{self._session_number}"
            self._connections.clear()
            self._memory.forget()
        if self._next < len(self._operations):
            due = self._operations[self._next].at_ns
            self._world.at(max(due, self._world.now), self._issue)


class Clients:
    def __init__(self, plan: Plan, nodes: dict[str, Node], world: World, fate: Fate, events: list[AnyEvent]) -> None:
        self.doors = Doors(plan.network, nodes, world, fate)
        by_client: dict[str, list[Operation]] = {}
        for operation in plan.operations:
            by_client.setdefault(operation.client, []).append(operation)
        self._clients = {
            name: Client(name, operations, plan, self.doors, world, events) for name, operations in by_client.items()
        }

    def idle(self) -> bool:
        return all(client.idle() for client in self._clients.values())

    def answer(self, node: str, session: str, message: AnyMessage) -> None:
        if isinstance(message, Answer):
            self._clients[session.rpartition(".")[0]].hears(node, session, message)
