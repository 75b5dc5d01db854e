"""Runs for tests of their pages: one that breaks promises, one that holds, one that shows nothing."""

from itertools import count
from pathlib import Path

import msgspec

from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.report.runpage.page import page
from harness.report.runpage.written import PAGE, read
from harness.run import Report, run, write_report
from harness.scenario import draw, load
from tests.harness.report.parsed import Parsed

HOSTILE = """<img src=x onerror="alert(1)">'&amp;</script><!--</pre>"""


def broken(runs: Path) -> Report:
    return run(PLANS["purges-unconfirmed"]("purges-unconfirmed"), "simulation", runs=runs)


def holding(runs: Path, scenario: str = "five", seed: int = 3) -> Report:
    plan, drawn = draw(load(scenario), scenario, seed)
    report = run(plan, "simulation", runs=runs, drawn=drawn)
    assert report.verdict == "holds"
    return report


def unknown(runs: Path) -> Report:
    """As if one fault could not be seen to be applied, and another had touched nothing."""
    report = holding(runs)
    first, second, *rest = report.faults
    first = msgspec.structs.replace(first, applied=False, evidence="the proxy <did> not answer")
    faults = [first, msgspec.structs.replace(second, bit=0), *rest]
    reason = f"fault {first.id} ({first.kind}) was not applied: {first.evidence}"
    report = msgspec.structs.replace(report, verdict="unknown", reasons=[reason], faults=faults)
    write_report(report, Path(report.folder))
    return report


def hostile(runs: Path) -> Report:
    """Every name that comes from outside would be more than text, if it could. Some keys do not lead to the flaw."""
    own = PLANS["purges-unconfirmed"]("purges-unconfirmed")
    return next(report for number in count() if (report := run(_renamed(own, number), "simulation", runs=runs)).stories)


def _renamed(plan: Plan, number: int) -> Plan:
    operations = [
        msgspec.structs.replace(each, key=f"{HOSTILE}{number}", value=each.value and f"{each.value}{HOSTILE}")
        for each in plan.operations
    ]
    return msgspec.structs.replace(plan, scenario=HOSTILE, operations=operations)


def shown(report: Report) -> Parsed:
    folder = Path(report.folder)
    return Parsed(page(read(folder), folder / PAGE))
