"""What the strategies draw can be performed, and shrinks to what one would write by hand."""

from hypothesis import find, given, settings

from checkers.history import History
from harness import plan as plans
from harness.plan import MS, Plan
from harness.run import require_levers
from harness.testing import strategies
from harness.testing.runs import simulate
from workloads.operations import Operation


@given(strategies.plans(stage="processes"))
def test_plans_for_processes_need_no_more_than_processes_have(plan: Plan) -> None:
    plans.check(plan, "drawn")
    require_levers(plan, "processes")
    assert strategies.drawn == [plan]


@settings(max_examples=10)
@given(strategies.plans())
def test_the_sound_store_breaks_nothing(plan: Plan) -> None:
    run = simulate(plan)
    assert run.verdict != "violated", run.story


def test_a_plan_shrinks_to_few_operations_and_short_faults() -> None:
    def breaks(plan: Plan) -> bool:
        late = [fault for fault in plan.faults if fault.end_ns > 500 * MS]
        return bool(late) and any(operation.kind == "delete" for operation in plan.operations)

    found = find(strategies.plans(), breaks, settings=settings(max_examples=2_000, database=None))
    [operation], [fault] = found.operations, found.faults
    assert operation == Operation(1, 0, "c1", "r1", "delete", "k1")
    assert (fault.id, fault.kind, fault.end_ns) == ("f1", "kill", 501 * MS)
    assert found.seed == 0


@settings(max_examples=10)
@given(strategies.histories(flaw="commits-later"))
def test_histories_are_those_of_the_plan_that_was_drawn(history: History) -> None:
    [plan] = strategies.drawn
    assert plan.flaw == "commits-later"
    assert history == simulate(plan).history
