"""The cores of this machine: the pool of a suite, and another one when a worker has died."""

import multiprocessing
import os
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from harness import suite, worker
from harness.campaign.tasks import Lost, Task
from harness.run import Stage


class Cores:
    """Nothing is started before there is something to do."""

    def __init__(self, jobs: int | None, stage: Stage) -> None:
        self._workers = jobs or os.cpu_count() or 1
        self._most = self._workers * suite.AHEAD[stage]
        self._pool: ProcessPoolExecutor | None = None
        self._broken = False  # it has lost a worker, and takes no more
        self._running: dict[Future[list[Any]], Task] = {}

    def portion(self, left: int) -> int:  # noqa: ARG002 - a pool takes one at a time as well as many
        return 1

    def room(self) -> int:
        return self._most - len(self._running)

    def busy(self) -> bool:
        return bool(self._running)

    def add(self, task: Task) -> None:
        if self._pool is None:
            spawned = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=spawned, initializer=worker.begin)
        self._running[suite.submit(self._pool, perform, task)] = task

    def done(self, wait_s: float) -> list[tuple[Task, list[Any] | Lost]]:
        over: list[tuple[Task, list[Any] | Lost]] = []
        for future in wait(self._running, wait_s, return_when=FIRST_COMPLETED).done:
            problem = future.exception()
            if problem is not None and not isinstance(problem, BrokenProcessPool):
                raise problem
            over.append((self._running.pop(future), Lost(str(problem)) if problem else future.result()))
        self._broken |= any(isinstance(outcome, Lost) for _, outcome in over)
        if self._broken and not self._running:
            self._close()
        return over

    def end(self) -> None:
        if self._running:
            suite.end_workers()
        self._close()

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool, self._broken = None, False


def perform(task: Task) -> list[Any]:
    return [task.work(order) for order in task.orders]
