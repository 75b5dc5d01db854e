"""Which faults may be on together and which nodes may stay down, by definition."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.faults.check import overlapping
from harness.faults.kinds import Fault
from harness.plan import MS, check
from harness.wrong import Wrong
from replicas.store.placement import Placement
from replicas.store.settings import Cluster
from tests.harness.plans import clusters, faults, small_plan

PROCESS_KINDS = {"kill", "stop", "pause", "slow", "wipe", "power-cut", "blackout"}
PROCESS_KINDS |= {"bad-sectors", "failing-writes", "full-disk"}  # they may end the process
NAMES = ["r1", "r2", "r3", "r4"]


@st.composite
def crowds(draw: st.DrawFn) -> list[Fault]:
    """Few kinds on few nodes in a short time, so that about half of the pairs cannot be on together."""
    found = [draw(faults(f"f{number}", NAMES, 10)) for number in range(draw(st.integers(2, 5)))]
    delays = st.sampled_from([{"delay_ns": MS, "jitter_ns": 0}, {"delay_ns": 2 * MS, "jitter_ns": 0}])
    return [
        msgspec.structs.replace(each, parameters=draw(delays)) if each.kind == "latency" else each for each in found
    ]


def touched_by(fault: Fault) -> set[tuple[str, str]]:
    """Lever and place, the places of a fault of all links by definition: each link with an end among the targets."""
    if fault.kind in ("rot", "slow-disk"):
        return {(fault.kind, fault.targets[0])}
    lever = {"latency": "delay", "bandwidth": "bandwidth", "slicing": "slice", "cut-frame": "cut"}.get(fault.kind)
    if lever is None:
        return set()
    links = {(one, other) for one in [*NAMES, "clients"] for other in [*NAMES, "clients"] if one != other}
    links = {each for each in links if set(each) & set(fault.targets)}
    return {(lever, f"{one}>{other}") for one, other in links if lever != "cut" or other != "clients"}


@settings(max_examples=150)
@given(crowds())
def test_what_cannot_be_on_together_is_found_as_by_definition(crowd: list[Fault]) -> None:
    """Two faults clash when some moment is in both, and they want one process, or one lever of one link differently."""
    expected = {
        (one.id, other.id)
        for index, one in enumerate(crowd)
        for other in crowd[index + 1 :]
        if max(one.start_ns, other.start_ns) <= min(one.end_ns, other.end_ns)
        and (
            ({one.kind, other.kind} <= PROCESS_KINDS and set(one.targets) & set(other.targets))
            or (one.parameters != other.parameters and touched_by(one) & touched_by(other))
        )
    }
    assert {(one.id, other.id) for one, other, _ in overlapping(crowd, NAMES)} == expected


def test_a_fault_may_begin_after_another_ends_and_not_in_the_same_moment() -> None:
    one, other = Fault("f1", "kill", ["r1"], 100, 200), Fault("f2", "pause", ["r1"], 201, 300)
    assert overlapping([one, other], NAMES) == overlapping([other, one], NAMES) == []
    assert overlapping([one, msgspec.structs.replace(other, start_ns=200)], NAMES)


def test_faults_of_links_may_overlap_whatever_else_is_on() -> None:
    plan = small_plan()
    delay = {"delay_ns": 5 * MS, "jitter_ns": 0}
    more = [
        Fault("f3", "one-way", ["r3", "r1"], 60_000_000, 700_000_000),
        Fault("f4", "isolate", ["r3"], 1, 999),
        Fault("f5", "latency", ["r3"], 1, 999_999, delay),
        Fault("f6", "latency", ["r1", "r2", "r3"], 1, 999_999, delay),
        Fault("f7", "bandwidth", ["r3"], 1, 999_999, {"bytes_per_s": 2_000}),
        Fault("f8", "black-hole", ["r3"], 1, 999_999),
        Fault("f9", "flapping", ["r3", "r2"], 1, 999_999, {"beat_on_ns": 50 * MS, "beat_off_ns": 10 * MS}),
    ]
    check(msgspec.structs.replace(plan, faults=[*plan.faults, *more]), "here")


@given(clusters(), st.data())
def test_nodes_may_stay_down_exactly_when_each_key_keeps_a_quorum(cluster: Cluster, data: st.DataObject) -> None:
    """Asked of keys, not of partitions: 300 of them reach each of up to six."""
    down = data.draw(st.lists(st.sampled_from(cluster.names()), unique=True))
    copies = [Placement(cluster).replicas_of(f"k{number}") for number in range(300)]
    kept = all(2 * len(set(nodes) - set(down)) > cluster.n for nodes in copies)
    plan = msgspec.structs.replace(small_plan(), cluster=cluster, operations=[], faults=[], down=down)
    try:
        check(plan, "here")
    except Wrong as wrong:
        assert wrong.place == "here: down"
        assert not kept
    else:
        assert kept
