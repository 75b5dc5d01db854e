"""A scenario says what a seed may draw from; to draw is to make a plan. A TOML file, or a built-in name."""

from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec

from harness.draws import Drawing, Spec
from harness.faults.draw import FaultsDraw, Scene, check_kinds, draw_down, draw_faults
from harness.mixtures import draw_delays
from harness.plan import FORMAT, MS, Disk, Network, Plan, check, check_flaw
from harness.policy import check_keys, counts_in_words, draw_policy
from harness.quorums import PRESETS, preset
from harness.toml import parsed, texts_in
from harness.wrong import Wrong, convert
from replicas.store.policy import Policy
from replicas.store.settings import SIBLINGS_MAX, Cluster, Node
from replicas.system import Level
from workloads.generate import MILLION, MIXES, Workload, generate

# More would not fit into memory or time, which is better said than found out.
NODES_MOST = 200
WORKLOAD_MOST = 1_000_000
VALUE_BYTES_MOST = 100_000
VALUES_BYTES_MOST = 100_000_000


class ClusterDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nodes: Spec = 3
    datacenters: Spec = 1
    n: Spec = 3
    r: Spec = "QUORUM"
    w: Spec = "QUORUM"
    quorums: Spec | None = None  # in place of r and w
    tie: Spec = "incarnation"
    operation_timeout: Spec = "500ms"
    versions: Spec = "hlc"
    merge: Spec = "last"
    siblings_max: Spec = SIBLINGS_MAX


class WorkloadDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operations: Spec = 300
    clients: Spec = 6
    keys: Spec = 24
    distribution: Spec = "zipf"
    mix: Spec = "mixed"
    reads: Spec | None = None  # that of the mix
    deletes: Spec | None = None  # likewise
    value_bytes: Spec = 0
    roaming: Spec = "100%"
    bursts: Spec = 0
    burst: Spec = "100ms"
    read_levels: tuple[Level, ...] = ()
    write_levels: tuple[Level, ...] = ()


class NetworkDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    delay: Spec = "0.2..2ms"
    distribution: Spec = "uniform"
    loss: Spec = "0%"
    duplicates: Spec = "0%"
    reorder: Spec = "0%"
    reorder_by: Spec = "5..50ms"
    bandwidth: Spec = 0
    queue: Spec = 0
    last_words: Spec = "0%"
    delays: dict[str, Spec] = {}  # as harness/mixtures.py has it


class DiskDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sync: Spec = "50..300us"


class PhasesDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unrest: Spec = "4s"
    mend_rounds: Spec = 25
    down: Spec = 0
    client_timeout: Spec = "1s"


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of `variants`, if there are any, a seed draws one and nothing else: what draws of their own would seldom bring
    together. In a file a variant has only what differs; here it is whole."""

    about: str = ""
    cluster: ClusterDraw = ClusterDraw()
    policy: dict[str, Spec] = {}  # as harness/policy.py has it
    workload: WorkloadDraw = WorkloadDraw()
    network: NetworkDraw = NetworkDraw()
    disk: DiskDraw = DiskDraw()
    faults: FaultsDraw = FaultsDraw()
    phases: PhasesDraw = PhasesDraw()
    variants: "dict[str, Scenario]" = {}


def built_in() -> dict[str, str]:
    """Name and text of each scenario that comes with Urushi."""
    return texts_in("harness.scenarios")


def load(name: str) -> Scenario:
    data = parsed(name, built_in(), "scenario")
    scenario = convert(_with_whole_variants(data), Scenario, name)
    check_keys(scenario.policy, f"{name}: policy")
    for variant, own in scenario.variants.items():
        if own.variants:
            raise Wrong(f"{name}: variants.{variant}", "a variant has no variants", "write each beside the others")
        check_keys(own.policy, f"{name}: variants.{variant}.policy")
    return scenario


def _with_whole_variants(data: dict[str, Any]) -> dict[str, Any]:
    """What is no table stays as it is, and is refused with its place."""
    variants = data.get("variants", {})
    if not isinstance(variants, dict):
        return data
    common = {section: value for section, value in data.items() if section not in ("about", "variants")}
    whole = {name: _over(common, own) if isinstance(own, dict) else own for name, own in variants.items()}
    return {**data, "variants": whole}


def _over(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = {**common, **own}
    tables = [name for name in common if name in own and isinstance(common[name], dict) and isinstance(own[name], dict)]
    return {**both, **{name: {**common[name], **own[name]} for name in tables}}


def draw(scenario: Scenario, name: str, seed: int, flaw: str | None = None) -> tuple[Plan, dict[str, str]]:
    """The plan, and all that was drawn to make it."""
    check_flaw(flaw, "--flaw")
    drawing = Drawing(seed, name)
    if scenario.variants:
        scenario = scenario.variants[drawing.choice("variant", list(scenario.variants), list(scenario.variants))]
    phases = scenario.phases
    cluster = _draw_cluster(drawing, scenario.cluster)
    unrest_ns = drawing.duration_ns("phases.unrest", phases.unrest, MS)
    sync = drawing.span_ns("disk.sync", scenario.disk.sync)
    workload = _draw_workload(drawing, scenario)
    operations = generate(workload, cluster.names(), unrest_ns, seed)
    check_kinds(drawing, scenario.faults, drawing.bounds("cluster.nodes", scenario.cluster.nodes))
    down = draw_down(drawing, phases.down, cluster)
    plan = Plan(
        format=FORMAT,
        seed=seed,
        scenario=name,
        cluster=cluster,
        policy=draw_policy(drawing, scenario.policy, Policy()),
        network=_draw_network(drawing, scenario.network),
        disk=Disk(*sync),
        operations=operations,
        faults=draw_faults(drawing, scenario.faults, Scene(cluster, operations, unrest_ns, down)),
        unrest_ns=unrest_ns,
        mend_rounds_max=drawing.count("phases.mend_rounds", phases.mend_rounds, 1),
        client_timeout_ns=drawing.duration_ns("phases.client_timeout", phases.client_timeout, MS),
        flaw=flaw,
        down=down,
    )
    check(plan, name)
    return plan, drawing.drawn


def _draw_cluster(drawing: Drawing, spec: ClusterDraw) -> Cluster:
    count = drawing.count("cluster.nodes", spec.nodes, 1, most=NODES_MOST)
    datacenters = drawing.count("cluster.datacenters", spec.datacenters, 1)
    n = drawing.count("cluster.n", spec.n, 1)
    r, w = _draw_quorums(drawing, spec, n)
    return convert(
        {
            "nodes": [Node(f"r{i + 1}", f"dc{i % datacenters + 1}") for i in range(count)],
            "n": n,
            "r": r,
            "w": w,
            "tie": drawing.choice("cluster.tie", spec.tie, _allowed(Cluster, "tie")),
            "operation_timeout_ns": drawing.duration_ns("cluster.operation_timeout", spec.operation_timeout, MS),
            "versions": drawing.choice("cluster.versions", spec.versions, _allowed(Cluster, "versions")),
            "merge": drawing.choice("cluster.merge", spec.merge, _allowed(Cluster, "merge")),
            "siblings_max": drawing.count("cluster.siblings_max", spec.siblings_max, 1),
        },
        Cluster,
        f"{drawing.where}: cluster",
    )


def _draw_quorums(drawing: Drawing, spec: ClusterDraw, n: int) -> tuple[int, int]:
    if spec.quorums is not None:
        if (spec.r, spec.w) != (ClusterDraw().r, ClusterDraw().w):
            what = "it sets R and W, which are given beside it"
            raise Wrong(f"{drawing.where}: cluster.quorums", what, "leave out r and w, or leave out quorums")
        return preset(drawing.choice("cluster.quorums", spec.quorums, list(PRESETS)), n)
    words = counts_in_words(n)
    return drawing.count("cluster.r", spec.r, 1, words), drawing.count("cluster.w", spec.w, 1, words)


@cache
def _allowed(shape: type[Any], field: str) -> list[str]:
    return [str(value) for value in get_args(get_type_hints(shape)[field])]


def _draw_network(drawing: Drawing, spec: NetworkDraw) -> Network:
    delay = drawing.span_ns("network.delay", spec.delay)
    reorder_ppm = drawing.share_ppm("network.reorder", spec.reorder)
    reorder_ns = drawing.duration_ns("network.reorder_by", spec.reorder_by, MS // 1000)
    drawn = {
        "delay_min_ns": delay[0],
        "delay_max_ns": delay[1],
        "distribution": drawing.choice("network.distribution", spec.distribution, _allowed(Network, "distribution")),
        "loss_ppm": drawing.share_ppm("network.loss", spec.loss),
        "duplicate_ppm": drawing.share_ppm("network.duplicates", spec.duplicates),
        "reorder_ppm": reorder_ppm,
        "reorder_ns": reorder_ns if reorder_ppm else 0,
        "bytes_per_s": drawing.count("network.bandwidth", spec.bandwidth),
        "queue_max": drawing.count("network.queue", spec.queue),
        "last_words_ppm": drawing.share_ppm("network.last_words", spec.last_words),
        "delays": draw_delays(drawing, spec.delays),
    }
    return convert(drawn, Network, f"{drawing.where}: network")


def _draw_workload(drawing: Drawing, scenario: Scenario) -> Workload:
    spec = scenario.workload
    _check_levels(drawing, scenario)
    mix = drawing.choice("workload.mix", spec.mix, list(MIXES))
    of_mix = [f"{ppm / 10_000:g}%" for ppm in MIXES[mix]]
    reads_ppm = drawing.share_ppm("workload.reads", of_mix[0] if spec.reads is None else spec.reads)
    deletes_ppm = drawing.share_ppm("workload.deletes", of_mix[1] if spec.deletes is None else spec.deletes)
    if reads_ppm + deletes_ppm > MILLION:
        what = f"reads and deletes are {(reads_ppm + deletes_ppm) / 10_000:g} % of all operations"
        raise Wrong(f"{drawing.where}: workload", what, "together they may be 100 % at most; the rest are puts")
    value_bytes = drawing.span("workload.value_bytes", spec.value_bytes, VALUE_BYTES_MOST)
    operations = drawing.count("workload.operations", spec.operations, most=WORKLOAD_MOST)
    if operations * value_bytes[1] > VALUES_BYTES_MOST:
        what = f"{operations:,} operations with values of up to {value_bytes[1]:,} bytes"
        raise Wrong(
            f"{drawing.where}: workload", what, f"all values of a plan may be {VALUES_BYTES_MOST:,} bytes at most"
        )
    distributions = _allowed(Workload, "distribution")
    return convert(
        {
            "operations": operations,
            "clients": drawing.count("workload.clients", spec.clients, 1, most=WORKLOAD_MOST),
            "keys": drawing.count("workload.keys", spec.keys, 1, most=WORKLOAD_MOST),
            "distribution": drawing.choice("workload.distribution", spec.distribution, distributions),
            "reads_ppm": reads_ppm,
            "deletes_ppm": deletes_ppm,
            "read_levels": spec.read_levels or [None],
            "write_levels": spec.write_levels or [None],
            "value_bytes_min": value_bytes[0],
            "value_bytes_max": value_bytes[1],
            "roaming_ppm": drawing.share_ppm("workload.roaming", spec.roaming),
            "bursts": drawing.count("workload.bursts", spec.bursts, most=WORKLOAD_MOST),
            "burst_ns": drawing.duration_ns("workload.burst", spec.burst),
        },
        Workload,
        f"{drawing.where}: workload",
    )


def _check_levels(drawing: Drawing, scenario: Scenario) -> None:
    if "ANY" in scenario.workload.read_levels:
        what = "ANY is a level of writes"
        raise Wrong(f"{drawing.where}: workload.read_levels", what, "a read takes one answer at least: write ONE")
    least, _ = drawing.bounds("cluster.n", scenario.cluster.n)
    for name in ("read_levels", "write_levels"):
        for level in getattr(scenario.workload, name):
            if {"TWO": 2, "THREE": 3}.get(level, 1) > least:
                what = f"{level} with n = {least}, which a seed may draw"
                raise Wrong(f"{drawing.where}: workload.{name}", what, "draw more copies, or leave the level out")
