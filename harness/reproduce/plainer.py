"""Plainer settings: no chance where none is needed, lines of repair that are off, and defaults."""

from collections.abc import Iterator
from typing import Any

import msgspec

from harness.plan import Disk, Network, Plan
from harness.promises import reason_against
from harness.reproduce.witness import cell_of
from replicas.store.policy import OFF, Policy
from replicas.store.settings import Cluster, Node

MS = 1_000_000
FIXED_NETWORK = Network(delay_min_ns=MS, delay_max_ns=MS)
FIXED_DISK = Disk(sync_min_ns=MS // 10, sync_max_ns=MS // 10)

_OFF: dict[str, Any] = {**OFF, "purge": "never"}
_ROUNDS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100)
_CLIENT_TIMEOUT_NS = 1_000 * MS  # as scenarios have it, if they say nothing

replace = msgspec.structs.replace


def settings(plan: Plan) -> Iterator[Plan]:
    """All at once, then one by one."""
    yield replace(plan, network=FIXED_NETWORK, disk=FIXED_DISK)
    for network in _networks(plan.network):
        yield replace(plan, network=network)
    for disk in _disks(plan.disk):
        yield replace(plan, disk=disk)
    for policy in _policies(plan.policy):
        yield replace(plan, policy=policy)
    for cluster in _clusters(plan.cluster):
        yield replace(plan, cluster=cluster)
    if plan.starts_ns:
        yield replace(plan, starts_ns={})
    yield from _levels(plan)
    for node in plan.down:
        yield replace(plan, down=[each for each in plan.down if each != node])
    yield from phases(plan)


def _networks(network: Network) -> Iterator[Network]:
    """The rarer a thing, the sooner it is left out; then one delay for all."""
    yield from _defaults(network, Network(), but=("delay_min_ns", "delay_max_ns"))
    fixed = network.delay_min_ns == network.delay_max_ns
    for delay in (MS, 2 * MS, 5 * MS, 10 * MS) if not fixed else ():
        yield replace(network, delay_min_ns=delay, delay_max_ns=delay)
    plain = Network()
    if not fixed and (network.delay_min_ns, network.delay_max_ns) != (plain.delay_min_ns, plain.delay_max_ns):
        yield replace(network, delay_min_ns=plain.delay_min_ns, delay_max_ns=plain.delay_max_ns)


def _disks(disk: Disk) -> Iterator[Disk]:
    if disk.sync_min_ns != disk.sync_max_ns:
        yield replace(disk, sync_min_ns=FIXED_DISK.sync_min_ns, sync_max_ns=FIXED_DISK.sync_max_ns)
        if disk != Disk():
            yield Disk()


def _policies(policy: Policy) -> Iterator[Policy]:
    yield replace(Policy(), **_OFF)
    yield replace(policy, **_OFF)
    for name, off in _OFF.items():
        if getattr(policy, name) != off:
            strict = {"quorums": "strict"} if name == "hints" else {}  # without hints nobody stands in
            yield replace(policy, **{name: off}, **strict)
    yield from _defaults(policy, Policy(), but=tuple(_OFF))


def _clusters(cluster: Cluster) -> Iterator[Cluster]:
    if any(node.datacenter != "dc1" for node in cluster.nodes):
        yield replace(cluster, nodes=[Node(node.name) for node in cluster.nodes])
    quorum = cluster.quorum()
    if (cluster.r, cluster.w) != (quorum, quorum):
        yield replace(cluster, r=quorum, w=quorum)
    yield from _defaults(cluster, Cluster([], 0, 0, 0), but=("nodes", "n", "r", "w"))


def _defaults(struct: Any, plain: Any, but: tuple[str, ...]) -> Iterator[Any]:
    """All fields as they are by default, then one by one."""
    differing = {
        name: getattr(plain, name)
        for name in struct.__struct_fields__
        if name not in but and getattr(struct, name) != getattr(plain, name)
    }
    if len(differing) > 1:
        yield replace(struct, **differing)
    for name, value in differing.items():
        yield replace(struct, **{name: value})


def _levels(plan: Plan) -> Iterator[Plan]:
    named = [index for index, each in enumerate(plan.operations) if each.level is not None]
    if len(named) > 1:
        yield replace(plan, operations=[replace(each, level=None) for each in plan.operations])
    for index in named:
        operations = list(plan.operations)
        operations[index] = replace(operations[index], level=None)
        yield replace(plan, operations=operations)


def phases(plan: Plan) -> Iterator[Plan]:
    """A mend phase that is too short to mend would show nothing."""
    if plan.client_timeout_ns != _CLIENT_TIMEOUT_NS:
        yield replace(plan, client_timeout_ns=_CLIENT_TIMEOUT_NS)
    promised = reason_against(cell_of("convergence"), plan) is None
    for rounds in (rounds for rounds in _ROUNDS if rounds < plan.mend_rounds_max):
        shorter = replace(plan, mend_rounds_max=rounds)
        if not promised or reason_against(cell_of("convergence"), shorter) is None:
            yield shorter
