"""Whether a plan breaks a promise: in the simulation, where once is for ever, or on processes, k times of n."""

from collections.abc import Callable
from typing import NamedTuple

from checkers.facts import Facts, gather
from checkers.history import History
from harness.judging import is_promised
from harness.plan import Plan
from harness.promises import MATRIX, Cell, reason_against
from harness.run import Prefer, run
from harness.scratch import scratch
from harness.stages.simulation.stage import perform
from harness.terms import verdict_of
from harness.wrong import Wrong


class Sign(NamedTuple):
    """The key of the first violation, when the last event of its evidence happened, and when operations were issued
    that their client could not issue at their planned time."""

    key: str | None
    at_ns: int
    late: dict[int, int]


Breaks = Callable[[Plan], Sign | None]  # None: the promise is kept, or is not made


def cell_of(property: str) -> Cell:  # noqa: A002 - the schema's own word
    return next(cell for cell in MATRIX if cell.property == property)


def in_simulation(property: str) -> Breaks:  # noqa: A002 - likewise
    """As `harness.promises.judge` has it, for one promise alone: what the plan never had is not performed."""
    cell = cell_of(property)

    def breaks(plan: Plan) -> Sign | None:
        return _sign(cell, plan, perform(plan)) if reason_against(cell, plan) is None else None

    return breaks


def _sign(cell: Cell, plan: Plan, history: History) -> Sign | None:
    facts = gather(history)
    verdict = verdict_of(cell.property, plan, facts)
    if verdict.outcome != "violated" or any(premise.missed(plan, facts) for premise in cell.premises):
        return None
    first = verdict.violations[0]
    last = first.events[-1]
    return Sign(first.key, next(event.at for event in history.events if event.seq == last), _late(plan, facts))


def _late(plan: Plan, facts: Facts) -> dict[int, int]:
    return {
        each.id: facts.operations[each.id].at
        for each in plan.operations
        if each.id in facts.operations and facts.operations[each.id].at > each.at_ns
    }


def on_processes(property: str, tries: int, needed: int, proxy: Prefer) -> Breaks:  # noqa: A002 - likewise
    """Runs whose folders are gone afterwards. No more of them than it takes to know."""

    def breaks(plan: Plan) -> Sign | None:
        if not is_promised(property, plan):
            return None
        signs: list[Sign] = []
        for done in range(tries):
            if len(signs) + tries - done < needed:
                return None
            sign = _run_once(property, plan, proxy)
            signs += [] if sign is None else [sign]
            if len(signs) == needed:
                return signs[0]
        return None

    return breaks


def _run_once(property: str, plan: Plan, proxy: Prefer) -> Sign | None:  # noqa: A002 - likewise
    with scratch("shrink") as folder:
        try:
            report = run(plan, "processes", proxy=proxy, runs=folder)
        except Wrong:  # this stage cannot perform it
            return None
    promise = report.promises[property]
    if promise.verdict != "violated":
        return None
    return Sign(promise.keys[0] or None, plan.unrest_ns, {})
