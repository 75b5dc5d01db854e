"""Plans of studies: what all clients ask, and one outage, placed by hand so that a claim can be seen alone."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from harness.faults.kinds import Fault
from harness.plan import FORMAT, Disk, Network, Plan, check
from replicas.store.policy import OFF, Policy
from replicas.store.settings import Cluster, Node
from workloads.operations import Kind, Level, Operation
from workloads.values import value_of

MS = 1_000_000
QUIET = replace(Policy(**OFF), purge="never", round_every_ns=100 * MS)  # nothing mends


def cluster(nodes: int = 3, n: int = 3, r: int = 2, w: int = 2) -> Cluster:
    return Cluster([Node(f"r{number}") for number in range(1, nodes + 1)], n, r, w, operation_timeout_ns=250 * MS)


def keys(count: int) -> list[str]:
    return [f"k{number}" for number in range(1, count + 1)]


def asked(
    kind: Kind,
    names: Iterable[str],
    nodes: list[str],
    start_ms: int,
    end_ms: int,
    *,
    level: Level | None = None,
    clients: int = 4,
) -> list[Operation]:
    """One operation a name, in this order and evenly over the time, through these nodes in turn."""
    every = list(names)
    step_ns = (end_ms - start_ms) * MS // max(1, len(every))
    return [
        Operation(
            id=0,
            at_ns=start_ms * MS + number * step_ns,
            client=f"c{1 + number % clients}",
            node=nodes[number % len(nodes)],
            kind=kind,
            key=key,
            value="" if kind == "put" else None,
            level=level,
        )
        for number, key in enumerate(every)
    ]


def outage(kind: str, targets: list[str], start_ms: int, end_ms: int, **parameters: int) -> Fault:
    return Fault("f1", kind, targets, start_ms * MS, end_ms * MS, parameters)


def plan(
    study: str,
    seed: int,
    policy: Policy,
    operations: list[Operation],
    faults: list[Fault],
    *,
    of: Cluster | None = None,
    network: Network | None = None,
    value_bytes: int = 0,
    mend_rounds_max: int = 400,
) -> Plan:
    """Operations are numbered by time, each put writes a value of its own, and unrest lasts as long as all this."""
    in_time = sorted(operations, key=lambda each: (each.at_ns, each.client, each.key))
    numbered = list(_numbered(in_time, value_bytes, seed))
    last_ns = max([operation.at_ns for operation in numbered] + [fault.end_ns for fault in faults])
    made = Plan(
        format=FORMAT,
        seed=seed,
        scenario=f"study:{study}",
        cluster=of or cluster(),
        policy=policy,
        network=network or Network(),
        disk=Disk(),
        operations=numbered,
        faults=[replace(fault, id=f"f{number}") for number, fault in enumerate(faults, 1)],
        unrest_ns=last_ns + 100 * MS,
        mend_rounds_max=mend_rounds_max,
        client_timeout_ns=500 * MS,
    )
    check(made, made.scenario)
    return made


def _numbered(operations: Iterable[Operation], value_bytes: int, seed: int) -> Iterator[Operation]:
    for number, operation in enumerate(operations, 1):
        value = value_of(f"w{number}", value_bytes, f"{seed}/study/values") if operation.kind == "put" else None
        yield replace(operation, id=number, value=value)
