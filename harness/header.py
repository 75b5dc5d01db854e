"""What the history of a plan must say about its cluster."""

from msgspec import UNSET

from checkers.history import FORMAT, Header
from harness.plan import Plan
from replicas.store.placement import Placement

RULES = 3  # by which the simulator performs a plan: whoever changes what a plan does in it, on purpose, adds one


def header_of(plan: Plan, stage: str) -> Header:
    placement = Placement(plan.cluster)
    keys = sorted({operation.key for operation in plan.operations})
    if plan.system is not UNSET:  # of which only its clients tell, and each node may be asked for each key
        names = plan.cluster.names()
        return Header(FORMAT, stage, plan.seed, plan.cluster.tie, names, dict.fromkeys(keys, names), audited=False)
    return Header(
        format=FORMAT,
        stage=stage,
        seed=plan.seed,
        tie=plan.cluster.tie,
        nodes=plan.cluster.names(),
        replicas={key: list(placement.replicas_of(key)) for key in keys},
        message_lifetime_ns=plan.policy.message_lifetime_ns,
        versions=plan.cluster.versions if plan.cluster.versions in ("vector", "dotted") else UNSET,
        merge=plan.cluster.merge if plan.cluster.keeps_siblings() else UNSET,
    )
