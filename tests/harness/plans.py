"""Plans for tests: one by hand, and all that can be valid."""

from hypothesis import strategies as st

from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.plan import FORMAT, MS, Disk, Network, Plan, overlapping
from replicas.store.flaws import FLAWS
from replicas.store.settings import Cluster, Node, Policy
from workloads.operations import Operation

SECOND = 1000 * MS


def small_plan() -> Plan:
    """A put, a read and a delete; r3 is cut off, and then killed."""
    return Plan(
        format=FORMAT,
        seed=1,
        scenario="by hand",
        cluster=Cluster([Node("r1"), Node("r2"), Node("r3")], 3, 2, 2),
        policy=Policy(round_every_ns=100 * MS, message_lifetime_ns=300 * MS),
        network=Network(),
        disk=Disk(),
        operations=[
            Operation(1, 100 * MS, "c1", "r1", "put", "k0", "w1"),
            Operation(2, 300 * MS, "c2", "r2", "get", "k0"),
            Operation(3, 500 * MS, "c1", "r1", "delete", "k0"),
            Operation(4, 900 * MS, "c2", "r2", "get", "k0"),
        ],
        faults=[Fault("f1", "isolate", ["r3"], 50 * MS, 400 * MS), Fault("f2", "kill", ["r3"], 600 * MS, 800 * MS)],
        unrest_ns=SECOND,
        mend_rounds_max=25,
        client_timeout_ns=500 * MS,
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Anything that `check` must take; faults that would overlap on one process are left out."""
    names = [f"r{number + 1}" for number in range(draw(st.integers(2, 5)))]
    n = draw(st.integers(1, len(names)))
    unrest_ns = draw(st.integers(MS, 10 * SECOND))
    low, width = draw(st.integers(0, 5 * MS)), draw(st.integers(0, 5 * MS))
    faults: list[Fault] = []
    for number in range(draw(st.integers(0, 4))):
        fault = draw(_faults(f"f{number}", names, unrest_ns))
        faults += [] if overlapping([*faults, fault]) else [fault]
    return Plan(
        format=FORMAT,
        seed=draw(st.integers(-(2**63) + 1, 2**63 - 1)),
        scenario=draw(st.text(max_size=5)),
        cluster=Cluster(
            [Node(name, draw(st.sampled_from(["dc1", "dc2"]))) for name in names],
            n,
            draw(st.integers(1, n)),
            draw(st.integers(1, n)),
            draw(st.sampled_from(["incarnation", "cassandra", "riak"])),
        ),
        policy=Policy(
            read_repair=draw(st.sampled_from(["none", "blocking"])),
            anti_entropy=draw(st.sampled_from(["none", "merkle"])),
            purge=draw(st.sampled_from(["never", "confirmed"])),
            skew_budget_ns=draw(st.integers(0, SECOND)),
        ),
        network=Network(low, low + width, draw(st.integers(0, 1_000_000))),
        disk=Disk(low, low + width),
        operations=[draw(_operations(number, names, unrest_ns)) for number in range(draw(st.integers(0, 5)))],
        faults=faults,
        unrest_ns=unrest_ns,
        mend_rounds_max=draw(st.integers(1, 50)),
        client_timeout_ns=draw(st.integers(MS, SECOND)),
        flaw=draw(st.sampled_from([None, *FLAWS])),
    )


@st.composite
def _operations(draw: st.DrawFn, number: int, names: list[str], unrest_ns: int) -> Operation:
    kind = draw(st.sampled_from(["get", "put", "delete"]))
    return Operation(
        id=number,
        at_ns=draw(st.integers(0, unrest_ns)),
        client=draw(st.text(max_size=3)),
        node=draw(st.sampled_from(names)),
        kind=kind,  # type: ignore[arg-type] # drawn from its values
        key=draw(st.text(max_size=3)),
        value=f"{number} {draw(st.text(max_size=3))}" if kind == "put" else None,
        level=draw(st.sampled_from([None, "ONE", "QUORUM", "ALL"])),
    )


@st.composite
def _faults(draw: st.DrawFn, name: str, names: list[str], unrest_ns: int) -> Fault:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    start = draw(st.integers(0, unrest_ns - 1))
    targets = draw(st.permutations(names))[: kind.targets[0]]
    return Fault(name, kind.name, targets, start, draw(st.integers(start + 1, unrest_ns)))
