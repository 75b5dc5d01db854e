"""The plan behind a cluster that is driven by hand: all that a run has, but for what the test does itself."""

import msgspec

from harness import plan as plans
from harness.commands.options import drawer, refuse_ours
from harness.plan import FORMAT, Disk, Network, Plan
from harness.policy import load, over
from harness.run import require_levers
from harness.systems import owning
from harness.systems.load import named
from harness.testing.marks import Asked
from harness.testing.options import Stage
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node

SECOND = 1_000_000_000
ROUND_EVERY_NS = SECOND // 10  # nobody likes to wait for a test


def plan_of(asked: Asked, seed: int, stage: Stage = "processes") -> Plan:
    """Three nodes with three copies each, where the mark names no scenario."""
    plan = _plan_of(asked, seed)
    require_levers(plan, stage)
    return plan


def _plan_of(asked: Asked, seed: int) -> Plan:
    if asked.scenario is None and asked.system is not None:
        refuse_ours(asked.flaw, asked.policy)
        return owning.over((plain_plan(seed), {}), named(asked.system))[0]
    if asked.scenario is None:
        plans.check_flaw(asked.flaw, "flaw")
        plain = msgspec.structs.replace(plain_plan(seed), flaw=asked.flaw)
        return over(plain, load(asked.policy)) if asked.policy else plain
    plan, _ = drawer(asked.scenario, asked.flaw, asked.policy, asked.system)(seed)
    return msgspec.structs.replace(plan, operations=[], faults=[], down=[], fates={}, starts_ns={})


def plain_plan(seed: int) -> Plan:
    return Plan(
        format=FORMAT,
        seed=seed,
        scenario="by hand",
        cluster=Cluster([Node("r1"), Node("r2"), Node("r3")], n=3, r=2, w=2),
        policy=Policy(round_every_ns=ROUND_EVERY_NS),
        network=Network(),
        disk=Disk(),
        operations=[],
        faults=[],
        unrest_ns=4 * SECOND,
        mend_rounds_max=25,
        client_timeout_ns=SECOND,
    )
