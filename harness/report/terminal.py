"""Runs, suites and lists as a person reads them in a terminal; plain lines where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.plan import Plan
from harness.promises import MATRIX, reason_against
from harness.run import Report, Say

COLOURS = {"holds": "green", "violated": "bold red", "unknown": "yellow", "not promised": "dim"}


def show_plan(console: Console, plan: Plan, stage: str, drawn: dict[str, str]) -> None:
    """Before the run starts: all that the seed decided, and what the configuration promises."""
    console.print(f"seed {plan.seed}   scenario {plan.scenario}   stage {stage}", markup=False, highlight=False)
    if drawn:
        words = [f"{name} {value}" for name, value in drawn.items()]
        console.print(f"drawn: {', '.join(words)}", markup=False, highlight=False, style="dim")
    for cell in MATRIX:
        why = reason_against(cell, plan)
        said = f"[yellow]not promised[/]: {cell.property} ({escape(why)})" if why else f"promised: {cell.property}"
        console.print(said, highlight=False)


@contextmanager
def progress(console: Console) -> Iterator[Say]:
    """On a terminal the latest line, live; elsewhere each line plainly."""
    if not console.is_terminal:
        yield lambda line: console.print(line, markup=False, highlight=False)
        return
    with console.status("starting") as status:
        yield lambda line: status.update(escape(line.strip()))


def show_run(console: Console, report: Report) -> None:
    for number, story in enumerate(report.stories):
        shown = story if number == 0 else "\n".join(story.splitlines()[:2])
        console.print(shown, markup=False, highlight=False, soft_wrap=True)
        console.print()
    if report.faults:
        console.print(_faults(report))
    console.print(_promises(report))
    counts = report.operations
    words = f"{counts['ok']} ok, {counts['failed']} failed, {counts['unknown']} unknown"
    settled = f"; mended in {report.settled_s:.1f} s" if report.settled_s is not None else ""
    through = f"; links: {report.proxy}" if report.proxy else ""
    console.print(f"operations: {words}{settled}{through}", markup=False, highlight=False)
    for reason in report.reasons if report.verdict == "unknown" else []:
        console.print(f"unknown because: {reason}", markup=False, highlight=False)
    console.print(f"digest {report.digest[:16]}   folder {report.folder}", markup=False, highlight=False)
    verdict = f"[{COLOURS[report.verdict]}]{report.verdict.upper()}[/]"
    console.print(f"{verdict}   run {escape(report.id)}", highlight=False)


def _faults(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for title in ("fault", "kind", "targets", "from", "to", "applied", "bit"):
        table.add_column(title, justify="right" if title in ("from", "to", "bit") else "left")
    for fault in report.faults:
        applied = "yes" if fault.applied else f"[red]no[/]: {escape(fault.evidence)}"
        span = f"{fault.start_s:.2f} s", f"{fault.end_s:.2f} s"
        table.add_row(escape(fault.id), fault.kind, " ".join(fault.targets), *span, applied, str(fault.bit))
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


def verdict_table(reports: list[Report]) -> Table:
    """One row a seed."""
    table = Table(box=None, pad_edge=False)
    for title in ("seed", "verdict", "run", "faults (bit)", "ok/failed/unknown", "mended", "broken or not promised"):
        table.add_column(title, overflow="fold")
    for report in reports:
        faults = " ".join(f"{fault.kind}({fault.bit})" for fault in report.faults) or "none"
        counts = "/".join(str(report.operations[name]) for name in ("ok", "failed", "unknown"))
        mended = f"{report.settled_s:.1f} s" if report.settled_s is not None else "no"
        verdict = f"[{COLOURS[report.verdict]}]{report.verdict}[/]"
        table.add_row(str(report.seed), verdict, report.id, faults, counts, mended, _exceptions(report))
    return table


def _exceptions(report: Report) -> str:
    told = [f"{name} {promise.verdict}" for name, promise in report.promises.items() if promise.verdict != "holds"]
    return ", ".join(told) or "all promised, all hold"
