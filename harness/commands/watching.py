"""The command that looks at a run which another terminal performs."""

from pathlib import Path

from rich.console import Console

from harness import progress
from harness import run as runs
from harness.report.console import console_for
from harness.watching.beside import View
from harness.watching.follow import COLUMNS_MIN, LINES_MIN, possible
from harness.wrong import Wrong


def watch(run: str | None = None, /) -> int:
    """Show in this terminal how a run on processes goes that another one performs. Ctrl-C leaves it alone.

    Example: `urushi watch`

    Parameters
    ----------
    run
        A run's id, the start of one, or its folder; by default the latest that is under way.
    """
    folder = _latest() if run is None else _named(run)
    console = console_for(json=False)
    require_terminal(console, "urushi watch")
    view = View(folder, console)
    try:
        view.wait()
        view.end()
    except KeyboardInterrupt:
        view.leave()
        console.print(f"run {folder.name} goes on", markup=False, highlight=False)
        return 0
    console.print(f"run {folder.name} is over", markup=False, highlight=False)
    return 0


def require_terminal(console: Console, who: str) -> None:
    if not possible(console):
        what = f"there is no terminal of {COLUMNS_MIN} columns and {LINES_MIN} lines to draw on"
        raise Wrong(who, what, "use one, or follow progress.jsonl in the run's folder")


def _latest() -> Path:
    found = [path.parent for path in runs.RUNS.glob(f"*/{progress.FILE}") if progress.under_way(path.parent)]
    if not found:
        raise Wrong("run", f"none in {runs.RUNS} is under way", "start one on processes, in another terminal")
    return max(found, key=lambda folder: (folder / progress.FILE).stat().st_ctime)


def _named(run: str) -> Path:
    folder = runs.find_run(run)
    try:
        if progress.under_way(folder):
            return folder
    except FileNotFoundError:
        raise Wrong("run", f"{folder.name} was not performed on processes", "name one that is") from None
    raise Wrong("run", f"{folder.name} is over", f"see what became of it: urushi check {folder.name}")
