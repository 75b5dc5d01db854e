"""A study as a person follows it, and what it found."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn
from rich.progress import Progress as Live
from rich.table import Table

from harness.studies.study import Figure, Finding, Watch

_COLOURS = {"confirmed": "bold green", "not confirmed": "bold red", "measured": "bold"}


@contextmanager
def study_progress(console: Console) -> Iterator[Watch]:
    """On a terminal one live line, elsewhere nothing."""
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    with Live(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True) as live:
        task = live.add_task("", total=None)
        yield lambda done, total: live.update(task, completed=done, total=total)


def show_finding(console: Console, finding: Finding) -> None:
    console.print(f"[bold]{finding.study}[/]: {escape(finding.claim)}", highlight=False)
    console.print(f"method: {escape(finding.method)}", highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    for title in ("measured", "± (95 %)", "expected", "± allowed"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    for figure in finding.figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for figure in finding.figures:
        if figure.note:
            console.print(f"{figure.name}: {escape(figure.note)}", highlight=False)
    verdict = finding.verdict()
    console.print(f"[{_COLOURS[verdict]}]{verdict.upper()}[/]   {finding.study}", highlight=False)


def _cells(figure: Figure) -> tuple[str, ...]:
    measured = f"{figure.measured:,.4g} {figure.unit}".strip()
    error = f"{figure.error:.2g}" if figure.error else ""
    if figure.expected is None:
        return figure.name, measured, error, "", "", ""
    mark = "[green]holds[/]" if figure.holds() else "[bold red]off[/]"
    return figure.name, measured, error, f"{figure.expected:,.4g}", f"{figure.allowed or 0:.2g}", mark
