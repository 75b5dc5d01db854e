"""Write repair: a replica may hold what is newer than a write, as its coordinator has not seen it yet. The coordinator
fetches it and brings it to the replicas that hold only the write."""

from collections.abc import Callable

from .copies import Source
from .core import Core
from .messages import Fetch, Fetched, Store, Stored
from .records import Record
from .writes import Write


class Mend:
    """Of one write. It ends when all that it brought was acknowledged, and no later than an operation would."""

    def __init__(self, mending: "Mending", write: Write, request: int) -> None:
        self.mending = mending
        self.write = write
        self.request = request
        self.newer: dict[str, None] = {}  # who said that it holds something newer
        self.copy: Record | None = None
        self.born = 0
        self.brought: dict[str, None] = {}  # to whom, and not acknowledged yet

    def stored(self, sender: str, message: Stored) -> None:
        if message.holds and sender in self.brought:
            self.mending.mended(self, sender)

    def forget(self, node: str) -> None:
        self.newer.pop(node, None)
        self.brought.pop(node, None)


class Mending:
    """`expect` sets the time of a request."""

    def __init__(self, core: Core, expect: Callable[[int], None]) -> None:
        self.core = core
        self._expect = expect

    def met_newer(self, write: Write, node: str) -> None:
        core, mend = self.core, write.mend
        if not isinstance(mend, Mend):
            mend = write.mend = Mend(self, write, core.next_request())
            core.waiting[mend.request] = mend
            core.metrics.write_repairs += 1
            self._expect(mend.request)
            core.send(node, Fetch(0, core.now.wall, f"op {write.message.op}", mend.request, write.record.key))
        mend.newer[node] = None
        if node in mend.brought:
            self._done(mend, node)

    def fetched(self, mend: Mend, sender: str, message: Fetched) -> None:
        """The first answer counts, if it is what was promised."""
        core, record = self.core, message.record
        if mend.copy is not None or sender not in mend.newer:
            return
        if record is None or not record.intact() or core.versions.dominates(mend.write.record, record):
            self.end(mend)  # it was purged or lost since
            return
        core.versions.observe(record.version)
        mend.copy, mend.born = record, message.born
        replicas = core.placement.replicas_of(record.key)
        origin, born = f"op {mend.write.message.op}", message.born
        behind = [node for node in core.others(replicas) if node not in mend.newer]
        mend.brought = dict.fromkeys(behind)
        core.send_all(behind, Store(0, born, origin, mend.request, record, "write repair"))
        fresh = core.now.wall - born <= core.policy.message_lifetime_ns
        if core.name in replicas and core.joined and fresh:
            source = Source("write repair", born, f"{sender}/{message.n}", origin)
            changes = core.copies.changes
            core.copies.offer(record, source)
            core.metrics.copies_mended_by_writes += core.copies.changes > changes
        if not behind:
            self.end(mend)

    def mended(self, mend: Mend, node: str) -> None:
        self.core.metrics.copies_mended_by_writes += 1
        self._done(mend, node)

    def _done(self, mend: Mend, node: str) -> None:
        del mend.brought[node]
        if not mend.brought:
            self.end(mend)

    def end(self, mend: Mend) -> None:
        self.core.waiting.pop(mend.request, None)
