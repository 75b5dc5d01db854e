"""What the workers of a suite do: each draws, performs and judges one seed after the other."""

import multiprocessing
import os
import shutil
import signal
import threading
import time  # noqa: TID251 - how long a seed took
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from checkers import files
from harness import plan as plans
from harness import run as runs
from harness import samples
from harness.plan import Plan
from harness.report.failures import words
from harness.run import Prefer, Report, Stage
from harness.samples import Sample

Keep = Literal["all", "failures"]
PlanOf = Callable[[int], tuple[Plan, dict[str, str]]]
Performed = tuple[Report | str, float]  # an outcome in words is what kept the seed from being run; seconds


class Job(NamedTuple):
    """`keep` says whose folders stay: with `failures` a run that holds leaves none."""

    seed: int
    plan_of: PlanOf
    stage: Stage
    proxy: Prefer
    keep: Keep = "all"


def begin() -> None:
    """Interrupts are for the parent. When that goes away, however it does, the pool leaves its workers waiting for
    ever: so this one ends then, and with it, by its guardian, the run that is under way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(4)


def work(job: Job) -> Performed:
    """An error comes back in words: one that cannot be unpickled would end the pool, and with it every other seed."""
    begun = time.monotonic()
    outcome: Report | str
    try:
        plan, drawn = job.plan_of(job.seed)
        outcome = (_simulated if job.stage == "simulation" else _on_processes)(job, plan, drawn)
    except Exception as problem:  # noqa: BLE001 - see above
        outcome = words(problem)
    return outcome, time.monotonic() - begun


def _on_processes(job: Job, plan: Plan, drawn: dict[str, str]) -> Report:
    report = runs.run(plan, job.stage, proxy=job.proxy, drawn=drawn)
    if job.keep == "all" or report.verdict != "holds":
        return report
    shutil.rmtree(report.folder)
    return msgspec.structs.replace(report, folder="")


def _simulated(job: Job, plan: Plan, drawn: dict[str, str]) -> Report:
    """In memory: a folder is written only if it is to stay. Of a run that fails the harness, the plan stays."""
    runs.require_levers(plan, job.stage)
    folder = runs.RUNS / runs.new_id()
    simulated: list[Sample] = []
    try:
        history, _ = runs.perform(plan, job.stage, folder, job.proxy, runs.silent, simulated=simulated)
        report = runs.assess(plan, history, folder, proxy=None, drawn=drawn)
    except Exception:
        _keep_plan(plan, folder)
        raise
    if job.keep == "failures" and report.verdict == "holds":
        return msgspec.structs.replace(report, folder="")
    _keep_plan(plan, folder)
    files.write(history, folder / "history.jsonl")
    samples.write(simulated, folder)
    runs.write_report(report, folder)
    return report


def _keep_plan(plan: Plan, folder: Path) -> None:
    folder.mkdir(parents=True)
    plans.write(plan, folder / "plan.json")
