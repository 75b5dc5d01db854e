"""Many seeds: one run each, a few at a time, shared out to processes that draw, perform and judge them."""

import contextlib
import multiprocessing
import os
import pickle
import re
import time  # noqa: TID251 - how long a seed took, and the estimate of the time left
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby, islice
from typing import Literal, NamedTuple, TypeVar

import msgspec
import psutil

from harness import run as runs
from harness import worker
from harness.report.failures import words
from harness.run import EXIT_CODES, Prefer, Report, Stage
from harness.worker import Job, Keep, Performed, PlanOf
from harness.wrong import Wrong

SEEDS_MAX = 50_000  # what is kept of each until the end is about 4 KB
DRAWN_FIRST = 200  # so many plans are drawn before anything starts: a scenario that is wrong is so for most seeds
JOBS_MAX = 256  # as many blocks of loopback addresses are tried
AHEAD: dict[Stage, int] = {"simulation": 2, "processes": 1}  # jobs that a worker has: short ones must not wait
LINES_MAX = 20  # of one kind in a summary
TIMES = 200  # the estimate rests on as many of the latest runs
END_DEADLINE_S = 15.0


class Order(NamedTuple):
    """What was asked for. `plan_of` goes to the workers, each of which draws the plans that it performs."""

    scenario: str
    seeds: list[int]
    plan_of: PlanOf
    stage: Stage
    proxy: Prefer
    keep: Keep = "all"

    def job(self, seed: int) -> Job:
        return Job(seed, self.plan_of, self.stage, self.proxy, self.keep)


class Finished(NamedTuple):
    """A seed that is over. An outcome in words is what kept it from being run: nothing is known of it."""

    seed: int
    outcome: Report | str
    took_s: float

    def verdict(self) -> Literal["holds", "violated", "unknown", "failed"]:
        return "failed" if isinstance(self.outcome, str) else self.outcome.verdict


Asked = TypeVar("Asked")
Done = TypeVar("Done")
Watch = Callable[[Finished, float], None]  # is told of each seed that is over, and about how many seconds are left


class Reports:
    """Of many seeds, kept pickled: in a fifth of the memory. `counts` are of the verdicts."""

    def __init__(self, reports: Iterable[Report] = ()) -> None:
        self.counts = Counter[str](dict.fromkeys(EXIT_CODES, 0))
        self._pickled: list[tuple[int, bytes]] = []
        for report in reports:
            self.append(report)

    def append(self, report: Report) -> None:
        self.counts[report.verdict] += 1
        self._pickled.append((report.seed, pickle.dumps(report)))

    def sort(self) -> None:
        """By seed."""
        self._pickled.sort()

    def __len__(self) -> int:
        return len(self._pickled)

    def __iter__(self) -> Iterator[Report]:
        return (pickle.loads(pickled) for _, pickled in self._pickled)  # noqa: S301 - our own bytes


class Result(msgspec.Struct):
    """In the order of the seeds. `not_run` are those that were not begun, or were ended before they were over."""

    reports: Reports = msgspec.field(default_factory=Reports)
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
        counts = self.reports.counts
        if counts["violated"]:
            return "violated"
        return "unknown" if counts["unknown"] or self.errors or self.not_run else "holds"

    def exit_code(self) -> int:
        return 4 if self.errors and self.verdict() != "violated" else EXIT_CODES[self.verdict()]

    def summary(self) -> list[str]:
        """Each reason for which a promise was not made is told once, whatever its figures, with an example."""
        dropped: dict[tuple[str, str], list[tuple[int, str]]] = {}
        proxies: dict[str, None] = {}
        inconclusive: list[str] = []
        for report in self.reports:
            for name, promise in report.promises.items():
                if promise.verdict == "not promised":
                    reason = re.sub(r"[\d.,]+", "…", promise.why)
                    dropped.setdefault((name, reason), []).append((report.seed, promise.why))
            if report.proxy:
                proxies[report.proxy] = None
            if report.verdict == "unknown":
                inconclusive.append(f"seed {report.seed}: {'; '.join(report.reasons)}")
        total = len(self.reports)
        return [
            *(
                f"not promised: {name} ({len(seeds)} of {total} runs): seed {seeds[0][0]}: {seeds[0][1]}"
                for (name, _), seeds in dropped.items()
            ),
            *(f"links: {proxy}" for proxy in sorted(proxies)),
            *self._failed(),
            *self._inconclusive(inconclusive),
            *self._left_out(),
            f"{total} runs: {', '.join(f'{self.reports.counts[name]} {name}' for name in EXIT_CODES)}"
            + (f"; {len(self.errors)} failed" if self.errors else ""),
        ]

    def _failed(self) -> list[str]:
        """What befell many seeds is told once."""
        seeds: dict[str, list[int]] = {}
        for seed, error in self.errors.items():
            seeds.setdefault(error, []).append(seed)
        told = [f"seed{'s' if len(of) > 1 else ''} {write_seeds(of)} failed: {error}" for error, of in seeds.items()]
        return shortened(told)

    def _inconclusive(self, told: list[str]) -> list[str]:
        if not told:
            return []
        share = f"{len(told)} of {len(self.reports)} inconclusive ({100 * len(told) / len(self.reports):.2g} %)"
        return [f"{share}: {told[0]}"] if len(told) == 1 else [f"{share}:", *(f"  {line}" for line in shortened(told))]

    def _left_out(self) -> list[str]:
        if not self.not_run:
            return []
        many = f"{len(self.not_run)} of {len(self.reports) + len(self.errors) + len(self.not_run)} seeds"
        return [f"stopped by {self.stopped}; {many} not run: {write_seeds(self.not_run)}"]


def shortened(lines: list[str]) -> list[str]:
    more = len(lines) - LINES_MAX
    return [*lines[:LINES_MAX], f"and {more:,} more"] if more > 0 else lines


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


def write_seeds(seeds: Iterable[int]) -> str:
    """As `parse_seeds` reads them."""
    parts: list[str] = []
    for _, run_of in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0]):
        numbers = [seed for _, seed in run_of]
        parts.append(f"{numbers[0]}..{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")
    return ",".join(parts)


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
            finished = Finished(seed, outcome, took_s)
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
