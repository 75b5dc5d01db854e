"""Plans with every kind of fault, and so with every lever."""

from random import Random

from harness.faults.kinds import Fault, Kind
from harness.faults.table import KINDS
from harness.levers import LINK_LEVERS, NODE_LEVERS
from harness.plan import FORMAT, Disk, Network, Plan, check
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from tests.harness.simulation.worlds import MS, S
from workloads.operations import Kind as Request
from workloads.operations import Operation

NODES = ["r1", "r2", "r3", "r4"]
LENGTH = 300 * MS


def with_parameters(name: str, kind: Kind, nodes: list[str], start_ns: int, end_ns: int) -> Fault:
    """On as few nodes as it takes; each parameter is the least that a seed may draw."""
    targets = nodes[: kind.targets(len(nodes))[0]]
    parameters = {parameter: drawn.least for parameter, drawn in kind.parameters.items()}
    return Fault(name, kind.name, targets, start_ns, end_ns, parameters)


def every_kind(seed: int, down: list[str] | None = None, loss_ppm: int = 0) -> Plan:
    """One after the other, on nodes in an order of the seed's."""
    random = Random(f"{seed}/test plans")
    nodes = random.sample(NODES, len(NODES))
    faults = [
        with_parameters(f"f{number}", kind, nodes, number * LENGTH, (number + 1) * LENGTH - MS)
        for number, kind in enumerate(KINDS.values(), 1)
    ]
    unrest_ns = (len(faults) + 2) * LENGTH
    kinds: list[Request] = ["get", "get", "put", "put", "delete"]
    operations = [
        Operation(
            number,
            number * unrest_ns // 400,
            f"c{number % 6}",
            random.choice(NODES),
            kind,
            f"k{random.randrange(12)}",
            f"w{number}" if kind == "put" else None,
        )
        for number, kind in enumerate(random.choices(kinds, k=400))
    ]
    plan = Plan(
        format=FORMAT,
        seed=seed,
        scenario="every kind",
        cluster=Cluster([Node(name) for name in NODES], 3, 2, 2),
        policy=Policy(hints="handoff", round_every_ns=100 * MS, message_lifetime_ns=300 * MS),
        network=Network(loss_ppm=loss_ppm),
        disk=Disk(),
        operations=operations,
        faults=faults,
        unrest_ns=unrest_ns,
        mend_rounds_max=100,
        client_timeout_ns=S // 2,
        down=down or [],
    )
    check(plan, "every kind")
    pulled = {lever for fault in faults for lever in KINDS[fault.kind].levers}
    assert pulled == {*NODE_LEVERS, *LINK_LEVERS}
    return plan
