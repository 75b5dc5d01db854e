"""What a plan's operations ask of replicas, against every choice of replicas that there is; presets; and what is said
of plans whose quorums are no quorums."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from checkers.history import History, ordered
from harness import requirements as needs
from harness import requirements_bounds as bounded
from harness.faults.kinds import Fault
from harness.header import header_of
from harness.plan import MS, Plan, check
from harness.policy import load, over
from harness.quorums import PRESETS, Quorums, preset
from harness.scenario import draw
from harness.scenario import load as load_scenario
from harness.terms import terms_of
from harness.wrong import Wrong
from replicas.store.placement import Placement
from replicas.store.settings import Cluster, Node
from tests.harness.plans import small_plan
from workloads.operations import Level, Operation

S = 1000 * MS
READS: list[Level | None] = [None, "ONE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"]
LEVELS = st.sampled_from(READS)


def plan_of(read: Operation, write: Operation, cluster: Cluster, **policy: Any) -> Plan:
    plan = structs.replace(small_plan(), operations=[write, read], cluster=cluster, faults=[])
    return structs.replace(plan, policy=structs.replace(plan.policy, **policy))


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    places = draw(st.lists(st.sampled_from(["dc1", "dc2", "dc3"]), min_size=1, max_size=6))
    n = draw(st.integers(1, len(places)))
    nodes = [Node(f"r{number}", place) for number, place in enumerate(places, 1)]
    return Cluster(nodes, n, draw(st.integers(1, n)), draw(st.integers(1, n)))


def _enough(plan: Plan, operation: Operation) -> list[set[str]]:
    """Every set of replicas that may answer it, by what the levels mean."""
    placement, cluster = Placement(plan.cluster), plan.cluster
    place, replicas = placement.datacenter_of, placement.replicas_of(operation.key)
    here = [each for each in replicas if place[each] == place[operation.node]]
    every = [{*each} for size in range(len(replicas) + 1) for each in combinations(replicas, size)]

    def majorities(answered: set[str]) -> bool:
        groups = [[each for each in replicas if place[each] == name] for name in {place[each] for each in replicas}]
        return all(2 * len(answered.intersection(group)) > len(group) for group in groups)

    own = cluster.r if operation.kind == "get" else cluster.w
    counts = {None: own, "ONE": 1, "QUORUM": cluster.n // 2 + 1, "ALL": cluster.n}
    if operation.level in counts:
        return [each for each in every if len(each) >= counts[operation.level]]
    if operation.level == "EACH_QUORUM":
        return [each for each in every if majorities(each)]
    local = [each for each in every if here and each.intersection(here)]
    return local if operation.level == "LOCAL_ONE" else [e for e in local if 2 * len(e & {*here}) > len(here)]


@settings(max_examples=150, deadline=None)
@given(
    clusters(),
    st.sampled_from(READS),
    st.sampled_from(READS),
    st.integers(0, 5),
    st.integers(0, 5),
    st.text(max_size=2),
)
def test_quorums_meet_where_no_two_choices_are_apart(
    cluster: Cluster, read: Level | None, write: Level | None, one: int, other: int, key: str
) -> None:
    names = cluster.names()
    plan = plan_of(
        Operation(2, 2, "c1", names[one % len(names)], "get", key, None, read),
        Operation(1, 1, "c1", names[other % len(names)], "put", key, "w1", write),
        cluster,
    )
    putting, getting = plan.operations
    writes, reads = _enough(plan, putting), _enough(plan, getting)
    meet = all(got & held for got in reads for held in writes)
    assert (needs.QUORUMS_MEET.missed(plan) is None) == meet or not (reads and writes)
    quorums = Quorums(plan)
    if reads:
        assert quorums.asked(getting) == min(map(len, reads))
    if writes:
        assert quorums.asked(putting) == quorums.held_least() == min(map(len, writes))
    terms = terms_of(plan, _nothing(plan))
    if plan.policy.read_repair == "none":
        assert all(terms.suffice(2, sorted(each)) == (each in reads) for each in reads)


def _nothing(plan: Plan) -> History:
    return ordered(header_of(plan, "simulation"), [])


@pytest.mark.parametrize("n", range(1, 8))
def test_presets_are_those_of_the_textbook(n: int) -> None:
    """Majorities, all of one and one of the other: R + W > N in each."""
    assert preset("strong", n) == preset("balanced", n) == (n // 2 + 1, n // 2 + 1)
    assert preset("read-heavy", n) == (1, n)
    assert preset("write-heavy", n) == (n, 1)
    assert all(sum(preset(name, n)) > n for name in PRESETS)


def test_presets_in_scenarios_and_policies(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text('[cluster]\nnodes = 5\nn = 5\nquorums = ["read-heavy", "write-heavy"]\n')
    drawn = {(each.cluster.r, each.cluster.w) for each in (_drawn(scenario, seed) for seed in range(1, 20))}
    assert drawn == {(1, 5), (5, 1)}
    scenario.write_text('[cluster]\nquorums = "strong"\nr = 1\n')
    with pytest.raises(Wrong, match="given beside it"):
        _drawn(scenario, 1)
    scenario.write_text('[cluster]\nquorums = "strnog"\n')
    with pytest.raises(Wrong, match="did you mean 'strong'"):
        _drawn(scenario, 1)
    policy = tmp_path / "policy.toml"
    policy.write_text('cluster.quorums = "write-heavy"\nhints = "handoff"\nquorums = "sloppy"\n')
    changed = over(small_plan(), load(str(policy)))
    assert (changed.cluster.r, changed.cluster.w, changed.policy.quorums) == (3, 1, "sloppy")
    policy.write_text('cluster.quorums = "write-heavy"\nr = 2\n')
    assert over(small_plan(), load(str(policy))).cluster.r == 2
    policy.write_text("cluster.nodes = 3\n")
    with pytest.raises(Wrong, match="of a cluster a policy sets quorums alone"):
        load(str(policy))


def _drawn(path: Path, seed: int) -> Plan:
    return draw(load_scenario(str(path)), path.name, seed)[0]


def test_a_read_at_any_is_refused_by_name(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text('[workload]\nread_levels = ["ANY"]\n')
    with pytest.raises(Wrong, match="ANY is a level of writes"):
        _drawn(scenario, 1)
    reads = [Operation(1, 1, "c1", "r1", "get", "k", None, "ANY")]
    with pytest.raises(Wrong, match=r"operations\[0\]\.level: ANY is a level of writes"):
        check(structs.replace(small_plan(), operations=reads), "a plan")


def test_sloppy_quorums_without_hints_are_refused() -> None:
    plan = small_plan()
    with pytest.raises(Wrong, match="a substitute keeps a hint, and hints are off"):
        check(structs.replace(plan, policy=structs.replace(plan.policy, quorums="sloppy")), "a plan")


def hinted(**policy: Any) -> Plan:
    plan = structs.replace(small_plan(), faults=[], mend_rounds_max=100)
    defaults = {"hints": "handoff", "hint_lifetime_ns": 20 * S, "hint_window_ns": 20 * S}
    return structs.replace(plan, policy=structs.replace(plan.policy, **{**defaults, **policy}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"down": ["r3"]}, "r3 stays down"),
        ({"faults": [Fault("f1", "wipe", ["r2"], 0, S // 2)]}, "may take those of r2"),
        ({"faults": [Fault("f1", "kill", ["r2"], 0, S // 2)]}, None),
        ({"mend_rounds_max": 3}, "too few"),
    ],
)
def test_a_write_in_hints_alone_is_kept_as_long_as_they_are(change: dict[str, Any], words: str | None) -> None:
    said = needs.WRITES_STAY_UP.missed(structs.replace(hinted(quorums="sloppy"), **change))
    assert (said is None) if words is None else words in (said or "")
    strict = structs.replace(hinted(), **change)
    assert needs.WRITES_STAY_UP.missed(strict) is None


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"hint_lifetime_ns": S}, "hint_lifetime_ns is 1 s"),
        ({"hints_max": 1}, "2 keys are written"),
        ({"hints_max": 2, "hint_coalescing": "off"}, "3 values are written"),
        ({"hints_max": 1, "hints_when_full": "refuse"}, None),
        ({"hint_bytes_max": 100}, "hints may take"),
        ({"hint_bytes_per_s_max": 10}, "have to wait for"),
    ],
)
def test_hints_alone_need_room_and_time(policy: dict[str, Any], words: str | None) -> None:
    plan = hinted(anti_entropy="none", purge="never", **policy)
    more = Operation(5, 600 * MS, "c1", "r1", "put", "k1", "w5")
    said = needs.ANTI_ENTROPY.missed(structs.replace(plan, operations=[*plan.operations, more]))
    assert (said is None) if words is None else words in (said or "")


def test_the_newest_hint_of_one_key_stays_where_the_oldest_goes() -> None:
    log = {"hint_coalescing": "off", "hints_max": 1, "anti_entropy": "none", "purge": "never"}
    assert needs.ANTI_ENTROPY.missed(hinted(hints_when_full="drop-oldest", **log)) is None
    assert "2 values" in (needs.ANTI_ENTROPY.missed(hinted(hints_when_full="drop-newest", **log)) or "")


def test_a_queue_that_refuses_writes_is_not_always_available() -> None:
    assert bounded.ROOM.missed(hinted(hints_when_full="refuse")) is None
    small = hinted(hints_when_full="refuse", hint_coalescing="off", hints_max=1)
    assert "a write is refused where 1 hints wait" in (bounded.ROOM.missed(small) or "")
    assert bounded.ROOM.missed(hinted(hint_coalescing="off", hints_max=1)) is None


def test_what_may_step_down_needs_one_and_a_hint_needs_none() -> None:
    plan = hinted(level_unmet="step-down")
    assert set(terms_of(plan, _nothing(plan)).needed.values()) == {1}
    hasty = structs.replace(plan, client_timeout_ns=plan.cluster.operation_timeout_ns - 1)
    assert set(terms_of(hasty, _nothing(hasty)).needed.values()) == {2}
    at_any = [Operation(1, 1, "c1", "r1", "put", "k", "w", "ANY")]
    assert terms_of(structs.replace(hinted(), operations=at_any), _nothing(plan)).needed == {1: 0}
    assert terms_of(structs.replace(small_plan(), operations=at_any), _nothing(plan)).needed == {1: 1}
