"""The search itself, against rules of which the smallest plan is known."""

import time  # noqa: TID251 - the clock that the search is given here
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.faults.kinds import Fault
from harness.plan import MS, Plan, check
from harness.reproduce import plainer, reductions, smaller_cluster, timing
from harness.reproduce.smallest import Smallest, smallest
from harness.reproduce.timing import as_issued
from harness.reproduce.witness import Breaks, Sign
from harness.wrong import Wrong
from replicas.store.placement import Placement
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from tests.harness.plans import plans, small_plan
from workloads.operations import Operation

replace = msgspec.structs.replace
NOWHERE = Sign(None, 0, {})


def by_rule(rule: Callable[[Plan], bool]) -> Breaks:
    return lambda plan: NOWHERE if rule(plan) else None


def shrunk(plan: Plan, breaks: Breaks, budget_s: float = 600) -> Smallest:
    """What breaks is asked of other plans than the first, which breaks the promise."""
    found = smallest(plan, lambda each: NOWHERE if each is plan else breaks(each), budget_s, lambda _progress: None)
    assert found is not None
    return found


def large_plan(operations: int = 40, faults: int = 6) -> Plan:
    return replace(
        small_plan(),
        operations=[
            Operation(number, number * 10 * MS, f"c{number % 5}", "r1", "put", f"k{number % 7}", f"w{number}")
            for number in range(1, operations + 1)
        ],
        faults=[
            Fault(f"f{number}", "one-way", ["r2", "r3"], number * 50 * MS, (number + 1) * 50 * MS - 1)
            for number in range(1, faults + 1)
        ],
    )


@settings(max_examples=50)
@given(plan=plans(), data=st.data())
def test_only_what_is_needed_is_left(plan: Plan, data: st.DataObject) -> None:
    needed = data.draw(st.sets(st.sampled_from([each.id for each in plan.operations]))) if plan.operations else set()
    faults = data.draw(st.sets(st.sampled_from([each.id for each in plan.faults]))) if plan.faults else set()

    def rule(candidate: Plan) -> bool:
        check(candidate, "what is tried is a valid plan")
        ids = {each.id for each in candidate.operations}
        return needed <= ids and faults <= {each.id for each in candidate.faults}

    found = shrunk(plan, by_rule(rule))
    assert {each.id for each in found.plan.operations} == needed
    assert {each.id for each in found.plan.faults} == faults
    assert (found.minimal, found.stopped) == (True, None)


@settings(max_examples=30)
@given(plan=plans())
def test_of_what_everything_breaks_nothing_is_left(plan: Plan) -> None:
    """Then each setting is as plain as it can be."""
    left = shrunk(
        replace(plan, fates={"r1/sync/1": 5}, starts_ns={plan.cluster.names()[0]: -1}), by_rule(_is_valid)
    ).plan
    assert (left.operations, left.faults, left.down, left.fates, left.starts_ns) == ([], [], [], {}, {})
    assert left.cluster == Cluster([Node("r1")], 1, 1, 1)
    assert (left.network, left.disk) == (plainer.FIXED_NETWORK, plainer.FIXED_DISK)
    assert left.policy == Policy(read_repair="none", hints="none", anti_entropy="none", purge="never")
    assert left.mend_rounds_max <= 5 or left.mend_rounds_max == plan.mend_rounds_max
    assert left.unrest_ns % MS == 0
    assert left.unrest_ns <= max(100 * MS, -(-plan.unrest_ns // MS) * MS)


def _is_valid(plan: Plan) -> bool:
    check(plan, "what is tried is a valid plan")
    return True


@pytest.mark.parametrize("operations", [0, 1, 2, 3, 7])
def test_a_rule_that_is_not_monotone_ends_in_what_cannot_lose_one(operations: int) -> None:
    """It breaks with any number of operations that leaves this remainder: to leave out one never does."""
    found = shrunk(large_plan(40 + operations), by_rule(lambda plan: len(plan.operations) % 8 == operations))
    assert len(found.plan.operations) % 8 == operations
    assert found.minimal


def test_what_can_be_left_out_is_seen_where_one_plan_alone_breaks() -> None:
    plan = large_plan(12)
    found = shrunk(plan, by_rule(lambda candidate: candidate.operations == plan.operations))
    assert found.plan.operations == plan.operations
    assert found.minimal, "no plan with less breaks"


def test_the_same_plan_is_shrunk_the_same_way() -> None:
    breaks = by_rule(lambda plan: sum(each.key == "k3" for each in plan.operations) >= 2)
    one, other = shrunk(large_plan(), breaks), shrunk(large_plan(), breaks)
    assert one == other
    assert len(one.plan.operations) == 2


def test_a_budget_is_kept_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try takes a second; the last is not begun when it would end too late."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def breaks(plan: Plan) -> Sign | None:
        nonlocal now
        now += 1.0
        return NOWHERE if len(plan.operations) >= 3 else None

    found = shrunk(large_plan(), breaks, budget_s=10)
    assert found.stopped == "budget"
    assert now in (9.0, 10.0)
    assert found.tried == now
    assert not found.minimal
    assert 3 <= len(found.plan.operations) < 40, "the best so far"


@pytest.mark.parametrize("tries", [1, 5, 30])
def test_ctrl_c_keeps_the_best_so_far_and_tries_no_more(tries: int) -> None:
    seen: list[Plan] = []
    calls = 0

    def breaks(plan: Plan) -> Sign | None:
        nonlocal calls
        calls += 1
        if calls == tries:
            raise KeyboardInterrupt
        if len(plan.operations) < 3:
            return None
        seen.append(plan)
        return NOWHERE

    found = shrunk(large_plan(), breaks)
    assert (found.stopped, calls) == ("Ctrl-C", tries)
    assert found.plan == (seen[-1] if seen else large_plan())


def test_the_watcher_sees_it_become_smaller() -> None:
    sizes: list[int] = []
    breaks = by_rule(lambda plan: any(each.id == 17 for each in plan.operations))
    smallest(large_plan(), breaks, 600, lambda progress: sizes.append(progress.operations))
    assert sizes[0] == 40
    assert sizes[-1] == 1
    assert sizes == sorted(sizes, reverse=True)


REDUCTIONS = [
    plainer.settings,
    reductions.one_less,
    reductions.two_less,
    reductions.one_fault_for_two,
    reductions.fewer_clients,
    reductions.fewer_keys,
    reductions.plainer_faults,
    reductions.plain_keys,
    reductions.plain_names,
    smaller_cluster.fewer_nodes,
    smaller_cluster.one_door,
    smaller_cluster.plain_nodes,
    timing.rounder_times,
    timing.shorter_faults,
]


@pytest.mark.parametrize("reduction", REDUCTIONS, ids=lambda reduction: reduction.__name__)
@settings(max_examples=25)
@given(plan=plans())
def test_what_is_proposed_is_never_more(reduction: Callable[[Plan], list[Plan]], plan: Plan) -> None:
    for candidate in reduction(plan):
        assert len(candidate.operations) <= len(plan.operations)
        assert len(candidate.faults) <= len(plan.faults)
        assert len(candidate.cluster.nodes) <= len(plan.cluster.nodes)
        assert len({each.client for each in candidate.operations}) <= len({each.client for each in plan.operations})
        assert (candidate.seed, candidate.flaw) == (plan.seed, plan.flaw)


@given(plan=plans())
def test_rounder_times_keep_the_order(plan: Plan) -> None:
    def moments(each: Plan) -> list[int]:
        faults = [at for fault in each.faults for at in (fault.start_ns, fault.end_ns)]
        return [*(operation.at_ns for operation in each.operations), *faults, each.unrest_ns]

    before = moments(plan)
    for candidate in timing.rounder_times(plan):
        check(candidate, "it stays valid")
        after = moments(candidate)
        pairs = [(one, other) for one in range(len(before)) for other in range(len(before))]
        assert all(after[one] < after[other] for one, other in pairs if before[one] < before[other])


def test_a_wait_that_nobody_needs_is_cut() -> None:
    plan = replace(small_plan(), faults=[])
    found = shrunk(plan, by_rule(lambda each: len(each.operations) >= 2))
    assert [each.at_ns for each in found.plan.operations] == [100 * MS, 200 * MS]
    assert found.plan.unrest_ns == 300 * MS


def test_operations_are_planned_for_when_they_were_issued() -> None:
    plan = as_issued(small_plan(), {2: 350 * MS, 4: 1200 * MS})
    assert [each.at_ns for each in plan.operations] == [100 * MS, 350 * MS, 500 * MS, 1200 * MS]
    assert plan.unrest_ns == 1200 * MS


def test_a_smaller_cluster_has_the_copies_where_they_were() -> None:
    """r2, r3 and r4 keep them when r1 goes; and named anew, in the order of the ring, they are r1, r2 and r3."""
    cluster = Cluster([Node(f"r{number}") for number in range(1, 5)], 3, 2, 2)
    key = next(key for key in (f"k{n}" for n in range(99)) if Placement(cluster).replicas_of(key) == ("r2", "r3", "r4"))
    plan = replace(small_plan(), cluster=cluster, faults=[Fault("f1", "isolate", ["r4"], 0, MS)])
    plan = replace(plan, operations=[Operation(1, 0, "c1", "r3", "get", key)])
    without = next(each for each in smaller_cluster.fewer_nodes(plan) if each.cluster.names() == ["r2", "r3", "r4"])
    assert Placement(without.cluster).replicas_of(without.operations[0].key) == ("r2", "r3", "r4")
    plain = next(smaller_cluster.plain_nodes(without))
    assert plain.cluster.names() == ["r1", "r2", "r3"]
    assert Placement(plain.cluster).replicas_of(plain.operations[0].key) == ("r1", "r2", "r3")
    assert (plain.operations[0].node, plain.faults[0].targets) == ("r2", ["r3"])


def test_a_node_that_no_fault_can_do_without_takes_the_fault_along() -> None:
    plan = replace(small_plan(), faults=[Fault("f1", "one-way", ["r1", "r3"], 0, MS)])
    for candidate in smaller_cluster.fewer_nodes(plan):
        assert ("r1" in candidate.cluster.names() and "r3" in candidate.cluster.names()) == bool(candidate.faults)


def test_fates_follow_what_they_are_the_fates_of() -> None:
    plan = replace(small_plan(), fates={"r1/op 3/store/k0/r2/0": 7, "r1/sync/12": 8})
    plan = replace(plan, operations=plan.operations[2:])
    named = next(reductions.plain_names(plan))
    assert named.fates == {"r1/op 1/store/k0/r2/0": 7, "r1/sync/12": 8}
    moved = reductions.renamed(plan, {"key": {"k0": "k9"}, "node": {"r1": "r4"}})
    assert list(moved.fates) == ["r4/op 3/store/k9/r2/0", "r4/sync/12"]


def test_only_the_fates_that_matter_are_left() -> None:
    fates = {f"r1/sync/{number}": number for number in range(50)}
    plan = replace(small_plan(), fates=fates)
    found = shrunk(plan, by_rule(lambda each: each.fates.get("r1/sync/31") == 31))
    assert found.plan.fates == {"r1/sync/31": 31}


def test_a_plan_that_cannot_be_performed_is_not_tried() -> None:
    """To merge these clients' faults would make two of them act on one process."""

    def rule(plan: Plan) -> bool:
        try:
            check(plan, "")
        except Wrong:
            pytest.fail("an invalid plan was tried")
        return len(plan.faults) == 2

    assert len(shrunk(small_plan(), by_rule(rule)).plan.faults) == 2
