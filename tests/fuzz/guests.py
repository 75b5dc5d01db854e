"""Well-behaved clients of a cluster that others attack: they write and read all the time, and remember."""

import asyncio
import threading
from typing import Self

from replicas.system import Reply, Session
from tests.replicas.store.nodes import Nodes

KEYS = 5
PAUSE_S = 0.003


class Guest:
    """One client of one node with keys of its own. `possible` has, by key, the values that may be there now: more than
    one only after an answer that never came."""

    def __init__(self, nodes: Nodes, node: str) -> None:
        self._nodes = nodes
        self._node = node
        self.name = f"good {node}"
        self.possible: dict[str, list[str | None]] = {f"{self.name}/{number}": [None] for number in range(KEYS)}
        self.acknowledged = 0
        self.read = 0
        self.unknown = 0
        self.written: set[str] = set()

    async def work(self, stop: threading.Event) -> None:
        session: Session | None = None
        op = 0
        while not stop.is_set():
            session = session or await self._nodes.session(self._node, self.name)
            op += 1
            key = f"{self.name}/{op % KEYS}"
            known = await (self._get(session, op, key) if op % 3 == 0 else self._write(session, op, key))
            if not known:
                self.unknown += 1
                session.close()
                session = None
            await asyncio.sleep(PAUSE_S)
        if session:
            session.close()

    async def _get(self, session: Session, op: int, key: str) -> bool:
        reply = await session.ask(op, "get", key, None, None)
        if reply.outcome == "ok":
            assert reply.value in self.possible[key], f"{key} has {reply.value!r}, not one of {self.possible[key]}"
            self.read += 1
        return self._known(reply)

    async def _write(self, session: Session, op: int, key: str) -> bool:
        value = None if op % 7 == 0 else f"{self.name} {op}"
        if value is not None:
            self.written.add(value)
        reply = await session.ask(op, "put" if value else "delete", key, value, None)
        self.possible[key] = [value] if reply.outcome == "ok" else [*self.possible[key], value]
        self.acknowledged += reply.outcome == "ok"
        return self._known(reply)

    @staticmethod
    def _known(reply: Reply) -> bool:
        assert reply.outcome != "failed", reply.error
        return reply.outcome == "ok"


class Guests:
    """At work in a thread of their own while the body of `with` lasts."""

    def __init__(self, nodes: Nodes) -> None:
        self.all = [Guest(nodes, node) for node in nodes.of]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._problem: BaseException | None = None

    def _run(self) -> None:
        async def work() -> None:
            async with asyncio.TaskGroup() as tasks:
                for guest in self.all:
                    tasks.create_task(guest.work(self._stop))

        try:
            asyncio.run(work())
        except BaseException as problem:  # noqa: BLE001 - told in the thread of the test
            self._problem = problem

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem
