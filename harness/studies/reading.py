"""Claims on what read repair costs and buys: waiting for it, or serving what is stale meanwhile."""

from msgspec.structs import replace

from checkers import divergence, staleness
from checkers.facts import gather
from checkers.statistics import rank
from harness.plan import Network, Plan
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.plans import QUIET
from harness.studies.result import Finding, Row, percent
from replicas.store.policy import Policy
from workloads.generate import Workload, generate

SEEDS = range(1, 21)
LOSS_PPM = 400_000
LENGTH_MS = 6_000
_NODES = ["r1", "r2", "r3"]


def _lossy(seed: int, policy: Policy) -> Plan:
    """Writes are acknowledged by one replica, and a tenth of all messages is lost."""
    workload = Workload(
        operations=400, clients=6, keys=12, distribution="zipf", reads_ppm=700_000, deletes_ppm=0
    )
    operations = generate(workload, _NODES, LENGTH_MS * plans.MS, seed)
    network = Network(loss_ppm=LOSS_PPM)
    return plans.plan("sync-or-async", seed, policy, operations, [], of=plans.cluster(w=1), network=network)


class _Seen:
    def __init__(self) -> None:
        self.took: list[int] = []
        self.stale = self.reads = 0
        self.apart_ns = self.keys = 0

    def add(self, plan: Plan) -> None:
        history = perform(plan)
        facts = gather(history)
        self.took += [read.back.at - read.invoke.at for read in facts.reads]
        lag = staleness.measure(facts)
        self.stale += lag.stale.count
        self.reads += lag.reads
        stretches = divergence.stretches(facts)
        end = plan.unrest_ns
        self.apart_ns += sum(max(0, min(each.end, end) - each.start) for of in stretches.values() for each in of)
        self.keys += len({operation.key for operation in plan.operations})

    def p99_ms(self) -> float:
        return round(sorted(self.took)[rank(len(self.took), 99)] / 1e6, 1)

    def median_ms(self) -> float:
        return round(sorted(self.took)[rank(len(self.took), 50)] / 1e6, 2)

    def apart_s(self) -> float:
        return round(self.apart_ns / self.keys / 1e9, 2)

    def row(self, name: str) -> Row:
        return Row(
            name,
            {
                "read median, ms": self.median_ms(),
                "read p99, ms": self.p99_ms(),
                "stale reads": percent(self.stale, self.reads),
                "a key is divergent for, s": self.apart_s(),
            },
        )


def sync_or_async() -> Finding:
    seen = {name: _Seen() for name in ("none", "background", "blocking")}
    for name, of in seen.items():
        policy = replace(QUIET, read_repair=name)
        for seed in SEEDS:
            of.add(_lossy(seed, policy))
    none, background, blocking = seen.values()
    return Finding(
        "sync-or-async",
        "synchronous repair pays latency, background repair pays staleness",
        "seed document 003, on the timing of read repair; the table of strategies in seed document 001",
        f"N = 3, R = 2, W = 1, {LOSS_PPM / 10_000:g} % of messages between nodes are lost; {len(SEEDS)} seeds",
        [of.row(name) for name, of in seen.items()],
        blocking.p99_ms() > background.p99_ms() and background.stale / background.reads > blocking.stale / blocking.reads,
        f"read p99 {blocking.p99_ms()} ms when reads wait for the repair and {background.p99_ms()} ms when they do not;"
        f" {percent(blocking.stale, blocking.reads)} against {percent(background.stale, background.reads)} of reads were"
        f" stale ({percent(none.stale, none.reads)} without repair)",
    )
