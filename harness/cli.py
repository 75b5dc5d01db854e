"""The command `urushi`."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, CycloptsError, Parameter, Token
from rich.markup import escape

from checkers import files
from checkers.history import OddHistory
from harness import plan as plans
from harness import reproduce, suite
from harness import run as runs
from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.report import failures, lists, terminal
from harness.report import junit as junit_xml
from harness.report.console import console_for, print_json
from harness.scenario import draw, load
from harness.wrong import Wrong, near

app = App(
    name="urushi",
    version=lambda: metadata.version("urushi"),
    help="Breaks replicas on purpose and proves that they mend.\n\n"
    "Example: `urushi run default --seed 7 --stage simulation`",
    help_format="markdown",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


def _whole(_shape: Any, tokens: Sequence[Token]) -> int:
    """Cyclopts would take 1.5 for 2, and run another seed than was asked for."""
    text = tokens[0].value
    if not re.fullmatch("-?[0-9]{1,40}", text):
        raise Wrong(tokens[0].keyword or "", f"{text!r} is no whole number", "write one such as 7")
    return int(text)


Whole = Annotated[int, Parameter(converter=_whole)]
Json = Annotated[bool, Parameter(help="Print one JSON document on standard output, and the rest on standard error.")]
StageOption = Annotated[runs.Stage, Parameter(help="Real processes behind a real proxy, or virtual time.")]
ProxyOption = Annotated[runs.Prefer, Parameter(help="Which server stands behind the links.")]
FlawOption = Annotated[str | None, Parameter(help="A flawed replica; `urushi list flaws` has them.")]


def _drawer(scenario: str, flaw: str | None) -> Callable[[int], tuple[Plan, dict[str, str]]]:
    """From a seed to a scenario's plan, or to a demonstration's own, whose chances the seed decides."""
    if not scenario.startswith("demo:"):
        loaded = load(scenario)
        return lambda seed: draw(loaded, scenario, seed, flaw)
    name = scenario.removeprefix("demo:")
    if name not in PLANS:
        raise Wrong("scenario", f"there is no demonstration {name!r}", near(name, list(PLANS)))
    plans.check_flaw(flaw, "--flaw")
    own = PLANS[name](name)

    def of_seed(seed: int) -> tuple[Plan, dict[str, str]]:
        plan = msgspec.structs.replace(own, seed=seed, flaw=flaw or own.flaw)
        plans.check(plan, scenario)
        return plan, {}

    return of_seed


@app.command
def run(
    scenario: str = "default",
    /,
    *,
    seed: Whole = 1,
    stage: StageOption = "processes",
    flaw: FlawOption = None,
    proxy: ProxyOption = "auto",
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
    """
    console = console_for(json=json)
    plan, drawn = _drawer(scenario, flaw)(seed)
    terminal.show_plan(console, plan, stage, drawn)
    with terminal.progress(console) as say:
        report = runs.run(plan, stage, proxy=proxy, drawn=drawn, say=say)
    terminal.show_run(console, report)
    if json:
        print_json(report)
    return report.exit_code()


@app.command(name="suite")
def suite_(
    scenario: str = "default",
    /,
    *,
    seeds: str = "1..20",
    stage: StageOption = "processes",
    flaw: FlawOption = None,
    proxy: ProxyOption = "auto",
    jobs: Whole | None = None,
    fail_fast: Annotated[bool, Parameter(negative=())] = False,
    keep: suite.Keep = "all",
    junit: Path | None = None,
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
        Which runs keep their folders: all, or only those that did not hold.
    junit
        Write the verdicts to this file too, as JUnit XML.
    """
    console = console_for(json=json)
    order = suite.Order(scenario, suite.parse_seeds(seeds), _drawer(scenario, flaw), stage, proxy, keep)
    with console.status("drawing plans"):
        suite.check(order, jobs)
    if junit:
        junit_xml.open_for(junit)
    with terminal.suite_progress(console, len(order.seeds)) as watch:
        result = suite.perform(order, watch, workers=jobs, fail_fast=fail_fast)
    try:
        terminal.show_suite(console, result)
    finally:  # also when Ctrl-C is pressed once more
        if junit:
            junit_xml.write(order, result, junit)
    if result.errors:
        failures.say_if_disk_full(runs.RUNS)
    if json:
        told = {"verdict": result.verdict(), "errors": result.errors, "not_run": result.not_run}
        print_json({**told, "runs": result.reports})
    if result.stopped == "Ctrl-C":
        raise KeyboardInterrupt
    return result.exit_code()


@app.command
def replay(
    what: str, /, *, times: Whole = 1, stage: runs.Stage | None = None, proxy: ProxyOption = "auto", json: Json = False
) -> int:
    """Perform the plan of a run (or of a plan file) again.

    In simulation a replay is identical or it shows the first event that differs; on processes it says how many
    of the replays broke the same promise.

    Example: `urushi replay 7f3a91c2 --times 10`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or a plan's file.
    times
        How many times.
    stage
        By default the stage of the run; for a plan file, processes.
    """
    console = console_for(json=json)
    if times < 1:
        raise Wrong("--times", f"{times} replays are none", "write 1 or more")
    result = reproduce.replay(what, times, stage, proxy)
    for report in result.reports:
        terminal.show_run(console, report)
    console.print(result.words(), highlight=False, markup=False)
    if json:
        print_json(result)
    return result.exit_code()


@app.command
def check(what: str, /, *, json: Json = False) -> int:
    """Judge the recorded history of a run once more.

    Example: `urushi check 7f3a91c2`

    Parameters
    ----------
    what
        A run's id, the start of one, or its folder.
    """
    console = console_for(json=json)
    folder = runs.find_run(what)
    plan = plans.read(folder / "plan.json")
    try:
        history = files.read(folder / "history.jsonl")
    except FileNotFoundError:
        remedy = f"`urushi replay {folder}/plan.json` performs its plan again"
        raise Wrong(str(folder), "the run has no history: it did not end", remedy) from None
    before = reproduce.stored(folder)
    proxy, drawn = (before.proxy, before.drawn) if before else (None, {})
    report = runs.assess(plan, history, folder, proxy=proxy, drawn=drawn)
    terminal.show_run(console, report)
    if json:
        print_json(report)
    return report.exit_code()


@app.command
def plan(scenario: str = "default", /, *, seed: Whole = 1, flaw: FlawOption = None, json: Json = False) -> int:
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
    print_json(_drawer(scenario, flaw)(seed)[0])
    return 0


@app.command(name="list")
def list_(
    what: Literal["all", "scenarios", "faults", "workloads", "checkers", "policies", "flaws", "promises"] = "all",
    /,
    *,
    json: Json = False,
) -> int:
    """Show what there is: scenarios, faults, workloads, checkers, policies, flaws, promises.

    Example: `urushi list promises`

    Parameters
    ----------
    what
        One of these lists, or all.
    """
    chosen = {name: rows() for name, rows in lists.LISTS.items() if what in ("all", name)}
    if json:
        print_json(chosen)
        return 0
    console = console_for(json=False)
    lists.show(console, chosen)
    return 0


@app.command
def doctor(*, json: Json = False) -> int:
    """Say which levers this machine has, and what would provide the missing ones.

    Example: `urushi doctor`
    """
    from harness.doctor import examine  # noqa: PLC0415 - only here are the parts of the process stage needed

    findings = examine()
    if json:
        print_json([finding._asdict() for finding in findings])
        return 0
    console = console_for(json=False)
    for finding in findings:
        mark = "[green]yes[/]" if finding.ok else "[yellow]no [/]"
        console.print(f"{mark}  {finding.what}: {escape(finding.said)}", highlight=False)
    return 0


def main() -> None:
    """Exit codes: 0 holds, 1 a promise was broken, 2 wrong usage, 3 inconclusive, 4 the harness itself failed."""
    try:
        code = app(sys.argv[1:], exit_on_error=False, print_error=True)
    except CycloptsError:
        code = 2
    except (Wrong, files.BrokenHistory, OddHistory) as problem:
        failures.say(f"[bold red]wrong:[/] {escape(str(problem))}")
        code = 2
    except KeyboardInterrupt:
        failures.say("stopped by Ctrl-C; what was started has been ended")
        code = 130
    except Exception as problem:  # noqa: BLE001 - the last line of defence: an error of ours is exit code 4, not 1
        failures.tell(problem, runs.RUNS)
        code = 4
    sys.stdout.flush()
    os._exit(code) if code == 130 else sys.exit(code)


if __name__ == "__main__":
    main()
