"""The commands of a pipeline: many seeds and all that is reported of them, and the canary that proves the reports."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from harness import canary as canaries
from harness import fresh, known, missed, suite
from harness import run as runs
from harness.commands.limits import Size
from harness.commands.options import (
    FlawOption,
    Json,
    KnownOption,
    PolicyOption,
    ProxyOption,
    StageOption,
    SystemOption,
    Whole,
    drawer,
)
from harness.report import failures, pipeline, suitepages, suites
from harness.report.console import console_for, print_json
from harness.report.pipeline import Wanted
from harness.result import Result, write_seeds
from harness.suite import Order
from harness.worker import Keep
from harness.wrong import Wrong


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
    summary: Path | None = None,
    artefacts: Path | None = None,
    artefacts_max: Size = 200_000_000,
    known_failures: KnownOption = None,
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
        A range such as 1..20, single seeds such as 3,7,12, or commit:HASH:25, which are 25 seeds of a commit's hash.
    jobs
        How many runs go side by side; by default as many as this machine has cores.
    fail_fast
        After the first broken promise, end the runs that are under way and start no more.
    keep
        Which runs keep their folders: all, or only those that did not hold; auto is all on processes, and failures in
        simulation, where a seed brings any other back.
    junit
        Write the verdicts to this file too, as JUnit XML.
    summary
        Write them to this file too, as Markdown; appended if it is the one in GITHUB_STEP_SUMMARY.
    artefacts
        Copy the folders of runs that did not hold into this folder.
    artefacts_max
        So much it may have in all; the smallest are copied first.
    reports
        Write the page of each run that did not hold, up to 20 of them: broken promises first.
    """
    console = console_for(json=json)
    kept: Keep = keep if keep != "auto" else "failures" if stage == "simulation" else "all"
    options = _options(policy=policy, system=system, flaw=flaw, proxy=proxy)
    plan_of = drawer(scenario, flaw, policy, system)
    order = Order(scenario, _seeds(seeds), plan_of, stage, proxy, kept, options=options)
    wanted = Wanted(junit, summary, artefacts, artefacts_max)
    listed = known.load(known_failures, frozenset(order.seeds), scenario, stage)
    order = order._replace(known=partial(known.let_through, listed))
    with console.status("drawing plans"):
        suite.check(order, jobs)
    pipeline.open_for(wanted)
    if "commit:" in seeds:
        _say(console, f"seeds {write_seeds(order.seeds)}")
    with suites.suite_progress(console, len(order.seeds)) as watch:
        result = suite.perform(order, watch, workers=jobs, fail_fast=fail_fast)
    result.fixed, result.untold = missed.missed(listed, result.reports)
    pages = _report(console, order, result, wanted, with_pages=reports)
    if json:
        _print(result, pages)
    if result.stopped == "Ctrl-C":
        raise KeyboardInterrupt
    return result.exit_code()


def _report(console: Console, order: Order, result: Result, wanted: Wanted, *, with_pages: bool) -> dict[str, str]:
    """What a pipeline waits for is written also when Ctrl-C is pressed once more. Returns the addresses of pages."""
    said: list[str] = []
    try:
        pages = suitepages.write(console, result) if with_pages and result.stopped != "Ctrl-C" else {}
        suites.show_suite(console, result, pages)
        suitepages.show(console, result, pages)
    finally:
        said = pipeline.write(wanted, order, result)
    for line in said:
        _say(console, line)
    pipeline.annotate(console, order, result)
    if result.errors:
        failures.say_if_disk_full(runs.RUNS)
    return pages


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _seeds(text: str) -> list[int]:
    return suite.parse_seeds(fresh.plain(text))


def _options(*, proxy: str, **given: str | None) -> tuple[str, ...]:
    """Those that another run of the same seed needs, as words."""
    asked = {**given, "proxy": None if proxy == "auto" else proxy}
    return tuple(word for name, value in asked.items() if value for word in (f"--{name}", value))


def _print(result: Result, pages: dict[str, str]) -> None:
    told = {
        "verdict": result.verdict(),
        "errors": result.errors,
        "not_run": result.not_run,
        "known": result.known,
        "fixed": result.fixed,
        "pages": pages,
    }
    print_json({**told, "runs": list(result.reports)})


def canary(
    scenario: str = canaries.DEMONSTRATION,
    /,
    *,
    seeds: str = "1",
    stage: StageOption = "processes",
    policy: PolicyOption = None,
    flaw: FlawOption = None,
    proxy: ProxyOption = "auto",
    jobs: Whole | None = None,
    artefacts_max: Size = 200_000_000,
    known_failures: KnownOption = None,
) -> int:
    """Perform a flawed store as a suite does, and fail if the pipeline would have stayed green.

    Give it the options of your suite: known failures that let everything through, or artefacts that never fit, are
    found here. Its own reports are read and thrown away.

    Example: `urushi canary --stage simulation`

    Exit codes: 0 the flaw was found and every report says so, 4 it was not or one does not.

    Parameters
    ----------
    scenario
        A demonstration of a flaw; or a name or file as for `urushi suite`, with --flaw.
    seeds
        As for `urushi suite`: the flaw must be found in at least one of them.
    jobs
        How many runs go side by side; by default as many as this machine has cores.
    artefacts_max
        As for `urushi suite`.
    """
    if flaw is None and not scenario.startswith("demo:"):
        raise Wrong("--flaw", f"a sound store has nothing to find in {scenario!r}", "name one, as --flaw stops-rounds")
    console = console_for(json=False)
    options = _options(policy=policy, flaw=flaw, proxy=proxy)
    plan_of = drawer(scenario, flaw, policy)
    order = Order(scenario, _seeds(seeds), plan_of, stage, proxy, "failures", options=options)
    listed = known.load(known_failures, frozenset(order.seeds), scenario, stage)
    order = order._replace(known=partial(known.let_through, listed))
    suite.check(order, jobs)
    return canaries.perform(console, order, workers=jobs, artefacts_max=artefacts_max)
