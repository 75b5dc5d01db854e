"""Many seeds: one run each, a few at a time, each in a process of its own."""

import multiprocessing
import os
import re
import signal
import time  # noqa: TID251 - for the estimate of the time left
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Literal, NamedTuple

from rich.console import Console

from harness.plan import Plan
from harness.report.failures import words
from harness.run import EXIT_CODES, Prefer, Report, Stage, require_levers, run
from harness.wrong import Wrong

SEEDS_MAX = 20_000  # all plans are drawn first, at about 80 KB each


class Job(NamedTuple):
    plan: Plan
    drawn: dict[str, str]
    stage: Stage
    proxy: Prefer


class Result(NamedTuple):
    """In the order of the seeds; `errors` has what kept a seed from being run: nothing is known of it."""

    reports: list[Report]
    errors: dict[int, str]

    def verdict(self) -> Literal["holds", "violated", "unknown"]:
        verdicts = {report.verdict for report in self.reports}
        if "violated" in verdicts:
            return "violated"
        return "unknown" if "unknown" in verdicts or self.errors else "holds"

    def exit_code(self) -> int:
        return 4 if self.errors and self.verdict() != "violated" else EXIT_CODES[self.verdict()]

    def summary(self) -> list[str]:
        counts = {name: sum(report.verdict == name for report in self.reports) for name in EXIT_CODES}
        counted = ", ".join(f"{count} {name}" for name, count in counts.items())
        failed = [f"seed {seed} failed: {error}" for seed, error in self.errors.items()]
        links = [f"links: {proxy}" for proxy in sorted({report.proxy for report in self.reports if report.proxy})]
        return [*links, *failed, f"{len(self.reports)} runs: {counted}" + (f"; {len(failed)} failed" if failed else "")]


def parse_seeds(text: str) -> list[int]:
    """In their order; a seed that is asked for twice is run once."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,18})(?:\.\.(\d{1,18}))?\s*", part, re.ASCII)
        if found is None:
            raise Wrong("--seeds", f"{part!r} is no seed", "write a range such as 1..20, or seeds such as 3,7,12")
        low, high = int(found[1]), int(found[2] or found[1])
        if high < low:
            raise Wrong("--seeds", f"{part!r} ends before it begins", "write the smaller seed first")
        if high - low >= SEEDS_MAX - len(seeds):
            raise Wrong("--seeds", f"with {part!r} there are too many", f"{SEEDS_MAX:,} seeds are possible at once")
        seeds.update(dict.fromkeys(range(low, high + 1)))
    return list(seeds)


def perform(jobs: list[Job], console: Console) -> Result:
    """Spawned workers, not forked: a worker that drives a proxy has class-wide state, and threads do not survive."""
    for job in jobs:
        require_levers(job.plan, job.stage)
    spawned = multiprocessing.get_context("spawn")
    workers = min(len(jobs), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=spawned, initializer=_leave_interrupts_to_the_parent) as pool:
        try:
            return _perform_on(pool, workers, jobs, console)
        except KeyboardInterrupt:
            for worker in multiprocessing.active_children():
                worker.terminate()  # the guardian of its run ends what it started
            raise


def _perform_on(pool: ProcessPoolExecutor, workers: int, jobs: list[Job], console: Console) -> Result:
    """The pool gets no more jobs than it works on: one that is stopped would perform all that it has."""
    reports: dict[int, Report] = {}
    errors: dict[int, str] = {}
    started = time.monotonic()
    todo, running = iter(jobs), dict[Future[Report | str], int]()
    while len(reports) + len(errors) < len(jobs):
        running.update((_submit(pool, job), job.plan.seed) for job in islice(todo, workers - len(running)))
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            seed, problem = running.pop(future), future.exception()
            outcome = words(problem) if problem is not None else future.result()
            if isinstance(outcome, str):
                errors[seed] = outcome
                line = f"seed {seed}: failed: {outcome}"
            else:
                reports[seed] = outcome
                over = len(reports) + len(errors)
                left = (time.monotonic() - started) / over * (len(jobs) - over)
                line = f"seed {seed}: {outcome.verdict}   run {outcome.id}   about {left:.0f} s left"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return Result([reports[seed] for seed in sorted(reports)], dict(sorted(errors.items())))


def _submit(pool: ProcessPoolExecutor, job: Job) -> Future[Report | str]:
    """A pool that has lost a worker takes no more: then every seed that is left fails with that reason."""
    try:
        return pool.submit(_work, job)
    except BrokenProcessPool as problem:
        failed = Future[Report | str]()
        failed.set_exception(problem)
        return failed


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job) -> Report | str:
    """An error comes back in words: one that cannot be unpickled would end the pool, and with it every other seed."""
    try:
        return run(job.plan, job.stage, proxy=job.proxy, drawn=job.drawn)
    except Exception as problem:  # noqa: BLE001 - see above
        return words(problem)
