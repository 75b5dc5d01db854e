"""What became of each promise of a run: those of our store by the matrix, those of another by what its owner claims."""

import msgspec

from checkers import properties
from checkers.facts import gather
from checkers.history import History
from harness import promises
from harness.plan import Plan
from harness.promises import Promise
from harness.systems import claims


def judge(plan: Plan, history: History) -> list[Promise]:
    facts = gather(history)
    if plan.system is not msgspec.UNSET:
        return claims.judge(plan.system, facts)
    return promises.judge(plan, facts, {verdict.property: verdict for verdict in properties.judge(facts)})


def is_promised(name: str, plan: Plan) -> bool:
    """Before the plan is run."""
    if plan.system is not msgspec.UNSET:
        return claims.is_claimed(name, plan.system)
    return promises.reason_against(next(cell for cell in promises.MATRIX if cell.property == name), plan) is None


def cut_short(plan: Plan, history: History) -> list[str]:
    """Of our own store the promises that need the end say so themselves."""
    return claims.cut_short(history) if plan.system is not msgspec.UNSET else []
