"""How a seed draws the faults of a plan, and the nodes that stay down after them."""

from random import Random

import msgspec

from harness.draws import Drawing, Spec
from harness.faults.check import Acting, acting, check_many, clash, without_quorum
from harness.faults.kinds import MS, NO_MORE_THAN, Fault, Kind
from harness.faults.table import KINDS
from harness.wrong import Wrong, near
from replicas.store.levels import writes_needed
from replicas.store.placement import Placement
from replicas.store.settings import Cluster
from workloads.keys import below
from workloads.operations import Operation

_TRIES = 50
_FAULTS_MOST = 200
_UNTIL_LEAST_PPM = 10_000
# What is most worth doing while a write is under way.
_NEAR_WRITES = ("kill", "stop", "pause", "wipe", "power-cut", "blackout", "failing-writes", "full-disk", "slow-disk")
_DESTROYS = ("wipe", "rot")
_AFTER_WRITE_NS = 3 * MS


class FaultsDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `swarm`, a seed first draws which of the kinds are in play at all, and of these `kinds_max` at most (0: no
    limit): faults that crowd out each other in a mixture of everything get seeds to themselves. What takes two faults
    to show often takes them on one node, or at one time: so many of the faults as `focus` says are of the same node,
    which the seed draws, and so many as `together` says begin while an earlier one is on. All are over when `until` of
    unrest has passed: then load goes on after them."""

    kinds: tuple[str, ...] = ("kill", "pause", "isolate", "one-way")
    swarm: bool = False
    kinds_max: Spec = 0
    focus: Spec = "0%"
    together: Spec = "0%"
    count: Spec = "2..5"
    length: Spec = "300..1500ms"
    until: Spec = "100%"


class Scene(msgspec.Struct, frozen=True):
    """What else the plan has. Faults are drawn over the first `length_ns` of it."""

    cluster: Cluster
    operations: list[Operation]
    length_ns: int
    down: list[str]


def check_kinds(drawing: Drawing, spec: FaultsDraw, node_counts: tuple[int, int]) -> None:
    """What no seed may find, since every one would. `node_counts`: the least and the most that a seed draws."""
    place = f"{drawing.where}: faults.kinds"
    for kind in spec.kinds:
        if kind not in KINDS:
            raise Wrong(place, f"{kind!r} is no kind of fault", near(kind, list(KINDS)))
    _, count = drawing.bounds("faults.count", spec.count)
    if not count:
        return
    if not spec.kinds:
        raise Wrong(place, f"{count} faults of no kind", f"{near('', list(KINDS))}; or draw no faults with count = 0")
    least, most = node_counts
    for kind in spec.kinds:
        if KINDS[kind].nodes_min > most:
            what = f"{kind} needs {KINDS[kind].nodes_min} nodes or more, and there are never more than {most}"
            raise Wrong(place, what, "draw more nodes, or leave it out")
    if all(KINDS[kind].nodes_min > least for kind in spec.kinds):
        what = f"there may be {least} nodes only, and {', '.join(spec.kinds)} need more"
        raise Wrong(place, what, "draw more nodes, or add a kind that needs fewer")


def draw_faults(drawing: Drawing, spec: FaultsDraw, scene: Scene) -> list[Fault]:
    """A fault that cannot be on together with another is drawn again, and left out if it keeps failing; so is a second
    one that destroys copies, which might take the last copy of what the first one left."""
    count = drawing.count("faults.count", spec.count, most=_FAULTS_MOST)
    low, high = drawing.span_ns("faults.length", spec.length, MS // 1000)
    if not count:
        return []
    kinds = _kinds_in_play(drawing, spec, scene)
    names = scene.cluster.names()
    until_ppm = drawing.share_ppm("faults.until", spec.until)
    if until_ppm < _UNTIL_LEAST_PPM:
        least = f"{_UNTIL_LEAST_PPM // 10_000} % is the least"
        raise Wrong(f"{drawing.where}: faults.until", f"{spec.until!r} is too little", least)
    scene = msgspec.structs.replace(scene, length_ns=scene.length_ns * until_ppm // 1_000_000)
    focus_ppm, focus = drawing.share_ppm("faults.focus", spec.focus), _node_in_focus(drawing, names)
    together_ppm = drawing.share_ppm("faults.together", spec.together)
    check_many(count, len(names), f"{drawing.where}: faults.count")
    faults: list[Acting] = []
    for number in range(1, count + 1):
        focused = _by_chance(drawing, f"f{number}/focus", focus_ppm)
        joined = faults and _by_chance(drawing, f"f{number}/together", together_ppm)
        for attempt in range(_TRIES):
            random = Random(f"{drawing.seed}/faults/f{number}/{attempt}")
            length = min(low + below(random, high - low + 1), scene.length_ns // 2)
            kind = KINDS[kinds[below(random, len(kinds))]]
            start = _draw_start(random, kind, length, scene)
            start = _draw_start_within(random, faults, length, scene) if joined else start
            targets, parameters = kind.draw(random, names), draw_parameters(random, kind)
            fault = Fault(f"f{number}", kind.name, targets, start, start + length, parameters)
            again = kind.name in _DESTROYS and any(each.fault.kind in _DESTROYS for each in faults)
            acts = acting(fault, names)
            elsewhere = focused and focus not in targets
            if not again and not elsewhere and all(clash(each, acts) is None for each in faults):
                faults.append(acts)
                break
    return sorted((each.fault for each in faults), key=lambda fault: (fault.start_ns, fault.id))


def _by_chance(drawing: Drawing, what: str, ppm: int) -> bool:
    return below(Random(f"{drawing.seed}/faults/{what}"), 1_000_000) < ppm


def _node_in_focus(drawing: Drawing, names: list[str]) -> str:
    return names[below(Random(f"{drawing.seed}/scenario/faults.focus/node"), len(names))]


def _kinds_in_play(drawing: Drawing, spec: FaultsDraw, scene: Scene) -> list[str]:
    reasons = {kind: _reason_against(KINDS[kind], scene) for kind in spec.kinds}
    possible = [kind for kind in spec.kinds if reasons[kind] is None]
    most = drawing.count("faults.kinds_max", spec.kinds_max)
    if not possible:
        what = "; ".join(f"no {kind}, for {reason}" for kind, reason in reasons.items())
        raise Wrong(f"{drawing.where}: faults.kinds", what, "add a kind that is always possible")
    if not spec.swarm:
        return possible
    stream = f"{drawing.seed}/scenario/faults.swarm"
    swarm = [kind for kind in possible if below(Random(f"{stream}/{kind}"), 2)]
    swarm = swarm or [possible[below(Random(stream), len(possible))]]
    while most and len(set(swarm)) > most:
        left_out = min(swarm, key=lambda kind: Random(f"{stream}/{kind}/left out").random())
        swarm = [kind for kind in swarm if kind != left_out]
    drawing.drawn["faults.swarm"] = " ".join(dict.fromkeys(swarm))
    return swarm


def _reason_against(kind: Kind, scene: Scene) -> str | None:
    """A wipe takes a copy of every key on its node, and rot of some: another must be left of each version that was
    acknowledged."""
    cluster = scene.cluster
    if len(cluster.nodes) < kind.nodes_min:
        return f"there are {len(cluster.nodes)} nodes"
    if kind.name not in _DESTROYS:
        return None
    if scene.down:
        return f"{', '.join(scene.down)} may hold the only other copy and stay down"
    placement = Placement(cluster)
    writes = {(op.level, op.key, op.node): None for op in scene.operations if op.kind != "get" and op.level}
    copies = min([cluster.w, *(writes_needed(cluster, placement, *write) for write in writes)])
    return "one copy is enough to acknowledge a write" if copies < 2 else None


def _draw_start(random: Random, kind: Kind, length: int, scene: Scene) -> int:
    """Three of four faults that may catch a commit under way begin just after a write was asked for."""
    latest = scene.length_ns - length - _AFTER_WRITE_NS
    if kind.name in _NEAR_WRITES and below(random, 4):
        writes = [each.at_ns for each in scene.operations if each.kind != "get" and each.at_ns < latest]
        if writes:
            return writes[below(random, len(writes))] + below(random, _AFTER_WRITE_NS + 1)
    return below(random, scene.length_ns - length)


def _draw_start_within(random: Random, faults: list[Acting], length: int, scene: Scene) -> int:
    earlier = faults[below(random, len(faults))].fault
    start = earlier.start_ns + below(random, earlier.end_ns - earlier.start_ns + 1)
    return min(start, scene.length_ns - length)


def draw_parameters(random: Random, kind: Kind) -> dict[str, int]:
    drawn: dict[str, int] = {}
    for name, (least, most, step) in kind.parameters.items():
        cap = drawn[NO_MORE_THAN[name]] if name in NO_MORE_THAN else most
        drawn[name] = least + step * below(random, (min(most, cap) - least) // step + 1)
    return drawn


def draw_down(drawing: Drawing, spec: Spec, cluster: Cluster) -> list[str]:
    """As many as drawn, or fewer: each partition keeps a quorum of its copies up."""
    count = drawing.count("phases.down", spec)
    random = Random(f"{drawing.seed}/down")
    rest, down = cluster.names(), list[str]()
    while rest and len(down) < count:
        node = rest.pop(below(random, len(rest)))
        down += [] if without_quorum([*down, node], cluster) else [node]
    drawing.drawn["phases.down"] = " ".join(down) or "none"
    return down
