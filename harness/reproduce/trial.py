"""A plan performed in the simulation and judged, in memory: no folder, no report."""

from typing import NamedTuple

from checkers.history import History
from harness.judging import judge
from harness.plan import Plan
from harness.promises import Promise
from harness.stages.simulation.stage import perform


class Trial(NamedTuple):
    history: History
    broken: list[Promise]

    def breaks(self, property: str, key: str | None = None) -> bool:  # noqa: A002 - the schema's own word
        """On this key, if one is named."""
        promise = next((each for each in self.broken if each.property == property), None)
        if promise is None or key is None:
            return promise is not None
        return any(violation.key == key for violation in promise.measured.violations)


def trial(plan: Plan) -> Trial:
    history = perform(plan)
    return Trial(history, [promise for promise in judge(plan, history) if promise.outcome == "violated"])
