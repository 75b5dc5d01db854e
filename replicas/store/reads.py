"""A read, as its coordinator sees it: ask all replicas, decide on the first R answers, and repair what is behind.

Blocking repair comes before the answer, and only as much of it as later quorum reads need. Background repair comes
after it, once all replicas have answered or the time is up, and is for all that are behind; R = 1 repairs as well.
"""

from replicas.system import Level

from .copies import Source
from .core import Core
from .levels import Quota, level_reached, quota_of
from .messages import Answer, Fetch, Fetched, Get, Store, Stored, below
from .records import Record


class Read:
    """Gathers R answers, waits for a blocking repair, is answered, and may then mend in the background."""

    quota: Quota | None = None  # of a level that asks for replicas of certain datacenters
    level_met: Level | None = None  # where it stepped down

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
        self.answered = False
        self.holders: dict[str, None] = {}
        self.target = 0
        self.repair_begun = False
        self.repairing: dict[str, None] = {}  # who was sent the best copy and has not said yet that it holds it

    def stored(self, sender: str, message: Stored) -> None:
        if not message.holds:
            return
        self.holders[sender] = None
        self.repairing.pop(sender, None)
        self.reads.go_on(self)

    def forget(self, node: str) -> None:
        self.answers.pop(node, None)
        self.holders.pop(node, None)

    def enough(self) -> bool:
        return len(self.answers) >= self.needed and (self.quota is None or self.quota.met(self.answers))

    def repaired(self) -> bool:
        """As far as its answer waits for it."""
        if len(self.holders) < self.target:
            return False
        return not self.target or self.quota is None or self.quota.to_be_met_again().met(self.holders)

    def time_is_up(self) -> bool:
        """True: it goes on for as long again."""
        return self.reads.late(self)

    def timed_out(self) -> str:
        if not self.decided:
            return f"{len(self.answers)} of {self.needed} replicas answered within the timeout"
        return f"{len(self.holders)} of {self.target} replicas confirmed the repair within the timeout"


class Reads:
    def __init__(self, core: Core) -> None:
        self.core = core

    def begin(self, client: str, message: Get) -> Read:
        core = self.core
        core.metrics.reads += 1
        quota = quota_of(message.level, core.placement, message.key, core.name) if message.level else None
        needed = core.cluster.reads_needed(message.level) if quota is None else quota.total()
        read = Read(self, client, message, needed, core.next_request())
        if quota is not None:
            read.quota = quota
        core.waiting[read.request] = read
        replicas = core.placement.replicas_of(message.key)
        fetch = Fetch(0, read.born, f"op {message.op}", read.request, message.key)
        core.send_all(core.others(replicas), fetch)
        if core.name in replicas and core.joined:
            self._gather(read, core.name, core.copies.visible(message.key))
        return read

    def fetch(self, sender: str, message: Fetch) -> None:
        core, key = self.core, message.key
        if core.joined:
            held = core.copies.visible(key)
            core.send(sender, Fetched(0, core.now.wall, message.origin, message.request, key, held))

    def fetched(self, sender: str, message: Fetched) -> None:
        read = self.core.waiting.get(message.request)
        if not isinstance(read, Read):
            return  # answered or timed out before
        record = message.record
        if record is not None and not record.intact():
            return  # damaged on its way: no answer is better than a wrong one
        if not read.decided:
            self._gather(read, sender, record)
            return
        read.answers.setdefault(sender, record)
        if self.core.versions.dominates(record, read.best):
            read.holders[sender] = None
        self.go_on(read)

    def _gather(self, read: Read, sender: str, record: Record | None) -> None:
        read.answers[sender] = record
        if record is not None:
            self.core.versions.observe(record.version)
        if len(read.answers) >= read.needed and (read.quota is None or read.enough()):
            self._decide(read)

    def _decide(self, read: Read) -> None:
        read.decided = True
        self._choose(read, self.decided_copy(read))
        read.target = self.holders_needed(read) if read.level_met is None else 0
        if not read.repaired():
            self._repair(read)
        self.go_on(read)

    def _choose(self, read: Read, best: Record | None) -> None:
        dominates = self.core.versions.dominates
        read.best = best
        read.holders = {sender: None for sender, record in read.answers.items() if dominates(record, best)}

    def decided_copy(self, read: Read) -> Record | None:
        merge = self.core.versions.merge
        best: Record | None = None
        for record in read.answers.values():
            best = merge(best, record)
        return best

    def holders_needed(self, read: Read) -> int:
        """So many that each later quorum read meets one. A single answer has nothing to be compared with."""
        cluster = self.core.cluster
        if self.core.policy.read_repair != "blocking" or read.needed == 1 or read.best is None:
            return 0
        if read.quota is not None:
            return read.quota.to_be_met_again().total()
        return max(cluster.quorum(), cluster.n - read.needed + 1)

    def _repair(self, read: Read) -> None:
        """Also replicas that have not answered yet: their word counts as soon as it comes."""
        core, best = self.core, read.best
        stale = [] if best is None else self._behind(read, core.placement.replicas_of(read.message.key))
        if best is None or not stale:
            return
        read.repair_begun = True
        core.metrics.repairs_started += 1
        for node in stale:
            if node in read.answers:
                core.metrics.count_difference(core.versions, read.answers[node], best)
        origin = f"op {read.message.op}"
        read.repairing = dict.fromkeys(stale)
        others = [node for node in stale if node != core.name]
        core.send_all(others, Store(0, read.born, origin, read.request, best, "read repair"))
        if core.name in stale and self._repair_own(read, best, origin):
            read.holders[core.name] = None
            del read.repairing[core.name]

    def _behind(self, read: Read, replicas: tuple[str, ...]) -> list[str]:
        return [node for node in replicas if node not in read.holders]

    def _repair_own(self, read: Read, best: Record, origin: str) -> bool:
        core = self.core
        fresh = core.now.wall - read.born <= core.policy.message_lifetime_ns
        return core.joined and fresh and core.copies.offer(best, Source("read repair", read.born, None, origin))

    def go_on(self, read: Read) -> None:
        """The next step, if it is due: the answer, then what is done in the background, then the end."""
        if read.request not in self.core.waiting or len(read.holders) < read.target:
            return
        if read.quota is not None and not read.repaired():
            return
        if not read.answered:
            self._answer(read)
        if self.core.policy.read_repair != "background":
            self._end(read)
        elif read.repair_begun:
            if not read.repairing:
                self._end(read)
        elif len(read.answers) == len(self.core.placement.replicas_of(read.message.key)):
            self._repair_in_background(read)

    def _repair_in_background(self, read: Read) -> None:
        """With all that was heard by now, which may be more than what was answered."""
        self._choose(read, self.decided_copy(read))
        self._repair(read)
        if not read.repairing:
            self._end(read)

    def step_down(self, read: Read) -> None:
        """Half its time is over. What it has heard must do, or what it hears first; it waits for no repair."""
        if read.answered or (read.needed == 1 and read.quota is None):
            return
        heard = max(1, len(read.answers))
        read.level_met = level_reached(min(heard, read.needed))
        read.quota = None
        self.core.metrics.levels_stepped_down += 1
        if read.decided:
            read.target = 0
            self.go_on(read)
            return
        read.needed = heard
        if read.enough():
            self._decide(read)

    def late(self, read: Read) -> bool:
        if read.answered and not read.repair_begun:
            self._repair_in_background(read)
            return read.request in self.core.waiting
        self.core.metrics.repairs_failed += read.repair_begun
        return False

    def _answer(self, read: Read) -> None:
        read.answered = True
        best, met = read.best, read.level_met
        if best is None:
            told = Answer(read.message.op, "ok")
        else:
            told = Answer(read.message.op, "ok", best.value, best.version, best.dead)
        self.core.answer(read.client, told if met is None else below(told, met))

    def _end(self, read: Read) -> None:
        del self.core.waiting[read.request]
        self.core.metrics.repairs_done += read.repair_begun
