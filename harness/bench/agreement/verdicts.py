"""The smallest plan of each flaw and of each near miss on both stages: what is promised, and what became of it."""

import msgspec

from harness.demonstrations import PLANS
from harness.levers import STAGE_LEVERS, Lever
from harness.plan import levers_of
from harness.promises import MATRIX
from harness.run import Stage, run
from harness.scratch import scratch


class Verdicts(msgspec.Struct, frozen=True):
    """Of the promise that the flaw is to break, or the near miss to keep."""

    name: str
    about: str
    expected: str
    processes: str
    simulation: str

    def agrees(self) -> bool:
        return self.processes == self.simulation == self.expected


def expectations() -> dict[str, tuple[str, str]]:
    """By name of the plan: the property, and its verdict. Plans that need a lever which processes lack are left out."""
    red = {flaw: (cell.property, "violated") for cell in MATRIX for flaw in cell.flaws}
    all_of_them = red | {name: (cell.property, "holds") for cell in MATRIX for name in cell.near_misses}
    return {name: about for name, about in all_of_them.items() if not only_simulated(name)}


def only_simulated(name: str) -> list[Lever]:
    """The levers that keep a plan from processes."""
    return [lever for lever in levers_of(PLANS[name](name)) if lever not in STAGE_LEVERS["processes"]]


def verdict(name: str, stage: Stage) -> str:
    """Of the one promise; and of the whole run, should it be another."""
    about, _ = expectations()[name]
    with scratch("agreement") as folder:
        report = run(PLANS[name](name), stage, runs=folder)
    found = report.promises[about].verdict
    return found if report.verdict == found else f"{found}, and the run is {report.verdict}"


def on_processes(name: str) -> str:
    return verdict(name, "processes")


def compare(name: str, processes: str) -> Verdicts:
    return Verdicts(name, *expectations()[name], processes, verdict(name, "simulation"))
