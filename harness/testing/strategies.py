"""Hypothesis strategies: plans, faults and histories. What fails shrinks to few operations and few, short faults.

Import it only where properties are tested: it needs Hypothesis, which comes with `urushi[pytest]`.
"""

from itertools import product
from random import Random

from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.history import History
from harness.faults.check import overlapping
from harness.faults.kinds import NO_MORE_THAN, Fault, Kind
from harness.faults.table import KINDS
from harness.levers import STAGE_LEVERS
from harness.plan import MS, Plan, check
from harness.testing.clusters import plan_of
from harness.testing.marks import Asked
from harness.testing.options import Stage
from harness.testing.runs import simulate
from workloads.operations import Kind as Deed
from workloads.operations import Level, Operation

KEYS = ["k1", "k2", "k3"]
CLIENTS = ["c1", "c2", "c3"]
DEEDS: list[Deed] = ["put", "get", "delete"]
LEVELS: list[Level | None] = [None, "ONE", "QUORUM", "ALL"]
SEEDS = 2**16  # each draws its own delays
TARGETS = 999  # ways to draw the targets of a fault

# Hypothesis takes five choices at a time, at most, out of an example, and one of them says that there is another
# element. So an operation is four, and so are most faults: else they would shrink to plain ones, and seldom go away.

drawn: list[Plan] = []  # the one that was drawn last: when a property fails, the smallest that fails


@st.composite
def plans(
    draw: st.DrawFn,
    *,
    scenario: str | None = None,
    policy: str | None = None,
    flaw: str | None = None,
    stage: Stage = "simulation",
    operations_max: int = 30,
    faults_max: int = 3,
) -> Plan:
    """Each can be performed on its stage. Cluster, policy and network are those of the scenario, or three nodes."""
    base = plan_of(Asked(scenario=scenario, policy=policy, flaw=flaw), draw(st.integers(0, SEEDS)))
    names = base.cluster.names()
    asked = draw(st.lists(_asked(names, base.unrest_ns), max_size=operations_max))
    struck = draw(st.lists(faults(names, base.unrest_ns, stage), max_size=faults_max))
    plan = replace(base, operations=_numbered(asked), faults=_together(struck, names))
    check(plan, "a drawn plan")
    drawn[:] = [plan]
    return plan


@st.composite
def faults(draw: st.DrawFn, nodes: list[str], unrest_ns: int, stage: Stage = "simulation") -> Fault:
    """One that the stage has levers for, somewhere in unrest. Its id is `f1`: in a plan, number them."""
    kind = draw(st.sampled_from(_possible(len(nodes), stage)))
    targets = kind.draw(Random(draw(st.integers(0, TARGETS))), nodes)
    start_ms = draw(st.integers(0, unrest_ns // MS - 1))
    length_ms = draw(st.integers(1, unrest_ns // MS - start_ms))
    return Fault("f1", kind.name, targets, start_ms * MS, (start_ms + length_ms) * MS, draw(_parameters(kind)))


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    scenario: str | None = None,
    policy: str | None = None,
    flaw: str | None = None,
    operations_max: int = 30,
    faults_max: int = 3,
) -> History:
    """What plans leave behind in the simulation, for checkers of one's own; with a flaw, also such as must not be."""
    of_them = plans(scenario=scenario, policy=policy, flaw=flaw, operations_max=operations_max, faults_max=faults_max)
    return simulate(draw(of_them)).history


def _possible(nodes: int, stage: Stage) -> list[Kind]:
    levers = set(STAGE_LEVERS[stage])
    return [kind for kind in KINDS.values() if kind.nodes_min <= nodes and levers.issuperset(kind.levers)]


@st.composite
def _parameters(draw: st.DrawFn, kind: Kind) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for name, (least, most, step) in kind.parameters.items():
        cap = min(most, chosen.get(NO_MORE_THAN.get(name, ""), most))
        chosen[name] = step * draw(st.integers(-(-min(least, cap) // step), cap // step))
    return chosen


@st.composite
def _asked(draw: st.DrawFn, nodes: list[str], unrest_ns: int) -> Operation:
    kind, key = draw(st.sampled_from(DEEDS)), draw(st.sampled_from(KEYS))
    level, client, node = draw(st.sampled_from(list(product(LEVELS, CLIENTS, nodes))))
    return Operation(0, draw(st.integers(0, unrest_ns // MS)) * MS, client, node, kind, key, None, level)


def _numbered(asked: list[Operation]) -> list[Operation]:
    """In the order of their times. A value names its write."""
    in_order = enumerate(sorted(asked, key=lambda each: each.at_ns), 1)
    return [replace(each, id=number, value=f"w{number}" if each.kind == "put" else None) for number, each in in_order]


def _together(struck: list[Fault], nodes: list[str]) -> list[Fault]:
    """Without those that cannot be on at the same time as an earlier one."""
    kept: list[Fault] = []
    for fault in struck:
        named = replace(fault, id=f"f{len(kept) + 1}")
        kept += [] if overlapping([*kept, named], nodes) else [named]
    return kept
