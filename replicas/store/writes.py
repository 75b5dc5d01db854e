"""A put or a delete, as its coordinator sees it: mint a version, send it to all replicas, answer after W hold it."""

from .copies import Source
from .core import Core
from .messages import Answer, Delete, Put, Store, Stored
from .records import record


class Write:
    def __init__(self, writes: "Writes", client: str, message: Put | Delete, needed: int, request: int) -> None:
        self.writes = writes
        self.client = client
        self.message = message
        self.needed = needed
        self.request = request
        self.acks: dict[str, None] = {}
        core = writes.core
        value = message.value if isinstance(message, Put) else None
        self.record = record(message.key, core.versions.mint(core.now.wall), value)

    def stored(self, sender: str, message: Stored) -> None:
        if message.holds:
            self.acks[sender] = None
            self.writes.finish_if_acknowledged(self)

    def timed_out(self) -> str:
        return f"{len(self.acks)} of {self.needed} replicas acknowledged within the timeout"


class Writes:
    def __init__(self, core: Core) -> None:
        self.core = core

    def begin(self, client: str, message: Put | Delete) -> Write:
        core = self.core
        write = Write(self, client, message, core.cluster.writes_needed(message.level), core.next_request())
        core.waiting[write.request] = write
        replicas = core.placement.replicas_of(message.key)
        born, origin = core.now.wall, f"op {message.op}"
        core.send_all(core.others(replicas), Store(0, born, origin, write.request, write.record, "write"))
        if core.name in replicas and core.copies.offer(write.record, Source("write", born, None, origin)):
            write.acks[core.name] = None
        self.finish_if_acknowledged(write)
        return write

    def store(self, sender: str, message: Store) -> None:
        """A copy from elsewhere. Too old a message may bring back what was purged since: it is refused."""
        core = self.core
        source = Source(message.cause, message.born, f"{sender}/{message.n}", message.origin)
        holds = self.acceptable(message) and core.copies.offer(message.record, source)
        reply = Stored(0, core.now.wall, message.origin, message.request, message.record.key, holds)
        core.send(sender, reply)

    def acceptable(self, message: Store) -> bool:
        return self.core.now.wall - message.born <= self.core.policy.message_lifetime_ns

    def stored(self, sender: str, message: Stored) -> None:
        waiting = self.core.waiting.get(message.request)
        if waiting is not None:
            waiting.stored(sender, message)

    def finish_if_acknowledged(self, write: Write) -> None:
        if write.request in self.core.waiting and self.enough(write):
            del self.core.waiting[write.request]
            self.core.answer(
                write.client, Answer(write.message.op, "ok", None, write.record.version, write.record.dead)
            )

    def enough(self, write: Write) -> bool:
        return len(write.acks) >= write.needed
