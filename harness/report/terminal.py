"""Runs as a person reads them in a terminal; plain lines where there is none."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import UNSET
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.plan import Plan
from harness.promises import MATRIX, reason_against
from harness.report import measures
from harness.report.lines import fold
from harness.report.lists import quantity
from harness.requirements_grace import grace_in_words
from harness.run import Report, Say

_NUMBER = re.compile(r"_\d+")  # of one range among many

COLOURS = {
    "holds": "green",
    "violated": "bold red",
    "unknown": "yellow",
    "failed": "bold red",
    "known": "yellow",
    "not promised": "dim",
}


def show_plan(console: Console, plan: Plan, stage: str, drawn: dict[str, str]) -> None:
    """Before the run starts: all that the seed decided, and what the configuration promises."""
    console.print(f"seed {plan.seed}   scenario {plan.scenario}   stage {stage}", markup=False, highlight=False)
    if drawn:
        words = [f"{name} {value}" for name, value in drawn.items()]
        console.print(f"drawn: {', '.join(words)}", markup=False, highlight=False, style="dim")
    if plan.system is not UNSET:
        told = ", ".join(plan.system.promises) or "nothing"
        console.print(f"system {plan.system.file}   claimed: {told}", markup=False, highlight=False)
        return
    show_grace(console, plan)
    for cell in MATRIX:
        why = reason_against(cell, plan)
        said = f"[yellow]not promised[/]: {cell.property} ({escape(why)})" if why else f"promised: {cell.property}"
        console.print(said, highlight=False)


def show_grace(console: Console, plan: Plan) -> None:
    words = grace_in_words(plan)
    if words:
        console.print(words, markup=False, highlight=False)


@contextmanager
def progress(console: Console) -> Iterator[Say]:
    """On a terminal the latest line, live; elsewhere each line plainly."""
    if not console.is_terminal:
        yield lambda line: console.print(line, markup=False, highlight=False)
        return
    with console.status("starting") as status:
        yield lambda line: status.update(escape(line.strip()))


def show_run(console: Console, report: Report, page: str | None = None) -> None:
    """`page` is the address of its page, if it has one."""
    for number, story in enumerate(report.stories):
        shown = story if number == 0 else "\n".join(story.splitlines()[:2])
        tell_story(console, shown, page if number == 0 else None)
    if report.stories and report.folder:
        console.print(f"more of it: urushi explain {report.id}\n", markup=False, highlight=False)
    if report.faults:
        console.print(_faults(report))
    console.print(_promises(report))
    counts = report.operations
    words = f"{counts['ok']} ok, {counts['failed']} failed, {counts['unknown']} unknown"
    settled = f"; mended in {report.settled_s:.1f} s" if report.settled_s is not None else ""
    settled += f"; stayed down: {' '.join(report.down)}" if report.down else ""
    through = f"; links: {report.proxy}" if report.proxy else ""
    console.print(f"operations: {words}{settled}{through}", markup=False, highlight=False)
    if report.latency_ms:
        told = ", ".join(f"{name} {value:.1f} ms" for name, value in report.latency_ms.items())
        console.print(f"latency from the planned time: {told}", markup=False, highlight=False)
    for line in measures.lines(report.staleness, report.divergence):
        console.print(fold(line, console.width), markup=False, highlight=False, soft_wrap=True)
    if report.metrics:
        console.print(f"replicas: {_counted(report)}", markup=False, highlight=False)
    for reason in report.reasons if report.verdict == "unknown" else []:
        console.print(f"unknown because: {reason}", markup=False, highlight=False)
    console.print(f"digest {report.digest[:16]}   folder {report.folder}", markup=False, highlight=False)
    if page and not report.stories:
        console.print(f"report {page}", markup=False, highlight=False, soft_wrap=True)
    verdict = f"[{COLOURS[report.verdict]}]{report.verdict.upper()}[/]"
    console.print(f"{verdict}   run {escape(report.id)}", highlight=False)


def tell_story(console: Console, story: str, page: str | None) -> None:
    also = f"\n  Report:     {page}" if page else ""  # whole, so that it can be clicked on
    console.print(f"{fold(story, console.width)}{also}\n", markup=False, highlight=False, soft_wrap=True)


def _counted(report: Report) -> str:
    """Over all nodes: the sums of what was counted, and of times, which do not add up, the least and the most."""
    values: dict[str, list[int]] = {}
    for counted in report.metrics.values():
        for name, value in counted.items():
            values.setdefault(_NUMBER.sub("", name), []).append(value)
    told: list[str] = []
    for name, each in values.items():
        if name.endswith("_ms"):
            told.append(f"{name[:-3].replace('_', ' ')} {min(each) / 1e3:.1f}..{max(each) / 1e3:.1f} s")
        elif sum(each):
            told.append(f"{name.replace('_', ' ')} {sum(each):,}")
    return ", ".join(told) or "nothing was counted"


def _faults(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for title in ("fault", "kind", "targets", "from", "to", "applied", "bit", "parameters"):
        table.add_column(title, justify="right" if title in ("from", "to", "bit") else "left", overflow="fold")
    for fault in report.faults:
        applied = "yes" if fault.applied else f"[red]no[/]: {escape(fault.evidence)}"
        span = f"{fault.start_s:.2f} s", f"{fault.end_s:.2f} s"
        parameters = ", ".join(quantity(name, value) for name, value in fault.parameters.items())
        targets = " ".join(fault.targets)
        table.add_row(escape(fault.id), fault.kind, targets, *span, applied, str(fault.bit), parameters)
    return table


def _promises(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("promise", "verdict", "checked", "remarks"):
        table.add_column(title, overflow="fold")
    for name, promise in report.promises.items():
        remark = promise.why if promise.verdict != "violated" else f"violations: {promise.violations}, see above"
        if promise.verdict == "not promised":
            remark = f"{promise.why}; measured: {promise.measured}"
        verdict = f"[{COLOURS[promise.verdict]}]{promise.verdict}[/]"
        table.add_row(name, verdict, str(promise.checked), escape(remark))
    return table
