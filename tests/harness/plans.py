"""Plans for tests: one by hand, and all that can be valid."""

from hypothesis import strategies as st

from harness.faults.check import overlapping, without_quorum
from harness.faults.kinds import NO_MORE_THAN, POSSIBLE, Fault
from harness.faults.table import KINDS
from harness.plan import FORMAT, JITTER_MOST_PPM, MS, Disk, Network, Plan
from replicas.store.flaws import FLAWS
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
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
    """Anything that `check` must take; faults that cannot be on together are left out."""
    cluster = draw(clusters())
    names = cluster.names()
    unrest_ns = draw(st.integers(MS, 10 * SECOND))
    low, width = draw(st.integers(0, 5 * MS)), draw(st.integers(0, 5 * MS))
    found: list[Fault] = []
    for number in range(draw(st.integers(0, 4))):
        fault = draw(faults(f"f{number}", names, unrest_ns))
        found += [] if overlapping([*found, fault], names) else [fault]
    down: list[str] = []
    for node in draw(st.lists(st.sampled_from(names), unique=True)):
        down += [] if without_quorum([*down, node], cluster) else [node]
    return Plan(
        format=FORMAT,
        seed=draw(st.integers(-(2**63) + 1, 2**63 - 1)),
        scenario=draw(st.text(max_size=5)),
        cluster=cluster,
        policy=draw(_policies()),
        network=draw(_networks(low, low + width)),
        disk=Disk(low, low + width),
        operations=[draw(_operations(number, cluster, unrest_ns)) for number in range(draw(st.integers(0, 5)))],
        faults=found,
        unrest_ns=unrest_ns,
        mend_rounds_max=draw(st.integers(1, 50)),
        client_timeout_ns=draw(st.integers(MS, SECOND)),
        flaw=draw(st.sampled_from([None, *FLAWS])),
        down=down,
    )


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    names = [f"r{number + 1}" for number in range(draw(st.integers(1, 6)))]
    n = draw(st.integers(1, len(names)))
    return Cluster(
        [Node(name, draw(st.sampled_from(["dc1", "dc2"]))) for name in names],
        n,
        draw(st.integers(1, n)),
        draw(st.integers(1, n)),
        draw(st.sampled_from(["incarnation", "cassandra", "riak"])),
    )


@st.composite
def _networks(draw: st.DrawFn, low: int, high: int) -> Network:
    shares = st.integers(0, 1_000_000)
    reorder_ppm = draw(shares)
    return Network(
        delay_min_ns=low,
        delay_max_ns=high,
        loss_ppm=draw(shares),
        distribution=draw(st.sampled_from(["uniform", "exponential", "pareto", "bimodal"])),
        duplicate_ppm=draw(shares),
        reorder_ppm=reorder_ppm,
        reorder_ns=draw(st.integers(1 if reorder_ppm else 0, 50 * MS)),
        bytes_per_s=draw(st.integers(0, 10_000_000)),
        queue_max=draw(st.integers(0, 100)),
        last_words_ppm=draw(shares),
    )


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    return Policy(
        read_repair=draw(st.sampled_from(["none", "blocking", "background", "bounded", "adaptive"])),
        read_from=draw(st.sampled_from(["all", "needed", "by-chance"])),
        read_choice=draw(st.sampled_from(["first", "random", "nearest", "least-loaded"])),
        read_digests=draw(st.sampled_from(["never", "always", "large"])),
        repair_whom=draw(st.sampled_from(["contacted", "all"])),
        read_repair_chance_ppm=draw(st.integers(0, 1_000_000)),
        repair_sync_replicas=draw(st.integers(0, 5)),
        repair_attempts_max=draw(st.integers(1, 20)),
        speculate_after_ns=draw(st.integers(0, SECOND)),
        hints=draw(st.sampled_from(["none", "handoff"])),
        anti_entropy=draw(st.sampled_from(["none", "merkle"])),
        purge=draw(st.sampled_from(["never", "confirmed", "grace"])),
        grace_ns=draw(st.integers(MS, SECOND)),
        hints_max=draw(st.integers(1, 10)),
        round_jitter_ppm=draw(st.integers(0, JITTER_MOST_PPM)),
        skew_budget_ns=draw(st.integers(0, SECOND)),
    )


@st.composite
def _operations(draw: st.DrawFn, number: int, cluster: Cluster, unrest_ns: int) -> Operation:
    kind = draw(st.sampled_from(["get", "put", "delete"]))
    counts = {"ONE": 1, "TWO": 2, "THREE": 3, "QUORUM": 1, "ALL": 1}
    return Operation(
        id=number,
        at_ns=draw(st.integers(0, unrest_ns)),
        client=draw(st.text(max_size=3)),
        node=draw(st.sampled_from(cluster.names())),
        kind=kind,  # type: ignore[arg-type] # drawn from its values
        key=draw(st.text(max_size=3)),
        value=f"{number} {draw(st.text(max_size=3))}" if kind == "put" else None,
        level=draw(st.sampled_from([None, *(level for level in counts if counts[level] <= cluster.n)])),
    )


@st.composite
def faults(draw: st.DrawFn, name: str, nodes: list[str], unrest_ns: int) -> Fault:
    """Also such as no seed draws."""
    kind = KINDS[draw(st.sampled_from(sorted(each for each in KINDS if KINDS[each].nodes_min <= len(nodes))))]
    start = draw(st.integers(0, unrest_ns - 1))
    least, most = kind.targets(len(nodes))
    targets = draw(st.permutations(nodes))[: draw(st.integers(least, most))]
    parameters: dict[str, int] = {}
    for parameter in kind.parameters:
        lowest, highest, step = POSSIBLE[parameter]
        highest = parameters[NO_MORE_THAN[parameter]] if parameter in NO_MORE_THAN else highest
        parameters[parameter] = step * draw(st.integers(-(-lowest // step), highest // step))
    return Fault(name, kind.name, targets, start, draw(st.integers(start + 1, unrest_ns)), parameters)
