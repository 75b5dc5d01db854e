"""A read, as its coordinator sees it: ask all replicas, decide on the first R answers, repair before answering."""

from .copies import Source
from .core import Core
from .messages import Answer, Fetch, Fetched, Get, Store, Stored
from .records import Record


class Read:
    """Two steps: gather R answers; then, with blocking repair, wait until enough replicas hold what was decided."""

    def __init__(self, reads: "Reads", client: str, message: Get, needed: int, request: int) -> None:
        self.reads = reads
        self.client = client
        self.message = message
        self.needed = needed
        self.request = request
        self.born = reads.core.now.wall
        self.answers: dict[str, Record | None] = {}
        self.best: Record | None = None
        self.decided = False
        self.holders: dict[str, None] = {}
        self.target = 0

    def stored(self, sender: str, message: Stored) -> None:
        if message.holds:
            self.holders[sender] = None
            self.reads.finish_if_repaired(self)

    def timed_out(self) -> str:
        if not self.decided:
            return f"{len(self.answers)} of {self.needed} replicas answered within the timeout"
        return f"{len(self.holders)} of {self.target} replicas confirmed the repair within the timeout"


class Reads:
    def __init__(self, core: Core) -> None:
        self.core = core

    def begin(self, client: str, message: Get) -> Read:
        core = self.core
        read = Read(self, client, message, core.cluster.reads_needed(message.level), core.next_request())
        core.waiting[read.request] = read
        replicas = core.placement.replicas_of(message.key)
        fetch = Fetch(0, read.born, f"op {message.op}", read.request, message.key)
        core.send_all(core.others(replicas), fetch)
        if core.name in replicas:
            self._gather(read, core.name, core.copies.visible(message.key))
        return read

    def fetch(self, sender: str, message: Fetch) -> None:
        held = self.core.copies.visible(message.key)
        born = self.core.now.wall
        self.core.send(sender, Fetched(0, born, message.origin, message.request, message.key, held))

    def fetched(self, sender: str, message: Fetched) -> None:
        read = self.core.waiting.get(message.request)
        if not isinstance(read, Read):
            return  # answered or timed out before
        record = message.record
        if record is not None and not record.intact():
            return  # damaged on its way: no answer is better than a wrong one
        if read.decided:
            if self.core.versions.dominates(record, read.best):
                read.holders[sender] = None
                self.finish_if_repaired(read)
        else:
            self._gather(read, sender, record)

    def _gather(self, read: Read, sender: str, record: Record | None) -> None:
        read.answers[sender] = record
        if record is not None:
            self.core.versions.observe(record.version)
        if len(read.answers) >= read.needed:
            self._decide(read)

    def _decide(self, read: Read) -> None:
        versions = self.core.versions
        read.decided = True
        read.best = self.decided_copy(read)
        for sender, record in read.answers.items():
            if versions.dominates(record, read.best):
                read.holders[sender] = None
        read.target = self.holders_needed(read)
        if read.best is not None and len(read.holders) < read.target:
            self._repair(read, read.best)
        self.finish_if_repaired(read)

    def decided_copy(self, read: Read) -> Record | None:
        best: Record | None = None
        for record in read.answers.values():
            best = self.core.versions.merge(best, record)
        return best

    def holders_needed(self, read: Read) -> int:
        """So many that each later quorum read meets one. A single answer has nothing to be compared with."""
        cluster = self.core.cluster
        if self.core.policy.read_repair == "none" or read.needed == 1 or read.best is None:
            return 0
        return max(cluster.quorum(), cluster.n - read.needed + 1)

    def _repair(self, read: Read, best: Record) -> None:
        """Also to replicas that have not answered yet: their word counts as soon as it comes."""
        core = self.core
        stale = [node for node in core.placement.replicas_of(best.key) if node not in read.holders]
        origin = f"op {read.message.op}"
        store = Store(0, read.born, origin, read.request, best, "read repair")
        core.send_all([node for node in stale if node != core.name], store)
        fresh = core.now.wall - read.born <= core.policy.message_lifetime_ns
        if core.name in stale and fresh and core.copies.offer(best, Source("read repair", read.born, None, origin)):
            read.holders[core.name] = None

    def finish_if_repaired(self, read: Read) -> None:
        if len(read.holders) < read.target or read.request not in self.core.waiting:
            return
        del self.core.waiting[read.request]
        best = read.best
        if best is None:
            self.core.answer(read.client, Answer(read.message.op, "ok"))
        else:
            self.core.answer(read.client, Answer(read.message.op, "ok", best.value, best.version, best.dead))
