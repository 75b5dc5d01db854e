"""Performs the plans on both stages: those whose milliseconds count one after the other, the rest a few at a time."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from checkers.history import History
from harness.bench.agreement import measure, verdicts
from harness.bench.agreement.comparisons import SUBJECTS, Subject
from harness.bench.agreement.lines import Line, Pair
from harness.bench.agreement.plans import SEEDS, as_late, calibrated
from harness.bench.agreement.verdicts import Verdicts
from harness.plan import Disk, Network
from harness.run import perform, silent
from harness.scratch import scratch

JOBS = 3  # a run sleeps most of its time

Say = Callable[[str], None]


class Outcome(msgspec.Struct):
    """`network` and `disks` (by plan and seed) were measured on processes and set in the simulator."""

    proxy: str
    network: Network
    disks: dict[str, Disk]
    lines: list[Line]
    verdicts: list[Verdicts]

    def differing(self) -> list[str]:
        lines = [f"{line.plan}: {line.what}" for line in self.lines if not line.agrees()]
        return lines + [f"flaw or near miss {each.name}" for each in self.verdicts if not each.agrees()]


def on_processes(subject: str, seed: int) -> tuple[History, str]:
    with scratch("agreement") as folder:
        history, proxy = perform(SUBJECTS[subject].plan_of(seed), "processes", folder / "run", "auto", silent)
    return history, proxy or ""


def simulated(subject: Subject, seed: int, network: Network, real: History) -> History:
    """Of the same plan, on a machine that is as fast, with faults that are as late."""
    plan = calibrated(subject.plan_of(seed), network, measure.disk_of(real), measure.starts_of(real))
    late = as_late(plan, measure.lateness_of(plan, real))
    return perform(late, "simulation", Path(), "auto", silent)[0]


def compare_stages(say: Say) -> Outcome:
    real: dict[str, list[History]] = {}
    proxy = ""
    for name, subject in SUBJECTS.items():
        if subject.alone:
            say(name)
            performed = [on_processes(name, seed) for seed in SEEDS]
            real[name], proxy = [history for history, _ in performed], performed[0][1]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(JOBS, mp_context=context) as pool:
        say("the other plans, and flaws and near misses")
        rest = [name for name, subject in SUBJECTS.items() if not subject.alone]
        asked = {name: [pool.submit(on_processes, name, seed) for seed in SEEDS] for name in rest}
        names = list(verdicts.expectations())
        found = dict(zip(names, pool.map(verdicts.on_processes, names), strict=True))
        real |= {name: [run.result()[0] for run in runs] for name, runs in asked.items()}
    say("the simulator")
    network = measure.network_of(real["calm"])
    disks = {
        f"{name}/{seed}": measure.disk_of(run) for name in real for seed, run in zip(SEEDS, real[name], strict=True)
    }
    lines: list[Line] = []
    for name, subject in SUBJECTS.items():
        pairs = [Pair(run, simulated(subject, seed, network, run)) for seed, run in zip(SEEDS, real[name], strict=True)]
        lines.extend(line for compare in subject.comparisons for line in compare(name, pairs))
    return Outcome(proxy, network, disks, lines, [verdicts.compare(name, found[name]) for name in names])
