"""What a page is about: a run that was performed, with all that is concluded from it."""

from pathlib import Path
from typing import NamedTuple

from checkers.facts import Facts, gather
from checkers.history import Version
from harness import plan as plans
from harness.judging import judge
from harness.plan import Plan
from harness.promises import Promise
from harness.reproduce.replay import history_of
from harness.run import Report


class Subject(NamedTuple):
    """`broken` are the promises that are violated, what went wrong first at the head; `folder` has its files."""

    plan: Plan
    facts: Facts
    report: Report
    promises: list[Promise]
    folder: Path

    def broken(self) -> list[Promise]:
        found = [promise for promise in self.promises if promise.outcome == "violated"]
        return sorted(found, key=lambda promise: promise.measured.violations[0].events[-1])


def read(folder: Path, report: Report) -> Subject:
    """From a run's folder. `report` is what its verdict.json says."""
    plan = plans.read(folder / "plan.json")
    facts = gather(history_of(folder))
    promises = judge(plan, facts)
    return Subject(plan, facts, report, promises, folder)


def versions_in(facts: Facts) -> list[Version]:
    """All of which anybody spoke, in their order by time and name."""
    found: set[Version] = set()
    for event in facts.events:
        for name in ("version", "old", "new"):
            it = getattr(event, name, None)
            if it is not None:
                found.add(it if isinstance(it, Version) else it.version)
    return sorted(found, key=lambda version: (version.time, version.by))
