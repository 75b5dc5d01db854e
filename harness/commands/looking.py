"""Commands that look at what there is: a recorded run, the lists, this machine."""

from typing import Literal

from rich.markup import escape

from checkers import files
from harness import plan as plans
from harness import run as runs
from harness.commands.options import Json
from harness.report import lists, terminal
from harness.report.console import console_for, print_json
from harness.reproduce import replay as replays
from harness.wrong import Wrong


def check(what: str, /, *, json: Json = False) -> int:
    """Judge the recorded history of a run once more.

    Example: `urushi check 7f3a91c2`

    Parameters
    ----------
    what
        A run's id, the start of one, or its folder.
    """
    console = console_for(json=json)
    folder = runs.find_run(what)
    plan = plans.read(folder / "plan.json")
    try:
        history = files.read(folder / "history.jsonl")
    except FileNotFoundError:
        remedy = f"`urushi replay {folder}/plan.json` performs its plan again"
        raise Wrong(str(folder), "the run has no history: it did not end", remedy) from None
    before = replays.stored(folder)
    proxy, drawn = (before.proxy, before.drawn) if before else (None, {})
    report = runs.assess(plan, history, folder, proxy=proxy, drawn=drawn)
    terminal.show_run(console, report)
    if json:
        print_json(report)
    return report.exit_code()


def list_(
    what: Literal["all", "scenarios", "faults", "workloads", "checkers", "policies", "flaws", "promises"] = "all",
    /,
    *,
    json: Json = False,
) -> int:
    """Show what there is: scenarios, faults, workloads, checkers, policies, flaws, promises.

    Example: `urushi list promises`

    Parameters
    ----------
    what
        One of these lists, or all.
    """
    chosen = {name: rows() for name, rows in lists.LISTS.items() if what in ("all", name)}
    if json:
        print_json(chosen)
        return 0
    console = console_for(json=False)
    lists.show(console, chosen)
    return 0


def doctor(*, json: Json = False) -> int:
    """Say which levers this machine has, and what would provide the missing ones.

    Example: `urushi doctor`
    """
    from harness.doctor import examine  # noqa: PLC0415 - only here are the parts of the process stage needed

    findings = examine()
    if json:
        print_json([finding._asdict() for finding in findings])
        return 0
    console = console_for(json=False)
    for finding in findings:
        mark = "[green]yes[/]" if finding.ok else "[yellow]no [/]"
        console.print(f"{mark}  {finding.what}: {escape(finding.said)}", highlight=False)
    return 0
