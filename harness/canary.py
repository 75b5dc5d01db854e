"""A flawed store, performed and reported as a suite is: a pipeline in which it stays green would hide real failures."""

import shutil
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.markup import escape

from harness import suite
from harness.report import annotations, failures, pipeline, suitepages, suites
from harness.report.pipeline import Wanted
from harness.result import Result
from harness.run import Report
from harness.scratch import scratch
from harness.suite import Order

DEMONSTRATION = "demo:purges-unconfirmed"


def perform(console: Console, order: Order, *, workers: int | None, artefacts_max: int) -> int:
    """Its runs are removed if all is well; else they stay, to be looked at."""
    with suites.suite_progress(console, len(order.seeds)) as watch:
        result = suite.perform(order, watch, workers=workers)
    if result.stopped:
        raise KeyboardInterrupt
    news = [report for report in result.reports if report.verdict == "violated" and report.seed not in result.known]
    wrong = list(_unreported(console, order, result, news[0], artefacts_max) if news else _unfound(result))
    for line in wrong:
        failures.say(f"[bold red]canary:[/] {escape(line)}")
    if wrong:
        failures.say("a real failure would not have been seen in this pipeline: exit code 4")
        return 4
    for report in result.reports:
        if report.folder:
            shutil.rmtree(report.folder)
    broken = news[0].reasons[0].partition(":")[0]
    console.print(f"canary: seed {news[0].seed} broke {broken}, and all that is reported says so", highlight=False)
    return 0


def _unfound(result: Result) -> Iterator[str]:
    if result.known:
        yield f"the flaw was let through, so that the suite would have ended with exit code {result.exit_code()}"
        yield from result.let_through()
    else:
        yield f"the flaw was found in none of {len(result.took_s):,} seeds"
    yield from [*result.failed(), *result.inconclusive()]


def _unreported(console: Console, order: Order, result: Result, broken: Report, artefacts_max: int) -> Iterator[str]:
    """From what is read back, each that a pipeline may go by alone."""
    if result.exit_code() != 1:
        yield f"the suite would have ended with exit code {result.exit_code()}"
    if not any(line.startswith("::error ") for line in annotations.lines(order, result)):
        yield "no annotation is an error"
    with scratch("canary") as folder:
        wanted = Wanted(folder / "junit.xml", folder / "summary.md", folder / "artefacts", artefacts_max)
        suitepages.write(console, result)
        pipeline.open_for(wanted)
        said = pipeline.write(wanted, order, result)
        cases = ET.parse(folder / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own file
        if f"seed {broken.seed}" not in [case.get("name") for case in cases if case.find("failure") is not None]:
            yield f"the JUnit file has no failure of seed {broken.seed}"
        if order.again(broken.seed) not in (folder / "summary.md").read_text(encoding="utf-8"):
            yield f"the summary does not say how to perform seed {broken.seed} again"
        copies = list((folder / "artefacts").glob("*/verdict.json"))
        if not copies or not all((copy.parent / "report.html").is_file() for copy in copies):
            yield f"no run with its page is among the artefacts: {'; '.join(said) or 'nothing was copied'}"
