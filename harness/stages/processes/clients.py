"""Clients against real processes: each issues its operations one after the other, on time or as soon as it can."""

import asyncio
from collections.abc import Callable

from msgspec import UNSET

from checkers.history import Invoke, Return, Version
from harness.stages.memory import Memory
from replicas.system import Address, Reply, Session, System
from workloads.operations import Operation

GREETING_DEADLINE_S = 0.5

Clock = Callable[[], int]


class Client:
    """An unknown outcome ends the session and its connections; a new one goes on with the next operation."""

    def __init__(
        self,
        name: str,
        operations: list[Operation],
        system: System,
        door: Callable[[str], Address],
        clock: Clock,
        memory: Memory,
    ) -> None:
        self.events: list[Invoke | Return] = []
        self._name = name
        self._operations = operations
        self._system = system
        self._door = door
        self._clock = clock
        self._memory = memory
        self._number = 1
        self._connections: dict[str, Session] = {}

    async def run(self) -> None:
        for operation in self._operations:
            wait_ns = operation.at_ns - self._clock()
            if wait_ns > 0:
                await asyncio.sleep(wait_ns / 1e9)
            await self.issue(operation)
        self.close()

    async def issue(self, operation: Operation) -> None:
        session = f"{self._name}.{self._number}"
        self.events.append(
            Invoke(
                at=self._clock(),
                op=operation.id,
                session=session,
                node=operation.node,
                kind=operation.kind,
                key=operation.key,
                value=self._memory.value(operation),
                level=operation.level,
            )
        )
        reply = await self._ask(session, operation)
        self.events.append(
            Return(
                at=self._clock(),
                op=operation.id,
                session=session,
                outcome=reply.outcome,
                value=reply.value,
                version=Version(*reply.version) if reply.version else None,
                dead=reply.dead,
                error=reply.error,
                level_met=reply.level_met or UNSET,
            )
        )
        self._memory.read(operation, reply.outcome, reply.value, reply.version[1] if reply.version else None)
        if reply.outcome == "unknown":
            self._memory.forget()
            self.close()
            self._number += 1

    async def _ask(self, session: str, operation: Operation) -> Reply:
        """No greeting, no request: that failure is definite."""
        connection = self._connections.get(operation.node)
        if connection is None:
            try:
                connection = await self._system.connect(self._door(operation.node), session, GREETING_DEADLINE_S)
            except ConnectionError as problem:
                return Reply("failed", error=str(problem))
            self._connections[operation.node] = connection
        value, context = self._memory.value(operation), self._memory.context(operation)
        return await connection.ask(operation.id, operation.kind, operation.key, value, operation.level, context)

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
