"""A put or a delete, as its coordinator sees it: mint a version, send it to all replicas, answer after W hold it.

With hinted handoff it then goes on until all replicas hold it, or the time is up and those that do not get a hint.
"""

from .copies import Source
from .core import Core
from .hints import Hints
from .messages import Answer, Delete, Put, Store, Stored
from .records import record


class Write:
    def __init__(self, writes: "Writes", client: str, message: Put | Delete, needed: int, request: int) -> None:
        self.writes = writes
        self.client = client
        self.message = message
        self.needed = needed
        self.request = request
        self.answered = False
        self.buried = False  # under a tombstone that may be purged: it leaves no hint
        self.acks: dict[str, None] = {}
        core = writes.core
        value = message.value if isinstance(message, Put) else None
        self.record = record(message.key, core.versions.mint(core.now.wall), value)

    def stored(self, sender: str, message: Stored) -> None:
        if message.holds:
            self.acks[sender] = None
            self.writes.go_on(self)

    def forget(self, node: str) -> None:
        self.acks.pop(node, None)

    def time_is_up(self) -> bool:
        """True: it goes on for as long again."""
        self.writes.leave_hints(self)
        return False

    def timed_out(self) -> str:
        return f"{len(self.acks)} of {self.needed} replicas acknowledged within the timeout"


class Writes:
    def __init__(self, core: Core, hints: Hints) -> None:
        self.core = core
        self.hints = hints

    def begin(self, client: str, message: Put | Delete) -> Write:
        core = self.core
        core.metrics.writes += 1
        write = Write(self, client, message, core.cluster.writes_needed(message.level), core.next_request())
        core.waiting[write.request] = write
        replicas = core.placement.replicas_of(message.key)
        born, origin = core.now.wall, f"op {message.op}"
        store = Store(0, born, origin, write.request, write.record, "write")
        core.send_all(core.others(replicas), store if core.dots is None else core.dots.mint(store))
        own = core.name in replicas and core.joined
        if own and core.copies.offer(write.record, Source("write", born, None, origin)):
            write.acks[core.name] = None
        self.go_on(write)
        return write

    def store(self, sender: str, message: Store) -> None:
        """A copy from elsewhere. Too old a message may bring back what was purged since: it is refused."""
        core = self.core
        source = Source(message.cause, message.born, f"{sender}/{message.n}", message.origin)
        if core.dots is not None:
            core.dots.arriving(message)
        holds = core.joined and self.acceptable(message) and core.copies.offer(message.record, source)
        if holds and core.dots is not None:
            core.dots.held(message)
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
        for node in self.core.placement.replicas_of(write.record.key):
            if node not in write.acks and node != self.core.name:
                self.hints.missed(node, write.record)
