"""Claims on what one outage leaves behind: which keys nobody mends."""

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from checkers.facts import gather
from checkers.history import History
from harness.plan import Plan
from harness.policy import load, over
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.looks import apart, read_after
from harness.studies.plans import MS, QUIET
from harness.studies.study import Order, Part, Row, Seen, Study
from replicas.store.policy import Policy

SEEDS = range(1, 11)
KEYS = 60
ALL = ["r1", "r2", "r3"]
BEGUN_MS, OVER_MS = 500, 2_500  # the outage
READ_MS = (3_000, 5_000)
NAMES = plans.keys(KEYS)
HOT = NAMES[::4]
_MISSED = f"{KEYS} keys are written while r3 is cut off for {(OVER_MS - BEGUN_MS) / 1000:g} s"
_RUNS = f"{len(SEEDS)} seeds a case, in simulation"
_HINTS_NS = 500 * MS

PlanOf = Callable[[int], Plan]


def _missed(study: str, seed: int, policy: Policy, read: Iterable[str] = ()) -> Plan:
    """Each key is written, then once more while r3 is cut off; then some are read, again and again."""
    operations = [
        *plans.asked("put", NAMES, ALL, 0, BEGUN_MS - 100),
        *plans.asked("put", NAMES, ["r1", "r2"], BEGUN_MS + 100, OVER_MS - 500),
        *plans.asked("get", read, ALL, *READ_MS),
    ]
    return plans.plan(study, seed, policy, operations, [plans.outage("isolate", ["r3"], BEGUN_MS, OVER_MS)])


class _Left:
    """Over all seeds: of the keys that were read after the heal, and of the others, how many are apart in the end; and
    how many copies read repair has mended."""

    def __init__(self, histories: Iterable[History], read: int) -> None:
        hot = cold = self.repaired = 0
        for history in histories:
            differ, seen = apart(history), read_after(history, READ_MS[0] * MS)
            hot += len(differ & seen)
            cold += len(differ - seen)
            self.repaired += sum(change.cause == "read repair" for change in gather(history).changes)
        self.read = Part(hot, read * len(SEEDS))
        self.cold = Part(cold, (KEYS - read) * len(SEEDS))

    def row(self, name: str) -> Row:
        figures: dict[str, float | int | Part] = {"never read, apart": self.cold}
        if self.read.of:
            figures |= {"read, apart": self.read, "copies read repair mended": self.repaired}
        return Row(name, figures)


def _left(order: Order, cases: Mapping[str, tuple[PlanOf, int]]) -> dict[str, _Left]:
    """Of each case how a seed becomes a plan, and how many keys are read after the heal."""
    left: dict[str, _Left] = {}
    for done, (name, (plan_of, read)) in enumerate(cases.items()):
        order.watch(done, len(cases))
        left[name] = _Left((perform(plan_of(seed)) for seed in SEEDS), read)
    return left


def _seen(left: dict[str, _Left], why: str, *, confirmed: bool) -> Seen:
    return Seen([each.row(name) for name, each in left.items()], confirmed, why)


def _by_policy(study: str, policy: Policy, read: Iterable[str] = ()) -> tuple[PlanOf, int]:
    every = list(read)
    return lambda seed: _missed(study, seed, policy, every), len(set(every))


def cold_keys(order: Order) -> Seen:
    def plan_of(name: str) -> PlanOf:
        return lambda seed: over(_missed("cold-keys", seed, QUIET, HOT * 10), load(name))

    left = _left(order, {name: (plan_of(name), len(HOT)) for name in ("none", "async", "sync", "merkle")})
    background, waiting, trees = left["async"], left["sync"], left["merkle"]
    confirmed = all(
        each.cold.count == each.cold.of and each.read.count < each.read.of / 4 for each in (background, waiting)
    )
    why = (
        f"of the keys that nobody read {background.cold} stayed apart with background read repair, and {trees.cold}"
        f" with hash trees; of those that were read {background.read} with background repair, and {waiting.read} with"
        " synchronous repair, which mends no more replicas than a quorum needs"
    )
    return _seen(left, why, confirmed=confirmed and trees.cold.count == trees.read.count == 0)


def expired_hints(order: Order) -> Seen:
    outage_ns = (OVER_MS - BEGUN_MS) * MS
    long = replace(QUIET, hints="handoff", hint_lifetime_ns=10 * outage_ns, hint_window_ns=10 * outage_ns)
    short = replace(long, hint_lifetime_ns=_HINTS_NS)
    study = "expired-hints"
    left = _left(
        order,
        {
            "hints outlive the outage": _by_policy(study, long),
            "hints expire": _by_policy(study, short),
            "hints expire, then reads": _by_policy(study, replace(short, read_repair="background"), HOT * 10),
            "hints expire, then hash trees": _by_policy(study, replace(short, anti_entropy="merkle")),
        },
    )
    kept, expired, read, mended = left.values()
    why = (
        f"{kept.cold} of the keys stayed apart where hints outlived the outage, {expired.cold} where they expired;"
        f" reads with background repair left {read.read} of those that they read, hash trees {mended.cold} of all"
    )
    confirmed = not kept.cold.count and not mended.cold.count and not read.read.count
    return _seen(left, why, confirmed=confirmed and expired.cold.count > 0 and read.cold.count > 0)


def compaction(order: Order) -> Seen:
    """What compaction drops in this store is tombstones: each replica drops those of its own that are old enough."""

    def plan_of(policy: Policy) -> PlanOf:
        def made(seed: int) -> Plan:
            base = _missed("compaction", seed, policy)
            deletes = plans.asked("delete", NAMES[::2], ["r1", "r2"], OVER_MS - 400, OVER_MS - 100)
            return plans.plan("compaction", seed, policy, [*base.operations, *deletes], base.faults)

        return made

    left = _left(
        order,
        {
            "compaction, no repair": (plan_of(replace(QUIET, purge="grace", grace_ns=3_000 * MS)), 0),
            "no compaction, no repair": (plan_of(QUIET), 0),
            "hash trees, no compaction": (plan_of(replace(QUIET, anti_entropy="merkle")), 0),
        },
    )
    compacted, plain, mended = left.values()
    why = f"{compacted.cold} of the keys stayed apart with compaction, {plain.cold} without it"
    why += f", {mended.cold} with hash trees"
    confirmed = compacted.cold.count >= plain.cold.count > 0 and mended.cold.count == 0
    return _seen(left, why, confirmed=confirmed)


def one_read(order: Order) -> Seen:
    def plan_of(policy: Policy) -> PlanOf:
        def made(seed: int) -> Plan:
            plan = _missed("one-read", seed, policy, HOT * 10)
            return replace(plan, cluster=replace(plan.cluster, r=1))

        return made

    background = replace(QUIET, read_repair="background")
    left = _left(
        order,
        {
            "R = 1, one replica is asked": (plan_of(replace(background, read_from="needed")), len(HOT)),
            "R = 1, all are asked": (plan_of(background), len(HOT)),
        },
    )
    alone, together = left.values()
    why = (
        f"{alone.repaired} copies were repaired where one replica is asked, and {alone.read} of the keys that were read"
        f" stayed apart; {together.repaired} where all are asked, and {together.read} stayed apart"
    )
    return _seen(left, why, confirmed=alone.repaired == 0 < together.repaired and together.read.count == 0)


STUDIES = (
    Study(
        "cold-keys",
        "read repair alone leaves cold keys divergent; anti-entropy mends them",
        f"{_MISSED}; after the heal a fourth of them is read, ten times each; {_RUNS}",
        cold_keys,
        source="seed document 003, on workload skew; 002, on what read repair does not catch",
    ),
    Study(
        "one-read",
        "a read at R = 1 triggers no repair, unless all replicas are asked",
        f"{_MISSED}; after the heal a fourth of them is read at R = 1, ten times each; {_RUNS}",
        one_read,
        source="seed document 001, on eventual consistency reads; Riak, which asks all, repairs at R = 1 too",
    ),
    Study(
        "expired-hints",
        "an expired hint leaves a stale replica, until a read or anti-entropy mends it",
        f"{_MISSED}; hints live for {_HINTS_NS / 1e9:g} s, or for longer than all of it; {_RUNS}",
        expired_hints,
        source="seed document 000, on stale replicas after hinted handoff expires",
    ),
    Study(
        "compaction",
        "compaction does not replace repair",
        f"{_MISSED}, and each second one is deleted there; compaction drops tombstones at the age of 3 s; {_RUNS}",
        compaction,
        source="seed document 003: compaction is local hygiene, anti-entropy is global hygiene",
    ),
)
