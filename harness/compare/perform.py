"""Performs every policy over the same plans, on all cores, and keeps of each run what was measured."""

import contextlib
import multiprocessing
import os
import shutil
import time  # noqa: TID251 - how long is left
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import NamedTuple

from harness import run as runs
from harness import suite, worker
from harness.compare.measures import Measures, measure
from harness.plan import Plan
from harness.policy import Named, over
from harness.report.failures import words
from harness.run import Prefer, Stage
from harness.worker import PlanOf
from harness.wrong import Wrong, near

POLICIES_MOST = 20
RUNS_MOST = 20_000  # what is kept of each until the end is about 20 KB
PUT_OVER_FIRST = 20  # so many plans get every policy before anything starts
AHEAD = {"simulation": 2, "processes": 1}


class Order(NamedTuple):
    """What was asked for. Differences are from the policy named `baseline`."""

    scenario: str
    seeds: list[int]
    plan_of: PlanOf
    policies: list[Named]
    baseline: str
    stage: Stage
    proxy: Prefer


class Job(NamedTuple):
    seed: int
    order: Order


class Compared(NamedTuple):
    """One seed under every policy, in their order. A text is what kept it from being run: it counts for none."""

    seed: int
    of: list[Measures] | str
    took_s: float


class Outcome(NamedTuple):
    """In the order of the seeds; `errors` by seed. `stopped`: by Ctrl-C, and it has what there is."""

    measured: dict[int, list[Measures]]
    errors: dict[int, str]
    stopped: bool = False


Watch = Callable[[Compared, float], None]  # is told of each seed that is over, and how many seconds are left


def check(order: Order, workers: int | None) -> None:
    """Refuses, before anything starts, what cannot be compared."""
    names = [policy.name for policy in order.policies]
    if len(names) < 2:
        many = "one policy" if names else "no policy"
        raise Wrong("compare", f"{many} leaves nothing to compare", "name two or more")
    if len(names) > POLICIES_MOST:
        raise Wrong("compare", f"{len(names)} policies", f"{POLICIES_MOST} are possible at once")
    if len(names) * len(order.seeds) > RUNS_MOST:
        what = f"{len(order.seeds):,} seeds under {len(names)} policies"
        raise Wrong("--seeds", what, f"{RUNS_MOST // len(names):,} seeds are possible under so many")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Wrong("compare", f"{twice!r} is named twice", "name each policy once")
    if order.baseline not in names:
        raise Wrong("--baseline", f"{order.baseline!r} is not compared", near(order.baseline, names))
    if workers is not None and not 1 <= workers <= suite.JOBS_MAX:
        raise Wrong("--jobs", f"{workers} runs cannot go side by side", f"1 to {suite.JOBS_MAX} are possible")
    for seed in order.seeds[: suite.DRAWN_FIRST]:
        plan, _ = order.plan_of(seed)
        runs.require_levers(plan, order.stage)
    for seed in order.seeds[:PUT_OVER_FIRST]:
        for policy in order.policies:
            over(order.plan_of(seed)[0], policy)


def perform(order: Order, watch: Watch, workers: int | None = None) -> Outcome:
    """By default as many seeds at a time as there are cores. Ctrl-C is no exception here."""
    workers = min(len(order.seeds), workers or os.cpu_count() or 1)
    spawned = multiprocessing.get_context("spawn")
    found: list[Compared] = []
    stopped = False
    with ProcessPoolExecutor(workers, mp_context=spawned, initializer=worker.begin) as pool:
        try:
            _perform_on(pool, workers, order, found, watch)
        except KeyboardInterrupt:
            stopped = True
        if stopped:
            suite.end_workers()
    found.sort()
    errors = {each.seed: each.of for each in found if isinstance(each.of, str)}
    return Outcome({each.seed: each.of for each in found if not isinstance(each.of, str)}, errors, stopped)


def _perform_on(pool: ProcessPoolExecutor, workers: int, order: Order, found: list[Compared], watch: Watch) -> None:
    """The pool gets few more jobs than it works on: one that is stopped would perform all that it has."""
    jobs = (Job(seed, order) for seed in order.seeds)
    running: dict[Future[Compared], tuple[int, float]] = {}
    latest_s: deque[float] = deque(maxlen=suite.TIMES)
    while True:
        for job in islice(jobs, workers * AHEAD[order.stage] - len(running)):
            running[suite.submit(pool, work, job)] = job.seed, time.monotonic()
        if not running:
            return
        wait(running, return_when=FIRST_COMPLETED)
        for future in [each for each in running if each.done()]:
            seed, begun = running.pop(future)
            problem, now = future.exception(), time.monotonic()
            done = Compared(seed, words(problem), now - begun) if problem is not None else future.result()
            found.append(done)
            latest_s.append(done.took_s)
            todo = len(order.seeds) - len(found) - len(running)
            watch(done, suite.left_s(latest_s, [now - begun for _, begun in running.values()], todo, workers))


def work(job: Job) -> Compared:
    """In a worker. An error comes back in words: one that cannot be unpickled would end the pool."""
    begun = time.monotonic()
    of: list[Measures] | str
    try:
        plan, _ = job.order.plan_of(job.seed)
        of = [_measured(over(plan, policy), job.order) for policy in job.order.policies]
    except Exception as problem:  # noqa: BLE001 - see above
        of = words(problem)
    return Compared(job.seed, of, time.monotonic() - begun)


def _measured(plan: Plan, order: Order) -> Measures:
    """No folder stays: `urushi suite SCENARIO --seeds N --policy P` brings any run back."""
    folder = runs.RUNS / runs.new_id()
    try:
        history, _ = runs.perform(plan, order.stage, folder, order.proxy, runs.silent, measured=True)
        return measure(plan, history)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
