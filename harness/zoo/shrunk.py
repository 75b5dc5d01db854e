"""What becomes of a find: the smallest plan that breaks the same promise, told in a line, and tried on processes."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from harness.plan import Disk, Plan
from harness.report.explain import explain
from harness.reproduce.smallest import smallest
from harness.reproduce.trial import trial
from harness.reproduce.witness import Breaks, Sign, in_simulation, on_processes
from harness.run import Stage
from harness.zoo.hunt import Find, Hunt, hunt, plan_of

TRIES = 3
_FURTHER_S = 20.0  # of CPU, for plans that processes can perform
_CHANCES, _NEEDED = 3, 2  # other than those of the plan
_US = 1_000


class Shrunk(NamedTuple):
    """`stage` is one that can perform the plan; `why` is the cause, or what was seen if the record does not tell it."""

    plan: Plan
    property: str
    minimal: bool
    stage: Stage
    why: str


class ToShrink(NamedTuple):
    """What was found of one flaw. `for_processes`: a plan that processes can perform is preferred, and searched for."""

    scenario: str
    flaw: str
    breaks: str
    finds: list[Find]
    budget_s: float
    for_processes: bool


def shrink_one(order: ToShrink) -> Shrunk | None:
    """None: what was found was not seen again, which cannot be in the simulation of a store that repeats."""
    for find in _for_processes(order) if order.for_processes else []:
        shrunk = _shrink(order, find, "processes")
        if shrunk is not None:
            return shrunk
    return _shrink(order, order.finds[0], "simulation")


def _for_processes(order: ToShrink) -> Iterator[Find]:
    """The same seeds without what processes lack, then more, until the time is up."""
    left_s = _FURTHER_S
    for find in order.finds:
        yield from _again(Hunt(order.scenario, order.flaw, find.seed, 1, _FURTHER_S, "processes"))
    first = order.finds[0].seed + 1
    while left_s > 0:
        outcome = hunt(Hunt(order.scenario, order.flaw, first, 1_000_000, left_s, "processes"))
        first, left_s = first + outcome.seeds, left_s - outcome.cpu_s
        if outcome.find is not None:
            yield outcome.find


def _again(order: Hunt) -> list[Find]:
    found = hunt(order).find
    return [found] if found else []


def _shrink(order: ToShrink, find: Find, stage: Stage) -> Shrunk | None:
    chosen = order.breaks if order.breaks in find.broken else find.broken[0]
    plan = plan_of(order.scenario, find.seed, order.flaw, stage)
    breaks = in_simulation(chosen) if stage == "simulation" else _by_most_chances(chosen)
    found = smallest(plan, breaks, order.budget_s, lambda _progress: None)
    return Shrunk(found.plan, chosen, found.minimal, stage, _told(found.plan, chosen)) if found else None


def _by_most_chances(broken: str) -> Breaks:
    """Also with other fates, and with the delays of one machine, since on processes nothing else can be hoped for."""
    breaks = in_simulation(broken)

    def by_most(plan: Plan) -> Sign | None:
        sign = breaks(plan)
        if sign is None:
            return None
        others = (breaks(each) is not None for each in _with_other_chances(plan))
        return sign if sum(islice(filter(None, others), _NEEDED)) == _NEEDED else None

    return by_most


def _with_other_chances(plan: Plan) -> Iterator[Plan]:
    here = replace(plan.network, delay_min_ns=100 * _US, delay_max_ns=600 * _US)
    for number in range(1, _CHANCES + 1):
        yield replace(plan, seed=plan.seed + number, network=here, disk=Disk(200 * _US, 2_000 * _US))


def _told(plan: Plan, broken: str) -> str:
    seen = trial(plan)
    promise = next(each for each in seen.broken if each.property == broken)
    violation = promise.measured.violations[0]
    if not plan.operations:
        return violation.summary  # explanations are of keys
    told = explain(plan, seen.history, "", violation.key).told
    line = next((each for each in told.broken if each.property == broken), None)
    return (line.cause or line.summary) if line else violation.summary


def confirm(shrunk: Shrunk) -> str:
    """Performs the plan on processes until it breaks the promise there as well."""
    if shrunk.stage != "processes":
        return "no plan for them"
    if on_processes(shrunk.property, TRIES, 1, "auto")(shrunk.plan) is not None:
        return "yes"
    return f"in none of {TRIES} runs"
