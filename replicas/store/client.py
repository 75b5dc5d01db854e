"""The harness's side of a connection to a node: client sessions, observers and probes."""

import asyncio
from typing import TypeVar, cast

from replicas.system import Address, Health, HeldCopy, Kind, Level, Outcome, Reply, Snapshot, Standing

from .frames import BadFrame, Frames, frame
from .messages import AnyMessage
from .requests import request
from .visits import (
    Answer,
    AskDump,
    AskMetrics,
    AskReady,
    AskStanding,
    AskStatus,
    DumpReply,
    Greeting,
    Hello,
    MetricsReply,
    Ping,
    Pong,
    Ready,
    StandingReply,
    Status,
    level_met,
)

M = TypeVar("M")
_OUTCOMES: dict[str, Outcome] = {"ok": "ok", "refused": "failed", "timeout": "unknown"}


class Connection(asyncio.Protocol):
    """One question at a time. Used only after the greeting: a proxy accepts also for a node that is dead."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[AnyMessage] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, address: Address, hello: Hello, deadline_s: float) -> "Connection":
        connection = cls()
        try:
            async with asyncio.timeout(deadline_s):
                await asyncio.get_running_loop().create_connection(lambda: connection, *address)
                await connection._expect(Greeting)
        except TimeoutError:
            connection.close()
            raise ConnectionError(f"no greeting from {address.host}:{address.port} within {deadline_s:g} s") from None
        except ConnectionError as problem:
            connection.close()
            raise ConnectionError(f"{address.host}:{address.port} cannot be reached: {problem}") from None
        connection._write(hello)
        return connection

    async def ask(self, message: AnyMessage, answer: type[M], deadline_s: float) -> M:
        """TimeoutError or ConnectionError: the question may have had its effect."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._write(message)
        async with asyncio.timeout(deadline_s):
            return await self._expect(answer)

    async def _expect(self, answer: type[M]) -> M:
        message = await self._waiting
        if not isinstance(message, answer):
            raise ConnectionError(f"the node said {type(message).__name__} where {answer.__name__} was due")
        return message

    def _write(self, message: AnyMessage) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the connection is closed")
        self._transport.write(frame(message))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except BadFrame as problem:
            self.connection_lost(ConnectionError(f"the node sent {problem}"))
            self.close()
            return
        for message in messages:
            if not self._waiting.done():
                self._waiting.set_result(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError(str(exc) if exc else "closed by the other side"))
            self._waiting.exception()  # it may be that nobody waits: that is no error of its own

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class StoreSession:
    def __init__(self, connection: Connection, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    async def ask(
        self, op: int, kind: Kind, key: str, value: str | None, level: Level | None, context: str | None = None
    ) -> Reply:
        message = request(op, kind, key, value, level, context)
        try:
            answer = await self._connection.ask(message, Answer, self._deadline_s)
        except TimeoutError:
            return Reply("unknown", error="no answer within the client's timeout")
        except ConnectionError as problem:
            return Reply("unknown", error=f"connection lost: {problem}")
        if answer.op != op:
            return Reply("unknown", error=f"the node answered operation {answer.op}, and operation {op} was asked")
        version = (answer.version.time, answer.version.by) if answer.version else None
        return Reply(_OUTCOMES[answer.outcome], answer.value, version, answer.dead, answer.error, level_met(answer))

    def close(self) -> None:
        self._connection.close()


class StoreObserver:
    def __init__(self, connection: Connection, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    async def health(self, without: list[str]) -> Health:
        status = await self._connection.ask(AskStatus(without), Status, self._deadline_s)
        return Health(status.begun, status.completed, status.changes, status.pending)

    async def metrics(self) -> dict[str, int]:
        return (await self._connection.ask(AskMetrics(), MetricsReply, self._deadline_s)).values

    async def dump(self) -> Snapshot:
        """Page by page: all that a node holds may be more than a frame."""
        held: dict[str, HeldCopy] = {}
        batches: set[int] = set()
        after: str | None = None
        while True:
            reply = await self._connection.ask(AskDump(after), DumpReply, self._deadline_s)
            for copy in reply.copies:
                version = (copy.record.version.time, copy.record.version.by)
                held[copy.record.key] = HeldCopy(version, copy.record.dead, copy.record.value, copy.purgeable)
            batches.add(reply.batch)
            if not reply.more:
                return Snapshot(held, batches.pop() if len(batches) == 1 else None)
            after = reply.copies[-1].record.key

    async def unreached(self) -> list[str]:
        return (await self._connection.ask(AskReady(), Ready, self._deadline_s)).silent

    async def standing(self) -> Standing:
        reply = await self._connection.ask(AskStanding(), StandingReply, self._deadline_s)
        return Standing(reply.hints, reply.joined)

    async def ping(self) -> None:
        await self._connection.ask(Ping(1), Pong, self._deadline_s)

    def close(self) -> None:
        self._connection.close()
