"""The smallest plan by which each flaw breaks its promise, and the near misses that keep it. Tests run all of them
in both stages; `urushi run demo:NAME` runs one."""

from collections.abc import Callable
from typing import NamedTuple

from harness.faults.kinds import Fault
from harness.plan import FORMAT, Disk, Network, Plan
from replicas.store.flaws import FLAWS
from replicas.store.placement import Placement
from replicas.store.settings import Cluster, Node, Policy
from workloads.operations import Kind, Level, Operation

MS = 1_000_000


class Step(NamedTuple):
    at_ms: int
    client: str
    node: str
    kind: Kind
    level: Level | None = None


class Cut(NamedTuple):
    kind: str
    targets: list[str]
    start_ms: int
    end_ms: int


SHORT = Policy(round_every_ns=100 * MS, message_lifetime_ns=300 * MS, skew_budget_ns=50 * MS)


def sketch(
    name: str, steps: list[Step], cuts: list[Cut], unrest_ms: int, *, nodes: int = 3, policy: Policy = SHORT
) -> Plan:
    """All steps are on one key, which lives on r1, r2 and r3 and whose purge is led by r1."""
    cluster = Cluster([Node(f"r{i + 1}") for i in range(nodes)], 3, 2, 2, operation_timeout_ns=250 * MS)
    key = next(f"k{i}" for i in range(1000) if Placement(cluster).replicas_of(f"k{i}") == ("r1", "r2", "r3"))
    operations = [
        Operation(number, step.at_ms * MS, step.client, step.node, step.kind, key, _value(step, number), step.level)
        for number, step in enumerate(steps, 1)
    ]
    faults = [
        Fault(f"f{number}", cut.kind, cut.targets, cut.start_ms * MS, cut.end_ms * MS)
        for number, cut in enumerate(cuts, 1)
    ]
    return Plan(
        format=FORMAT,
        seed=1,
        scenario=f"demo:{name}",
        cluster=cluster,
        policy=policy,
        network=Network(),
        disk=Disk(),
        operations=operations,
        faults=faults,
        unrest_ns=unrest_ms * MS,
        mend_rounds_max=25,
        client_timeout_ns=500 * MS,
        flaw=name if name in FLAWS else None,
    )


def _value(step: Step, number: int) -> str | None:
    return f"w{number}" if step.kind == "put" else None


def _missed_write(name: str, policy: Policy = SHORT) -> Plan:
    """r1 misses the second put, in all but a repair."""
    steps = [Step(100, "c1", "r2", "put"), Step(600, "c1", "r2", "put")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1000, policy=policy)


def _killed_while_writing(name: str) -> Plan:
    steps = [Step(100 + 25 * number, f"c{number % 4}", f"r{1 + number % 3}", "put") for number in range(24)]
    return sketch(name, steps, [Cut("kill", ["r2"], 480, 900)], 1000)


def _read_through_changing_pairs(name: str) -> Plan:
    """Only r1 holds the second put. c2 reads it from r1 and r2, then reads from r2 and r3; c3 reads after all."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(600, "c1", "r1", "put"),
        Step(1500, "c2", "r2", "get"),
        Step(2300, "c2", "r2", "get"),
        Step(3000, "c3", "r2", "get"),
        Step(3100, "c3", "r3", "get"),
    ]
    cuts = [
        Cut("one-way", ["r1", "r2"], 300, 1000),
        Cut("one-way", ["r1", "r3"], 300, 1000),
        Cut("isolate", ["r3"], 1200, 1900),
        Cut("isolate", ["r1"], 2000, 2800),
    ]
    return sketch(name, steps, cuts, 3200, policy=_without_rounds())


def _without_rounds() -> Policy:
    """For flaws that anti-entropy would mend before anyone could see them."""
    return Policy(anti_entropy="none", round_every_ns=100 * MS, message_lifetime_ns=300 * MS, skew_budget_ns=50 * MS)


def _missed_delete(name: str) -> Plan:
    """r3 has the value and misses its deletion for longer than a purge waits."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(2600, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 2000)], 2800)


def _cut_off_until_the_mend(name: str) -> Plan:
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(1700, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 2000)], 2000)


def _coordinator_cut_off(name: str) -> Plan:
    """r4 holds no copy of the key, and nothing that it sends arrives."""
    steps = [Step(100, "c2", "r1", "put"), Step(500, "c1", "r4", "put")]
    return sketch(name, steps, [Cut("isolate", ["r4"], 300, 900)], 1000, nodes=4)


def _one_replica_acknowledges(name: str) -> Plan:
    """Promised all the same: the one copy is durable, and anti-entropy brings it to the others."""
    steps = [Step(100, "c2", "r2", "put"), Step(500, "c1", "r1", "put", "ONE")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900), Cut("kill", ["r1"], 1000, 1300)], 1400)


def _read_of_two_versions(name: str) -> Plan:
    """r1 and r2 are read while they differ."""
    steps = [
        Step(100, "c1", "r2", "put"),
        Step(600, "c1", "r2", "put"),
        Step(1600, "c2", "r1", "get"),
        Step(1700, "c3", "r1", "get"),
    ]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1800, policy=_without_rounds())


def _unknown_write_is_read(name: str) -> Plan:
    steps = [Step(500, "c1", "r1", "put"), Step(1400, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900)], 1500)


PLANS: dict[str, Callable[[str], Plan]] = {
    "hashes-keys-only": _missed_write,
    "stops-rounds": _missed_write,
    "hashes-versions-only": _missed_write,
    "repairs-any-other": _missed_write,
    "takes-equal": _missed_write,
    "hides-repairs": _missed_write,
    "commits-later": _killed_while_writing,
    "killed while writing": _killed_while_writing,
    "skips-repair": _read_through_changing_pairs,
    "repairs-all": _read_through_changing_pairs,
    "purges-unconfirmed": _missed_delete,
    "confirms-twice": _missed_delete,
    "purges-after-quorum": _missed_delete,
    "cut off until the mend": _cut_off_until_the_mend,
    "acknowledges-on-send": _coordinator_cut_off,
    "W = 1 and cut off": _one_replica_acknowledges,
    "mixes-copies": _read_of_two_versions,
    "an unknown write is read": _unknown_write_is_read,
}
