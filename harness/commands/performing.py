"""Commands that perform seeds: one, many, or none but its plan."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from harness import run as runs
from harness import suite
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
from harness.report import failures, suitepages, terminal
from harness.report import junit as junit_xml
from harness.report.console import console_for, print_json
from harness.report.runpage import written
from harness.watching.beside import beside
from harness.watching.follow import possible
from harness.worker import Keep
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


def suite_(
    scenario: str = "default",
    /,
    *,
    seeds: str = "1..20",
    stage: StageOption = "processes",
    policy: PolicyOption = None,
    system: SystemOption = None,
    flaw: FlawOption = None,
    proxy: ProxyOption = "auto",
    jobs: Whole | None = None,
    fail_fast: Annotated[bool, Parameter(negative=())] = False,
    keep: Literal["auto", Keep] = "auto",
    junit: Path | None = None,
    reports: bool = True,
    json: Json = False,
) -> int:
    """Perform many seeds, several side by side, and end with a table of verdicts.

    Example: `urushi suite --seeds 1..20`

    Parameters
    ----------
    scenario
        A built-in name (`urushi list scenarios`) or a TOML file.
    seeds
        A range such as 1..20, or single seeds such as 3,7,12.
    jobs
        How many runs go side by side; by default as many as this machine has cores.
    fail_fast
        After the first broken promise, end the runs that are under way and start no more.
    keep
        Which runs keep their folders: all, or only those that did not hold; auto is all on processes, and failures in
        simulation, where a seed brings any other back.
    junit
        Write the verdicts to this file too, as JUnit XML.
    reports
        Write the page of each run that did not hold, up to 20 of them: broken promises first.
    """
    console = console_for(json=json)
    kept: Keep = keep if keep != "auto" else "failures" if stage == "simulation" else "all"
    order = suite.Order(scenario, suite.parse_seeds(seeds), drawer(scenario, flaw, policy, system), stage, proxy, kept)
    with console.status("drawing plans"):
        suite.check(order, jobs)
    if junit:
        junit_xml.open_for(junit)
    with terminal.suite_progress(console, len(order.seeds)) as watch:
        result = suite.perform(order, watch, workers=jobs, fail_fast=fail_fast)
    try:
        pages = suitepages.write(console, result) if reports and result.stopped != "Ctrl-C" else {}
        terminal.show_suite(console, result, pages)
        suitepages.show(console, result, pages)
    finally:  # also when Ctrl-C is pressed once more
        if junit:
            junit_xml.write(order, result, junit)
    if result.errors:
        failures.say_if_disk_full(runs.RUNS)
    if json:
        told = {"verdict": result.verdict(), "errors": result.errors, "not_run": result.not_run, "pages": pages}
        print_json({**told, "runs": list(result.reports)})
    if result.stopped == "Ctrl-C":
        raise KeyboardInterrupt
    return result.exit_code()


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
