"""Unique identifiers: function generate, whose result is any value. None is handed out twice.

A call of unknown outcome may have used one up; nobody was told which, so it breaks nothing.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

from msgspec.structs import replace

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models import words
from checkers.models.steps import Spent, frozen, spend
from checkers.verdict import Verdict, Violation, conclude

NOTHING_TWICE = "no identifier twice"


def check_unique(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """Keys have identifiers of their own."""
    told: dict[tuple[str | None, Hashable], list[Call]] = defaultdict(list)
    answered = 0
    spent = ""
    try:
        for number, call in enumerate(in_order(calls)):
            if not number & 0xFFF:
                spend(out_of_budget)
            if call.function == "generate" and call.outcome == "ok":
                told[call.key, frozen(call.result)].append(call)
                answered += 1
    except Spent as why:
        spent = str(why)
    violations = [_twice(them) for them in told.values() if len(them) > 1]
    verdict = conclude(NOTHING_TWICE, violations, answered, spent)
    span = _span([them[0].result for them in told.values()])
    if verdict.outcome == "unknown" or not span:
        return verdict
    return replace(verdict, reason=f"{verdict.reason}; {span}" if verdict.reason else span)


def _twice(them: list[Call]) -> Violation:
    return Violation(
        them[0].key,
        "an identifier is handed out once",
        words.events(them),
        f"{words.of(them[0].key)}{words.value(them[0].result)} was handed out {len(them)} times: {words.calls(them)}",
    )


def _span(identifiers: list[Any]) -> str:
    """The lowest and the highest, where all are of one kind that has an order."""
    kinds = {type(each) for each in identifiers}
    if not kinds or not (kinds <= {int, float} or kinds == {str}):
        return ""
    return f"identifiers lie within {words.value(min(identifiers))}..{words.value(max(identifiers))}"
