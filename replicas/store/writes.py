"""A put or a delete, as its coordinator sees it: mint a version, send it to all replicas, answer after W hold it.

With hinted handoff it then goes on until all replicas hold it, or the time is up and those that do not get a hint.
"""

from typing import cast

from .copies import Source
from .core import Core
from .counting import Counting
from .hints import Hints
from .messages import Answer, Delete, DeleteAfter, Put, PutAfter, Store, Stored
from .records import Record, record
from .siblings import Dotted


class Write:
    def __init__(self, writes: "Writes", client: str, message: Put | Delete, needed: int, request: int) -> None:
        self.writes = writes
        self.client = client
        self.message = message
        self.needed = needed
        self.request = request
        self.answered = False
        self.buried = False  # under a tombstone that may be purged: it leaves no hint
        self.beside: Record | None = (
            None  # such a tombstone that has not seen it: a hint has only what that leaves of it
        )
        self.acks: dict[str, None] = {}
        core = writes.core
        value = message.value if isinstance(message, Put) else None
        if core.versions.joins:
            context = message.context if isinstance(message, PutAfter | DeleteAfter) else ""
            versions = cast("Dotted", core.versions)
            self.record = versions.written(message.key, value, context, core.now.wall, core.copies.held)
        else:
            self.record = record(message.key, core.versions.mint(core.now.wall), value)

    def stored(self, sender: str, message: Stored) -> None:
        if message.holds:
            self.acks[sender] = None
            self.writes.go_on(self)

    def forget(self, node: str) -> None:
        self.acks.pop(node, None)
        self.writes.counting.forget(self, node)

    def time_is_up(self) -> bool:
        """True: it goes on for as long again."""
        if not self.writes.counting.is_asking(self):
            self.writes.leave_hints(self)
        return False

    def timed_out(self) -> str:
        if self.writes.counting.is_asking(self):
            return f"{self.writes.counting.give_up(self)} of {self.needed} replicas told their version in time"
        return f"{len(self.acks)} of {self.needed} replicas acknowledged within the timeout"


class Writes:
    def __init__(self, core: Core, hints: Hints) -> None:
        self.core = core
        self.hints = hints
        self.counting = Counting(core, self._send)

    def begin(self, client: str, message: Put | Delete) -> Write:
        core = self.core
        core.metrics.writes += 1
        write = Write(self, client, message, core.cluster.writes_needed(message.level), core.next_request())
        core.waiting[write.request] = write
        if core.versions.asks_first:
            self.counting.begin(write)
        else:
            self._send(write)
        return write

    def _send(self, write: Write) -> None:
        core = self.core
        replicas = core.placement.replicas_of(write.record.key)
        born, origin = core.now.wall, f"op {write.message.op}"
        core.send_all(core.others(replicas), Store(0, born, origin, write.request, write.record, "write"))
        own = core.name in replicas and core.joined
        if own and core.copies.offer(write.record, Source("write", born, None, origin)):
            write.acks[core.name] = None
        self.go_on(write)

    def store(self, sender: str, message: Store) -> None:
        """A copy from elsewhere. Too old a message may bring back what was purged since: it is refused."""
        core = self.core
        source = Source(message.cause, message.born, f"{sender}/{message.n}", message.origin)
        holds = core.joined and self.acceptable(message) and core.copies.offer(message.record, source)
        reply = Stored(0, core.now.wall, message.origin, message.request, message.record.key, holds)
        core.send(sender, reply)

    def acceptable(self, message: Store) -> bool:
        return self.core.now.wall - message.born <= self.core.policy.message_lifetime_ns

    def stored(self, sender: str, message: Stored) -> None:
        waiting = self.core.waiting.get(message.request)
        if waiting is not None:
            waiting.stored(sender, message)

    def go_on(self, write: Write) -> None:
        """The answer once enough replicas hold it; the end once nobody needs a hint any more."""
        core = self.core
        if write.request not in core.waiting or not (write.answered or self.enough(write)):
            return
        if not write.answered:
            write.answered = True
            copy = write.record
            core.answer(write.client, Answer(write.message.op, "ok", None, copy.version, copy.dead))
        if not self.hints.active() or len(write.acks) == len(core.placement.replicas_of(write.record.key)):
            del core.waiting[write.request]

    def enough(self, write: Write) -> bool:
        return len(write.acks) >= write.needed

    def leave_hints(self, write: Write) -> None:
        if not self.hints.active() or write.buried:
            return
        missed = write.record
        if write.beside is not None:
            missed = self.core.versions.merge(missed, write.beside) or missed
        for node in self.core.placement.replicas_of(missed.key):
            if node not in write.acks and node != self.core.name:
                self.hints.missed(node, missed)
