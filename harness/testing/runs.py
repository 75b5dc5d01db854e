"""A whole run for a test: a plan drawn, performed, checked and judged."""

import shutil
from functools import cached_property
from pathlib import Path
from typing import Literal

from checkers import files
from checkers.history import History
from harness import plan as plans
from harness import run as runs
from harness.commands.options import drawer
from harness.plan import Plan
from harness.run import PromiseReport, Report, Stage
from harness.testing.alarms import let_through
from harness.testing.marks import Asked


class Run:
    """What `urushi_run` is. A folder that nobody needs is not written: one of a simulated run is there as soon as it
    is asked for. It goes with the test, unless that fails."""

    def __init__(self, plan: Plan, report: Report, history: History | None = None) -> None:
        self.plan = plan
        self.report = report
        self._performed = history

    @property
    def verdict(self) -> Literal["holds", "violated", "unknown"]:
        return self.report.verdict

    @property
    def promises(self) -> dict[str, PromiseReport]:
        """By property."""
        return self.report.promises

    @property
    def story(self) -> str:
        """Of what went wrong first; empty if nothing did."""
        return self.report.stories[0] if self.report.stories else ""

    @cached_property
    def history(self) -> History:
        return self._performed or files.read(self.folder / "history.jsonl")

    @property
    def folder(self) -> Path:
        folder = Path(self.report.folder)
        if self._performed is not None and not folder.exists():
            folder.mkdir(parents=True)
            plans.write(self.plan, folder / "plan.json")
            files.write(self._performed, folder / "history.jsonl")
            runs.write_report(self.report, folder)
        return folder

    def forget(self) -> None:
        folder = Path(self.report.folder)
        if folder.exists():
            shutil.rmtree(folder)


def perform(asked: Asked, stage: Stage, seed: int, out: Path) -> Run:
    plan, drawn = drawer(asked.scenario or "default", asked.flaw, asked.policy, asked.system)(seed)
    if stage == "processes":
        with let_through():
            return Run(plan, runs.run(plan, stage, runs=out, drawn=drawn))
    return simulate(plan, out, drawn)


def simulate(plan: Plan, out: Path = runs.RUNS, drawn: dict[str, str] | None = None) -> Run:
    """In memory: what a property over plans looks at."""
    runs.require_levers(plan, "simulation")
    folder = out / runs.new_id()
    history, _ = runs.perform(plan, "simulation", folder, "auto", runs.silent)
    return Run(plan, runs.assess(plan, history, folder, proxy=None, drawn=drawn or {}), history)
