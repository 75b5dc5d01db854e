"""Commands of one seed: its run, or its plan alone."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness import run as runs
from harness.commands.options import (
    FlawOption,
    Json,
    PolicyOption,
    ProxyOption,
    ReportOption,
    StageOption,
    SystemOption,
    Whole,
    drawer,
)
from harness.report import terminal
from harness.report.console import console_for, print_json
from harness.report.runpage import written
from harness.watching.beside import beside
from harness.watching.follow import possible
from harness.wrong import Wrong


def run(
    scenario: str = "default",
    /,
    *,
    seed: Whole = 1,
    stage: StageOption = "processes",
    policy: PolicyOption = None,
    system: SystemOption = None,
    flaw: FlawOption = None,
    proxy: ProxyOption = "auto",
    watch: Annotated[bool, Parameter(negative=())] = False,
    report: ReportOption = False,
    json: Json = False,
) -> int:
    """Perform one seed of a scenario and judge it.

    Example: `urushi run demo:purges-unconfirmed --stage simulation`

    Parameters
    ----------
    scenario
        A built-in name (`urushi list scenarios`), a TOML file, or `demo:` and a flaw.
    seed
        The one number from which the plan is drawn.
    watch
        Show live how replicas, links, operations and faults go; in plain lines where there is no room or terminal for
        it.
    """
    if watch and stage == "simulation":
        raise Wrong("--watch", "virtual time is over before one could look", "leave it out, or take --stage processes")
    console = console_for(json=json)
    plan, drawn = drawer(scenario, flaw, policy, system)(seed)
    terminal.show_plan(console, plan, stage, drawn)
    if watch and possible(console):
        with beside(console) as begun:
            done = runs.run(plan, stage, proxy=proxy, drawn=drawn, begun=begun)
    else:
        with terminal.progress(console) as say:
            done = runs.run(plan, stage, proxy=proxy, drawn=drawn, say=say)
    terminal.show_run(console, done, page=written.write(Path(done.folder)) if report else None)
    if json:
        print_json(done)
    return done.exit_code()


def plan(
    scenario: str = "default",
    /,
    *,
    seed: Whole = 1,
    policy: PolicyOption = None,
    system: SystemOption = None,
    flaw: FlawOption = None,
    json: Json = False,
) -> int:
    """Print the plan that a seed draws, as JSON, without running it.

    Example: `urushi plan default --seed 7 > plan.json`

    Parameters
    ----------
    scenario
        A built-in name, a TOML file, or `demo:` and a flaw.
    seed
        The one number from which the plan is drawn.
    """
    del json  # a plan is JSON either way
    drawn = drawer(scenario, flaw, policy, system)(seed)[0]
    terminal.show_grace(console_for(json=True), drawn)  # beside the plan, which is all that goes to standard output
    print_json(drawn)
    return 0
