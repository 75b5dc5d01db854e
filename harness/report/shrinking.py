"""A search for the smallest plan as a person follows it, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from harness.faults.kinds import Fault
from harness.plan import LOST, levers_of
from harness.report.lists import quantity
from harness.reproduce.search import Progress, Watch
from harness.reproduce.shrink import Shrunk
from workloads.operations import Operation

_FATES_SHOWN = 8
_STEPS_SHOWN = 40  # of a search that was stopped early


@contextmanager
def shrink_progress(console: Console) -> Iterator[Watch]:
    """On a terminal one live line; elsewhere a line whenever something else is begun."""
    if console.is_terminal:
        with console.status("performing the plan once more") as status:
            yield lambda progress: status.update(_line(progress))
        return
    said = ""

    def say(progress: Progress) -> None:
        nonlocal said
        if progress.doing != said:
            said = progress.doing
            console.print(_line(progress), markup=False, highlight=False)

    yield say


def _line(progress: Progress) -> str:
    sizes = f"operations {progress.operations}   faults {progress.faults}"
    return f"{progress.doing}   tried {progress.tried}   {sizes}   {progress.left_s:.0f} s left"


def show_shrunk(console: Console, shrunk: Shrunk) -> None:
    """The story, with what the search says before its last line."""
    story = next((each for each in shrunk.report.stories if f"VIOLATED  {shrunk.property} " in each), None)
    reproduce = f"  Reproduce:  urushi replay {shrunk.run}"
    if story is None:
        lines = [f"{shrunk.property}: this last run of the smallest plan did not break it", ""]
    else:
        lines = [line for line in story.splitlines() if not line.startswith("  Reproduce:")]
    steps = sorted(
        [(each.at_ns, _operation(each)) for each in shrunk.plan.operations]
        + [(each.start_ns, _fault(each)) for each in shrunk.plan.faults]
    )
    chances = [what for what in levers_of(shrunk.plan).values() if what.startswith("network.")]
    told = [*_some([line for _, line in steps], _STEPS_SHOWN, "steps"), *chances, *_fates(shrunk.plan.fates)]
    lines += [f"  {shrunk.words()}", *(f"    {line}" for line in told), f"  {shrunk.proof()}", reproduce]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _fates(fates: dict[str, int]) -> list[str]:
    told = [f"{cause}: {'lost' if fate == LOST else f'takes {fate / 1e6:g} ms'}" for cause, fate in fates.items()]
    return _some(told, _FATES_SHOWN, "fates")


def _some(lines: list[str], shown: int, what: str) -> list[str]:
    more = len(lines) - shown
    return [*lines[:shown], f"and {more} more {what}"] if more > 0 else lines


def _operation(each: Operation) -> str:
    what = f"{each.kind} {each.key}" + (f" = {each.value}" if each.value is not None else "")
    level = f" at {each.level}" if each.level else ""
    return f"{_ms(each.at_ns)}  op {each.id}: {each.client} through {each.node}: {what}{level}"


def _fault(each: Fault) -> str:
    targets = (" → " if each.kind == "one-way" else " ").join(each.targets)
    parameters = "".join(f", {quantity(name, value)}" for name, value in each.parameters.items())
    return f"{_ms(each.start_ns)}  {each.id}: {each.kind} {targets}{parameters}, until {_ms(each.end_ns).strip()}"


def _ms(ns: int) -> str:
    return f"{ns / 1e6:8g} ms"
