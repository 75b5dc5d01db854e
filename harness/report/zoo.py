"""The zoo as a person follows it, and what came of it: a table, or Markdown."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Live
from rich.table import Table

from harness.report.lines import fold
from harness.zoo.perform import SCENARIO, Progress, Watch
from harness.zoo.result import SOUND, Specimen, Zoo

_COLOURS = {"found": "green", "no alarm": "green", "not found": "bold red", "alarm": "bold red", "failed": "bold red"}
_TITLES = ("flaw", "verdict", "broke", "seeds", "CPU s", "smallest plan", "on processes")


@contextmanager
def zoo_progress(console: Console) -> Iterator[Watch]:
    """On a terminal one live line, and above it what is known; elsewhere only the lines."""
    if not console.is_terminal:
        yield lambda progress: _tell(console, progress)
        return
    doing = TextColumn("{task.fields[doing]}")
    with Live(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), doing, console=console, transient=True) as live:
        task = live.add_task("", total=None, doing="")

        def watch(progress: Progress) -> None:
            _tell(live.console, progress)
            live.update(task, completed=progress.done, total=progress.total, doing=escape(progress.doing))

        yield watch


def _tell(console: Console, progress: Progress) -> None:
    if progress.specimen is not None:
        console.print(_line(progress.specimen), highlight=False, soft_wrap=True)


def _line(each: Specimen) -> str:
    verdict = each.verdict()
    return f"{each.name}: [{_COLOURS[verdict]}]{verdict}[/]: {escape(_spent(each))}"


def _spent(each: Specimen) -> str:
    if each.errors:
        return each.errors[0]
    if each.breaks is None:
        return f"{sum(each.seeds):,} seeds, {sum(each.cpu_s):.0f} CPU s{_alarms(each)}"
    return f"{_broke(each)}: {_seeds(each)} seeds, {_cpu(each)} CPU s"


def _alarms(each: Specimen) -> str:
    """With the line that shows the first."""
    seed = next((seed for seed in each.found if seed is not None), None)
    return "" if seed is None else f": {_broke(each)}: `{_reproduce(each, seed)}`"


def _reproduce(each: Specimen, seed: int) -> str:
    flaw = "" if each.name == SOUND else f" --flaw {each.name}"
    return f"urushi run {SCENARIO} --seed {seed}{flaw} --stage simulation"


def _broke(each: Specimen) -> str:
    """The promise that the smallest plan breaks, else what its author says, else what most finds broke."""
    if each.smallest is not None:
        return each.smallest.property
    if each.breaks in each.broke or not each.broke:
        return each.breaks or ""
    return max(each.broke, key=lambda name: each.broke[name])


def _seeds(each: Specimen) -> str:
    return f"{each.seeds_median():.0f}"


def _cpu(each: Specimen) -> str:
    """The median of the starts, and the worst."""
    more = ">" if None in each.found else ""
    return f"{each.cpu_s_median():.2f} ({more}{max(each.cpu_s):.2f})"


def _cells(each: Specimen) -> list[str]:
    smallest = each.smallest
    if each.breaks is None or each.errors:
        return [each.name, each.verdict(), _broke(each), f"{sum(each.seeds)}", f"{sum(each.cpu_s):.0f}", "", ""]
    size = f"{smallest.operations} ops, {smallest.faults} faults" if smallest else ""
    tried = (smallest.on_processes or "") if smallest else ""
    return [each.name, each.verdict(), _broke(each), _seeds(each), _cpu(each), size, tried]


def show_zoo(console: Console, zoo: Zoo) -> None:
    table = Table(box=None, pad_edge=False)
    for title in _TITLES:
        table.add_column(title, overflow="fold", justify="right" if title in ("seeds", "CPU s") else "left")
    for each in zoo.specimens:
        colour = _COLOURS[each.verdict()]
        name, verdict, *rest = (escape(cell) for cell in _cells(each))
        table.add_row(name, f"[{colour}]{verdict}[/]", *rest)
    console.print(table)
    console.print()
    for each in zoo.specimens:
        if each.smallest:
            told = f"{each.name}: {each.smallest.why}"
            console.print(fold(told, console.width), markup=False, highlight=False, soft_wrap=True)
    console.print()
    for each in zoo.specimens:
        if each.verdict() in ("alarm", "failed"):
            console.print(f"{each.name}: {_spent(each)}", markup=False, highlight=False, soft_wrap=True)
    for line in summary(zoo):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def summary(zoo: Zoo) -> list[str]:
    flaws = zoo.flaws()
    found = [each for each in flaws if each.verdict() == "found"]
    lines = [f"{len(found)} of {len(flaws)} flaws found, each hunted from {zoo.starts} starts"] if flaws else []
    if found:
        typical, hardest = median(each.cpu_s_median() for each in found), max(found, key=Specimen.cpu_s_median)
        lines[0] += f"; CPU time until found: {typical:.2f} s at the median over the catalogue"
        lines[0] += f", {hardest.cpu_s_median():.1f} s for the hardest ({hardest.name})"
    missed = [each.name for each in flaws if each.verdict() == "not found"]
    lines += [f"not found within {zoo.budget_s:g} CPU seconds: {', '.join(missed)}"] if missed else []
    tried = [each.smallest.on_processes for each in flaws if each.smallest and each.smallest.on_processes]
    lines += (
        [f"on processes: {tried.count('yes')} of {len(tried)} shrunk plans broke the same promise"] if tried else []
    )
    misses = [each for each in zoo.specimens if each.breaks is None and each.name != SOUND]
    alarms = sum(each.verdict() == "alarm" for each in misses)
    seeds = sum(sum(each.seeds) for each in misses)
    lines += [f"{len(misses)} near misses: {alarms} alarms in {seeds:,} seeds"] if misses else []
    sound = next((each for each in zoo.specimens if each.name == SOUND), None)
    lines += [f"{SOUND}: {sound.verdict()} in {sum(sound.seeds):,} seeds"] if sound else []
    return lines


def markdown(zoo: Zoo) -> str:
    """Also where each flaw comes from, and what it does wrong."""
    lines = [*(f"{line}.\n" for line in summary(zoo)), f"| {' | '.join(_TITLES)} | wrong in it | from |"]
    lines.append("|---" * (len(_TITLES) + 2) + "|")
    for each in zoo.specimens:
        cells = [*_cells(each), each.legend, each.source]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    told = [f"- **{each.name}**: {each.smallest.why}" for each in zoo.specimens if each.smallest]
    return "\n".join([*lines, *(["", "Why, in each shrunk plan:", "", *told] if told else [])])
