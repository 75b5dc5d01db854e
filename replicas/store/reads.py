"""A read, as its coordinator sees it: ask replicas, decide on the first R answers, and repair what is behind.

Blocking repair comes before the answer, and only as much of it as later quorum reads need. Background repair comes
after it, once all that were asked have answered or the time is up, and is for all that are behind; R = 1 repairs as
well. Whom a read asks is decided in asking.py, what it repairs in repairs.py.
"""

from functools import partial
from typing import cast

from .asking import Asking
from .core import Core
from .digests import digest_of, size_of, stands
from .levels import level_reached, quota_of
from .messages import AskDigest, Digest, Fetch, Fetched
from .peer import Brief
from .read import Read
from .records import Record
from .repairs import Repairs
from .siblings import Dotted
from .versions import Glance
from .visits import Answer, Get, below


class Reads:
    def __init__(self, core: Core, repairs: Repairs) -> None:
        self.core = core
        self.repairs = repairs
        self.asking = Asking(core, repairs.habits)
        self.adapts = core.policy.read_repair == "adaptive"
        self.tracks = self.asking.tracks
        self.speculates = core.policy.speculate_after_ns > 0

    def begin(self, client: str, message: Get) -> Read:
        core = self.core
        core.metrics.reads += 1
        quota = quota_of(message.level, core.placement, message.key, core.name) if message.level else None
        needed = core.cluster.reads_needed(message.level) if quota is None else quota.total()
        replicas = core.placement.replicas_of(message.key)
        course = self.asking.courses.get(replicas) or self.asking.course(message, needed, replicas)
        read = Read(self, client, message, needed, core.next_request(), course)
        if quota is not None:
            read.quota = quota
        core.waiting[read.request] = read
        if self.adapts:
            self.repairs.habits.read(message.key)
        if course.digests_above is None:
            self._ask(read, course.asked)
        else:
            self._ask_one_in_full(read, course.digests_above)
        if self.speculates:
            self.repairs.later(read, core.policy.speculate_after_ns, partial(self._speculate, read))
        return read

    def _ask(self, read: Read, nodes: tuple[str, ...]) -> None:
        """For what they hold; this node last, since with its word the read may be decided."""
        core = self.core
        others = core.others(nodes)
        core.send_all(others, Fetch(0, core.now.wall, f"op {read.message.op}", read.request, read.message.key))
        if self.tracks:
            self._count(others)
        if core.name in nodes and core.joined:
            self._ask_itself(read)

    def _ask_itself(self, read: Read) -> None:
        core = self.core
        held = core.copies.visible(read.message.key)
        if not read.decided:
            self._gather(read, core.name, held)
            return
        read.answers[core.name] = held
        if core.versions.dominates(held, read.best):
            read.holders[core.name] = None

    def _ask_one_in_full(self, read: Read, above: int) -> None:
        """Of the others none, where this node holds a copy itself."""
        core, asked = self.core, read.asked
        others = core.others(asked)
        own = core.joined and core.name in asked
        full = [] if own else others[:1]
        origin, request, key = f"op {read.message.op}", read.request, read.message.key
        core.send_all(full, Fetch(0, read.born, origin, request, key))
        core.send_all(others[len(full) :], AskDigest(0, read.born, origin, request, key, above))
        if self.tracks:
            self._count(others)
        if own:
            self._ask_itself(read)

    def _count(self, others: list[str]) -> None:
        for node in others:
            self.asking.sent(node)

    def fetch(self, sender: str, message: Fetch) -> None:
        core, key = self.core, message.key
        if core.joined:
            held = core.copies.visible(key)
            core.send(sender, Fetched(0, core.now.wall, message.origin, message.request, key, held))

    def ask_digest(self, sender: str, message: AskDigest) -> None:
        core, key = self.core, message.key
        if not core.joined:
            return
        held = core.copies.visible(key)
        if size_of(held) > message.above:
            brief = self.digest_of(held)
            core.send(sender, Digest(0, core.now.wall, message.origin, message.request, key, brief))
        else:
            core.send(sender, Fetched(0, core.now.wall, message.origin, message.request, key, held))

    def digest_of(self, held: Record | None) -> Brief | None:
        return digest_of(held)

    def fetched(self, sender: str, message: Fetched) -> None:
        read = self.core.waiting.get(message.request)
        if not isinstance(read, Read):
            return  # answered or timed out before
        record = message.record
        if record is not None and not record.intact():
            return  # damaged on its way: no answer is better than a wrong one
        if self.tracks:
            self._note_time(read, sender)
        if read.briefs:
            read.briefs.pop(sender, None)
        if not read.decided:
            self._gather(read, sender, record)
            return
        read.answers.setdefault(sender, record)
        if self.core.versions.dominates(record, read.best):
            read.holders[sender] = None
        self.go_on(read)

    def digest(self, sender: str, message: Digest) -> None:
        read = self.core.waiting.get(message.request)
        if not isinstance(read, Read) or sender in read.answers:
            return
        self.core.metrics.digests_received += 1
        if self.tracks:
            self._note_time(read, sender)
        read.briefs[sender] = message.brief
        if not read.decided:
            self._weigh(read)
            return
        if self.stands(read.best, message.brief) == "same":
            read.holders[sender] = None
        self.go_on(read)

    def stands(self, best: Record | None, brief: Brief | None) -> Glance:
        return stands(self.core.versions, best, brief)

    def _note_time(self, read: Read, sender: str) -> None:
        if sender not in read.answers and sender not in read.briefs:
            self.asking.answered(sender, self.core.now.mono - read.begun)

    def _gather(self, read: Read, sender: str, record: Record | None) -> None:
        read.answers[sender] = record
        if record is not None:
            self.core.versions.observe(record.version)
        if read.briefs:
            self._weigh(read)
        elif len(read.answers) >= read.needed and (read.quota is None or read.quota.met(read.answers)):
            self._decide(read)

    def _weigh(self, read: Read) -> None:
        """A digest counts as an answer once it is known that it hides nothing newer."""
        hiding = self._hiding(read, self.decided_copy(read))
        heard = [*read.answers, *read.briefs]
        if read.enough([node for node in heard if node not in hiding]):
            self._decide(read)
        elif read.enough(heard) and (read.answers or not self.speculates or self._is_overdue(read)):
            self._ask_in_full(read, hiding)

    def _is_overdue(self, read: Read) -> bool:
        """The one that was asked for its copy is slow. Until then it may only be behind those that send digests."""
        return self.core.now.mono - read.begun >= self.core.policy.speculate_after_ns

    def _ask_in_full(self, read: Read, nodes: list[str]) -> None:
        """Each of them once."""
        core = self.core
        nodes = [node for node in nodes if node not in read.asked_in_full]
        if nodes:
            core.metrics.digests_resolved += len(nodes)
            read.asked_in_full += tuple(nodes)
            fetch = Fetch(0, core.now.wall, f"op {read.message.op}", read.request, read.message.key)
            core.send_all(nodes, fetch)

    def _speculate(self, read: Read) -> None:
        """In place of those that are silent others are asked, and after as long again still others."""
        if read.decided:
            return
        if len(read.answers) + len(read.briefs) >= read.needed:
            self._ask_in_full(read, self._hiding(read, self.decided_copy(read)))
        spare = [node for node in read.course.order if node not in read.asked]
        if not spare:
            return
        more = tuple(spare[: max(1, read.needed - len(read.answers) - len(read.briefs))])
        self.core.metrics.reads_speculated += 1
        self.repairs.later(read, self.core.policy.speculate_after_ns, partial(self._speculate, read))
        self._ask_more(read, more)

    def _ask_more(self, read: Read, more: tuple[str, ...]) -> None:
        read.asked += more
        self._ask(read, more)

    def _decide(self, read: Read) -> None:
        read.decided = True
        self._choose(read, self.decided_copy(read))
        if self.adapts and read.best is not None:
            self.repairs.habits.saw(read.best)
        read.target = self.repairs.holders_needed(read) if read.level_met is None else 0
        if not read.repaired():
            self.repairs.begin(read)
        self.go_on(read)

    def _choose(self, read: Read, best: Record | None) -> None:
        """Who said that it holds what dominates this copy too is a holder still."""
        dominates = self.core.versions.dominates
        holders = {sender: None for sender, record in read.answers.items() if dominates(record, best)}
        if read.best is not None and dominates(read.best, best):
            holders |= read.holders
        read.best, read.holders = best, holders
        if read.briefs:
            same = [node for node, brief in read.briefs.items() if self.stands(best, brief) == "same"]
            read.holders |= dict.fromkeys(same)

    def decided_copy(self, read: Read) -> Record | None:
        merge = self.core.versions.merge
        best: Record | None = None
        for record in read.answers.values():
            best = merge(best, record)
        return best

    def go_on(self, read: Read) -> None:
        """The next step, if it is due: the answer, then what is done in the background, then the end."""
        if read.request not in self.core.waiting or not read.decided or len(read.holders) < read.target:
            return
        if read.quota is not None and not read.repaired():
            return
        if not read.answered:
            self._answer(read)
        if read.looks_again:
            self._look_again(read)
        elif not (read.course.lingers and read.repairing):
            self._end(read)

    def _look_again(self, read: Read) -> None:
        """Once all that were asked have answered; others are asked when something differs."""
        if read.course.spare and self._differs(read):
            more = tuple(node for node in read.course.spare if node not in read.asked)
            if more:
                self.core.metrics.reads_widened += 1
                self._ask_more(read, more)
        if len(read.answers) + len(read.briefs) < len(read.asked):
            return
        hiding = self._hiding(read, self.decided_copy(read)) if read.briefs else []
        if hiding:
            self._ask_in_full(read, hiding)
        else:
            self._repair_in_background(read)

    def _hiding(self, read: Read, best: Record | None) -> list[str]:
        """Whose digests may be of something newer."""
        return [node for node, brief in read.briefs.items() if self.stands(best, brief) in ("older", "unsure")]

    def _differs(self, read: Read) -> bool:
        unlike = any(self.stands(read.best, brief) != "same" for brief in read.briefs.values())
        return unlike or any(record != read.best for record in read.answers.values())

    def _repair_in_background(self, read: Read) -> None:
        """With all that was heard by now, which may be more than what was answered."""
        read.looks_again = False
        self._choose(read, self.decided_copy(read))
        self.repairs.begin(read)
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
        if read.enough(read.answers):
            self._decide(read)
        elif read.briefs:
            self._weigh(read)

    def late(self, read: Read) -> bool:
        if read.answered and read.looks_again:
            self._repair_in_background(read)
            return read.request in self.core.waiting
        if read.repair_begun:
            self.core.metrics.repairs_failed += 1
            if self.adapts:
                self.repairs.habits.failed(read.message.key)
        if read.in_flight or self.tracks:
            self._over(read)
        return False

    def _answer(self, read: Read) -> None:
        read.answered = True
        best, met = read.best, read.level_met
        if best is None:
            told = Answer(read.message.op, "ok")
        else:
            versions = self.core.versions
            value = cast("Dotted", versions).answered(best) if versions.joins else best.value
            told = Answer(read.message.op, "ok", value, best.version, best.dead)
        self.core.answer(read.client, told if met is None else below(told, met))

    def _end(self, read: Read) -> None:
        del self.core.waiting[read.request]
        self.core.metrics.repairs_done += read.repair_begun
        if read.in_flight or self.tracks:
            self._over(read)

    def _over(self, read: Read) -> None:
        self.repairs.over(read)
        if self.tracks:
            for node in read.asked:
                if node != self.core.name and node not in read.answers and node not in read.briefs:
                    self.asking.given_up(node, self.core.now.mono - read.begun)
