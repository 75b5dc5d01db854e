"""Many seeds: one run each, a few at a time, each in a process of its own."""

import contextlib
import multiprocessing
import os
import re
import shutil
import signal
import threading
import time  # noqa: TID251 - how long a seed took, and the estimate of the time left
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby, islice
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec
import psutil

from harness.plan import Plan
from harness.report.failures import words
from harness.run import EXIT_CODES, Prefer, Report, Stage, require_levers, run
from harness.wrong import Wrong

SEEDS_MAX = 20_000  # reports are kept until the end, at about 15 KB each
JOBS_MAX = 256  # as many blocks of loopback addresses are tried
END_DEADLINE_S = 15.0

Keep = Literal["all", "failures"]


class Job(NamedTuple):
    """`keep` says whose folders stay: with `failures` the folder of a run that holds is deleted."""

    plan: Plan
    drawn: dict[str, str]
    stage: Stage
    proxy: Prefer
    keep: Keep = "all"


class Order(NamedTuple):
    """What was asked for. A plan is drawn when its turn has come: all at once may be more than memory holds."""

    scenario: str
    seeds: list[int]
    plan_of: Callable[[int], tuple[Plan, dict[str, str]]]
    stage: Stage
    proxy: Prefer
    keep: Keep = "all"

    def job(self, seed: int) -> Job:
        return Job(*self.plan_of(seed), self.stage, self.proxy, self.keep)


class Finished(NamedTuple):
    """A seed that is over. An outcome in words is what kept it from being run: nothing is known of it."""

    seed: int
    outcome: Report | str
    took_s: float

    def verdict(self) -> Literal["holds", "violated", "unknown", "failed"]:
        return "failed" if isinstance(self.outcome, str) else self.outcome.verdict


Watch = Callable[[Finished, float], None]  # is told of each seed that is over, and about how many seconds are left


class Result(msgspec.Struct):
    """In the order of the seeds. `not_run` are those that were not begun, or were ended before they were over."""

    reports: list[Report] = []
    errors: dict[int, str] = {}
    not_run: list[int] = []
    took_s: dict[int, float] = {}
    stopped: Literal["--fail-fast", "Ctrl-C"] | None = None

    def add(self, finished: Finished) -> None:
        self.not_run.remove(finished.seed)
        self.took_s[finished.seed] = finished.took_s
        if isinstance(finished.outcome, str):
            self.errors[finished.seed] = finished.outcome
        else:
            self.reports.append(finished.outcome)

    def verdict(self) -> Literal["holds", "violated", "unknown"]:
        verdicts = {report.verdict for report in self.reports}
        if "violated" in verdicts:
            return "violated"
        return "unknown" if "unknown" in verdicts or self.errors or self.not_run else "holds"

    def exit_code(self) -> int:
        return 4 if self.errors and self.verdict() != "violated" else EXIT_CODES[self.verdict()]

    def summary(self) -> list[str]:
        counts = {name: sum(report.verdict == name for report in self.reports) for name in EXIT_CODES}
        counted = ", ".join(f"{count} {name}" for name, count in counts.items())
        failed = [f"seed {seed} failed: {error}" for seed, error in self.errors.items()]
        links = [f"links: {proxy}" for proxy in sorted({report.proxy for report in self.reports if report.proxy})]
        also = f"; {len(failed)} failed" if failed else ""
        total = f"{len(self.reports)} runs: {counted}{also}"
        return [*self._dropped(), *links, *failed, *self._inconclusive(), *self._left_out(), total]

    def _dropped(self) -> list[str]:
        """Why promises were not made: each reason once, whatever its figures, with an example."""
        told: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for report in self.reports:
            for name, promise in report.promises.items():
                if promise.verdict == "not promised":
                    told.setdefault((name, re.sub(r"[\d.,]+", "…", promise.why)), []).append((report.seed, promise.why))
        return [
            f"not promised: {name} ({len(seeds)} of {len(self.reports)} runs): seed {seeds[0][0]}: {seeds[0][1]}"
            for (name, _), seeds in told.items()
        ]

    def _inconclusive(self) -> list[str]:
        told = [f"seed {each.seed}: {'; '.join(each.reasons)}" for each in self.reports if each.verdict == "unknown"]
        if not told:
            return []
        share = f"{len(told)} of {len(self.reports)} inconclusive ({100 * len(told) / len(self.reports):.2g} %)"
        return [f"{share}: {told[0]}"] if len(told) == 1 else [f"{share}:", *(f"  {line}" for line in told)]

    def _left_out(self) -> list[str]:
        if not self.not_run:
            return []
        many = f"{len(self.not_run)} of {len(self.reports) + len(self.errors) + len(self.not_run)} seeds"
        return [f"stopped by {self.stopped}; {many} not run: {write_seeds(self.not_run)}"]


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


def write_seeds(seeds: Iterable[int]) -> str:
    """As `parse_seeds` reads them."""
    parts: list[str] = []
    for _, run_of in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0]):
        numbers = [seed for _, seed in run_of]
        parts.append(f"{numbers[0]}..{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")
    return ",".join(parts)


def check(order: Order, workers: int | None) -> None:
    """Refuses, before anything starts, what cannot be run."""
    if workers is not None and not 1 <= workers <= JOBS_MAX:
        raise Wrong("--jobs", f"{workers} runs cannot go side by side", f"1 to {JOBS_MAX} are possible")
    for seed in order.seeds:
        require_levers(order.plan_of(seed)[0], order.stage)


def perform(order: Order, watch: Watch, *, workers: int | None = None, fail_fast: bool = False) -> Result:
    """By default as many at a time as there are cores. Ctrl-C is no exception here: the result has what there is.

    Workers are spawned, not forked: one that drives a proxy has class-wide state, and threads do not survive."""
    workers = min(len(order.seeds), workers or os.cpu_count() or 1)
    spawned = multiprocessing.get_context("spawn")
    result = Result(not_run=list(order.seeds))
    with ProcessPoolExecutor(workers, mp_context=spawned, initializer=_begin_worker) as pool:
        try:
            _perform_on(pool, workers, map(order.job, order.seeds), result, watch, fail_fast=fail_fast)
        except KeyboardInterrupt:
            result.stopped = "Ctrl-C"
        if result.stopped:
            _end_workers()
    result.reports.sort(key=attrgetter("seed"))
    result.errors = dict(sorted(result.errors.items()))
    return result


def _perform_on(
    pool: ProcessPoolExecutor, workers: int, jobs: Iterator[Job], result: Result, watch: Watch, *, fail_fast: bool
) -> None:
    """The pool gets no more jobs than it works on: one that is stopped would perform all that it has."""
    running: dict[Future[Report | str], tuple[int, float]] = {}
    while result.stopped is None:
        for job in islice(jobs, workers - len(running)):
            running[_submit(pool, job)] = job.plan.seed, time.monotonic()
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            seed, begun = running.pop(future)
            problem, now = future.exception(), time.monotonic()
            outcome = words(problem) if problem is not None else future.result()
            finished = Finished(seed, outcome, now - begun)
            result.add(finished)
            if fail_fast and finished.verdict() == "violated":
                result.stopped = "--fail-fast"
            todo = len(result.not_run) - len(running)
            watch(
                finished, _left_s(result.took_s.values(), [now - begun for _, begun in running.values()], todo, workers)
            )


def _left_s(took_s: Collection[float], running_s: list[float], todo: int, workers: int) -> float:
    """As if each seed that is left took as long as the mean of those that are over."""
    mean_s = sum(took_s) / len(took_s)
    under_way_s = [max(mean_s - each, 0.0) for each in running_s]
    return max((mean_s * todo + sum(under_way_s)) / workers, *under_way_s, 0.0)


def _submit(pool: ProcessPoolExecutor, job: Job) -> Future[Report | str]:
    """A pool that has lost a worker takes no more: then every seed that is left fails with that reason."""
    try:
        return pool.submit(_work, job)
    except BrokenProcessPool as problem:
        failed = Future[Report | str]()
        failed.set_exception(problem)
        return failed


def _end_workers() -> None:
    """The guardian of a run ends what the run had started once its worker is gone; this returns when all is gone."""
    started: list[psutil.Process] = []
    for worker in multiprocessing.active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            started += psutil.Process(worker.pid).children(recursive=True)
        worker.terminate()
    psutil.wait_procs(started, timeout=END_DEADLINE_S)


def _begin_worker() -> None:
    """Interrupts are for the parent. When that goes away, however it does, the pool leaves its workers waiting for
    ever: so this one ends then, and with it, by its guardian, the run that is under way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(4)


def _work(job: Job) -> Report | str:
    """An error comes back in words: one that cannot be unpickled would end the pool, and with it every other seed."""
    try:
        report = run(job.plan, job.stage, proxy=job.proxy, drawn=job.drawn)
        if job.keep == "all" or report.verdict != "holds":
            return report
        shutil.rmtree(report.folder)
        return msgspec.structs.replace(report, folder="")
    except Exception as problem:  # noqa: BLE001 - see above
        return words(problem)
