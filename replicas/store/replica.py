"""A replica without input and output: messages and timers go in, effects come out of its outbox."""

from collections.abc import Callable
from typing import Any

import msgspec

from .copies import Audited
from .core import Now
from .joining import first_number, generation_of
from .levels import quota_of
from .mending import Mend, Mending
from .merkle import Untended
from .messages import (
    Announce,
    Announced,
    AnyMessage,
    AskDigest,
    AskPage,
    AskVersion,
    Confirm,
    Confirmed,
    Digest,
    DottedStore,
    Fetch,
    Fetched,
    Flush,
    Flushed,
    Keep,
    Kept,
    Mark,
    Marked,
    Newer,
    Offer,
    OfferReply,
    Page,
    PeerMessage,
    Store,
    Stored,
    ToldVersion,
)
from .parts import SOUND, Parts
from .patience import Patience
from .peer import Peer
from .placement import Placement
from .policy import Policy
from .read import Read
from .records import Record
from .settings import Cluster
from .siblings import Dotted
from .storage import Meta, Storage
from .version_kinds import refusal, value_bytes_max, versions_of
from .visits import (
    Answer,
    AskDump,
    AskStatus,
    ClientMessage,
    Delete,
    DeleteAfter,
    DumpedCopy,
    DumpReply,
    Get,
    Ping,
    Pong,
    Put,
    PutAfter,
    Status,
)
from .writes import Write

_NUMBERS_PER_LIFE = 1_000_000_000
KEY_BYTES_MAX = 1024
DUMP_CHARACTERS_MAX = 2 * 1024 * 1024  # of a page, at up to four bytes each, in a frame of 16 MiB


class Effects(msgspec.Struct, gc=False):
    """`commit` is what must be durable before the sends may go; None: nothing that counts has changed. `sends` go to
    peers, `answers` to clients and to the harness."""

    commit: Meta | None
    sends: list[tuple[str, PeerMessage]]
    answers: list[tuple[str, AnyMessage]]
    timers: list[tuple[int, str]]
    audit: list[Audited]


class Replica:
    """The shell hands in whatever is ready, ends the batch, commits what it must, and only then releases the sends."""

    def __init__(
        self,
        name: str,
        incarnation: str,
        cluster: Cluster,
        policy: Policy,
        storage: Storage,
        parts: Parts = SOUND,
    ) -> None:
        meta = storage.meta or Meta(incarnation, 0, 0, 0, joined=generation_of(incarnation) == 1)
        self.name = name
        self.incarnation = meta.incarnation
        self.batch = meta.batch
        self._boots = meta.boots
        self._storage = storage
        self._durable_clock = meta.clock
        placement = Placement(cluster)
        versions = versions_of(cluster, parts.versions, self.incarnation, meta.clock)
        tree = parts.tree if policy.anti_entropy == "merkle" else Untended
        trees = {
            partition: tree(policy.tree_levels)
            for partition in range(placement.partitions)
            if name in placement.replicas_of_partition(partition)
        }
        self.copies = parts.copies(storage, versions, placement, trees)
        self.core = parts.core(name, cluster, policy, placement, versions, self.copies, joined=meta.joined)
        self.hints = parts.hints(self.core, storage)
        self.reads = parts.reads(self.core, parts.repairs(self.core))
        self.writes = parts.writes(self.core, self.hints)
        self.substitutes = parts.substitutes(self.core, self.hints, self.writes)
        self.patience = Patience(self.core, self.reads, self.writes, self.substitutes)
        self.mending = Mending(self.core, self.patience.deadlines.add)
        self.writes.met_newer = self.mending.met_newer
        self.entropy = parts.entropy(self.core, storage, parts.sending, parts.kinds, parts.turns, parts.incremental)
        self._away = self.entropy.turns.away
        self.purging = parts.purging(self.core, self.hints, self.entropy.proofs)
        self.scrubbing = parts.scrubbing(self.core, self.reads, storage)
        self.joining = parts.joining(self.core, storage, self._forget_word_of)
        self.copies.taken = self._learn if policy.read_repair == "adaptive" else self.purging.notice
        self.entropy.listen()
        self._changes_committed = 0
        self._value_bytes_max = value_bytes_max(cluster)
        self._dumps: list[tuple[str, str | None]] = []
        self._refuses_when_full = policy.hints_when_full == "refuse" and self.hints.active()
        self._handlers = self._dispatch()
        self._timers: dict[str, Callable[[], None]] = {
            "round": self.entropy.tick,
            "turn": self.entropy.turn,
            "purge": self.purging.tick,
            "hints": self.hints.tick,
            "join": self.joining.tick,
            "scrub": self.scrubbing.tick,
            "deadline": self.patience.deadlines.expire,
            "quarter": self.patience.quarters.expire,
            "half": self.patience.halves.expire,
            "reads": self.reads.repairs.alarms.tick,
        }

    def start(self, now: Now) -> None:
        """Once, before any message: reads the disk, counts the start, sets the first timers."""
        self.core.now = now
        self._boots += 1
        self.core.number_from(first_number(generation_of(self.incarnation)) + self._boots * _NUMBERS_PER_LIFE)
        tombstones = self.copies.load()
        self.purging.start(tombstones)
        self.entropy.start(tombstones)
        self.hints.start()
        self.joining.start()
        self.scrubbing.start()
        self._changes_committed = -1  # the start itself must be durable

    def receive(self, now: Now, sender: str, message: AnyMessage) -> None:
        core = self.core
        core.now = now
        if core.oldest_numbers and isinstance(message, Peer) and message.n < core.oldest_numbers.get(sender, 0):
            return  # an earlier incarnation said it, and its disk is lost
        if self.hints.silent_since:
            self.hints.heard(sender)
        if self._away:
            self.entropy.turns.heard(sender)
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(sender, message)

    def wake(self, now: Now, timer: str) -> None:
        self.core.now = now
        self._timers[timer]()

    def end_batch(self) -> Effects | None:
        """What came of all that was handled since the last one; None: nothing. Asked after each batch, so it calls as
        little as it can."""
        core, copies = self.core, self.copies
        commit = None
        changes = copies.changes + core.changes
        if changes != self._changes_committed or core.versions.minted > self._durable_clock:
            self.batch += 1
            self._changes_committed = changes
            clock = self._durable_clock = core.versions.clock
            commit = Meta(self.incarnation, self.batch, clock, self._boots, core.joined)
        elif not (core.sends or core.answers or core.timers or self._dumps):
            return None
        if self._dumps:
            self._answer_dumps()
        effects = Effects(commit, core.sends, core.answers, core.timers, copies.audit)
        core.sends, core.answers, core.timers, copies.audit = [], [], [], []
        return effects

    def _answer_dumps(self) -> None:
        dumps, self._dumps = self._dumps, []
        for sender, after in dumps:
            self.core.answer(sender, self.dump(after))

    def health(self, without: list[str]) -> Status:
        """As if the nodes `without` were no part of the cluster."""
        completed = self.entropy.completed(without)
        return Status(self.entropy.begun, completed, self.copies.changes, self.pending(without))

    def metrics(self) -> dict[str, int]:
        """What was counted since the start, and how things stand."""
        ages = self.entropy.since_repair_ns()
        oldest_ns = max(ages.values(), default=0)
        longest_ns = max(oldest_ns, self.entropy.exchanges.longest_without_repair_ns)
        stand = {
            "rounds_begun": self.entropy.begun,
            "rounds_completed": self.entropy.completed([]),
            "ranges_pending": self.entropy.ranges_pending(),
            "repair_bytes_held_back": self.entropy.sending.held_back_bytes,
            "longest_without_repair_ms": longest_ns // 1_000_000,
            "hints_waiting": self.hints.waiting(),
            "tombstones_held": sum(record.dead for record, _ in self._storage.scan()),
            "corrupt_copies": self.copies.corrupt,
            **self.scrubbing.metrics(),
            **self.entropy.metrics(),
            **self.entropy.counted(),
            **{f"since_repair_of_range_{partition}_ms": age // 1_000_000 for partition, age in ages.items()},
        }
        if self.core.policy.hint_bytes_max:
            stand["hint_bytes_waiting"] = self.hints.waiting_bytes()
        if self.core.policy.read_repair == "adaptive":
            stand["habits_known"] = self.reads.repairs.habits.known()
        if self.core.policy.purge == "grace":
            stand["grace_margin_ms"] = (self.purging.grace_ns() - oldest_ns) // 1_000_000
        if isinstance(self.core.versions, Dotted):
            stand["siblings_dropped"] = self.core.versions.dropped
        return {**self.core.metrics.shown(), **stand}

    def pending(self, without: list[str]) -> str | None:
        """In words, what keeps this node from being mended."""
        operations = sum(isinstance(waiting, Read | Write | Mend) for waiting in self.core.waiting.values())
        if operations:
            return f"{operations} operations are under way"
        mending = self.joining.pending() or self.entropy.pending(without) or self.scrubbing.pending(without)
        return mending or self.purging.pending(without) or self.hints.pending(without)

    def dump(self, after: str | None) -> DumpReply:
        """A page of all that is held, as it is on the disk."""
        copies: list[DumpedCopy] = []
        size = 0
        for record, marked_ns in self._storage.scan(after):
            size += len(record.key) + len(record.value or "")
            if copies and size > DUMP_CHARACTERS_MAX:
                return DumpReply(copies, more=True, batch=self.batch)
            copies.append(DumpedCopy(record, marked_ns > 0))
        return DumpReply(copies, more=False, batch=self.batch)

    def _learn(self, taken: Record) -> None:
        self.purging.notice(taken)
        self.reads.repairs.habits.saw(taken)

    def _forget_word_of(self, node: str) -> None:
        for waiting in self.core.waiting.values():
            waiting.forget(node)
        self.purging.forget(node)
        self.entropy.forget(node)

    def _dispatch(self) -> dict[type[Any], Callable[[str, Any], None]]:
        own_fetches = self.scrubbing.active() or self.core.policy.write_repair == "on"  # beside those of reads
        return {
            Store: self.writes.store,
            DottedStore: self.writes.store,
            Stored: self.writes.stored,
            Fetch: self.reads.fetch,
            Fetched: self._fetched if own_fetches else self.reads.fetched,
            AskVersion: self.writes.counting.ask,
            ToldVersion: self.writes.counting.told,
            AskDigest: self.reads.ask_digest,
            Digest: self.reads.digest,
            Get: self._client,
            Put: self._client,
            Delete: self._client,
            PutAfter: self._client,
            DeleteAfter: self._client,
            Confirm: self.purging.confirm,
            Confirmed: self.purging.confirmed,
            Flush: self.purging.flushing.flush,
            Flushed: self.purging.flushing.flushed,
            Mark: self.purging.mark,
            Marked: self.purging.marked,
            Announce: self.joining.announce,
            Announced: self.joining.announced,
            AskPage: self.joining.ask_page,
            Page: self.joining.page,
            Offer: self.hints.offered,
            OfferReply: self.hints.offer_answered,
            Keep: self.substitutes.keep,
            Kept: self.substitutes.kept,
            Newer: self.writes.newer,
            Ping: self._ping,
            AskStatus: self._status,
            AskDump: self._dump,
            **self.entropy.handlers(),
        }

    def _client(self, sender: str, message: ClientMessage) -> None:
        refusal = self._refusal(message)
        if refusal is not None:
            self.core.answer(sender, Answer(message.op, "refused", error=refusal))
            return
        operation = (
            self.reads.begin(sender, message) if isinstance(message, Get) else self.writes.begin(sender, message)
        )
        if operation.request in self.core.waiting:
            self.patience.watch(operation, message)

    def _refusal(self, message: ClientMessage) -> str | None:
        """Definite: nothing has been sent."""
        limit = self.core.cluster.operations_in_flight_max
        if len(self.core.waiting) >= limit:
            return f"overloaded: {limit} operations are in flight (operations_in_flight_max); try again later"
        if len(message.key.encode()) > KEY_BYTES_MAX:
            return f"the key is longer than {KEY_BYTES_MAX} bytes"
        if isinstance(message, Put) and len(message.value.encode()) > self._value_bytes_max:
            return f"the value is longer than {self._value_bytes_max} bytes"
        reason = self._level_refusal(message) if message.level is not None else None
        if reason is None and self.core.versions.joins:
            reason = refusal(self.core.cluster, message)
        if reason is None and self._refuses_when_full and not isinstance(message, Get):
            reason = self.writes.refusal(message)
        return reason

    def _level_refusal(self, message: ClientMessage) -> str | None:
        if message.level == "ANY" and isinstance(message, Get):
            return "ANY is a level of writes: a read takes at least the answer of one replica"
        quota = quota_of(message.level, self.core.placement, message.key, self.name)
        if quota is not None and not quota.possible():
            return f"{message.level}: no replica of this key is in the datacenter of {self.name}"
        return None

    def _fetched(self, sender: str, message: Fetched) -> None:
        waiting = self.core.waiting.get(message.request)
        if isinstance(waiting, Mend):
            self.mending.fetched(waiting, sender, message)
        else:
            self.scrubbing.fetched(sender, message)

    def _ping(self, sender: str, message: Ping) -> None:
        self.core.answer(sender, Pong(message.token))

    def _status(self, sender: str, message: AskStatus) -> None:
        self.core.answer(sender, self.health(message.without))

    def _dump(self, sender: str, message: AskDump) -> None:
        """Answered when the batch is over: a dump is the state with a commit, not the middle of one."""
        self._dumps.append((sender, message.after))
