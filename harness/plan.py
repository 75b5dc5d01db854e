"""Everything that a run will do, explicit and complete. Runs, replays, shrinks and edits all work on plans."""

from pathlib import Path

import msgspec

from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.levers import Lever
from harness.wrong import Wrong, near, parse_json
from replicas.store.settings import Cluster, Policy
from workloads.operations import Operation

FORMAT = 1


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The simulated network. On processes the machine's own delays apply, and there is no loss."""

    delay_min_ns: int = 200_000
    delay_max_ns: int = 2_000_000
    loss_ppm: int = 0


class Disk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The simulated disk: how long a commit takes to be durable."""

    sync_min_ns: int = 50_000
    sync_max_ns: int = 300_000


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times count from the start of unrest. Faults end with unrest; then everything is healed and must mend within
    `mend_rounds_max` rounds of anti-entropy."""

    format: int
    seed: int
    scenario: str
    cluster: Cluster
    policy: Policy
    network: Network
    disk: Disk
    operations: list[Operation]
    faults: list[Fault]
    unrest_ns: int
    mend_rounds_max: int
    client_timeout_ns: int
    flaw: str | None = None


def levers_of(plan: Plan) -> dict[Lever, str]:
    """Each lever that the plan needs, and what needs it."""
    needs: dict[Lever, str] = {}
    for fault in plan.faults:
        for lever in KINDS[fault.kind].levers:
            needs.setdefault(lever, f"fault {fault.id} ({fault.kind})")
    if plan.network.loss_ppm:
        needs["loss"] = f"network.loss_ppm = {plan.network.loss_ppm}"
    return needs


def write(plan: Plan, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")


def read(path: Path) -> Plan:
    """Refuses what cannot be run, with the place in the file."""
    data = path.read_bytes()
    _refuse_other_format(data, path)
    plan = parse_json(data, Plan, str(path))
    check(plan, str(path))
    return plan


def _refuse_other_format(data: bytes, path: Path) -> None:
    """Before anything else: a newer format may have any fields."""
    try:
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("format")
        version = msgspec.json.decode(found, type=int) if found is not None else None
    except msgspec.MsgspecError as problem:
        raise Wrong(
            str(path), f"this is not a plan: {problem}", "write one with `urushi plan SCENARIO --seed N`"
        ) from None
    if version != FORMAT:
        said = "has no `format`" if version is None else f"has format {version}"
        raise Wrong(
            f"{path}: format", f"the plan {said}; this version of Urushi reads format {FORMAT}",
            "use the version of Urushi that wrote it, or write it anew with `urushi plan`",
        )  # fmt: skip


def check(plan: Plan, where: str) -> None:
    """What the types cannot say. The first problem is raised; nothing has been started."""
    _check_cluster(plan, where)
    nodes = plan.cluster.names()
    seen: dict[int, None] = {}
    for index, operation in enumerate(plan.operations):
        place = f"{where}: operations[{index}]"
        if operation.node not in nodes:
            raise Wrong(f"{place}.node", f"{operation.node!r} is not a node", near(operation.node, nodes))
        if operation.id in seen:
            raise Wrong(f"{place}.id", f"operation {operation.id} is there twice", "give each operation its own id")
        if (operation.value is None) == (operation.kind == "put"):
            raise Wrong(
                f"{place}.value", f"a {operation.kind} with value {operation.value!r}", "only a put has a value"
            )
        seen[operation.id] = None
    for index, fault in enumerate(plan.faults):
        _check_fault(plan, fault, f"{where}: faults[{index}]")
    _check_overlaps(plan, where)


def _check_cluster(plan: Plan, where: str) -> None:
    cluster = plan.cluster
    names = cluster.names()
    if len(set(names)) != len(names):
        raise Wrong(f"{where}: cluster.nodes", "two nodes have the same name", "names are r1, r2, …")
    if not 1 <= cluster.n <= len(names):
        raise Wrong(
            f"{where}: cluster.n", f"{cluster.n} copies on {len(names)} nodes", f"1 to {len(names)} are possible"
        )
    for name, count in (("r", cluster.r), ("w", cluster.w)):
        if not 1 <= count <= cluster.n:
            what = f"{name.upper()} = {count} with N = {cluster.n}"
            raise Wrong(f"{where}: cluster.{name}", what, f"1 to {cluster.n} are possible")
    if plan.network.delay_max_ns < plan.network.delay_min_ns:
        raise Wrong(f"{where}: network", "delay_max_ns is below delay_min_ns", "swap them")


def _check_fault(plan: Plan, fault: Fault, place: str) -> None:
    nodes = plan.cluster.names()
    kind = KINDS.get(fault.kind)
    if kind is None:
        raise Wrong(f"{place}.kind", f"{fault.kind!r} is not a kind of fault", near(fault.kind, list(KINDS)))
    for target in fault.targets:
        if target not in nodes:
            raise Wrong(f"{place}.targets", f"{target!r} is not a node", near(target, nodes))
    if len(fault.targets) != kind.targets:
        raise Wrong(f"{place}.targets", f"{fault.kind} takes {kind.targets}, not {len(fault.targets)}", kind.legend)
    if not 0 <= fault.start_ns < fault.end_ns <= plan.unrest_ns:
        what = f"from {fault.start_ns} to {fault.end_ns} ns"
        raise Wrong(f"{place}", what, f"a fault starts before it ends, and ends with unrest at {plan.unrest_ns} ns")


def _check_overlaps(plan: Plan, where: str) -> None:
    """A process cannot be paused while it is dead: neither fault could then show that it was applied."""
    for first, second in overlapping(plan.faults):
        raise Wrong(
            f"{where}: faults", f"{first.id} ({first.kind}) and {second.id} ({second.kind}) act on the process of "
            f"{first.targets[0]} at the same time", "let one end before the other starts",
        )  # fmt: skip


def overlapping(faults: list[Fault]) -> list[tuple[Fault, Fault]]:
    of_process = [fault for fault in faults if "block" not in KINDS[fault.kind].levers]
    return [
        (first, second)
        for index, first in enumerate(of_process)
        for second in of_process[index + 1 :]
        if first.targets == second.targets and first.start_ns < second.end_ns and second.start_ns < first.end_ns
    ]
