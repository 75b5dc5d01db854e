"""The same with fewer nodes, or with plainer names for them. Where a key's copies live follows from its name and the
number of nodes, so keys are given names whose copies live where they did, or nearly."""

from collections.abc import Iterator

import msgspec

from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.plan import Plan
from harness.reproduce.reductions import renamed
from replicas.store.placement import Placement
from replicas.store.settings import Cluster, Node
from workloads.operations import Operation

_NAMES = [f"k{number}" for number in range(1, 200)]

replace = msgspec.structs.replace


def fewer_nodes(plan: Plan) -> Iterator[Plan]:
    """One node less. What was asked of it is asked of another, or of none."""
    for gone in reversed(plan.cluster.names()):
        for cluster in _clusters_without(plan.cluster, gone):
            left = cluster.names()
            faults = [each for each in (_without(fault, gone, len(left)) for fault in plan.faults) if each is not None]
            here = [each for each in plan.operations if each.node == gone]
            down = [each for each in plan.down if each != gone]
            for other in left if here else left[:1]:
                operations = [replace(each, node=other) if each.node == gone else each for each in plan.operations]
                starts_ns = {node: start for node, start in plan.starts_ns.items() if node != gone}
                smaller = replace(
                    plan, cluster=cluster, faults=faults, operations=operations, down=down, starts_ns=starts_ns
                )
                yield _keys_as_before(plan, smaller)
                yield from _other_places(smaller)


def _clusters_without(cluster: Cluster, gone: str) -> Iterator[Cluster]:
    nodes = [node for node in cluster.nodes if node.name != gone]
    n = min(cluster.n, len(nodes))
    if not nodes:
        return
    counts = {(min(cluster.r, n), min(cluster.w, n)): None, (n // 2 + 1, n // 2 + 1): None}
    for r, w in counts:
        yield replace(cluster, nodes=nodes, n=n, r=r, w=w)


def _without(fault: Fault, gone: str, left: int) -> Fault | None:
    """None: there is nothing left for it to do. A kind that takes just so many nodes keeps as many as it had."""
    targets = [target for target in fault.targets if target != gone]
    kind = KINDS[fault.kind]
    least, most = kind.targets(left)
    return replace(fault, targets=targets) if least <= len(targets) <= most and left >= kind.nodes_min else None


def _keys_as_before(before: Plan, plan: Plan) -> Plan:
    old, new = Placement(before.cluster), Placement(plan.cluster)
    chosen: dict[str, str] = {}
    for key in dict.fromkeys(each.key for each in plan.operations):
        place = old.replicas_of(key)
        names = [name for name in (key, *_NAMES) if name not in chosen.values()]
        chosen[key] = max(names, key=lambda name: _alike(place, new.replicas_of(name)))
    return renamed(plan, {"key": chosen})


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[int, int]:
    """How many nodes they share, and in how many places they have the same one."""
    return len(set(one) & set(other)), sum(left == right for left, right in zip(one, other, strict=False))


def _other_places(plan: Plan) -> Iterator[Plan]:
    """A single key, wherever it may live."""
    keys = {each.key for each in plan.operations}
    if len(keys) == 1:
        placement = Placement(plan.cluster)
        places = {placement.partition_of(name): name for name in reversed(_NAMES)}
        for _, name in sorted(places.items()):
            yield renamed(plan, {"key": dict.fromkeys(keys, name)})


def plain_nodes(plan: Plan) -> Iterator[Plan]:
    """r1, r2, … all round the ring; first so that the first key's first copy lives on r1."""
    placement = Placement(plan.cluster)
    for start in dict.fromkeys([*(placement.partition_of(each.key) for each in plan.operations[:1]), 0]):
        turned = plan.cluster.nodes[start:] + plan.cluster.nodes[:start]
        names = {node.name: f"r{number}" for number, node in enumerate(turned, 1)}
        if all(old == new for old, new in names.items()):
            continue
        nodes = [Node(names[node.name], node.datacenter) for node in turned]
        faults = [replace(each, targets=[names[target] for target in each.targets]) for each in plan.faults]
        cluster, down = replace(plan.cluster, nodes=nodes), [names[each] for each in plan.down]
        starts_ns = {names[node]: start for node, start in plan.starts_ns.items()}
        moved = renamed(plan, {"node": names})
        moved = replace(moved, cluster=cluster, faults=faults, down=down, starts_ns=starts_ns)
        yield _keys_as_renamed(plan, moved, names)


def _keys_as_renamed(before: Plan, plan: Plan, names: dict[str, str]) -> Plan:
    old, new = Placement(before.cluster), Placement(plan.cluster)
    chosen: dict[str, str] = {}
    for key in dict.fromkeys(each.key for each in plan.operations):
        place = tuple(names[node] for node in old.replicas_of(key))
        free = [name for name in (key, *_NAMES) if name not in chosen.values()]
        chosen[key] = next((name for name in free if new.replicas_of(name) == place), key)
    return renamed(plan, {"key": chosen})


def one_door(plan: Plan) -> Iterator[Plan]:
    """Fewer nodes that clients ask."""
    asked = list(dict.fromkeys(each.node for each in plan.operations))
    for index, operation in enumerate(plan.operations):
        for node in asked[: asked.index(operation.node)]:
            operations: list[Operation] = [*plan.operations]
            operations[index] = replace(operation, node=node)
            yield replace(plan, operations=operations)
