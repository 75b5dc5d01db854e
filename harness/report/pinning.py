"""The search of `urushi pin` as a person follows it, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from harness.report import terminal
from harness.reproduce.pin import Pin, Progress, Watch


@contextmanager
def pin_progress(console: Console) -> Iterator[Watch]:
    """On a terminal one live line; elsewhere a line for each step."""
    if console.is_terminal:
        with console.status("reading what the run recorded") as status:
            yield lambda progress: status.update(_line(progress))
        return
    said = ""

    def say(progress: Progress) -> None:
        nonlocal said
        if progress.step != said:
            said = progress.step
            console.print(_line(progress), markup=False, highlight=False)

    yield say


def _line(progress: Progress) -> str:
    return f"{progress.step}   tried {progress.tries}   {progress.left_s:.0f} s left"


def show_pin(console: Console, pin: Pin) -> None:
    """The run in the simulation as any run is shown, then how it was found and what can be done with it."""
    if pin.report is not None:
        terminal.show_run(console, pin.report)
    verdict, *rest = pin.words()
    console.print(f"[bold]{escape(verdict)}[/]", highlight=False, soft_wrap=True)
    for line in rest:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
