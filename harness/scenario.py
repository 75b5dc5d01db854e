"""A scenario says what a seed may draw from; to draw is to make a plan. A TOML file, or a built-in name."""

import tomllib
from importlib import resources
from pathlib import Path
from random import Random

import msgspec

from harness.draws import Drawing, Spec
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.plan import FORMAT, Disk, Network, Plan, check, overlapping
from harness.wrong import Wrong, convert, near
from replicas.store.flaws import FLAWS
from replicas.store.settings import Cluster, Node, Policy
from replicas.system import Level
from workloads.generate import Workload, generate
from workloads.keys import below

_TRIES = 50


class ClusterDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nodes: Spec = 3
    datacenters: Spec = 1
    n: Spec = 3
    r: Spec = "QUORUM"
    w: Spec = "QUORUM"
    tie: Spec = "incarnation"
    operation_timeout: Spec = "500ms"


class PolicyDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    read_repair: Spec = "blocking"
    anti_entropy: Spec = "merkle"
    purge: Spec = "confirmed"
    round_every: Spec = "200ms"
    message_lifetime: Spec = "1s"
    skew_budget: Spec = "50ms"


class WorkloadDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operations: Spec = 300
    clients: Spec = 6
    keys: Spec = 24
    distribution: Spec = "zipf"
    reads: Spec = "50%"
    deletes: Spec = "15%"
    read_levels: tuple[Level, ...] = ()
    write_levels: tuple[Level, ...] = ()


class NetworkDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    delay: Spec = "0.2..2ms"
    loss: Spec = "0%"


class DiskDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sync: Spec = "50..300us"


class FaultsDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: tuple[str, ...] = ("kill", "pause", "isolate", "one-way")
    count: Spec = "2..5"
    length: Spec = "300..1500ms"


class PhasesDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unrest: Spec = "4s"
    mend_rounds: Spec = 25
    client_timeout: Spec = "1s"


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: str
    cluster: ClusterDraw = ClusterDraw()
    policy: PolicyDraw = PolicyDraw()
    workload: WorkloadDraw = WorkloadDraw()
    network: NetworkDraw = NetworkDraw()
    disk: DiskDraw = DiskDraw()
    faults: FaultsDraw = FaultsDraw()
    phases: PhasesDraw = PhasesDraw()


def built_in() -> dict[str, str]:
    """Name and text of each scenario that comes with Urushi."""
    folder = resources.files("harness.scenarios")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return {each.name.removesuffix(".toml"): each.read_text() for each in files}


def load(name: str) -> Scenario:
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as problem:
            raise Wrong(name, f"cannot be read: {problem.strerror}", "check the path") from None
    else:
        scenarios = built_in()
        if name not in scenarios:
            raise Wrong("scenario", f"{name!r} is none", f"{near(name, list(scenarios))} (or a .toml file)")
        text = scenarios[name]
    try:
        return convert(tomllib.loads(text), Scenario, name)
    except tomllib.TOMLDecodeError as problem:
        raise Wrong(name, f"this is not TOML: {problem}", "correct the file") from None


def draw(scenario: Scenario, name: str, seed: int, flaw: str | None = None) -> tuple[Plan, dict[str, str]]:
    """The plan, and all that was drawn to make it."""
    if flaw is not None and flaw not in FLAWS:
        raise Wrong("--flaw", f"{flaw!r} is no flaw", near(flaw, list(FLAWS)))
    drawing = Drawing(seed, name)
    phases = scenario.phases
    cluster = _draw_cluster(drawing, scenario.cluster)
    nodes = cluster.names()
    unrest_ns = drawing.duration_ns("phases.unrest", phases.unrest)
    delay = drawing.span_ns("network.delay", scenario.network.delay)
    sync = drawing.span_ns("disk.sync", scenario.disk.sync)
    plan = Plan(
        format=FORMAT,
        seed=seed,
        scenario=name,
        cluster=cluster,
        policy=_draw_policy(drawing, scenario.policy),
        network=Network(*delay, drawing.share_ppm("network.loss", scenario.network.loss)),
        disk=Disk(*sync),
        operations=generate(_draw_workload(drawing, scenario.workload), nodes, unrest_ns, seed),
        faults=_draw_faults(drawing, scenario.faults, nodes, unrest_ns),
        unrest_ns=unrest_ns,
        mend_rounds_max=drawing.count("phases.mend_rounds", phases.mend_rounds),
        client_timeout_ns=drawing.duration_ns("phases.client_timeout", phases.client_timeout),
        flaw=flaw,
    )
    check(plan, name)
    return plan, drawing.drawn


def _draw_cluster(drawing: Drawing, spec: ClusterDraw) -> Cluster:
    count = drawing.count("cluster.nodes", spec.nodes)
    datacenters = max(1, drawing.count("cluster.datacenters", spec.datacenters))
    n = drawing.count("cluster.n", spec.n)
    return convert(
        {
            "nodes": [Node(f"r{i + 1}", f"dc{i % datacenters + 1}") for i in range(count)],
            "n": n,
            "r": _replies(drawing, "cluster.r", spec.r, n),
            "w": _replies(drawing, "cluster.w", spec.w, n),
            "tie": drawing.choice("cluster.tie", spec.tie),
            "operation_timeout_ns": drawing.duration_ns("cluster.operation_timeout", spec.operation_timeout),
        },
        Cluster,
        f"{drawing.where}: cluster",
    )


def _replies(drawing: Drawing, name: str, spec: Spec, n: int) -> int:
    levels = {"ONE": 1, "QUORUM": n // 2 + 1, "ALL": n}
    return levels[spec] if isinstance(spec, str) and spec in levels else drawing.count(name, spec)


def _draw_policy(drawing: Drawing, spec: PolicyDraw) -> Policy:
    return convert(
        {
            "read_repair": drawing.choice("policy.read_repair", spec.read_repair),
            "anti_entropy": drawing.choice("policy.anti_entropy", spec.anti_entropy),
            "purge": drawing.choice("policy.purge", spec.purge),
            "round_every_ns": drawing.duration_ns("policy.round_every", spec.round_every),
            "message_lifetime_ns": drawing.duration_ns("policy.message_lifetime", spec.message_lifetime),
            "skew_budget_ns": drawing.duration_ns("policy.skew_budget", spec.skew_budget),
        },
        Policy,
        f"{drawing.where}: policy",
    )


def _draw_workload(drawing: Drawing, spec: WorkloadDraw) -> Workload:
    return convert(
        {
            "operations": drawing.count("workload.operations", spec.operations),
            "clients": drawing.count("workload.clients", spec.clients),
            "keys": drawing.count("workload.keys", spec.keys),
            "distribution": drawing.choice("workload.distribution", spec.distribution),
            "reads_ppm": drawing.share_ppm("workload.reads", spec.reads),
            "deletes_ppm": drawing.share_ppm("workload.deletes", spec.deletes),
            "read_levels": spec.read_levels or [None],
            "write_levels": spec.write_levels or [None],
        },
        Workload,
        f"{drawing.where}: workload",
    )


def _draw_faults(drawing: Drawing, spec: FaultsDraw, nodes: list[str], unrest_ns: int) -> list[Fault]:
    """A fault that would act on a process already under another is drawn again, and left out if it keeps failing."""
    for kind in spec.kinds:
        if kind not in KINDS:
            raise Wrong(f"{drawing.where}: faults.kinds", f"{kind!r} is no kind of fault", near(kind, list(KINDS)))
    faults: list[Fault] = []
    for number in range(1, drawing.count("faults.count", spec.count) + 1):
        for attempt in range(_TRIES):
            fault = _draw_fault(drawing, spec, f"f{number}", attempt, nodes, unrest_ns)
            if not overlapping([*faults, fault]):
                faults.append(fault)
                break
    return sorted(faults, key=lambda fault: (fault.start_ns, fault.id))


def _draw_fault(drawing: Drawing, spec: FaultsDraw, name: str, attempt: int, nodes: list[str], unrest_ns: int) -> Fault:
    random = Random(f"{drawing.seed}/faults/{name}/{attempt}")
    low, high = drawing.span_ns("faults.length", spec.length)
    length = min(low + below(random, high - low + 1), unrest_ns // 2)
    kind = KINDS[spec.kinds[below(random, len(spec.kinds))]]
    start = below(random, unrest_ns - length)
    return Fault(name, kind.name, kind.draw(random, nodes), start, start + length)
