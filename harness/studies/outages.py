"""Claims on what one outage leaves behind: which keys nobody mends."""

from collections.abc import Iterable

from msgspec.structs import replace

from checkers.facts import gather
from checkers.history import History
from harness.plan import Plan
from harness.policy import load, over
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.looks import apart, read_after
from harness.studies.plans import MS, QUIET
from harness.studies.result import Finding, Row, percent
from replicas.store.policy import Policy

SEEDS = range(1, 11)
KEYS = 60
ALL = ["r1", "r2", "r3"]
BEGUN_MS, OVER_MS = 500, 2_500  # the outage
READ_MS = (3_000, 5_000)
HOT = plans.keys(KEYS)[::4]
_MISSED = f"{KEYS} keys are written while r3 is cut off for {(OVER_MS - BEGUN_MS) / 1000:g} s"


def _missed(study: str, seed: int, policy: Policy, read: Iterable[str] = ()) -> Plan:
    """Each key is written, then once more while r3 is cut off; then some are read, again and again."""
    names = plans.keys(KEYS)
    operations = [
        *plans.asked("put", names, ALL, 0, BEGUN_MS - 100),
        *plans.asked("put", names, ["r1", "r2"], BEGUN_MS + 100, OVER_MS - 500),
        *plans.asked("get", read, ALL, *READ_MS),
    ]
    return plans.plan(study, seed, policy, operations, [plans.outage("isolate", ["r3"], BEGUN_MS, OVER_MS)])


class _Left:
    """How many keys stayed apart, over all seeds: of those that were read after the heal, and of the others."""

    def __init__(self, history: Iterable[History]) -> None:
        self.read = self.cold = 0
        for each in history:
            differ, read = apart(each), read_after(each, READ_MS[0] * MS)
            self.read += len(differ & read)
            self.cold += len(differ - read)

    def row(self, name: str, read: int) -> Row:
        cold = KEYS - read
        figures: dict[str, float | int | str] = {"never read, apart at the end": percent(self.cold, cold * len(SEEDS))}
        if read:
            figures["read, apart at the end"] = percent(self.read, read * len(SEEDS))
        return Row(name, figures)


def cold_keys() -> Finding:
    left: dict[str, _Left] = {}
    for name in ("none", "async", "sync", "merkle"):
        made = [over(_missed("cold-keys", seed, QUIET, HOT * 10), load(name)) for seed in SEEDS]
        left[name] = _Left(map(perform, made))
    cold, hot = (KEYS - len(HOT)) * len(SEEDS), len(HOT) * len(SEEDS)
    repaired = [left["async"], left["sync"]]
    confirmed = all(each.cold == cold and each.read < hot / 4 for each in repaired)
    confirmed = confirmed and left["merkle"].cold == left["merkle"].read == 0
    return Finding(
        "cold-keys",
        "read repair alone leaves cold keys divergent; anti-entropy mends them",
        "seed document 003, on workload skew; seed document 002, on what read repair does not catch",
        f"{_MISSED}; after the heal a fourth of them is read, ten times each; {len(SEEDS)} seeds a policy",
        [each.row(name, len(HOT)) for name, each in left.items()],
        confirmed,
        f"of keys that nobody read, {percent(left['async'].cold, cold)} stayed apart with background read repair and"
        f" {percent(left['merkle'].cold, cold)} with hash trees; of those that were read, {percent(left['async'].read, hot)}"
        f" with background repair, and {percent(left['sync'].read, hot)} with synchronous repair, which mends no more"
        " replicas than a quorum needs",
    )


def expired_hints() -> Finding:
    """Hints live for half of the outage, or for longer than all of it."""
    outage_ns = (OVER_MS - BEGUN_MS) * MS
    short, long = (
        replace(QUIET, hints="handoff", hint_lifetime_ns=life, hint_window_ns=10 * outage_ns)
        for life in (outage_ns // 4, 10 * outage_ns)
    )
    cases = {
        "hints that outlive the outage": (long, []),
        "hints that expire": (short, []),
        "hints that expire, then reads with background repair": (replace(short, read_repair="background"), HOT * 10),
        "hints that expire, then hash trees": (replace(short, anti_entropy="merkle"), []),
    }
    left = {
        name: _Left(perform(_missed("expired-hints", seed, policy, read)) for seed in SEEDS)
        for name, (policy, read) in cases.items()
    }
    kept, expired, read, mended = left.values()
    confirmed = not kept.cold and not mended.cold and not read.read and expired.cold > 0 and read.cold > 0
    every = KEYS * len(SEEDS)
    return Finding(
        "expired-hints",
        "an expired hint leaves a stale replica until a read or anti-entropy mends it",
        "seed document 001, the problem of stale replicas after hinted handoff expires",
        f"{_MISSED}; hints live for {short.hint_lifetime_ns / 1e9:g} s, or for longer than all; {len(SEEDS)} seeds a case",
        [each.row(name, len(HOT) if cases[name][1] else 0) for name, each in left.items()],
        confirmed,
        f"{percent(kept.cold, every)} of the keys stayed apart where hints outlived the outage, {percent(expired.cold, every)}"
        f" where they expired; with reads of a fourth of them {percent(read.read, len(HOT) * len(SEEDS))} of those read,"
        f" with hash trees {percent(mended.cold, every)} of all",
    )


def compaction() -> Finding:
    """What compaction drops in this store is tombstones: each replica drops those of its own that are old enough."""
    names = plans.keys(KEYS)
    dead = names[::2]
    left: dict[str, _Left] = {}
    for name, policy in {
        "compaction, no repair": replace(QUIET, purge="grace", grace_ns=3_000 * MS),
        "no compaction, no repair": QUIET,
        "hash trees, no compaction": replace(QUIET, anti_entropy="merkle"),
    }.items():
        made = []
        for seed in SEEDS:
            base = _missed("compaction", seed, policy)
            deletes = plans.asked("delete", dead, ["r1", "r2"], OVER_MS - 400, OVER_MS - 100)
            made.append(plans.plan("compaction", seed, policy, [*base.operations, *deletes], base.faults))
        left[name] = _Left(map(perform, made))
    compacted, plain, mended = left.values()
    every = KEYS * len(SEEDS)
    return Finding(
        "compaction",
        "compaction does not replace repair",
        "seed document 003: compaction is local hygiene, anti-entropy is global hygiene",
        f"{_MISSED}, and each second one is deleted there; compaction drops tombstones at the age of 3 s; {len(SEEDS)} seeds",
        [each.row(name, 0) for name, each in left.items()],
        compacted.cold >= plain.cold > 0 and mended.cold == 0,
        f"{percent(compacted.cold, every)} of the keys stayed apart with compaction, {percent(plain.cold, every)} without,"
        f" {percent(mended.cold, every)} with hash trees",
    )


def one_read() -> Finding:
    """R = 1, over keys that r3 has missed: each is read ten times, with nobody, or with everybody, asked beside."""
    cases = {
        "R = 1, one replica is asked": replace(QUIET, read_repair="background", read_from="needed"),
        "R = 1, all are asked": replace(QUIET, read_repair="background"),
    }
    left: dict[str, _Left] = {}
    repairs: dict[str, int] = {}
    for name, policy in cases.items():
        made = [perform(_at_one(_missed("one-read", seed, policy, HOT * 10))) for seed in SEEDS]
        left[name] = _Left(made)
        repairs[name] = sum(change.cause == "read repair" for each in made for change in gather(each).changes)
    alone, together = left.values()
    none, some = repairs.values()
    hot = len(HOT) * len(SEEDS)
    return Finding(
        "one-read",
        "a read at R = 1 triggers no repair, unless all replicas are asked",
        "seed document 001, on eventual consistency reads; Riak, which asks all, repairs at R = 1 too",
        f"{_MISSED}; after the heal a fourth of them is read at ONE, ten times each; {len(SEEDS)} seeds a case",
        [Row(name, {**left[name].row(name, len(HOT)).figures, "copies repaired": repairs[name]}) for name in cases],
        none == 0 and some > 0 and together.read == 0,
        f"{none} copies were repaired where one replica is asked, and {percent(alone.read, hot)} of the keys that were read"
        f" stayed apart; {some} where all are asked, and {percent(together.read, hot)} stayed apart",
    )


def _at_one(plan: Plan) -> Plan:
    return replace(plan, cluster=replace(plan.cluster, r=1))
