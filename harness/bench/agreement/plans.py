"""The fixed plans that both stages perform, by what is to be learned from them."""

from typing import Any

import msgspec

from harness.faults.kinds import Fault
from harness.plan import MS, Disk, Network, Plan
from harness.scenario import Scenario, draw
from harness.wrong import convert

SEEDS = (1, 2)
CUT_EVERY_MS, CUT_FOR_MS = 1130, 450
QUIET_MS, END_MS = 1000, 100

# No plan kills a node: metrics count from a node's last start.
_BASE: dict[str, dict[str, Any]] = {
    "cluster": {"nodes": 4, "n": 3},
    "policy": {"exchange_timeout": "500ms", "message_lifetime": "2s", "round_jitter": "30%"},
    "workload": {"operations": 500, "clients": 10, "keys": 500, "distribution": "uniform", "reads": "50%"},
    "faults": {"count": 0},
    "phases": {"unrest": "5s"},
}


def calm(seed: int) -> Plan:
    """What an operation costs, and what the machine's own delays are."""
    return _drawn("calm", seed, workload={"operations": 400, "clients": 4}, phases={"unrest": "4s"})


def slow_links(seed: int) -> Plan:
    """Each link is late, so that the machine's own delays hardly count."""
    return _late(_drawn("slow links", seed), ["r1", "r2", "r3", "r4"], 20, 8)


def one_slow_node(seed: int) -> Plan:
    """Operations through r1 are late four times, those through others not at all or twice."""
    return _late(_drawn("one slow node", seed), ["r1"], 30, 10)


def hot_keys(seed: int) -> Plan:
    """Reads meet writes that are under way."""
    workload = {"operations": 600, "keys": 3, "reads": "60%", "deletes": "0%"}
    return _late(_drawn("hot keys", seed, workload=workload), ["r1", "r2", "r3", "r4"], 15, 12)


def hot_keys_background(seed: int) -> Plan:
    workload = {"operations": 600, "keys": 3, "reads": "60%", "deletes": "0%"}
    plan = _drawn("hot keys, background", seed, workload=workload, policy={"read_repair": "background"})
    return _late(plan, ["r1", "r2", "r3", "r4"], 15, 12)


def stale_reads(seed: int) -> Plan:
    """r3 misses writes again and again, and nothing but reads mends it."""
    workload = {"operations": 1600, "keys": 100, "reads": "60%", "deletes": "0%"}
    policy = {"anti_entropy": "none", "purge": "never"}
    return _cut_off(_drawn("stale reads", seed, workload=workload, policy=policy, phases={"unrest": "9s"}))


def rounds(seed: int) -> Plan:
    """r3 misses writes again and again, and only anti-entropy mends it."""
    workload = {"operations": 600, "keys": 300, "reads": "0%", "deletes": "0%"}
    return _cut_off(_drawn("rounds", seed, workload=workload, policy={"read_repair": "none"}, phases={"unrest": "9s"}))


def hints(seed: int) -> Plan:
    """r3 misses writes again and again, and only hints mend it."""
    workload = {"operations": 600, "keys": 300, "reads": "0%", "deletes": "0%"}
    policy = {"read_repair": "none", "anti_entropy": "none", "purge": "never", "hints": "handoff"}
    return _cut_off(_drawn("hints", seed, workload=workload, policy=policy, phases={"unrest": "9s"}))


def calibrated(plan: Plan, network: Network, disk: Disk, starts_ns: dict[str, int]) -> Plan:
    return msgspec.structs.replace(plan, network=network, disk=disk, starts_ns=starts_ns)


def as_late(plan: Plan, late_ns: dict[str, tuple[int, int]]) -> Plan:
    """Each fault begins and ends as late as it did elsewhere; it ends with unrest at the latest."""
    faults = [
        msgspec.structs.replace(
            fault,
            start_ns=fault.start_ns + late_ns[fault.id][0],
            end_ns=min(plan.unrest_ns, fault.end_ns + late_ns[fault.id][1]),
        )
        for fault in plan.faults
    ]
    return msgspec.structs.replace(plan, faults=faults)


def _drawn(name: str, seed: int, **parts: dict[str, Any]) -> Plan:
    spec = {part: {**given, **parts.get(part, {})} for part, given in _BASE.items()}
    return draw(convert(spec, Scenario, name), name, seed)[0]


def _late(plan: Plan, nodes: list[str], delay_ms: int, jitter_ms: int) -> Plan:
    parameters = {"delay_ns": delay_ms * MS, "jitter_ns": jitter_ms * MS}
    return msgspec.structs.replace(plan, faults=[Fault("f1", "latency", nodes, 0, plan.unrest_ns, parameters)])


def _cut_off(plan: Plan) -> Plan:
    """The cuts fall on all phases of a round, of which the stages begin the first at different times. The last one is
    left to the mend phase, for which no client lets wait: nothing is asked through r3 shortly before, nor at the end.
    """
    starts = range(200 * MS, plan.unrest_ns - QUIET_MS * MS - CUT_FOR_MS * MS, CUT_EVERY_MS * MS)
    spans = [(start, start + CUT_FOR_MS * MS) for start in (*starts, plan.unrest_ns - CUT_FOR_MS * MS)]
    faults = [Fault(f"f{number}", "isolate", ["r3"], *span) for number, span in enumerate(spans, 1)]
    operations = [
        each
        for each in plan.operations
        if each.at_ns < plan.unrest_ns - (QUIET_MS if each.node == "r3" else END_MS) * MS
    ]
    return msgspec.structs.replace(plan, faults=faults, operations=operations)
