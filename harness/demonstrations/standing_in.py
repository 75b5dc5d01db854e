"""Substitutes, levels that name datacenters, levels that step down, and hints within bounds."""

from collections.abc import Callable
from typing import Any

import msgspec

from harness.demonstrations.handoff import HANDOFF, HINTS_ALONE
from harness.plan import Plan
from harness.sketch import SHORT, Cut, Step, sketch
from replicas.store.policy import Policy
from replicas.store.settings import Node

STEPS_DOWN = msgspec.structs.replace(SHORT, level_unmet="step-down")
MENDS_AT_WRITES = msgspec.structs.replace(SHORT, write_repair="on", anti_entropy="none")


def _alone(**options: Any) -> Policy:
    return msgspec.structs.replace(HINTS_ALONE, **options)


def _kept_by_others(name: str) -> Plan:
    """r4, r5 and r6, which hold no copy, are cut off from all that do, and keep the second put for them."""
    steps = [Step(100, "c1", "r4", "put"), Step(500, "c1", "r4", "put"), Step(1500, "c2", "r1", "get")]
    policy = msgspec.structs.replace(HANDOFF, quorums="sloppy")
    return sketch(name, steps, [Cut("halves", ["r4", "r5", "r6"], 300, 1000)], 1600, nodes=6, policy=policy)


def _room_for_one(name: str) -> Plan:
    """r3 misses two puts to one key, of which r1 may keep one."""
    steps = [Step(400, "c1", "r1", "put"), Step(500, "c1", "r1", "put")]
    policy = _alone(hints_max=1, hint_coalescing="off", hints_when_full="drop-oldest")
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1000)], 1100, policy=policy)


def _offered_first(name: str) -> Plan:
    """r3 is asked whether it wants what it has missed, and does."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c1", "r1", "put")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1000)], 1100, policy=_alone(hint_check="brief"))


def _throttled(name: str) -> Plan:
    """r2 keeps six hints for r1, and may send two a second."""
    steps = [Step(400 + 20 * key, "c1", "r2", "put", key=key) for key in range(6)]
    steps.append(Step(1500, "c1", "r2", "get"))
    policy = _alone(hint_bytes_per_s_max=140)
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1600, policy=policy, mend_rounds_max=150)


def _steps_down(name: str) -> Plan:
    """r1 alone holds the second put, and answers it at ONE, when r2 and r3 are asked for it."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c1", "r1", "put"), Step(1000, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1300)], 1400, policy=STEPS_DOWN)


def _two_datacenters(plan: Plan) -> Plan:
    """r1, r3 and r5 are in one, the others in the other, and each key is on all."""
    nodes = [Node(f"r{i + 1}", f"dc{i % 2 + 1}") for i in range(6)]
    return msgspec.structs.replace(plan, cluster=msgspec.structs.replace(plan.cluster, nodes=nodes, n=6, r=4, w=4))


def _locally(name: str) -> Plan:
    """r1 writes in a datacenter from the rest of which it is cut off; r3, in that rest, is asked."""
    steps = [Step(100, "c1", "r1", "put", "LOCAL_QUORUM"), Step(500, "c1", "r1", "put", "LOCAL_QUORUM")]
    steps.append(Step(900, "c2", "r3", "get", "LOCAL_QUORUM"))
    return _two_datacenters(sketch(name, steps, [Cut("majority", ["r3", "r5"], 300, 1200)], 1300, nodes=6))


def _newer_met(name: str) -> Plan:
    """r3 takes a put that r1 and r2 miss, and then one of r1, whose clock is behind."""
    steps = [Step(400, "c1", "r3", "put", "ONE"), Step(900, "c2", "r1", "put"), Step(1500, "c2", "r2", "get")]
    cuts = [Cut("isolate", ["r3"], 300, 700), Cut("clock-offset", ["r3"], 100, 1400, {"offset_ns": 900_000_000})]
    return sketch(name, steps, cuts, 1600, policy=MENDS_AT_WRITES)


PLANS: dict[str, Callable[[str], Plan]] = {
    "forgets-for-others": _kept_by_others,
    "kept by others": _kept_by_others,
    "drops-the-newest": _room_for_one,
    "room for one hint": _room_for_one,
    "forgets-what-is-wanted": _offered_first,
    "hints that are offered first": _offered_first,
    "ignores-hint-limit": _throttled,
    "hints within a limit": _throttled,
    "claims-its-level": _steps_down,
    "below its level": _steps_down,
    "counts-remote": _locally,
    "a quorum of one datacenter": _locally,
    "a write that mends": _newer_met,
}
