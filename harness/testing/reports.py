"""What pytest tells of a test: the verdict as its outcome, the story in place of a traceback, and the line that has it
happen again."""

import os
import shlex
import sys
from collections.abc import Generator, Mapping
from typing import Any

import pytest

from harness.testing import marks
from harness.testing.fixtures import CLUSTER, FAILED, RUN
from harness.testing.options import LAST, SETTINGS, cache_of

_JUDGED = pytest.StashKey[bool]()
_STRATEGIES = "harness.testing.strategies"  # it imports Hypothesis: it is for the test to do so
_INCONCLUSIVE = "urushi_inconclusive"  # a mark on reports, which pytest-xdist brings to the controller


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Judged here and not in the fixture: a broken promise is a failure, and no error in the setup of a test."""
    run = item.stash.get(RUN, None)
    if run is not None and marks.asked(item).judge:
        from harness.testing import outcomes  # noqa: PLC0415 - not in sessions without a test of ours

        item.stash[_JUDGED] = run.verdict != "holds"
        outcomes.judge(run, item.config.stash[SETTINGS], again(item.config, item.nodeid))


def again(config: pytest.Config, nodeid: str) -> str:
    path, _, test = nodeid.partition("::")
    here = os.path.relpath(config.rootpath / path, config.invocation_params.dir)
    return f"pytest {shlex.quote(f'{here}::{test}')} {config.stash[SETTINGS].words()}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        _tell_plan(item, report)
    if report.failed and "urushi_seed" in getattr(item, "fixturenames", ()):
        item.stash[FAILED] = True
        _tell(item, report)
    return report


def _tell(item: pytest.Item, report: pytest.TestReport) -> None:
    line, run, judged = again(item.config, item.nodeid), item.stash.get(RUN, None), item.stash.get(_JUDGED, False)
    if ("urushi_reproduce", line) not in item.user_properties:
        item.user_properties.append(("urushi_reproduce", line))
        report.user_properties = list(item.user_properties)
    if report.when == "call" and judged and run is not None and run.verdict == "unknown":
        _make_inconclusive(item, report)
    cluster = item.stash.get(CLUSTER, None)
    if cluster is not None and cluster.steps:
        report.sections.append(("urushi: what the test did", "\n".join(cluster.steps)))
    if run is None:
        report.sections.append(("urushi", f"  Reproduce:  {line}"))
    elif not judged:
        from harness.testing import outcomes  # noqa: PLC0415 - see above

        report.sections.append(("urushi", outcomes.told(run, item.config.stash[SETTINGS], line)))


def pytest_runtest_setup() -> None:
    """A plan of the test before is not this one's."""
    strategies = sys.modules.get(_STRATEGIES)
    if strategies is not None:
        strategies.drawn.clear()


def _tell_plan(item: pytest.Item, report: pytest.TestReport) -> None:
    """Hypothesis ends with the smallest example that fails: its plan is the one that was drawn last."""
    strategies = sys.modules.get(_STRATEGIES)
    if strategies is not None and strategies.drawn:
        from harness.testing import outcomes  # noqa: PLC0415 - see above

        [plan] = strategies.drawn
        path = outcomes.keep_plan(plan, item.config.stash[SETTINGS].out)
        report.sections.append(("urushi: the plan", f"  Reproduce:  urushi replay {path} --stage simulation"))


def _make_inconclusive(item: pytest.Item, report: pytest.TestReport) -> None:
    setattr(report, _INCONCLUSIVE, True)
    if item.config.stash[SETTINGS].inconclusive == "skip":
        path, number, _ = item.location
        report.longrepr = (path, (number or 0) + 1, str(report.longrepr))
        report.outcome = "skipped"


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport | pytest.CollectReport,
) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
    if getattr(report, _INCONCLUSIVE, False):
        return "inconclusive", "I", ("INCONCLUSIVE", {"yellow": True})
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    """A worker of pytest-xdist was killed: what it would have told is told for it."""
    if "seed=" in crashitem:
        report.sections.append(("urushi", f"  Reproduce:  {again(sched.config, crashitem)}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """pytest itself shows failures alone, and counts the rest."""
    unknown = terminalreporter.stats.get("inconclusive", [])
    if unknown:
        terminalreporter.section("INCONCLUSIVE", yellow=True)
    for report in unknown:
        terminalreporter.section(report.head_line or report.nodeid, "_", yellow=True)
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line(told)
    failed = [*terminalreporter.stats.get("failed", []), *terminalreporter.stats.get("error", []), *unknown]
    cache = cache_of(config)
    if cache and any(hasattr(each, "nodeid") and "seed=" in each.nodeid for each in failed):
        cache.set(LAST, config.stash[SETTINGS].seed)
