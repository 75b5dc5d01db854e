"""A scenario says what a seed may draw from; to draw is to make a plan. A TOML file, or a built-in name."""

import tomllib
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any, get_args, get_type_hints

import msgspec

from harness.draws import Drawing, Spec
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.plan import FORMAT, MS, Disk, Network, Plan, check, check_flaw, overlapping
from harness.wrong import Wrong, convert, near
from replicas.store.settings import Cluster, Node, Policy
from replicas.system import Level
from workloads.generate import MILLION, Workload, generate
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
    exchange_timeout: Spec = "1s"
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
    about: str = ""
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
        except UnicodeDecodeError as problem:
            raise Wrong(name, f"this is not UTF-8 at byte {problem.start}", "save the file as UTF-8") from None
    else:
        scenarios = built_in()
        if name not in scenarios:
            also = "or write the path of a .toml file"
            raise Wrong("scenario", f"there is no {name!r}", f"{near(name, list(scenarios))}; {also}")
        text = scenarios[name]
    try:
        data = tomllib.loads(text)
    except ValueError as problem:  # a number of very many digits is one that is no TOMLDecodeError
        raise Wrong(name, f"this is not TOML: {problem}", "correct the file") from None
    return convert(data, Scenario, name)


def draw(scenario: Scenario, name: str, seed: int, flaw: str | None = None) -> tuple[Plan, dict[str, str]]:
    """The plan, and all that was drawn to make it."""
    check_flaw(flaw, "--flaw")
    drawing = Drawing(seed, name)
    phases = scenario.phases
    cluster = _draw_cluster(drawing, scenario.cluster)
    nodes = cluster.names()
    unrest_ns = drawing.duration_ns("phases.unrest", phases.unrest, MS)
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
        mend_rounds_max=drawing.count("phases.mend_rounds", phases.mend_rounds, 1),
        client_timeout_ns=drawing.duration_ns("phases.client_timeout", phases.client_timeout, MS),
        flaw=flaw,
    )
    check(plan, name)
    return plan, drawing.drawn


def _draw_cluster(drawing: Drawing, spec: ClusterDraw) -> Cluster:
    count = drawing.count("cluster.nodes", spec.nodes, 1)
    datacenters = drawing.count("cluster.datacenters", spec.datacenters, 1)
    n = drawing.count("cluster.n", spec.n, 1)
    levels = {"ONE": 1, "QUORUM": n // 2 + 1, "ALL": n}
    return convert(
        {
            "nodes": [Node(f"r{i + 1}", f"dc{i % datacenters + 1}") for i in range(count)],
            "n": n,
            "r": drawing.count("cluster.r", spec.r, 1, levels),
            "w": drawing.count("cluster.w", spec.w, 1, levels),
            "tie": drawing.choice("cluster.tie", spec.tie, _allowed(Cluster, "tie")),
            "operation_timeout_ns": drawing.duration_ns("cluster.operation_timeout", spec.operation_timeout, MS),
        },
        Cluster,
        f"{drawing.where}: cluster",
    )


def _allowed(shape: type[Any], field: str) -> list[str]:
    return [str(value) for value in get_args(get_type_hints(shape)[field])]


def _draw_policy(drawing: Drawing, spec: PolicyDraw) -> Policy:
    chosen = {
        name: drawing.choice(f"policy.{name}", getattr(spec, name), _allowed(Policy, name))
        for name in ("read_repair", "anti_entropy", "purge")
    }
    return convert(
        {
            **chosen,
            "round_every_ns": drawing.duration_ns("policy.round_every", spec.round_every, MS),
            "exchange_timeout_ns": drawing.duration_ns("policy.exchange_timeout", spec.exchange_timeout),
            "message_lifetime_ns": drawing.duration_ns("policy.message_lifetime", spec.message_lifetime, MS),
            "skew_budget_ns": drawing.duration_ns("policy.skew_budget", spec.skew_budget),
        },
        Policy,
        f"{drawing.where}: policy",
    )


def _draw_workload(drawing: Drawing, spec: WorkloadDraw) -> Workload:
    reads_ppm = drawing.share_ppm("workload.reads", spec.reads)
    deletes_ppm = drawing.share_ppm("workload.deletes", spec.deletes)
    if reads_ppm + deletes_ppm > MILLION:
        what = f"reads and deletes are {(reads_ppm + deletes_ppm) / 10_000:g} % of all operations"
        raise Wrong(f"{drawing.where}: workload", what, "together they may be 100 % at most; the rest are puts")
    return convert(
        {
            "operations": drawing.count("workload.operations", spec.operations),
            "clients": drawing.count("workload.clients", spec.clients, 1),
            "keys": drawing.count("workload.keys", spec.keys, 1),
            "distribution": drawing.choice(
                "workload.distribution", spec.distribution, _allowed(Workload, "distribution")
            ),
            "reads_ppm": reads_ppm,
            "deletes_ppm": deletes_ppm,
            "read_levels": spec.read_levels or [None],
            "write_levels": spec.write_levels or [None],
        },
        Workload,
        f"{drawing.where}: workload",
    )


def _draw_faults(drawing: Drawing, spec: FaultsDraw, nodes: list[str], unrest_ns: int) -> list[Fault]:
    """A fault that would act on a process already under another is drawn again, and left out if it keeps failing."""
    count = drawing.count("faults.count", spec.count)
    _check_kinds(drawing, spec, nodes, count)
    lengths = drawing.span_ns("faults.length", spec.length, MS // 1000)
    faults: list[Fault] = []
    for number in range(1, count + 1):
        for attempt in range(_TRIES):
            random = Random(f"{drawing.seed}/faults/f{number}/{attempt}")
            fault = _draw_fault(random, f"f{number}", spec.kinds, lengths, nodes, unrest_ns)
            if not overlapping([*faults, fault]):
                faults.append(fault)
                break
    return sorted(faults, key=lambda fault: (fault.start_ns, fault.id))


def _check_kinds(drawing: Drawing, spec: FaultsDraw, nodes: list[str], count: int) -> None:
    place = f"{drawing.where}: faults.kinds"
    for kind in spec.kinds:
        if kind not in KINDS:
            raise Wrong(place, f"{kind!r} is no kind of fault", near(kind, list(KINDS)))
        if count and len(nodes) == 1 and "block" in KINDS[kind].levers:
            raise Wrong(place, f"{kind} needs a link, and one node has none", "draw two nodes or more, or leave it out")
    if count and not spec.kinds:
        raise Wrong(place, f"{count} faults of no kind", f"{near('', list(KINDS))}; or draw no faults with count = 0")


def _draw_fault(
    random: Random, name: str, kinds: tuple[str, ...], lengths: tuple[int, int], nodes: list[str], unrest_ns: int
) -> Fault:
    low, high = lengths
    length = min(low + below(random, high - low + 1), unrest_ns // 2)
    kind = KINDS[kinds[below(random, len(kinds))]]
    start = below(random, unrest_ns - length)
    return Fault(name, kind.name, kind.draw(random, nodes), start, start + length)
