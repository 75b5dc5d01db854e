"""Plans of our store's scenarios, for a store that somebody brings: what falls away, and what is refused."""

from msgspec.structs import replace

from harness.plan import Plan
from harness.systems.named import Own, impossible
from harness.wrong import Wrong

_MEANT = ("cluster.nodes", "workload.", "faults.", "phases.")  # what else a seed draws is about our store
Drawn = tuple[Plan, dict[str, str]]


def over(drawn: Drawn, own: Own) -> Drawn:
    """The faults that this system cannot have are left out, in words."""
    plan, words = drawn
    out = list(impossible(own, plan.faults, plan.cluster.names()))
    gone = [fault for fault, _ in out]
    faults = [fault for fault in plan.faults if fault not in gone]
    cluster = replace(plan.cluster, versions="hlc", merge="last")  # of which the clients here keep nothing
    words = {name: value for name, value in words.items() if name.startswith(_MEANT) or "." not in name}
    by_reason: dict[str, list[str]] = {}
    for fault, why in out:
        by_reason.setdefault(why, []).append(f"{fault.id} ({fault.kind})")
    told = {f"without {', '.join(names)}": f"since {why}" for why, names in by_reason.items()}
    return replace(plan, cluster=cluster, faults=faults, system=own), {**words, **told}


def require(own: Own, plan: Plan, stage: str) -> None:
    """Before anything starts. That its file can be read is a part of it."""
    if stage != "processes":
        what = f"{own.file} can only be run as processes: the simulation performs our own store alone"
        raise Wrong(f"--stage {stage}", what, "leave out --stage, or leave out --system")
    for fault, why in impossible(own, plan.faults, plan.cluster.names()):
        what = f"{own.file} cannot have fault {fault.id} ({fault.kind}): {why}"
        raise Wrong("faults", what, "leave it out of the plan")
    from harness.systems.load import load  # noqa: PLC0415 - no other run needs it

    load(own.file)
