"""A comparison in a terminal and as CSV. Rows are figures, columns are policies."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from harness.compare.perform import Compared, Order, Watch
from harness.compare.result import Comparison, Difference, Figure, Value
from harness.compare.words import number
from harness.report.lines import brief, fold, safe
from harness.suite import shortened, write_seeds
from harness.wrong import Wrong

COLUMN = 17  # a value, its difference and its mark
NAME_MAX = 30
TOLD_EVERY = 20  # seeds, where there is no terminal
LEGEND = (
    "After each value: its difference from the baseline, ✓ better, ✗ worse; = no difference shown; ? one of the two has"
    " no value."
)
COLUMNS = ("figure", "group", "unit", "better", "policy", "value", "low", "high", "word",
           "difference", "difference_low", "difference_high", "shown")  # fmt: skip


def open_for(path: Path) -> None:
    """Before anything runs: a path that cannot be written is refused."""
    try:
        path.write_bytes(b"")
    except OSError as problem:
        remedy = f"make the folder {path.parent} first" if not path.parent.exists() else "choose another path"
        raise Wrong(str(path), f"cannot be written: {problem.strerror}", remedy) from None


@contextmanager
def progress(console: Console, order: Order) -> Iterator[Watch]:
    """On a terminal one live line, and above it what failed; elsewhere a line now and then."""
    total, many = len(order.seeds), len(order.policies)
    what = f"{total:,} seeds under {many} policies"
    if not console.is_terminal:
        count = 0

        def tell(done: Compared, left_s: float) -> None:
            nonlocal count
            count += 1
            _tell_error(console, done)
            if count % TOLD_EVERY == 0 and count < total:
                console.print(f"{count:,} of {what}, about {left_s:.0f} s left", highlight=False)

        yield tell
        return
    left = TextColumn("{task.fields[left]}")
    with Progress(TextColumn(what), BarColumn(), MofNCompleteColumn(), left, console=console, transient=True) as live:
        task = live.add_task("", total=total, left="")

        def watch(done: Compared, left_s: float) -> None:
            _tell_error(live.console, done)
            live.update(task, advance=1, left=f"about {left_s:.0f} s left")

        yield watch


def _tell_error(console: Console, done: Compared) -> None:
    if isinstance(done.of, str):
        console.print(f"seed {done.seed}: [red]failed[/]: {escape(done.of)}", highlight=False, soft_wrap=True)


def show(console: Console, comparison: Comparison) -> None:
    """As many policies side by side as the terminal is wide, the baseline first; then what follows from it."""
    others = [subject.name for subject in comparison.policies if subject.name != comparison.baseline]
    names = max(cell_len(_title(figure)) for figure in comparison.figures)
    side_by_side = max(1, (console.width - names - COLUMN) // (COLUMN + 1))
    for start in range(0, len(others), side_by_side):
        console.print(_table(comparison, others[start : start + side_by_side]))
        console.print()
    for line in (LEGEND, *_after(comparison)):
        console.print(fold(line, console.width), markup=False, highlight=False, soft_wrap=True)


def _table(comparison: Comparison, policies: list[str]) -> Table:
    values = {(value.figure, value.policy): value for value in comparison.values}
    differences = {(each.figure, each.policy): each for each in comparison.differences}
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("figure", no_wrap=True)
    for name in (comparison.baseline, *policies):
        table.add_column(escape(brief(safe(name), NAME_MAX)), justify="right", min_width=9, overflow="fold")
    for group, figures in groupby(comparison.figures, key=lambda figure: figure.group):
        table.add_row(f"[bold]{escape(group)}[/]")
        for figure in figures:
            cells = [_cell(figure, values[figure.name, name], differences.get((figure.name, name)))
                     for name in (comparison.baseline, *policies)]  # fmt: skip
            table.add_row(f" {escape(_title(figure))}", *cells)
    return table


def _title(figure: Figure) -> str:
    return figure.name if figure.unit in ("count", *figure.name.split(", ")) else f"{figure.name}, {figure.unit}"


def _cell(figure: Figure, value: Value, difference: Difference | None) -> str:
    if value.value is None and not value.word:
        return "[dim]-[/]"
    told = value.word or number(value.value or 0.0)
    if difference is None:
        return told
    if difference.difference is None:
        return f"{told} [dim]?[/]"
    if not difference.shown:
        return f"{told} [dim]=[/]"
    better = (difference.difference < 0) == (figure.better == "less")
    sign = "-" if difference.difference < 0 else "+"
    colour, mark = ("green", "✓") if better else ("red", "✗")
    return f"{told} [{colour}]{sign}{number(abs(difference.difference))}{mark}[/]"


def _after(comparison: Comparison) -> Iterator[str]:
    yield f"On the front of read p99, stale reads and bytes: {', '.join(map(safe, comparison.front))}."
    yield ""
    for sentence in comparison.recommendation:
        yield safe(sentence.text)
    yield ""
    for subject in comparison.policies:
        for promise, seeds in subject.broken.items():
            yield f"BROKEN under {safe(subject.name)}: {promise}, in {seeds} of {subject.made[promise]} runs"
        if subject.unknown:
            yield f"{safe(subject.name)}: {subject.unknown} of {len(comparison.seeds)} runs inconclusive"
    if comparison.stage == "simulation":
        yield "Simulated nodes spend no CPU time: messages handled and commits stand in for it."
    yield from comparison.method
    if comparison.errors:
        yield f"{len(comparison.errors)} seeds failed and count for nothing: {write_seeds(comparison.errors)}"
        yield from shortened([f"  seed {seed}: {safe(error)}" for seed, error in comparison.errors.items()])


def write_csv(comparison: Comparison, path: Path) -> None:
    """One row a figure and policy; what is not told is empty."""
    figures = {figure.name: figure for figure in comparison.figures}
    differences = {(each.figure, each.policy): each for each in comparison.differences}
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for value in comparison.values:
            figure, difference = figures[value.figure], differences.get((value.figure, value.policy))
            own = [value.policy, value.value, value.low, value.high, value.word]
            less = (
                [difference.difference, difference.low, difference.high, difference.shown] if difference else [""] * 4
            )
            rows.writerow([figure.name, figure.group, figure.unit, figure.better, *own, *less])
