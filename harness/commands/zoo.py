"""The command that measures the harness by what it catches."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.commands.budget import Budget
from harness.commands.options import Json, Whole
from harness.report import zoo as reporting
from harness.report.console import console_for, print_json
from harness.zoo import page
from harness.zoo import perform as zoos

PART = "the zoo"


def zoo(
    *flaws: str,
    starts: Whole = 3,
    budget: Budget = 120.0,
    shrink: bool = True,
    confirm: bool = True,
    write: Annotated[Path | None, Parameter(show=False)] = None,
    json: Json = False,
) -> int:
    """Hunt flawed replicas with random seeds, and say how soon each is found.

    Every flaw is hunted from several first seeds, in the simulation and on all cores; what is found is shrunk,
    explained in a line, and tried on real processes. Near misses and the sound store are hunted too, and must not be
    caught. Shrunk plans are left in .urushi/zoo, one a flaw.

    Example: `urushi zoo hints-by-arrival skips-repair`

    Exit codes: 0 all were found and there was no false alarm, 1 not so.

    Parameters
    ----------
    flaws
        By default all, and the sound store; `urushi list flaws` has them.
    starts
        From how many first seeds each is hunted; figures are medians over these.
    budget
        How much CPU time one hunt may take, such as 60s or 5min.
    shrink
        Find the smallest plan that breaks the same promise.
    confirm
        Perform it on real processes, too.
    write
        Write the result into this page, between its marks.
    """
    console = console_for(json=json)
    order = zoos.Order(zoos.chosen(list(flaws)), starts, budget, shrink, shrink and confirm)
    zoos.check(order)
    if write:
        page.check(write, PART)
    with reporting.zoo_progress(console) as watch:
        result = zoos.perform(order, watch)
    reporting.show_zoo(console, result)
    if write:
        page.write(write, PART, reporting.markdown(result))
    if json:
        print_json(result)
    return result.exit_code()
