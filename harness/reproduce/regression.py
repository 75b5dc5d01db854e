"""What the tests import that `urushi shrink --as-test` writes: a plan is performed in the simulation, and a promise
that it once broke must hold."""

from typing import NamedTuple

from harness import plan as plans
from harness.judging import judge
from harness.plan import Plan
from harness.report.story import tell
from harness.stages.simulation.stage import perform
from harness.wrong import Wrong, near


class Outcome(NamedTuple):
    """`story` says why it does not hold."""

    holds: bool
    story: str


def outcome_of(plan: Plan, promise: str) -> Outcome:
    """A promise that the plan does not even have, or of which nothing can be told, does not hold either: a test must
    not turn green because nothing was tested."""
    plans.check(plan, "the test's plan")
    history = perform(plan)
    judged = {each.property: each for each in judge(plan, history)}
    if promise not in judged:
        raise Wrong("the test's promise", f"{promise!r} is none", near(promise, list(judged)))
    found = judged[promise]
    if found.outcome == "violated":
        return Outcome(holds=False, story=tell(plan, history, found, "run this test again"))
    return Outcome(holds=found.outcome == "holds", story=f"{promise}: {found.outcome}: {found.why}")
