"""How seeds draw faults: swarms, wipes, starts near writes, and the nodes that stay down."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from harness.faults.check import overlapping
from harness.plan import MS, Plan
from harness.scenario import Scenario, draw, load
from harness.wrong import Wrong
from replicas.store.placement import Placement

MANY = range(1, 401)


def scenario(**tables: dict[str, Any]) -> Scenario:
    """Of few operations: to draw hundreds of plans takes a moment only."""
    return msgspec.convert({**tables, "workload": {"operations": 40, **tables.get("workload", {})}}, Scenario)


def drawn(made: Scenario, seeds: range = MANY) -> list[tuple[Plan, dict[str, str]]]:
    return [draw(made, "x", seed) for seed in seeds]


SIX = ["kill", "pause", "isolate", "one-way", "latency", "lost-reply"]


def test_a_swarm_is_a_subset_in_which_each_kind_is_half_of_the_time() -> None:
    swarms = [
        (plan, dice["faults.swarm"].split())
        for plan, dice in drawn(scenario(faults={"kinds": SIX, "swarm": True, "count": 8}))
    ]
    assert all(swarm and {fault.kind for fault in plan.faults} <= set(swarm) for plan, swarm in swarms)
    assert all(swarm == [kind for kind in SIX if kind in swarm] for _, swarm in swarms)
    shares = Counter(kind for _, swarm in swarms for kind in swarm)
    assert all(0.42 < shares[kind] / len(MANY) < 0.58 for kind in SIX)
    together = Counter(tuple(swarm) for _, swarm in swarms)
    assert len(together) > 55  # of 63 subsets that are not empty
    assert max(together.values()) < 20


def test_two_kinds_are_never_none() -> None:
    """A quarter of the draws would be empty; they have one kind instead."""
    kinds = ["kill", "isolate"]
    swarms = Counter(dice["faults.swarm"] for _, dice in drawn(scenario(faults={"kinds": kinds, "swarm": True})))
    assert set(swarms) == {"kill", "isolate", "kill isolate"}
    assert all(count > 70 for count in swarms.values())


def test_one_kind_more_leaves_the_others_in_the_swarm_or_out_of_it() -> None:
    few, more = (
        drawn(scenario(faults={"kinds": kinds, "swarm": True}), range(1, 60)) for kinds in (SIX, [*SIX, "stop"])
    )
    for (_, one), (_, other) in zip(few, more, strict=True):
        assert [kind for kind in other["faults.swarm"].split() if kind != "stop"] == one["faults.swarm"].split() or (
            other["faults.swarm"] == "stop"
        )


def test_without_a_swarm_all_kinds_are_in_play() -> None:
    dice = drawn(scenario(faults={"kinds": SIX, "count": 1}))
    assert all("faults.swarm" not in each for _, each in dice)
    kinds = Counter(plan.faults[0].kind for plan, _ in dice)
    assert set(kinds) == set(SIX)
    assert max(kinds.values()) < 2 * min(kinds.values())


def test_a_kind_that_needs_more_nodes_than_there_are_is_left_out() -> None:
    plans = [plan for plan, _ in drawn(scenario(cluster={"nodes": "3..4"}, faults={"kinds": ["ring", "kill"]}))]
    kinds = {
        count: {f.kind for plan in plans if len(plan.cluster.nodes) == count for f in plan.faults} for count in (3, 4)
    }
    assert kinds == {3: {"kill"}, 4: {"ring", "kill"}}


def test_many_faults_overlap_and_none_clash() -> None:
    """Fifty on five nodes: with so many, most moments have several."""
    made = load("default")
    made = msgspec.structs.replace(made, faults=msgspec.structs.replace(made.faults, count=50))
    for seed in range(1, 31):
        plan, _ = draw(made, "default", seed)
        assert overlapping(plan.faults, plan.cluster.names()) == []
        on = Counter({f.id: sum(g.start_ns <= f.start_ns < g.end_ns for g in plan.faults) for f in plan.faults})
        assert len(plan.faults) < 20 or max(on.values()) > 4


@pytest.mark.parametrize(
    ("kind", "share"), [("kill", 0.75), ("stop", 0.75), ("pause", 0.75), ("wipe", 0.75), ("slow", 0)]
)
def test_three_of_four_ends_of_a_process_begin_just_after_a_write_is_asked_for(kind: str, share: float) -> None:
    """Writes are rare here, so that others begin there by chance in a hundredth of the draws."""
    made = scenario(workload={"operations": 30}, faults={"kinds": [kind], "count": 1, "length": "1s"})
    near = 0
    for plan, _ in drawn(made):
        [fault] = plan.faults
        writes = [each.at_ns for each in plan.operations if each.kind in ("put", "delete")]
        near += any(0 <= fault.start_ns - at_ns <= 3 * MS for at_ns in writes)
        assert fault.end_ns - fault.start_ns == 1000 * MS
        assert fault.end_ns <= plan.unrest_ns
    assert abs(near / len(MANY) - share) < 0.07


def test_a_plan_that_writes_nothing_has_kills_anywhere() -> None:
    made = scenario(workload={"reads": "100%", "deletes": "0%"}, faults={"kinds": ["kill"], "count": 1})
    starts = [plan.faults[0].start_ns for plan, _ in drawn(made)]
    assert min(starts) < 100 * MS
    assert max(starts) > 3000 * MS


WIPES = {"kinds": ["wipe", "kill"], "count": 6}


def with_wipes(made: Scenario) -> int:
    """How many plans have one; none may have two."""
    wipes = [sum(fault.kind == "wipe" for fault in plan.faults) for plan, _ in drawn(made)]
    assert set(wipes) <= {0, 1}
    return sum(wipes)


def test_a_plan_has_one_wipe_at_most() -> None:
    assert with_wipes(scenario(faults=WIPES)) > 0.9 * len(MANY)
    assert all(len(plan.faults) == 1 for plan, _ in drawn(scenario(faults={"kinds": ["wipe"], "count": 3})))


@pytest.mark.parametrize(
    "tables",
    [
        {"cluster": {"w": "ONE"}},
        {"cluster": {"n": 1}},
        {"cluster": {"n": 1, "nodes": 5, "w": "ALL"}},
        {"workload": {"write_levels": ["QUORUM", "ONE"]}},
        {"phases": {"down": 1}},
    ],
)
def test_no_wipe_where_it_could_take_the_last_copy(tables: dict[str, dict[str, Any]]) -> None:
    assert with_wipes(scenario(**tables, faults=WIPES)) == 0
    with pytest.raises(Wrong, match=r"faults\.kinds: no wipe, for "):
        draw(scenario(**tables, faults={"kinds": ["wipe"]}), "x", 1)
    assert all(not plan.faults for plan, _ in drawn(scenario(**tables, faults={"kinds": ["wipe"], "count": 0})))


@pytest.mark.parametrize("tables", [{"cluster": {"w": "TWO"}}, {"workload": {"read_levels": ["ONE"]}}])
def test_a_wipe_where_each_write_is_on_two_copies(tables: dict[str, dict[str, Any]]) -> None:
    assert with_wipes(scenario(**tables, faults=WIPES)) > 0


def test_wipes_come_and_go_with_the_nodes_that_stay_down() -> None:
    plans = [plan for plan, _ in drawn(scenario(phases={"down": "0..1"}, faults=WIPES))]
    wiped = Counter((len(plan.down), any(fault.kind == "wipe" for fault in plan.faults)) for plan in plans)
    assert wiped[1, True] == 0
    assert wiped[1, False] > 150
    assert wiped[0, True] > 140


@pytest.mark.parametrize(
    ("nodes", "n", "asked", "possible"),
    [
        (3, 3, 1, 1),
        (3, 3, 2, 1),
        (5, 3, 2, 1),
        (5, 5, 2, 2),
        (5, 5, 5, 2),
        (6, 3, 2, 2),
        (6, 3, 6, 2),
        (4, 1, 4, 0),
        (4, 2, 4, 0),
    ],
)
def test_as_many_nodes_stay_down_as_leave_a_quorum_of_each_key(nodes: int, n: int, asked: int, possible: int) -> None:
    """On a ring of three copies a key, each node is in one partition with the two before and the two behind it."""
    made = scenario(cluster={"nodes": nodes, "n": n}, phases={"down": asked}, faults={"kinds": ["kill"]})
    plans = [plan for plan, _ in drawn(made)]
    assert {len(plan.down) for plan in plans} == {possible}
    for plan in plans[:40]:
        for key in range(100):
            copies = Placement(plan.cluster).replicas_of(f"k{key}")
            assert 2 * len(set(copies) - set(plan.down)) > n
    if possible:
        shares = Counter(node for plan in plans for node in plan.down)
        assert len(shares) == nodes
        assert max(shares.values()) < 2 * min(shares.values())


def test_faults_are_over_when_so_much_of_unrest_has_passed() -> None:
    compared = load("compare")
    for seed in range(1, 60):
        plan, _ = draw(compared, "compare", seed)
        assert len(plan.faults) >= 2
        assert max(fault.end_ns for fault in plan.faults) <= plan.unrest_ns // 2
    early = msgspec.structs.replace(compared, faults=msgspec.structs.replace(compared.faults, until="0%"))
    with pytest.raises(Wrong, match=r"faults\.until: '0%' is too little; 1 % is the least"):
        draw(early, "early", 1)
