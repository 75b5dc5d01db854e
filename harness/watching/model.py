"""What a run looks like now, from what it has told so far. Knows nothing of files and terminals."""

from collections import deque
from typing import NamedTuple

from checkers.history import Fault as FaultEvent
from checkers.history import Phase
from harness.faults.table import KINDS
from harness.header import header_of
from harness.levers import ends, link
from harness.plan import Plan
from harness.progress import Line, Mending, State, Tick
from harness.samples import Sample
from harness.watching.apart import Apart
from harness.watching.trails import Held, Lost

WINDOW_NS = 5_000_000_000  # rates and latencies are those of so long
CPU_WINDOW_NS = 1_000_000_000
NEWS_MAX = 3
SLOWED = ("delay", "bandwidth", "slice")


class Replica(NamedTuple):
    """`cpu` is the share of one core in the last second. None: it cannot be told."""

    name: str
    state: State | None
    cpu: float | None
    rss_bytes: int | None
    hints: int | None


class FaultNow(NamedTuple):
    name: str
    kind: str
    targets: list[str]
    does: str
    left_s: float
    applied: bool


class Shown(NamedTuple):
    """`rates` are operations a second by outcome, None before there are any looks to compare; links are `r1>r3`, or
    `r1<>r3` for both directions. `apart` is None if the replicas do not tell what they hold."""

    scenario: str
    seed: int
    phase: str
    at_s: float
    unrest_s: float
    done: int
    operations: int
    replicas: list[Replica]
    cut: list[str]
    slowed: list[str]
    rates: dict[str, float] | None
    p50_ms: float | None
    p99_ms: float | None
    apart: int | None
    keys: int
    faults: list[FaultNow]
    mending: Mending | None
    pending: str | None
    news: list[str]


class Model:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._planned = {fault.id: fault for fault in plan.faults}
        header = header_of(plan, "processes")
        self._audited = header.audited
        self._keys = len(header.replicas)
        self._apart = Apart(header.replicas)
        self._phase: Phase | None = None
        self._ticks: deque[Tick] = deque()
        self._samples: dict[str, deque[Sample]] = {name: deque() for name in plan.cluster.names()}
        self._done = 0
        self._on: dict[str, FaultEvent] = {}
        self._mending: Mending | None = None
        self._news: deque[str] = deque(maxlen=NEWS_MAX)

    def hear(self, line: Line) -> None:
        if isinstance(line, Tick):
            self._tick(line)
        elif isinstance(line, Mending):
            self._mending = line
        elif isinstance(line, FaultEvent):
            if line.phase == "healed":
                self._on.pop(line.fault, None)
            else:
                self._on[line.fault] = line
            self._news.append(
                f"{line.at / 1e9:6.2f} s  {line.fault} {line.kind} {' '.join(line.targets)}: {line.phase}"
            )
        else:
            self._phase = line
            stay = f": {' '.join(line.down)} stay down" if line.down else ""
            self._news.append(f"{line.at / 1e9:6.2f} s  {line.name}{stay}")

    def _tick(self, tick: Tick) -> None:
        self._ticks.append(tick)
        while self._ticks[0].at < tick.at - WINDOW_NS:
            self._ticks.popleft()
        self._done += sum(tick.outcomes.values())
        self._apart.set_down(name for name, state in tick.states.items() if state in ("down", "wiped"))

    def sample(self, sample: Sample) -> None:
        """Those of one life can be compared."""
        taken = self._samples[sample.node]
        before = taken[-1].cpu_ns if taken else None
        if sample.cpu_ns is None or before is None or sample.cpu_ns < before:
            taken.clear()
        taken.append(sample)
        while taken[0].at < sample.at - CPU_WINDOW_NS:
            taken.popleft()

    def replica_told(self, told: Held | Lost) -> None:
        if isinstance(told, Held):
            self._apart.hold(*told)
        else:
            self._apart.lose(told.node)

    def shown(self) -> Shown:
        last = self._ticks[-1] if self._ticks else None
        at = last.at if last else 0
        latencies = sorted(took for tick in self._ticks for took in tick.latencies_us)
        links = [held.partition(" ")[::2] for held in (last.links if last else [])]
        return Shown(
            scenario=self._plan.scenario,
            seed=self._plan.seed,
            phase=self._phase.name if self._phase else "starting",
            at_s=at / 1e9,
            unrest_s=self._plan.unrest_ns / 1e9,
            done=self._done,
            operations=len(self._plan.operations),
            replicas=[self._replica(name, last) for name in self._plan.cluster.names()],
            cut=_both_ways({name for lever, name in links if lever not in SLOWED}),
            slowed=_both_ways({name for lever, name in links if lever in SLOWED}),
            rates=self._rates(),
            p50_ms=_rank(latencies, 50),
            p99_ms=_rank(latencies, 99),
            apart=len(self._apart.now) if self._audited else None,
            keys=self._keys,
            faults=[self._fault(event, at) for event in self._on.values()],
            mending=self._mending if self._phase and self._phase.name == "mend" else None,
            pending=self._phase.pending if self._phase else None,
            news=list(self._news),
        )

    def _replica(self, name: str, last: Tick | None) -> Replica:
        state = last.states.get(name) if last else None
        taken = self._samples[name]
        if not taken:
            return Replica(name, state, None, None, None)
        first, latest = taken[0], taken[-1]
        cpu = None
        if latest.cpu_ns is not None and first.cpu_ns is not None and latest.at > first.at:
            cpu = (latest.cpu_ns - first.cpu_ns) / (latest.at - first.at)
        return Replica(name, state, cpu, latest.rss_bytes, latest.hints)

    def _rates(self) -> dict[str, float] | None:
        """What the first tick of the window counted came before it."""
        span_s = (self._ticks[-1].at - self._ticks[0].at) / 1e9 if self._ticks else 0.0
        if not span_s:
            return None
        _, *counted = self._ticks
        outcomes = ("ok", "failed", "unknown")
        return {outcome: sum(tick.outcomes.get(outcome, 0) for tick in counted) / span_s for outcome in outcomes}

    def _fault(self, event: FaultEvent, at: int) -> FaultNow:
        left_s = max(0, self._planned[event.fault].end_ns - at) / 1e9
        legend = KINDS[event.kind].legend
        return FaultNow(event.fault, event.kind, event.targets, legend, left_s, event.phase == "applied")


def _both_ways(links: set[str]) -> list[str]:
    told: list[str] = []
    for name in sorted(links):
        one, other = ends(name)
        if link(other, one) not in links:
            told.append(name)
        elif one < other:
            told.append(f"{one}<>{other}")
    return told


def _rank(ordered: list[int], percent: int) -> float | None:
    """By nearest rank, in milliseconds."""
    return ordered[-(-len(ordered) * percent // 100) - 1] / 1000 if ordered else None
