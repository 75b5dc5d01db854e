"""A put or a delete, as its coordinator sees it: mint a version, send it to all replicas, answer after W hold it.

With hinted handoff it then goes on until all replicas hold it, or the time is up and those that do not get a hint.
"""

from collections.abc import Callable
from typing import cast

from replicas.system import Level

from .copies import Source
from .core import Core, Waiting
from .counting import Counting
from .hints import Hints, Wanted, bytes_of, size_of
from .levels import Quota, level_reached, quota_of
from .messages import Newer, Store, Stored
from .records import Record, record
from .siblings import Dotted
from .visits import Answer, Delete, DeleteAfter, Put, PutAfter, below


class Write:
    """`quota` is that of a level which asks for replicas of certain datacenters. `asked` says which substitute was to
    keep a hint for which replica, `covered` those of which it said that it does."""

    quota: Quota | None = None
    level_met: Level | None = None  # where it stepped down
    kept_here = False  # in hints of its coordinator
    beside: Record | None = None  # a tombstone that may be purged and has not seen it: a hint has what that leaves
    mend: Waiting | None = None  # what it met that is newer, on its way to others

    def __init__(self, writes: "Writes", client: str, message: Put | Delete, needed: int, request: int) -> None:
        self.writes = writes
        self.client = client
        self.message = message
        self.needed = needed
        self.request = request
        self.answered = False
        self.buried = False  # under a tombstone that may be purged: it leaves no hint
        self.acks: dict[str, None] = {}
        self.asked: dict[str, str] = {}
        self.covered: dict[str, str] = {}
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
            self.acknowledged(sender)

    def acknowledged(self, sender: str) -> None:
        self.acks[sender] = None
        self.covered.pop(sender, None)
        self.writes.go_on(self)

    def forget(self, node: str) -> None:
        self.acks.pop(node, None)
        self.writes.counting.forget(self, node)
        for target, substitute in list(self.covered.items()):
            if substitute == node:
                del self.covered[target]

    def time_is_up(self) -> bool:
        """True: it goes on for as long again."""
        if not self.writes.counting.is_asking(self):
            self.writes.leave_hints(self)
        return False

    def timed_out(self) -> str:
        if self.writes.counting.is_asking(self):
            return f"{self.writes.counting.give_up(self)} of {self.needed} replicas told their version in time"
        if self.quota is not None:
            shares = self.quota.shares
            reached = [f"{sum(n in self.acks for n in s.replicas)} of {s.needed} in {s.datacenter}" for s in shares]
            return f"{' and '.join(reached)} acknowledged within the timeout"
        return f"{len(self.acks) + len(self.covered)} of {self.needed} replicas acknowledged within the timeout"


class Writes:
    """`met_newer` hears of each replica that holds what is newer than a write, with the write."""

    def __init__(self, core: Core, hints: Hints) -> None:
        self.core = core
        self.hints = hints
        self.counting = Counting(core, self._send)
        self._repairs = core.policy.write_repair == "on"
        self.met_newer: Callable[[Write, str], None] = lambda _write, _node: None

    def begin(self, client: str, message: Put | Delete) -> Write:
        core = self.core
        core.metrics.writes += 1
        quota = quota_of(message.level, core.placement, message.key, core.name) if message.level else None
        needed = core.cluster.writes_needed(message.level) if quota is None else quota.total()
        write = Write(self, client, message, needed, core.next_request())
        if quota is not None:
            write.quota = quota
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
        store = Store(0, born, origin, write.request, write.record, "write")
        core.send_all(core.others(replicas), store if core.dots is None else core.dots.mint(store))
        own = core.name in replicas and core.joined
        if own and core.copies.offer(write.record, Source("write", born, None, origin)):
            write.acks[core.name] = None
        self.go_on(write)

    def refusal(self, message: Put | Delete) -> str | None:
        """Where a full queue of hints refuses writes: a write under way may need room for one of each other replica
        that has not acknowledged it."""
        core = self.core
        if not self.hints.active():
            return None
        wanted = message.key, bytes_of(message.key, message.value if isinstance(message, Put) else None)
        for node in core.others(core.placement.replicas_of(message.key)):
            if not self.hints.has_room(node, [*self.owed(node), wanted]):
                core.metrics.writes_refused += 1
                return f"no room for another hint for {node} (hints_max, hint_bytes_max); try again later"
        return None

    def owed(self, node: str) -> list[Wanted]:
        """What writes under way may have to keep for it."""
        waiting = [each for each in self.core.waiting.values() if isinstance(each, Write) and not each.buried]
        return [
            (each.record.key, size_of(each.record))
            for each in waiting
            if node not in each.acks and node in self.core.placement.replicas_of(each.record.key)
        ]

    def store(self, sender: str, message: Store) -> None:
        """A copy from elsewhere. Too old a message may bring back what was purged since: it is refused."""
        core = self.core
        source = Source(message.cause, message.born, f"{sender}/{message.n}", message.origin)
        if core.dots is not None:
            core.dots.arriving(message)
        holds = core.joined and self.acceptable(message.born) and core.copies.offer(message.record, source)
        if holds and core.dots is not None:
            core.dots.held(message)
        if self._repairs and holds and message.cause == "write":
            held = core.copies.visible(message.record.key)
            if held is not None and held.version != message.record.version:
                core.send(sender, Newer(0, core.now.wall, message.origin, message.request, message.record.key))
                return
        reply = Stored(0, core.now.wall, message.origin, message.request, message.record.key, holds)
        core.send(sender, reply)

    def acceptable(self, born: int) -> bool:
        return self.core.now.wall - born <= self.core.policy.message_lifetime_ns

    def stored(self, sender: str, message: Stored) -> None:
        waiting = self.core.waiting.get(message.request)
        if waiting is not None:
            waiting.stored(sender, message)

    def newer(self, sender: str, message: Newer) -> None:
        write = self.core.waiting.get(message.request)
        if isinstance(write, Write):
            self.met_newer(write, sender)
            write.acknowledged(sender)

    def go_on(self, write: Write) -> None:
        """The answer once enough replicas hold it; the end once nobody needs a hint any more."""
        core = self.core
        if write.request not in core.waiting or not (write.answered or self.enough(write)):
            return
        if not write.answered:
            write.answered = True
            copy = write.record
            told = Answer(write.message.op, "ok", None, copy.version, copy.dead)
            core.answer(write.client, told if write.level_met is None else self.told_below(told, write.level_met))
        reached = len(write.acks) + len(write.covered)
        if not (self._repairs or self.hints.active()) or reached == len(core.placement.replicas_of(write.record.key)):
            del core.waiting[write.request]

    def enough(self, write: Write) -> bool:
        if write.quota is not None:
            return write.quota.met(self.counted(write))
        return len(write.acks) + len(write.covered) >= write.needed or write.kept_here

    def counted(self, write: Write) -> list[str]:
        """A substitute stands in for a replica in its own datacenter."""
        datacenter_of = self.core.placement.datacenter_of
        near = [target for target, node in write.covered.items() if datacenter_of[target] == datacenter_of[node]]
        return [*write.acks, *near]

    def told_below(self, told: Answer, level: Level) -> Answer:
        return below(told, level)

    def step_down(self, write: Write) -> None:
        """Half its time is over. What has been reached must do, or whatever is reached first."""
        if write.answered or (write.needed == 1 and write.quota is None):
            return
        reached = max(1, len(write.acks) + len(write.covered))
        write.needed, write.quota, write.level_met = reached, None, level_reached(reached)
        self.core.metrics.levels_stepped_down += 1
        self.go_on(write)

    def keep_here(self, write: Write) -> None:
        """At ANY, where no replica has acknowledged the write yet: hints are made at once, and one of them will do."""
        if write.answered or write.buried or not self.hints.active():
            return
        missed = [node for node in self.core.placement.replicas_of(write.record.key) if node not in write.acks]
        copy = self.for_a_hint(write)
        kept = [self.hints.missed(node, copy) for node in self.core.others(tuple(missed))]
        write.kept_here = any(kept)
        self.go_on(write)

    def leave_hints(self, write: Write) -> None:
        if not self.hints.active() or write.buried:
            return
        for node in self.core.placement.replicas_of(write.record.key):
            if node not in write.acks and node not in write.covered and node != self.core.name:
                self.hints.missed(node, self.for_a_hint(write))

    def for_a_hint(self, write: Write) -> Record:
        if write.beside is None:
            return write.record
        return self.core.versions.merge(write.record, write.beside) or write.record
