"""What several commands share: the types of their options, and how a scenario's name becomes plans."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter, Token

from harness import plan as plans
from harness import policy as policies
from harness import run as runs
from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.policy import Named, replaced_by
from harness.policy import over as under_policy
from harness.scenario import Scenario, draw, load
from harness.systems.named import Own
from harness.systems.owning import Drawn, over
from harness.wrong import Wrong, near


def whole_number(_shape: Any, tokens: Sequence[Token]) -> int:
    """Cyclopts would take 1.5 for 2, and run another seed than was asked for."""
    text = tokens[0].value
    if not re.fullmatch("-?[0-9]{1,40}", text):
        raise Wrong(tokens[0].keyword or "", f"{text!r} is no whole number", "write one such as 7")
    return int(text)


Whole = Annotated[int, Parameter(converter=whole_number)]
Json = Annotated[bool, Parameter(help="Print one JSON document on standard output, and the rest on standard error.")]
ReportOption = Annotated[bool, Parameter(negative=(), help="Write its page at once, as `urushi report` does.")]
StageOption = Annotated[runs.Stage, Parameter(help="Real processes behind a real proxy, or virtual time.")]
ProxyOption = Annotated[runs.Prefer, Parameter(help="Which server stands behind the links.")]
PolicyOption = Annotated[
    str | None, Parameter(help="A policy in place of the scenario's: a name (`urushi list policies`) or a TOML file.")
]
SystemOption = Annotated[
    str | None,
    Parameter(help="A store of your own in place of ours: store.toml, or store.py:MyStore. Real processes only."),
]
KnownOption = Annotated[Path | None, Parameter(help="A TOML file of failures to let through, until they are fixed.")]
FlawOption = Annotated[str | None, Parameter(help="A flawed replica; `urushi list flaws` has them.")]


def drawer(
    scenario: str, flaw: str | None, policy: str | None = None, system: str | None = None
) -> Callable[[int], Drawn]:
    """From a seed to a scenario's plan, or to a demonstration's own, whose chances the seed decides. What is returned
    can be sent to another process."""
    if system is not None:
        return _drawer_of_own(scenario, flaw, policy, system)
    if not scenario.startswith("demo:"):
        return partial(_draw, load(scenario), scenario, flaw, policies.load(policy) if policy else None)
    if policy:
        raise Wrong("--policy", "a demonstration has its own", "leave it out, or name a scenario")
    name = scenario.removeprefix("demo:")
    if name not in PLANS:
        raise Wrong("scenario", f"there is no demonstration {name!r}", near(name, list(PLANS)))
    plans.check_flaw(flaw, "--flaw")
    own = PLANS[name](name)
    return partial(_demonstrate, msgspec.structs.replace(own, flaw=flaw or own.flaw), scenario)


def _drawer_of_own(scenario: str, flaw: str | None, policy: str | None, system: str) -> Callable[[int], Drawn]:
    from harness.systems.load import named  # noqa: PLC0415 - no other run needs it

    refuse_ours(flaw, policy)
    if scenario.startswith("demo:"):
        raise Wrong("scenario", "a demonstration is of a flaw of our store", "name a scenario, or leave out --system")
    return partial(_draw_own, partial(_draw, load(scenario), scenario, None, None), named(system))


def refuse_ours(flaw: str | None, policy: str | None) -> None:
    """Beside a system of the user's."""
    for option, given in (("--flaw", flaw), ("--policy", policy)):
        if given is not None:
            raise Wrong(option, "it is of our store, and --system names another", "leave out one of them")


def _draw_own(plan_of: Callable[[int], Drawn], own: Own, seed: int) -> Drawn:
    return over(plan_of(seed), own)


def _draw(
    loaded: Scenario, name: str, flaw: str | None, policy: Named | None, seed: int
) -> tuple[Plan, dict[str, str]]:
    plan, drawn = draw(loaded, name, seed, flaw)
    if policy is None:
        return plan, drawn
    own = {key: words for key, words in drawn.items() if not replaced_by(policy, key)}
    return under_policy(plan, policy), {**own, "policy": policy.name}


def _demonstrate(own: Plan, name: str, seed: int) -> tuple[Plan, dict[str, str]]:
    plan = msgspec.structs.replace(own, seed=seed)
    plans.check(plan, name)
    return plan, {}
