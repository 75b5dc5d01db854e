"""The process around a replica: handles all messages that are ready, commits once, then releases the sends."""

import asyncio
import time  # noqa: TID251 - the shell is where clocks are read, once a batch
from collections.abc import Sequence
from pathlib import Path

import msgspec

from replicas.system import Address

from .connections import Inbound, Outbound
from .core import Now
from .flaws import parts_of
from .frames import frame
from .messages import AnyMessage
from .peer import Peer
from .policy import Policy
from .replica import Effects, Replica
from .settings import Cluster
from .storage import SqliteStorage
from .trail import Trail
from .visits import AskMetrics, AskReady, Greeting, MetricsReply, OfShell, Ready, StandingReply

LOOK_EVERY_S = 0.1


class Spec(msgspec.Struct, forbid_unknown_fields=True):
    """Where a node lives and with whom it talks: `links` has, for each peer, the address of this node's own link. A
    node that is `measured` also notes how long its messages are and, every while, what waits and what it spent."""

    name: str
    incarnation: str
    listen: Address
    links: dict[str, Address]
    cluster: Cluster
    policy: Policy
    flaw: str | None = None
    synchronous: str = "FULL"
    record_messages: bool = True
    measured: bool = False


class Shell:
    def __init__(self, spec: Spec, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        parts = parts_of(spec.flaw)
        self.spec = spec
        self._loop = loop
        self._sqlite = SqliteStorage(folder / "copies.db", spec.synchronous)
        self._storage = parts.storage(self._sqlite)
        self.replica = Replica(spec.name, spec.incarnation, spec.cluster, spec.policy, self._storage, parts)
        self._trail = Trail(folder / "trail.jsonl", spec.name, messages=spec.record_messages, sizes=spec.measured)
        self._peers = {peer: Outbound(spec.name, peer, address, loop) for peer, address in spec.links.items()}
        self._visitors: dict[str, Inbound] = {}
        self._visits = 0
        self._inbox: list[tuple[str, AnyMessage]] = []
        self._due: list[str] = []
        self._scheduled = False
        self._stopped = False
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens only when the start is durable: a greeting means that the node can work."""
        now = self._clock()
        self._trail.started(now.mono, self.replica.incarnation, self.replica.batch)
        self.replica.start(now)
        self._finish_batch([])
        host, port = self.spec.listen
        self._server = await self._loop.create_server(lambda: Inbound(self), host, port, backlog=1024)
        for peer in self._peers.values():
            peer.connect()
        if self.spec.measured:
            self._look()

    def _look(self) -> None:
        if not self._stopped:
            spent = {"hints_waiting": self.replica.hints.waiting(), "cpu_us": time.process_time_ns() // 1000}
            self._trail.looked(self._clock().mono, spent)
            self._loop.call_later(LOOK_EVERY_S, self._look)

    def stop(self) -> None:
        """Whatever is in the inbox is lost, as it would be in a crash."""
        self._stopped = True
        if self._server is not None:
            self._server.close()
        self._sqlite.close()
        self._trail.close()

    def arrived(self, sender: str, message: AnyMessage) -> None:
        if isinstance(message, Peer) and sender not in self._peers:
            return  # only the nodes of this cluster are heard as such
        if isinstance(message, OfShell):
            self._to_visitor(sender, bytes(frame(self._answer(message))))
            return
        self._inbox.append((sender, message))
        self._schedule()

    def _answer(self, question: OfShell) -> AnyMessage:
        if isinstance(question, AskMetrics):
            not_sent = sum(peer.dropped for peer in self._peers.values())
            return MetricsReply({**self.replica.metrics(), "messages_not_sent": not_sent})
        if isinstance(question, AskReady):
            return Ready([name for name, peer in self._peers.items() if not peer.greeted])
        return StandingReply(self.replica.hints.waiting(), self.replica.core.joined)

    def greeting(self) -> Greeting:
        return Greeting(self.spec.name, self.replica.incarnation)

    def visits(self, name: str, connection: Inbound) -> str:
        self._visits += 1
        visitor = f"{name}/{self._visits}"
        self._visitors[visitor] = connection
        return visitor

    def left(self, visitor: str) -> None:
        del self._visitors[visitor]

    def _wake(self, timer: str) -> None:
        self._due.append(timer)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._batch)

    def _batch(self) -> None:
        if self._stopped:
            return
        self._scheduled = False
        now = self._clock()
        inbox, self._inbox = self._inbox, []
        due, self._due = self._due, []
        replica = self.replica
        for sender, message in inbox:
            replica.receive(now, sender, message)
        for timer in due:
            replica.wake(now, timer)
        self._finish_batch(inbox)

    def _finish_batch(self, received: list[tuple[str, AnyMessage]]) -> None:
        """A commit that fails raises: the process ends, and nothing of the batch was ever said."""
        at = self._clock().mono
        effects = self.replica.end_batch() or Effects(None, [], [], [], [])
        meta = effects.commit
        self._trail.before_commit(at, self.replica.batch, received, effects.audit)
        if meta is not None:
            self._storage.commit(meta)
        self._trail.after_commit(self._clock().mono, meta.batch if meta else None, effects.sends)
        for when, timer in effects.timers:
            self._loop.call_later(max(0, when - at) / 1e9, self._wake, timer)
        self._release(effects)

    def _release(self, effects: Effects) -> None:
        for to, data in _gathered(effects.sends).items():
            self._peers[to].send(data)
        for to, data in _gathered(effects.answers).items():
            self._to_visitor(to, data)

    def _to_visitor(self, name: str, data: bytes | bytearray) -> None:
        """Whoever has gone hears nothing."""
        visitor = self._visitors.get(name)
        if visitor is not None:
            visitor.send(data)

    @staticmethod
    def _clock() -> Now:
        return Now(time.monotonic_ns(), time.time_ns())


def _gathered(messages: Sequence[tuple[str, AnyMessage]]) -> dict[str, bytearray]:
    """One write a connection; a message to several is encoded once."""
    out: dict[str, bytearray] = {}
    last: AnyMessage | None = None
    encoded = bytearray()
    for to, message in messages:
        if message is not last:
            last, encoded = message, frame(message)
        data = out.get(to)
        if data is None:
            out[to] = bytearray(encoded)
        else:
            data += encoded
    return out
