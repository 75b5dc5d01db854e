"""The claim on how long a tombstone must be kept: a grace that is shorter than the outage brings back the dead."""

from msgspec.structs import replace

from checkers import resurrection
from harness.plan import Plan
from harness.requirements_grace import LONG_GRACE, grace_needed_ns
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.plans import MS, QUIET
from harness.studies.study import Order, Part, Row, Seen, Study

SEEDS = range(1, 11)
KEYS = 20
BEGUN_MS, OVER_MS = 500, 3_500
OUTAGE_MS = OVER_MS - BEGUN_MS
GRACES_MS = (500, 1_500, 2_500, 3_500, 4_500, 5_500)


def _deleted(seed: int, grace_ms: int) -> Plan:
    """Keys are deleted, some at the start of the outage and some near its end, while r3 is cut off."""
    names = plans.keys(KEYS)
    operations = [
        *plans.asked("put", names, ["r1", "r2", "r3"], 0, BEGUN_MS - 100),
        *plans.asked("delete", names, ["r1", "r2"], BEGUN_MS + 100, OVER_MS - 300),
    ]
    policy = replace(QUIET, anti_entropy="merkle", purge="grace", grace_ns=grace_ms * MS)
    return plans.plan("short-grace", seed, policy, operations, [plans.outage("isolate", ["r3"], BEGUN_MS, OVER_MS)])


def short_grace(order: Order) -> Seen:
    rows: list[Row] = []
    shorter = longer = 0
    for done, grace_ms in enumerate(GRACES_MS):
        order.watch(done, len(GRACES_MS))
        made = [_deleted(seed, grace_ms) for seed in SEEDS]
        back = sum(len({each.key for each in resurrection.check(perform(plan)).violations}) for plan in made)
        enough = LONG_GRACE.missed(made[0]) is None
        longer += back if enough else 0
        shorter += back if grace_ms < OUTAGE_MS else 0
        rows.append(Row(f"grace {grace_ms / 1000:g} s", {"came back": Part(back, KEYS * len(SEEDS))}))
    needed_ms = grace_needed_ns(_deleted(1, GRACES_MS[0])) / MS
    why = (
        f"{shorter} deleted keys came back under graces shorter than the outage of {OUTAGE_MS / 1000:g} s, and {longer}"
        f" under those that the rule allows: it needs more than {needed_ms / 1000:.3g} s here"
    )
    return Seen(rows, shorter > 0 and longer == 0, why)


STUDIES = (
    Study(
        "short-grace",
        "a grace that is shorter than the outage resurrects what was deleted",
        f"{KEYS} keys are deleted while r3 is cut off for {OUTAGE_MS / 1000:g} s; each replica purges a tombstone at"
        f" the age of the grace; hash trees; {len(SEEDS)} seeds a grace, in simulation",
        short_grace,
        source="seed document 003: grace >= longest partition + repair lag + clock skew budget",
    ),
)
