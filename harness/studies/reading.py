"""The claim on what read repair costs and buys: waiting for it, or serving what is stale meanwhile."""

from math import isnan
from typing import TYPE_CHECKING

from msgspec.structs import replace

from checkers import staleness
from checkers.facts import gather
from harness.plan import Network, Plan
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.plans import QUIET
from harness.studies.study import Order, Part, Row, Seen, Study
from replicas.store.policy import Policy
from workloads.generate import Workload, generate

if TYPE_CHECKING:
    from harness.compare.statistics import Resampled

SEEDS = range(1, 81)
LOSS_PPM = 400_000
LENGTH_MS = 6_000
_NODES = ["r1", "r2", "r3"]


def _lossy(seed: int, policy: Policy) -> Plan:
    """Writes are acknowledged by one replica, so that those that miss it are not rare."""
    workload = Workload(operations=400, clients=6, keys=12, distribution="zipf", reads_ppm=700_000, deletes_ppm=0)
    operations = generate(workload, _NODES, LENGTH_MS * plans.MS, seed)
    network = Network(loss_ppm=LOSS_PPM)
    return plans.plan("sync-or-async", seed, policy, operations, [], of=plans.cluster(w=1), network=network)


class _Seen:
    """By seed: how long reads took, how many were stale, and of how many that is known."""

    def __init__(self) -> None:
        self.took: list[list[int]] = []
        self.stale: list[int] = []
        self.reads: list[int] = []

    def add(self, plan: Plan) -> None:
        facts = gather(perform(plan))
        self.took.append([read.back.at - read.invoke.at for read in facts.reads])
        lag = staleness.measure(facts)
        self.stale.append(lag.stale.count)
        self.reads.append(lag.reads)

    def row(self, name: str) -> Row:
        every = sorted(took for of_seed in self.took for took in of_seed)
        ranked = {f"read p{each}, ms": round(every[len(every) * each // 100] / 1e6, 2) for each in (50, 90, 99)}
        return Row(
            name, {**ranked, "reads answered": len(every), "stale reads": Part(sum(self.stale), sum(self.reads))}
        )


def _more(one: "Resampled", other: "Resampled") -> tuple[float, float, float]:
    """By how much, and between which bounds with 95 % confidence."""
    from harness.compare.statistics import Resampled, deviation, interval  # noqa: PLC0415 - NumPy is slow to import

    apart = deviation(one, other)
    bounds = interval(Resampled(apart.difference, apart.again), len(SEEDS)) if apart else None
    if apart is None or bounds is None or isnan(apart.difference):
        return 0.0, 0.0, 0.0
    return apart.difference, bounds.low, bounds.high


def sync_or_async(order: Order) -> Seen:
    seen = {name: _Seen() for name in ("none", "background", "blocking")}
    for done, (name, of) in enumerate(seen.items()):
        order.watch(done, len(seen))
        policy = replace(QUIET, read_repair=name)
        for seed in SEEDS:
            of.add(_lossy(seed, policy))
    _, background, blocking = seen.values()
    from harness.compare.statistics import quantile, ratio, resample  # noqa: PLC0415 - NumPy is slow to import

    times = resample(len(SEEDS))
    slower = _more(quantile(times, blocking.took, 500), quantile(times, background.took, 500))
    staler = _more(ratio(times, background.stale, background.reads), ratio(times, blocking.stale, blocking.reads))
    slower_ms, staler_points = (each / 1e6 for each in slower), (100 * each for each in staler)
    why = "at the median a read that waits for its repair takes {:.2f} ms longer ({:.2f} to {:.2f})".format(*slower_ms)
    why += "; with background repair {:.2f} points more of the reads are stale ({:.2f} to {:.2f})".format(
        *staler_points
    )
    fewer = 1 - sum(blocking.reads) / sum(background.reads)
    why += f"; {100 * fewer:.1f} % fewer reads are answered in time where they wait"
    return Seen([of.row(name) for name, of in seen.items()], slower[1] > 0 and staler[1] > 0, why)


STUDIES = (
    Study(
        "sync-or-async",
        "synchronous repair pays latency, background repair pays staleness",
        f"N = 3, R = 2, W = 1, {LOSS_PPM // 10_000} % of messages between nodes are lost; {len(SEEDS)} seeds a case, in"
        " simulation; differences with 95 % confidence, by resampling seeds in pairs",
        sync_or_async,
        source="seed document 003, on the timing of read repair; the table of strategies in 001",
    ),
)
