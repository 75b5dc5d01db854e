"""Commands that look at what there is: the lists, this machine."""

from typing import Literal

from rich.markup import escape

from harness.commands.options import Json
from harness.report import lists
from harness.report.console import console_for, print_json


def list_(
    what: Literal[
        "all",
        "scenarios",
        "faults",
        "workloads",
        "checkers",
        "models",
        "claims",
        "policies",
        "mechanisms",
        "versions",
        "flaws",
        "promises",
        "studies",
    ] = "all",
    /,
    *,
    json: Json = False,
) -> int:
    """Show what there is: scenarios, faults, workloads, checkers, policies, versions, flaws, claims, studies.

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
