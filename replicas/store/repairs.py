"""What a read repairs: who must hold what it returns before it answers, who is sent it, and how often.

A repair is conditional, and as old as the read behind it: what has been written since stays.
"""

from collections.abc import Callable
from functools import partial

from .alarms import Alarms
from .copies import Source
from .core import Core
from .habits import Habits
from .messages import Store
from .peer import Brief
from .read import Read
from .records import Record


class Repairs:
    """`in_flight` counts the reads of which a repair was sent and that are not over."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.alarms = Alarms(core, "reads")
        self.habits = Habits(core)
        self.in_flight = 0

    def holders_needed(self, read: Read) -> int:
        """So many that each later quorum read meets one. A single answer has nothing to be compared with."""
        cluster = self.core.cluster
        if read.course.mode not in ("blocking", "bounded") or read.needed == 1 or read.best is None:
            return 0
        if read.quota is not None:
            return read.quota.to_be_met_again().total()
        given = self.core.policy.repair_sync_replicas
        return min(given, cluster.n) if given else max(cluster.quorum(), cluster.n - read.needed + 1)

    def begin(self, read: Read) -> None:
        """Also replicas that have not answered yet: their word counts as soon as it comes."""
        core, best = self.core, read.best
        if best is None:
            return
        behind = self.behind(read, core.placement.replicas_of(read.message.key))
        stale = behind and self._whom(read, behind)
        if not stale:
            return
        if self.in_flight >= core.policy.repairs_in_flight_max:
            core.metrics.repairs_dropped += 1
            read.target = 0
            return
        read.repair_begun = True
        core.metrics.repairs_started += 1
        self._count_differences(read, stale, best)
        self._send(read, stale, best)
        if core.name in stale and self._repair_own(read, best):
            read.holders[core.name] = None
            del read.repairing[core.name]
        self._watch(read)

    def _count_differences(self, read: Read, stale: list[str], best: Record) -> None:
        for node in stale:
            if node in read.answers or node in read.briefs:
                held = read.answers[node] if node in read.answers else _without_value(read.briefs[node])
                self.core.metrics.count_difference(self.core.versions, held, best)

    def _whom(self, read: Read, behind: list[str]) -> list[str]:
        """Those that it may repair; then as many more as must hold it before the answer, those first that have
        answered."""
        if read.quota is not None or len(read.course.mended) == self.core.cluster.n == len(read.asked):
            return behind
        whom = [node for node in behind if node in read.course.mended and node in read.asked]
        lacking = read.target - len(read.holders) - len(whom)
        if lacking > 0:
            heard = {*read.answers, *read.briefs}
            rest = [node for node in behind if node not in whom]
            whom += sorted(rest, key=lambda node: (node not in heard, node not in read.asked))[:lacking]
        return whom

    def behind(self, read: Read, replicas: tuple[str, ...]) -> list[str]:
        return [node for node in replicas if node not in read.holders]

    def _send(self, read: Read, nodes: list[str], best: Record) -> None:
        core = self.core
        read.repairing |= dict.fromkeys(nodes)
        others = [node for node in nodes if node != core.name]
        if others and not read.in_flight:
            read.in_flight = True
            self.in_flight += 1
        core.send_all(others, Store(0, read.born, f"op {read.message.op}", read.request, best, "read repair"))

    def _repair_own(self, read: Read, best: Record) -> bool:
        core = self.core
        source = Source("read repair", read.born, None, f"op {read.message.op}")
        return core.joined and self._is_young(read) and core.copies.offer(best, source)

    def _is_young(self, read: Read) -> bool:
        return self.core.now.wall - read.born <= self.core.policy.message_lifetime_ns

    def _watch(self, read: Read) -> None:
        """What is to be done if it is not acknowledged soon."""
        policy = self.core.policy
        if not read.repairing:
            return
        if policy.repair_attempts_max > 1:
            self.later(read, policy.repair_backoff_ns, partial(self._again, read, 2))
        if not read.answered and not read.repaired():
            if read.course.mode == "bounded":
                self.later(read, policy.read_repair_wait_ns, partial(self._wait_no_longer, read))
            if policy.speculate_after_ns:
                self.later(read, policy.speculate_after_ns, partial(self._widen, read))

    def later(self, read: Read, after_ns: int, call: Callable[[], None]) -> None:
        """If it is not over by then."""
        self.alarms.after(after_ns, lambda: call() if read.request in self.core.waiting else None)

    def _again(self, read: Read, attempt: int) -> None:
        """Of old knowledge nothing would be taken."""
        policy, best = self.core.policy, read.best
        silent = [node for node in read.repairing if node != self.core.name]
        if best is None or not silent or not self._is_young(read):
            return
        self.core.metrics.repairs_retried += len(silent)
        self._send(read, silent, best)
        if attempt < policy.repair_attempts_max:
            wait_ns = min(policy.repair_backoff_ns << (attempt - 1), self.core.cluster.operation_timeout_ns)
            self.later(read, wait_ns, partial(self._again, read, attempt + 1))

    def _wait_no_longer(self, read: Read) -> None:
        if not read.answered:
            self.core.metrics.repairs_not_awaited += 1
            read.target = 0
            read.reads.go_on(read)

    def _widen(self, read: Read) -> None:
        """To whoever else could hold it before the answer."""
        best = read.best
        if read.answered or best is None:
            return
        behind = self.behind(read, self.core.placement.replicas_of(read.message.key))
        more = [node for node in behind if node not in read.repairing and node != self.core.name]
        if more:
            self.core.metrics.reads_speculated += 1
            self._send(read, more, best)

    def over(self, read: Read) -> None:
        if read.in_flight:
            read.in_flight = False
            self.in_flight -= 1


def _without_value(brief: Brief | None) -> Record | None:
    return Record(brief.key, brief.version, brief.dead, None, brief.checksum) if brief else None
