"""A study as a person follows it, and what it found."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn
from rich.progress import Progress as Live
from rich.table import Table

from harness.studies.study import Figure, Finding, Part, Seen, Watch

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
    if finding.seen is not None:
        _show_seen(console, finding.seen)
    else:
        _show_figures(console, finding)
    verdict = finding.verdict()
    console.print(f"[{_COLOURS[verdict]}]{verdict.upper()}[/]   {finding.study}", highlight=False)


def _show_seen(console: Console, seen: Seen) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("case")
    titles = list(dict.fromkeys(title for row in seen.rows for title in row.figures))
    for title in titles:
        table.add_column(title, justify="right")
    for row in seen.rows:
        table.add_row(row.name, *(_words(row.figures.get(title)) for title in titles))
    console.print(table)
    console.print(f"{escape(seen.why)}.", highlight=False)


def _words(figure: float | Part | None) -> str:
    if figure is None:
        return ""
    return str(figure) if isinstance(figure, Part) else f"{figure:,}"


def _show_figures(console: Console, finding: Finding) -> None:
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


def _cells(figure: Figure) -> tuple[str, ...]:
    measured = f"{figure.measured:,.4g} {figure.unit}".strip()
    error = f"{figure.error:.2g}" if figure.error else ""
    if figure.expected is None:
        return figure.name, measured, error, "", "", ""
    mark = "[green]holds[/]" if figure.holds() else "[bold red]off[/]"
    return figure.name, measured, error, f"{figure.expected:,.4g}", f"{figure.allowed or 0:.2g}", mark
