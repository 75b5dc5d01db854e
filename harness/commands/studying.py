"""The command that puts a claim to the test."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.commands.options import Json, Whole
from harness.report import studies as reporting
from harness.report.console import console_for, print_json
from harness.studies.study import Finding, Order, Seen, Study
from harness.studies.table import STUDIES
from harness.wrong import Wrong, near


def study(
    name: str,
    /,
    *,
    trials: Whole | None = None,
    delays: Path | None = None,
    given: Annotated[Sequence[str], Parameter(name="--with")] = (),
    json: Json = False,
) -> int:
    """Put a claim to the test, and say whether it is confirmed, with figures.

    Each figure comes with its sampling error (95 %), and with what is expected of it, if anything is.

    Example: `urushi study pbs`

    Exit codes: 0 confirmed (or nothing was expected), 1 not confirmed.

    Parameters
    ----------
    name
        Which; `urushi list studies` has them.
    trials
        How many, where a study has trials: fewer are sooner done, and say less.
    delays
        A TOML file with mixtures of delays by kind of message, in place of the published ones, for which nothing is
        expected: `all = "90% pareto(0.2ms, 10) + 10% exponential(1.5/ms)"`, and the same for store, stored, fetch and
        fetched.
    given
        A parameter of the study, as in `--with data=4TB`; once for each.
    """
    if name not in STUDIES:
        raise Wrong("study", f"there is no {name!r}", near(name, list(STUDIES)))
    chosen = STUDIES[name]
    for option, value in (("trials", trials), ("delays", delays)):
        if value is not None and option not in chosen.options:
            raise Wrong(f"--{option}", f"the study {name} has none", "leave it out")
    parameters = _parameters(chosen, given)
    console = console_for(json=json)
    with reporting.study_progress(console) as watch:
        found = chosen.perform(Order(trials, delays, parameters, watch))
    figures, seen = ([], found) if isinstance(found, Seen) else (found, None)
    finding = Finding(name, chosen.claim, chosen.method, figures, seen)
    reporting.show_finding(console, finding)
    if json:
        print_json({"verdict": finding.verdict(), "finding": finding})
    return int(finding.verdict() == "not confirmed")


def _parameters(chosen: Study, given: Sequence[str]) -> dict[str, str]:
    parameters = dict(chosen.parameters)
    for text in given:
        name, _, value = text.partition("=")
        if name not in parameters:
            allowed = near(name, list(parameters)) if parameters else f"{chosen.name} has none"
            raise Wrong("--with", f"{name!r} is no parameter of {chosen.name}", allowed)
        if not value:
            raise Wrong("--with", f"{text!r} gives nothing", f"write {name}={parameters[name]}")
        parameters[name] = value
    return parameters
