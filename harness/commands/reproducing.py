"""Commands for one who was handed a run that failed."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness import plan as plans
from harness import run as runs
from harness.commands.budget import Budget
from harness.commands.options import Json, ProxyOption, ReportOption, Whole
from harness.report import explain as explaining
from harness.report import pinning, shrinking, terminal
from harness.report.console import console_for, print_json
from harness.report.runpage import written
from harness.reproduce import as_test as tests
from harness.reproduce import pin as pins
from harness.reproduce import replay as replays
from harness.reproduce import shrink as shrinks
from harness.wrong import Wrong


def replay(
    what: str,
    /,
    *,
    times: Whole = 1,
    stage: runs.Stage | None = None,
    proxy: ProxyOption = "auto",
    report: ReportOption = False,
    json: Json = False,
) -> int:
    """Perform the plan of a run (or of a plan file) again.

    In simulation a replay is identical or it shows the first event that differs; on processes it says how many
    of the replays broke the same promise.

    Example: `urushi replay 7f3a91c2 --times 10`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, `last`, or a plan's file.
    times
        How many times.
    stage
        By default the stage of the run; for a plan file, processes.
    """
    console = console_for(json=json)
    if times < 1:
        raise Wrong("--times", f"{times} replays are none", "write 1 or more")
    result = replays.replay(what, times, stage, proxy)
    for each in result.reports:
        terminal.show_run(console, each, page=written.write(Path(each.folder)) if report else None)
    console.print(result.words(), highlight=False, markup=False)
    if json:
        print_json(result)
    return result.exit_code()


def shrink(
    what: str,
    /,
    *,
    promise: str | None = None,
    stage: runs.Stage | None = None,
    budget: Budget = 60.0,
    tries: Whole = 3,
    needed: Whole = 2,
    proxy: ProxyOption = "auto",
    as_test: Path | None = None,
    json: Json = False,
) -> int:
    """Find the smallest plan that still breaks the promise which a run broke.

    It leaves out faults, operations, clients, keys and nodes, and makes plainer what is left. The smallest plan is
    performed once more, as a run of its own. When the budget is used up, or at Ctrl-C, it is the smallest so far.

    Example: `urushi shrink 7f3a91c2`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or `last`.
    promise
        By default, of those that the run broke, the one that went wrong first.
    stage
        By default the stage of the run.
    budget
        How long the search may take, such as 60s or 5min.
    tries
        On processes, how often a plan is performed to see whether it breaks the promise.
    needed
        On processes, in how many of these tries it must.
    as_test
        Write the smallest plan to this file too, as a pytest regression test.
    """
    console = console_for(json=json)
    if as_test:
        tests.check(as_test, what)
    order = shrinks.Order(promise, stage, budget, tries, needed, proxy)
    with shrinking.shrink_progress(console) as watch:
        result = shrinks.shrink(what, order, watch)
    shrinking.show_shrunk(console, result)
    if as_test:
        tests.write(result, as_test)
        console.print(f"wrote {as_test}", markup=False, highlight=False)
    if json:
        print_json(result)
    return result.report.exit_code()


def explain(
    what: str,
    /,
    *,
    key: str | None = None,
    all_rows: Annotated[bool, Parameter(name="--all", negative=())] = False,
    json: Json = False,
) -> int:
    """Tell the story of one key of a run: who held what when, which message brought it, what was broken and why.

    Example: `urushi explain 7f3a91c2 --key k17`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or `last`.
    key
        By default that of the first violation; if no promise was broken, the key that changed most often.
    all_rows
        Show every row of a long table, not only those near what went wrong. With --json every row is there anyway.
    """
    console = console_for(json=json)
    folder = runs.find_run(what)
    plan = plans.read(folder / "plan.json")
    explained = explaining.explain(plan, replays.history_of(folder), folder.name, key)
    if json:
        print_json(explained.told)
        return 0
    shown = explaining.text(explained, plan, console.width, every_row=all_rows)
    console.print(shown, markup=False, highlight=False, soft_wrap=True)
    page = folder / written.PAGE
    if page.is_file():
        evidence = [broken.events for broken in explained.told.broken if broken.promised]
        found = written.address(page, explained.case.facts, evidence)
        console.print(f"Report: {found}", markup=False, highlight=False, soft_wrap=True)
    return 0


def pin(what: str, /, *, budget: Budget = 120.0, json: Json = False) -> int:
    """Find a failure that happened on processes again in the simulation, where it is exact from then on.

    The simulation performs the run as it was recorded, message by message. If that does not break the promise, plans
    around it are searched: other fates of messages, small shifts of operations and faults, then wider ones.
    What is found is a run of its own, and both folders name the other (pinned.json).

    Example: `urushi pin 7f3a91c2`

    Exit codes: 0 it was found, 3 it was not.

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or `last`.
    budget
        How long the search may take, such as 60s or 5min.
    """
    console = console_for(json=json)
    with pinning.pin_progress(console) as watch:
        result = pins.pin(what, budget, watch)
    pinning.show_pin(console, result)
    if json:
        print_json(result)
    return result.exit_code()
