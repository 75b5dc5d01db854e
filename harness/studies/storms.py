"""The claim on what follows a partition that heals: all that differs is repaired at once, unless something holds it
back."""

from collections import Counter, defaultdict

from msgspec.structs import replace

from checkers.facts import gather
from checkers.history import History
from checkers.statistics import rank
from harness.plan import Network, Plan
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.plans import MS, QUIET
from harness.studies.study import Order, Part, Row, Seen, Study
from replicas.store.policy import Policy

SEEDS = range(1, 6)
KEYS = 400
VALUE_BYTES = 1_000
BYTES_PER_S = 400_000  # that a link carries
THROTTLE = 40_000  # bytes a second that a node may send in repair
BEGUN_MS, OVER_MS, END_MS = 500, 2_500, 10_000
WINDOW_NS, SLOW_NS = 100 * MS, 500 * MS


def _partitioned(seed: int, policy: Policy) -> Plan:
    """Many keys are written while r3 is cut off; a few others are read all the time."""
    names = plans.keys(KEYS)
    read = names[:20] * ((END_MS - 100) // 100)
    operations = [
        *plans.asked("put", names[:20], ["r1", "r2", "r3"], 0, 100),
        *plans.asked("put", names[20:], ["r1", "r2"], BEGUN_MS + 100, OVER_MS - 200),
        *plans.asked("get", read, ["r1", "r2", "r3"], 150, END_MS, clients=42),  # each asks one node
    ]
    network = Network(bytes_per_s=BYTES_PER_S)
    faults = [plans.outage("isolate", ["r3"], BEGUN_MS, OVER_MS)]
    return plans.plan("storm", seed, policy, operations, faults, network=network, value_bytes=VALUE_BYTES)


class _Seen:
    """Over all seeds: the most copies that were sent in any window after the heal, by when the last one was sent, and
    how long reads took before the outage and from the heal on."""

    def __init__(self) -> None:
        self.peak = 0
        self.last_ns = 0
        self.before: list[int] = []
        self.after: list[int] = []
        self._windows: dict[int, list[int]] = defaultdict(list)  # of those from the heal on

    def add(self, plan: Plan, history: History) -> None:
        facts, heal = gather(history), OVER_MS * MS
        sent = [each.at for each in facts.messages if each.kind == "store" and each.origin.startswith("round ")]
        sent = [at for at in sent if at >= heal]
        self.peak = max([self.peak, *Counter((at - heal) // WINDOW_NS for at in sent).values()])
        self.last_ns = max([self.last_ns, *(at - heal for at in sent)])
        for read in facts.reads:
            asked = read.invoke.at
            took = read.back.at - asked
            if asked < BEGUN_MS * MS:
                self.before.append(took)
            elif heal <= asked < plan.unrest_ns - 500 * MS:
                self.after.append(took)
                self._windows[(asked - heal) // SLOW_NS].append(took)

    def worst_ms(self) -> float:
        """The p90 of reads in the worst half second."""
        return max(_ms(took, 90) for took in self._windows.values())

    def row(self, name: str) -> Row:
        figures: dict[str, float | int | Part] = {
            "copies in the worst 100 ms": self.peak,
            "last repair after the heal, s": round(self.last_ns / 1e9, 2),
            "read p99 before, ms": _ms(self.before, 99),
            "read p90 in the worst half second after it, ms": self.worst_ms(),
            "read p99 after it, ms": _ms(self.after, 99),
        }
        return Row(name, figures)


def _ms(took: list[int], percent: int) -> float:
    return round(sorted(took)[rank(len(took), percent)] / 1e6, 1)


def storm(order: Order) -> Seen:
    free = replace(QUIET, anti_entropy="merkle")
    cases = {
        "no repair": QUIET,
        "hash trees, no throttle": free,
        f"hash trees, {THROTTLE:,} bytes/s": replace(free, repair_bytes_per_s_max=THROTTLE),
    }
    seen = {name: _Seen() for name in cases}
    for done, (name, policy) in enumerate(cases.items()):
        order.watch(done, len(cases))
        for seed in SEEDS:
            plan = _partitioned(seed, policy)
            seen[name].add(plan, perform(plan))
    none, storming, throttled = seen.values()
    calm, storm_ms, held_ms = (each.worst_ms() for each in (none, storming, throttled))
    why = (
        f"in the worst 100 ms {storming.peak} copies were sent without a throttle and {throttled.peak} with it; the p90"
        f" of reads in the worst half second after the heal was {calm} ms without repair, {storm_ms} ms in the storm"
        f" and {held_ms} ms with the throttle, which took {throttled.last_ns / 1e9:.1f} s for what the storm did in"
        f" {storming.last_ns / 1e9:.1f} s"
    )
    confirmed = storming.peak > 3 * throttled.peak and storm_ms > 1.5 * calm and held_ms < storm_ms
    return Seen([each.row(name) for name, each in seen.items()], confirmed, why)


STUDIES = (
    Study(
        "storm",
        "a partition that heals makes a repair storm, unless a throttle holds it back",
        f"{KEYS - 20} keys of {VALUE_BYTES:,} bytes are written while r3 is cut off; a link carries {BYTES_PER_S:,}"
        f" bytes/s; 20 other keys are read all the time; {len(SEEDS)} seeds a case, in simulation",
        storm,
        source="seed document 003, on amplification and storms",
    ),
)
