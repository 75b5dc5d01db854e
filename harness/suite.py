"""Many seeds: one run each, a few at a time, shared out to processes that draw, perform and judge them."""

import contextlib
import multiprocessing
import os
import re
import shlex
import time  # noqa: TID251 - how long a seed took, and the estimate of the time left
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import NamedTuple, TypeVar

import psutil

from harness import run as runs
from harness import worker
from harness.report.failures import words
from harness.result import Finished, Result
from harness.run import Prefer, Report, Stage
from harness.worker import Job, Keep, Performed, PlanOf
from harness.wrong import Wrong

SEEDS_MAX = 50_000  # what is kept of each until the end is about 4 KB
DRAWN_FIRST = 200  # so many plans are drawn before anything starts: a scenario that is wrong is so for most seeds
JOBS_MAX = 256  # as many blocks of loopback addresses are tried
AHEAD: dict[Stage, int] = {"simulation": 2, "processes": 1}  # jobs that a worker has: short ones must not wait
TIMES = 200  # the estimate rests on as many of the latest runs
END_DEADLINE_S = 15.0


class Order(NamedTuple):
    """What was asked for. `plan_of` goes to the workers, each of which draws the plans that it performs. `known` tells
    the known failures of a run, if all that it broke is known; `options` are those that its plans were drawn with."""

    scenario: str
    seeds: list[int]
    plan_of: PlanOf
    stage: Stage
    proxy: Prefer
    keep: Keep = "all"
    known: Callable[[Report], tuple[str, ...]] = lambda _report: ()
    options: tuple[str, ...] = ()

    def again(self, seed: int) -> str:
        """The command that performs one seed alone, wherever one has the scenario."""
        return shlex.join(["urushi", "run", self.scenario, "--seed", str(seed), "--stage", self.stage, *self.options])

    def job(self, seed: int) -> Job:
        return Job(seed, self.plan_of, self.stage, self.proxy, self.keep)


Asked = TypeVar("Asked")
Done = TypeVar("Done")
Watch = Callable[[Finished, float], None]  # is told of each seed that is over, and about how many seconds are left


def parse_seeds(text: str) -> list[int]:
    """In their order; a seed that is asked for twice is run once."""
    seeds: dict[int, None] = {}
    for low, high in parse_ranges(text):
        if high - low >= SEEDS_MAX - len(seeds):
            remedy = f"{SEEDS_MAX:,} seeds are possible at once; `urushi campaign` takes more"
            raise Wrong("--seeds", f"with '{low}..{high}' there are too many", remedy)
        seeds.update(dict.fromkeys(range(low, high + 1)))
    return list(seeds)


def parse_ranges(text: str) -> Iterator[tuple[int, int]]:
    """From the first to the last seed of each part."""
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,18})(?:\.\.(\d{1,18}))?\s*", part, re.ASCII)
        if found is None:
            raise Wrong("--seeds", f"{part!r} is no seed", "write a range such as 1..20, or seeds such as 3,7,12")
        low, high = int(found[1]), int(found[2] or found[1])
        if high < low:
            raise Wrong("--seeds", f"{part!r} ends before it begins", "write the smaller seed first")
        yield low, high


def check(order: Order, workers: int | None) -> None:
    """Refuses, before anything starts, what cannot be run. What only a later seed finds wrong fails that seed."""
    if workers is not None and not 1 <= workers <= JOBS_MAX:
        raise Wrong("--jobs", f"{workers} runs cannot go side by side", f"1 to {JOBS_MAX} are possible")
    for seed in order.seeds[:DRAWN_FIRST]:
        runs.require_levers(order.plan_of(seed)[0], order.stage)


def perform(order: Order, watch: Watch, *, workers: int | None = None, fail_fast: bool = False) -> Result:
    """By default as many at a time as there are cores. Ctrl-C is no exception here: the result has what there is.

    Workers are spawned, not forked: one that drives a proxy has class-wide state, and threads do not survive."""
    _open_runs()
    workers = min(len(order.seeds), workers or os.cpu_count() or 1)
    spawned = multiprocessing.get_context("spawn")
    result = Result(not_run=list(order.seeds))
    with ProcessPoolExecutor(workers, mp_context=spawned, initializer=worker.begin) as pool:
        try:
            _perform_on(pool, workers, order, result, watch, fail_fast=fail_fast)
        except KeyboardInterrupt:
            result.stopped = "Ctrl-C"
        if result.stopped:
            end_workers()
    result.reports.sort()
    result.errors = dict(sorted(result.errors.items()))
    return result


def _open_runs() -> None:
    """The first folder may be needed only after hours: that it can be made is seen at once."""
    try:
        runs.RUNS.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Wrong(str(runs.RUNS), f"cannot be made: {problem.strerror}", "run Urushi elsewhere") from None


def _perform_on(
    pool: ProcessPoolExecutor, workers: int, order: Order, result: Result, watch: Watch, *, fail_fast: bool
) -> None:
    """The pool gets few more jobs than it works on: one that is stopped would perform all that it has."""
    jobs = map(order.job, order.seeds)
    most = workers * (1 if fail_fast else AHEAD[order.stage])
    running: dict[Future[Performed], tuple[int, float]] = {}
    latest_s: deque[float] = deque(maxlen=TIMES)
    while result.stopped is None:
        for job in islice(jobs, most - len(running)):
            running[submit(pool, worker.work, job)] = job.seed, time.monotonic()
        if not running:
            return
        wait(running, return_when=FIRST_COMPLETED)
        for future in [each for each in running if each.done()]:
            seed, begun = running.pop(future)
            problem, now = future.exception(), time.monotonic()
            outcome, took_s = (words(problem), now - begun) if problem is not None else future.result()
            known = () if isinstance(outcome, str) else order.known(outcome)
            finished = Finished(seed, outcome, took_s, known)
            result.add(finished)
            latest_s.append(finished.took_s)
            if fail_fast and finished.verdict() == "violated":
                result.stopped = "--fail-fast"
            todo = len(result.not_run) - len(running)
            watch(finished, left_s(latest_s, [now - begun for _, begun in running.values()], todo, workers))


def left_s(took_s: Collection[float], running_s: list[float], todo: int, workers: int) -> float:
    """As if each seed that is left took as long as the mean of those that are over."""
    mean_s = sum(took_s) / len(took_s)
    under_way_s = [max(mean_s - each, 0.0) for each in running_s]
    return max((mean_s * todo + sum(under_way_s)) / workers, *under_way_s, 0.0)


def submit(pool: ProcessPoolExecutor, work: Callable[[Asked], Done], job: Asked) -> "Future[Done]":
    """A pool that has lost a worker takes no more: then every seed that is left fails with that reason."""
    try:
        return pool.submit(work, job)
    except BrokenProcessPool as problem:
        failed = Future[Done]()
        failed.set_exception(problem)
        return failed


def end_workers() -> None:
    """The guardian of a run ends what the run had started once its worker is gone; this returns when all is gone."""
    started: list[psutil.Process] = []
    for child in multiprocessing.active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            started += psutil.Process(child.pid).children(recursive=True)
        child.terminate()
    psutil.wait_procs(started, timeout=END_DEADLINE_S)
