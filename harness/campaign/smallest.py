"""One example of each cause, shrunk: its smallest plan tells which failures are the same."""

from typing import NamedTuple

import msgspec

from harness.campaign.mechanism import mechanism_of, shape_of
from harness.report.failures import words
from harness.reproduce.search import Progress
from harness.reproduce.smallest import smallest
from harness.reproduce.trial import trial
from harness.reproduce.witness import in_simulation
from harness.run import require_levers
from harness.worker import PlanOf

BUDGET_S = 60.0


class ToShrink(NamedTuple):
    """A cause, as `violations` has it, and the first seed that showed it."""

    promise: str
    mechanism: str
    seed: int
    plan_of: PlanOf


class Example(NamedTuple):
    """`smallest` and `shape` are the mechanism and the kinds of things in the smallest plan; `plan` is that as JSON.
    `why`: what kept it from being shrunk, and then the others are empty."""

    promise: str
    mechanism: str
    seed: int
    smallest: str = ""
    shape: str = ""
    plan: str = ""
    why: str = ""


def shrink(order: ToShrink) -> Example:
    """In the simulation, whatever stage it broke on: on processes it would take hours. An error comes back in words."""
    cause = order.promise, order.mechanism, order.seed
    try:
        plan = order.plan_of(order.seed)[0]
        require_levers(plan, "simulation")
        found = smallest(plan, in_simulation(order.promise), BUDGET_S, _silent)
        if found is None:
            return Example(*cause, why="the simulation does not show it")
        last = trial(found.plan)
        promise = next(each for each in last.broken if each.property == order.promise)
        mechanism = mechanism_of(found.plan, last.history, order.promise, promise.measured.violations[0])
    except Exception as problem:  # noqa: BLE001 - see above
        return Example(*cause, why=words(problem))
    return Example(*cause, mechanism, shape_of(found.plan), msgspec.json.encode(found.plan).decode())


def _silent(_progress: Progress) -> None:
    """Nobody watches."""
