"""What is lost where the last writer wins, and what is not where siblings are kept: one is promised."""

from checkers import properties
from harness.demonstrations.siblings import LOSSES, PLANS
from harness.plan import Plan
from harness.promises import Promise, judge
from harness.stages.simulation.stage import perform

NAME = "no lost update"


def promise_of(plan: Plan) -> Promise:
    history = perform(plan)
    verdicts = {verdict.property: verdict for verdict in properties.judge(history)}
    return next(each for each in judge(plan, history, verdicts) if each.property == NAME)


def test_a_lagging_wall_clock_and_two_equal_numbers_lose_a_write_that_was_acknowledged() -> None:
    for name, why in (("lost to a lagging clock", "wall"), ("lost to the same number", "counter")):
        found = promise_of(LOSSES[name](name))
        assert found.outcome == "not promised"
        assert f"versions are {why}: of writes at the same time the last one wins" in found.why
        assert found.measured.outcome == "violated"
        assert len(found.measured.violations) == 1


def test_siblings_keep_both_and_that_is_promised() -> None:
    found = promise_of(PLANS["two writes at once"]("two writes at once"))
    assert (found.outcome, found.measured.checked) == ("holds", 2)
