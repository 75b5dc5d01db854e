"""Which faults, and which nodes that stay down, a plan may have. The first problem is raised, with its place."""

from typing import NamedTuple

from harness.faults.kinds import NO_MORE_THAN, POSSIBLE, Fault, Kind
from harness.faults.table import KINDS
from harness.levers import CLOCK_LEVERS, FATAL_LEVERS, PROCESS_LEVERS, Action
from harness.wrong import Wrong, near
from replicas.store.placement import Placement
from replicas.store.settings import Cluster

_ACTIONS_MOST = 1_000_000


def check_faults(faults: list[Fault], nodes: list[str], unrest_ns: int, where: str) -> None:
    check_many(len(faults), len(nodes), f"{where}: faults")
    seen: dict[str, None] = {}
    for index, fault in enumerate(faults):
        place = f"{where}: faults[{index}]"
        if fault.id in seen:
            raise Wrong(f"{place}.id", f"{fault.id!r} is there twice", "give each fault its own id")
        seen[fault.id] = None
        if not fault.id.isidentifier():
            raise Wrong(
                f"{place}.id", f"{fault.id!r} is no name for a fault", "write a letter, then letters and digits"
            )
        kind = KINDS.get(fault.kind)
        if kind is None:
            raise Wrong(f"{place}.kind", f"{fault.kind!r} is not a kind of fault", near(fault.kind, list(KINDS)))
        _check_targets(fault, kind, nodes, place)
        _check_parameters(fault, kind, place)
        if not 0 <= fault.start_ns < fault.end_ns <= unrest_ns:
            what = f"from {fault.start_ns} to {fault.end_ns} ns"
            raise Wrong(f"{place}", what, f"a fault starts before it ends, and ends with unrest at {unrest_ns} ns")
    for first, second, what in overlapping(faults, nodes):
        raise Wrong(
            f"{where}: faults", f"{first.id} ({first.kind}) and {second.id} ({second.kind}) act on {what} at the same "
            "time", "let one end before the other starts",
        )  # fmt: skip


def _check_targets(fault: Fault, kind: Kind, nodes: list[str], place: str) -> None:
    for target in fault.targets:
        if target not in nodes:
            raise Wrong(f"{place}.targets", f"{target!r} is not a node", near(target, nodes))
    if len(nodes) < kind.nodes_min:
        what = f"{kind.name} needs {kind.nodes_min} nodes or more, and there are {len(nodes)}"
        raise Wrong(f"{place}.kind", what, "take it out, or add nodes")
    least, most = kind.targets(len(nodes))
    if not least <= len(fault.targets) <= most:
        many = f"{least}" if least == most else f"{least} to {most}"
        raise Wrong(f"{place}.targets", f"{kind.name} takes {many}, not {len(fault.targets)}", kind.legend)
    for index, target in enumerate(fault.targets):
        if target in fault.targets[:index]:
            raise Wrong(f"{place}.targets", f"{target!r} is there twice", kind.legend)


def _check_parameters(fault: Fault, kind: Kind, place: str) -> None:
    for name in fault.parameters:
        if name not in kind.parameters:
            remedy = near(name, list(kind.parameters)) if kind.parameters else f"{kind.name} takes none"
            raise Wrong(f"{place}.parameters.{name}", f"{kind.name} has no such parameter", remedy)
    for name in kind.parameters:
        if name not in fault.parameters:
            raise Wrong(f"{place}.parameters.{name}", "this key is missing", f"{kind.name} needs it: {kind.legend}")
        number, (least, most, step) = fault.parameters[name], POSSIBLE[name]
        if not least <= number <= most:
            raise Wrong(f"{place}.parameters.{name}", f"{number} is not possible", f"{least} to {most} are")
        if number % step:
            what, lower = f"{number} is not a multiple of {step}", number - number % step
            raise Wrong(f"{place}.parameters.{name}", what, f"write {lower} or {lower + step}")
    for name, cap in NO_MORE_THAN.items():
        if name in fault.parameters and fault.parameters[name] > fault.parameters[cap]:
            what = f"{fault.parameters[name]} is more than {cap} = {fault.parameters[cap]}"
            raise Wrong(f"{place}.parameters.{name}", what, "write as much or less")


class Acting(NamedTuple):
    """A fault with what it holds: many pairs are looked at, and a fault may act on every link."""

    fault: Fault
    held: dict[tuple[str, str], Action]


def acting(fault: Fault, nodes: list[str]) -> Acting:
    return Acting(fault, {(action.lever, action.target): action for action in KINDS[fault.kind].actions(fault, nodes)})


def overlapping(faults: list[Fault], nodes: list[str]) -> list[tuple[Fault, Fault, str]]:
    """Pairs that cannot be on together, and what both act on."""
    crowd = [acting(fault, nodes) for fault in faults]
    found: list[tuple[Fault, Fault, str]] = []
    for index, first in enumerate(crowd):
        for second in crowd[index + 1 :]:
            what = clash(first, second)
            if what is not None:
                found.append((first.fault, second.fault, what))
    return found


def clash(first: Acting, second: Acting) -> str | None:
    """A process cannot be paused while it is dead, and a link has one delay: of two such faults at the same time, one
    could not show that it was applied. All other faults may overlap; what they do to one clock adds up."""
    one, other = first.fault, second.fault
    if one.start_ns > other.end_ns or other.start_ns > one.end_ns:
        return None  # a lever that is let go and pulled in the same moment is no lever that was let go
    if acts_on_process(KINDS[one.kind]) and acts_on_process(KINDS[other.kind]):
        shared = [target for target in one.targets if target in other.targets]
        return f"the process of {shared[0]}" if shared else None
    if not set(KINDS[one.kind].levers) & set(KINDS[other.kind].levers):
        return None
    for place, action in second.held.items():
        if action.lever not in CLOCK_LEVERS and first.held.get(place, action) != action:
            return f"the {action.lever} of {action.target}"
    return None


def check_many(count: int, nodes: int, place: str) -> None:
    """Each fault may act on every link."""
    if count * nodes * nodes > _ACTIONS_MOST:
        what = f"{count} faults among {nodes} nodes may pull {count * nodes * nodes:,} levers"
        raise Wrong(place, what, f"{_ACTIONS_MOST // (nodes * nodes)} faults are possible among so many")


def acts_on_process(kind: Kind) -> bool:
    return all(lever in (*PROCESS_LEVERS, *FATAL_LEVERS) for lever in kind.levers)


def check_down(down: list[str], cluster: Cluster, where: str) -> None:
    names = cluster.names()
    for index, node in enumerate(down):
        if node not in names:
            raise Wrong(f"{where}: down[{index}]", f"{node!r} is not a node", near(node, names))
        if node in down[:index]:
            raise Wrong(f"{where}: down[{index}]", f"{node!r} is there twice", "name each node once")
    lost = without_quorum(down, cluster)
    if lost:
        left = [node for node in lost if node not in down]
        what = f"of the copies on {', '.join(lost)} only {len(left)} would be left up"
        raise Wrong(f"{where}: down", what, f"leave {cluster.quorum()} of each key's {cluster.n} copies up")


def without_quorum(down: list[str], cluster: Cluster) -> tuple[str, ...]:
    """The nodes of a partition of which too few would be left up; none if there is no such partition."""
    if not down:
        return ()
    placement = Placement(cluster)
    for partition in range(placement.partitions):
        nodes = placement.replicas_of_partition(partition)
        if sum(node not in down for node in nodes) < cluster.quorum():
            return nodes
    return ()
