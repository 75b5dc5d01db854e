"""The claim on clocks: with the last writer as the winner, a clock that is off loses writes that were acknowledged."""

from msgspec.structs import replace

from checkers.facts import gather
from checkers.history import History
from harness.plan import Plan
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.plans import MS, QUIET
from harness.studies.study import Order, Part, Row, Seen, Study
from replicas.store.settings import VersionKind

SEEDS = range(1, 6)
KEYS = 60
GAP_MS = 50  # from the first write of a key to the second
SKEWS_MS = (0, 20, 200)
START_MS, END_MS = 500, 4_500


def _twice(seed: int, versions: VersionKind, skew_ms: int) -> Plan:
    """Each key is written through r1, whose clock leads, and then through r2, whose does not."""
    names = plans.keys(KEYS)
    operations = [
        *plans.asked("put", names, ["r1"], START_MS, END_MS),
        *plans.asked("put", names, ["r2"], START_MS + GAP_MS, END_MS + GAP_MS, clients=5),
    ]
    faults = (
        [plans.outage("clock-offset", ["r1"], START_MS - 100, END_MS + 200, offset_ns=skew_ms * MS)] if skew_ms else []
    )
    of = replace(plans.cluster(nodes=5), versions=versions)
    return plans.plan("skew", seed, QUIET, operations, faults, of=of)


def lost_updates(history: History) -> tuple[int, int]:
    """Of how many keys a write that was acknowledged before the last one began is what was left in the end; and how
    many there are. Nobody writes at the same time."""
    facts = gather(history)
    dumps = facts.last_dumps("settled")
    last = {ack.invoke.key: ack for ack in sorted(facts.acks, key=lambda ack: ack.invoke.seq)}
    lost = 0
    for key, ack in last.items():
        held = [dumps[node].copies.get(key) for node in facts.replicas(key) if node in dumps]
        top = max((facts.rank(copy) for copy in held if copy is not None), default=())
        lost += ack.copy is not None and top != facts.rank(ack.copy)
    return lost, len(last)


def skew(order: Order) -> Seen:
    rows: list[Row] = []
    lost: dict[tuple[VersionKind, int], Part] = {}
    kinds: dict[VersionKind, str] = {"wall": "wall clock", "hlc": "hybrid clock"}
    for kind, words in kinds.items():
        for skew_ms in SKEWS_MS:
            order.watch(len(rows), len(kinds) * len(SKEWS_MS))
            counts = [lost_updates(perform(_twice(seed, kind, skew_ms))) for seed in SEEDS]
            lost[kind, skew_ms] = Part(sum(count for count, _ in counts), sum(of for _, of in counts))
            rows.append(Row(f"{words}, {skew_ms} ms off", {"acknowledged writes lost": lost[kind, skew_ms]}))
    most = SKEWS_MS[-1]
    why = (
        f"a clock that led by {most} ms, more than the {GAP_MS} ms between the writes, lost {lost['wall', most]} of the"
        f" later ones by the wall clock, and {lost['hlc', most]} by hybrid clocks, which know better only where the"
        " second coordinator holds a copy itself; less skew than the gap lost none"
    )
    less = [lost[kind, skew_ms].count for kind in kinds for skew_ms in SKEWS_MS if skew_ms < GAP_MS]
    return Seen(rows, lost["wall", most].count > 0 and not any(less), why)


STUDIES = (
    Study(
        "skew",
        "clock skew under last-writer-wins loses acknowledged writes",
        f"N = 3 of 5 nodes; each key is written through r1, whose clock leads, and {GAP_MS} ms later, when that is"
        f" acknowledged, through r2; a write is lost if the earlier one is left; {len(SEEDS)} seeds a case, simulated",
        skew,
        source="seed document 003, on conflict resolution during repair",
    ),
)
