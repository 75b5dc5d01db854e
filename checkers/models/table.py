"""Every model by name, with the properties that are checked of it, in the order in which verdicts are shown.

A check of a model takes calls, of any system, and a way to be told that its time or its memory is spent. It is a pure
function; where it was stopped its verdict is unknown, with the reason.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from checkers.calls import Call, OutOfBudget
from checkers.verdict import Verdict

ModelCheck = Callable[[Sequence[Call], OutOfBudget], Verdict]


class Model(NamedTuple):
    legend: str
    functions: tuple[str, ...]
    checks: dict[str, ModelCheck]


MODELS: dict[str, Model] = {}


def judge(model: str, calls: Sequence[Call], out_of_budget: OutOfBudget) -> list[Verdict]:
    return [check(calls, out_of_budget) for check in MODELS[model].checks.values()]
