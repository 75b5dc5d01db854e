"""What several commands share: the types of their options, and how a scenario's name becomes plans."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter, Token

from harness import plan as plans
from harness import run as runs
from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.scenario import Scenario, draw, load
from harness.wrong import Wrong, near


def whole_number(_shape: Any, tokens: Sequence[Token]) -> int:
    """Cyclopts would take 1.5 for 2, and run another seed than was asked for."""
    text = tokens[0].value
    if not re.fullmatch("-?[0-9]{1,40}", text):
        raise Wrong(tokens[0].keyword or "", f"{text!r} is no whole number", "write one such as 7")
    return int(text)


Whole = Annotated[int, Parameter(converter=whole_number)]
Json = Annotated[bool, Parameter(help="Print one JSON document on standard output, and the rest on standard error.")]
StageOption = Annotated[runs.Stage, Parameter(help="Real processes behind a real proxy, or virtual time.")]
ProxyOption = Annotated[runs.Prefer, Parameter(help="Which server stands behind the links.")]
FlawOption = Annotated[str | None, Parameter(help="A flawed replica; `urushi list flaws` has them.")]


def drawer(scenario: str, flaw: str | None) -> Callable[[int], tuple[Plan, dict[str, str]]]:
    """From a seed to a scenario's plan, or to a demonstration's own, whose chances the seed decides. What is returned
    can be sent to another process."""
    if not scenario.startswith("demo:"):
        return partial(_draw, load(scenario), scenario, flaw)
    name = scenario.removeprefix("demo:")
    if name not in PLANS:
        raise Wrong("scenario", f"there is no demonstration {name!r}", near(name, list(PLANS)))
    plans.check_flaw(flaw, "--flaw")
    own = PLANS[name](name)
    return partial(_demonstrate, msgspec.structs.replace(own, flaw=flaw or own.flaw), scenario)


def _draw(loaded: Scenario, name: str, flaw: str | None, seed: int) -> tuple[Plan, dict[str, str]]:
    return draw(loaded, name, seed, flaw)


def _demonstrate(own: Plan, name: str, seed: int) -> tuple[Plan, dict[str, str]]:
    plan = msgspec.structs.replace(own, seed=seed)
    plans.check(plan, name)
    return plan, {}
