"""Simulated clients: sessions that issue one operation after the other and give up on an unknown outcome."""

from checkers.history import AnyEvent, Invoke, Outcome, Return, Version
from harness.plan import Plan
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.node import Node
from harness.stages.simulation.world import World
from replicas.store.messages import Answer, AnyMessage, Delete, Get, Put
from workloads.operations import Operation


class Client:
    """An unknown outcome ends the session; the rest of the operations goes on in a new one."""

    def __init__(self, name: str, operations: list[Operation]) -> None:
        self.name = name
        self.operations = operations
        self.next = 0
        self.session_number = 1
        self.waiting: Operation | None = None

    def session(self) -> str:
        return f"{self.name}.{self.session_number}"


class Clients:
    def __init__(self, plan: Plan, nodes: dict[str, Node], world: World, fate: Fate, events: list[AnyEvent]) -> None:
        self._plan = plan
        self._nodes = nodes
        self._world = world
        self._fate = fate
        self._events = events
        by_client: dict[str, list[Operation]] = {}
        for operation in plan.operations:
            by_client.setdefault(operation.client, []).append(operation)
        self._clients = {name: Client(name, operations) for name, operations in by_client.items()}
        for client in self._clients.values():
            self._world.at(client.operations[0].at_ns, self._issue, client)

    def idle(self) -> bool:
        return all(c.waiting is None and c.next == len(c.operations) for c in self._clients.values())

    def node_died(self, name: str) -> None:
        """Connections break: whatever was asked of that node may or may not have happened."""
        for client in self._clients.values():
            if client.waiting is not None and client.waiting.node == name:
                self._finish(client, "unknown", error="connection lost")

    def answer(self, node: str, session: str, message: AnyMessage) -> None:
        if isinstance(message, Answer):
            delay = self._delay(node, session, message.op, "answer")
            self._world.at(self._world.now + delay, self._answered, session, message)

    def _delay(self, node: str, session: str, operation: int, way: str) -> int:
        model = self._plan.network
        cause = f"{session}/{node}/op {operation}/{way}"
        return self._fate.between(model.delay_min_ns, model.delay_max_ns, cause)

    def _issue(self, client: Client) -> None:
        operation = client.operations[client.next]
        client.next += 1
        client.waiting = operation
        self._events.append(
            Invoke(
                at=self._world.now,
                op=operation.id,
                session=client.session(),
                node=operation.node,
                kind=operation.kind,
                key=operation.key,
                value=operation.value,
                level=operation.level,
            )
        )
        node = self._nodes[operation.node]
        if node.replica is None:
            self._finish(client, "failed", error=f"{operation.node} refused the connection")
            return
        delay = self._delay(operation.node, client.session(), operation.id, "ask")
        self._world.at(self._world.now + delay, self._arrive, client, client.session(), operation)
        timeout = self._world.now + self._plan.client_timeout_ns
        self._world.at(timeout, self._time_out, client, operation)

    def _arrive(self, client: Client, session: str, operation: Operation) -> None:
        if client.waiting is operation:
            self._nodes[operation.node].deliver(session, request(operation), None)

    def _answered(self, session: str, answer: Answer) -> None:
        client = self._clients[session.rpartition(".")[0]]
        if client.waiting is None or client.waiting.id != answer.op or client.session() != session:
            return  # too late: its session is over
        outcome: dict[str, Outcome] = {"ok": "ok", "refused": "failed", "timeout": "unknown"}
        self._finish(client, outcome[answer.outcome], answer, answer.error)

    def _time_out(self, client: Client, operation: Operation) -> None:
        if client.waiting is operation:
            self._finish(client, "unknown", error=f"no answer from {operation.node} within the client's timeout")

    def _finish(self, client: Client, outcome: Outcome, answer: Answer | None = None, error: str | None = None) -> None:
        operation = client.waiting
        assert operation is not None  # noqa: S101 - only a waiting client finishes
        version = answer.version if answer else None
        self._events.append(
            Return(
                at=self._world.now,
                op=operation.id,
                session=client.session(),
                outcome=outcome,
                value=answer.value if answer else None,
                version=Version(version.time, version.by) if version else None,
                dead=answer.dead if answer else False,
                error=error,
            )
        )
        client.waiting = None
        if outcome == "unknown":
            client.session_number += 1
        if client.next < len(client.operations):
            due = client.operations[client.next].at_ns
            self._world.at(max(due, self._world.now), self._issue, client)


def request(operation: Operation) -> AnyMessage:
    if operation.kind == "get":
        return Get(operation.id, operation.key, operation.level)
    if operation.kind == "delete":
        return Delete(operation.id, operation.key, operation.level)
    return Put(operation.id, operation.key, operation.value or "", operation.level)
