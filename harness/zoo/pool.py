"""Work for all cores: jobs are taken as workers become free, and results come as they are done."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, NamedTuple

from harness import worker


class Job(NamedTuple):
    """`work(order)` is done in a worker. `name` says whose job it is."""

    name: str
    work: Callable[[Any], Any]
    order: Any


class Crew:
    """`done` yields until there is no job left; more may be added meanwhile."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self._running: dict[Future[Any], Job] = {}

    def add(self, job: Job) -> None:
        self._running[self._pool.submit(job.work, job.order)] = job

    def done(self) -> Iterator[tuple[Job, Any]]:
        while self._running:
            for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                yield self._running.pop(future), future.result()


@contextmanager
def crew() -> Iterator[Crew]:
    """Whatever ends the block early ends the workers, and what they are at, too."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=spawned, initializer=worker.begin) as pool:
        try:
            yield Crew(pool)
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise
