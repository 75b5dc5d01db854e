"""Commands for one who wants to see a run: its page, and all runs in a browser."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness import run as runs
from harness.commands.options import Whole
from harness.report.console import console_for
from harness.report.runpage import written


def report(what: str, /, *, out: Path | None = None) -> int:
    """Write the page of a run: one HTML file that opens without a network. Prints its path.

    Example: `urushi report 7f3a91c2`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or `last`.
    out
        Another file than report.html in the run's folder.
    """
    print(written.write(runs.find_run(what), out))  # noqa: T201 - what the command is asked for
    return 0


def view(
    folder: Path = runs.RUNS, /, *, port: Whole = 8780, open_: Annotated[bool, Parameter(name="--open")] = True
) -> int:
    """Show all runs in a browser: a list, and the page of each. Only this machine can reach it; Ctrl-C ends it.

    Example: `urushi view`

    Parameters
    ----------
    folder
        That of the runs.
    port
        On 127.0.0.1. 0: any that is free.
    open_
        Open it in the browser at once, where there is a display.
    """
    from harness.report.view import server  # noqa: PLC0415 - only here is anything served

    console = console_for(json=False)
    with server.serving(folder, port) as site:
        console.print(f"the runs of {folder} are at {site.address}   (Ctrl-C ends it)", markup=False, highlight=False)
        if open_:
            server.open_browser(site.address)
        site.serve()
    console.print("ended", highlight=False)
    return 0
