"""The claim on clocks: with the last writer as the winner, a clock that is off loses writes that were acknowledged."""

from checkers.facts import gather
from checkers.history import History
from harness.plan import Plan
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.plans import MS, QUIET
from harness.studies.result import Finding, Row, percent

SEEDS = range(1, 6)
KEYS = 60
GAP_MS = 50  # from the first write of a key to the second
SKEWS_MS = (0, 20, 200)
START_MS, END_MS = 500, 4_500


def _twice(seed: int, skew_ms: int) -> Plan:
    """Each key is written through r1, whose clock leads, and then through r2, whose does not."""
    names = plans.keys(KEYS)
    operations = [
        *plans.asked("put", names, ["r1"], START_MS, END_MS),
        *plans.asked("put", names, ["r2"], START_MS + GAP_MS, END_MS + GAP_MS, clients=5),
    ]
    faults = [plans.outage("clock-offset", ["r1"], START_MS - 100, END_MS + 200, offset_ns=skew_ms * MS)] if skew_ms else []
    return plans.plan("skew", seed, QUIET, operations, faults, of=plans.cluster(nodes=5))


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
