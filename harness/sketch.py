"""A short way to write a small plan: three nodes, one key, steps and cuts in milliseconds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from harness.faults.kinds import Fault
from harness.plan import FORMAT, Disk, Network, Plan
from replicas.store.flaws import FLAWS
from replicas.store.placement import Placement
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from workloads.operations import Kind, Level, Operation

MS = 1_000_000


class Step(NamedTuple):
    at_ms: int
    client: str
    node: str
    kind: Kind
    level: Level | None = None
    key: int = 0  # of those that sketch says


class Cut(NamedTuple):
    kind: str
    targets: list[str]
    start_ms: int
    end_ms: int
    parameters: Mapping[str, int] = MappingProxyType({})


SHORT = Policy(round_every_ns=100 * MS, message_lifetime_ns=300 * MS, skew_budget_ns=50 * MS)
# For flaws that anti-entropy would mend before anyone could see them.
WITHOUT_ROUNDS = msgspec.structs.replace(SHORT, anti_entropy="none")


def sketch(
    name: str,
    steps: list[Step],
    cuts: list[Cut],
    unrest_ms: int,
    *,
    nodes: int = 3,
    policy: Policy = SHORT,
    mend_rounds_max: int = 25,
) -> Plan:
    """All steps are on keys that live on r1, r2 and r3 and whose purge is led by r1."""
    cluster = Cluster([Node(f"r{i + 1}") for i in range(nodes)], 3, 2, 2, operation_timeout_ns=250 * MS)
    placement = Placement(cluster)
    keys = [f"k{i}" for i in range(1000) if placement.replicas_of(f"k{i}") == ("r1", "r2", "r3")]
    operations = [
        Operation(
            number,
            step.at_ms * MS,
            step.client,
            step.node,
            step.kind,
            keys[step.key],
            _value(step, number),
            step.level,
        )
        for number, step in enumerate(steps, 1)
    ]
    faults = [
        Fault(f"f{number}", cut.kind, cut.targets, cut.start_ms * MS, cut.end_ms * MS, dict(cut.parameters))
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
        mend_rounds_max=mend_rounds_max,
        client_timeout_ns=500 * MS,
        flaw=name if name in FLAWS else None,
    )


def _value(step: Step, number: int) -> str | None:
    return f"w{number}" if step.kind == "put" else None
