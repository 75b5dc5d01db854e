"""What becomes of seeds whose worker dies, by a crew of which one can say when that is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import cores
from harness.campaign.look import look
from harness.campaign.order import Order
from harness.campaign.perform import Progress, perform
from harness.campaign.results import writing
from harness.campaign.tasks import Lost, Task
from harness.commands.options import drawer
from harness.worker import Job

Fatal = Callable[[list[list[int]]], list[int]]  # of the seeds of the tasks under way: which tasks are lost


class Crew:
    """Works on all that it has at once, when it is asked what is done. Keeps the seeds that it began."""

    def __init__(self, size: int, most: int, fatal: Fatal) -> None:
        self.began: list[int] = []
        self.ended = False
        self._size, self._most, self._fatal = size, most, fatal
        self._tasks: list[Task] = []

    def portion(self, left: int) -> int:
        return min(self._size, left)

    def room(self) -> int:
        return self._most - len(self._tasks)

    def busy(self) -> bool:
        return bool(self._tasks)

    def add(self, task: Task) -> None:
        self._tasks.append(task)

    def done(self, wait_s: float) -> list[tuple[Task, list[Any] | Lost]]:
        assert wait_s < 1
        tasks, self._tasks = self._tasks, []
        seeds = [[order.seed for order in task.orders if isinstance(order, Job)] for task in tasks]
        self.began += [seed for each in seeds for seed in each]
        lost = self._fatal(seeds)
        return [(task, Lost("gone") if place in lost else cores.perform(task)) for place, task in enumerate(tasks)]

    def end(self) -> None:
        self.ended = True


def poisoned(*seeds: int) -> Fatal:
    """Takes all along that is under way beside it, as when one machine has them all."""
    return lambda tasks: list(range(len(tasks))) if any(seed in seeds for task in tasks for seed in task) else []


@pytest.mark.parametrize(("size", "most"), [(1, 1), (1, 4), (3, 2)])
def test_only_who_is_to_blame_fails(tmp_path: Path, size: int, most: int) -> None:
    order = Order([(1, 4), (6, 10)], "calm", None, None, None, "simulation", "auto", drawer("calm", None))
    crew = Crew(size, most, poisoned(3, 8))
    told: list[Progress] = []
    with writing(tmp_path / "c.sqlite", order.words()) as results:
        assert perform(order, results, crew, told.append, None) is None
        found: dict[int, str] = dict(results.rows("SELECT seed, verdict FROM seeds"))
        [[why]] = results.rows("SELECT DISTINCT why FROM seeds WHERE verdict = 'failed'")
    assert found == {seed: "failed" if seed in (3, 8) else "holds" for seed in (1, 2, 3, 4, 6, 7, 8, 9, 10)}
    assert why == "its worker died, and again when it was alone: gone"
    assert all(crew.began.count(seed) <= 2 for seed in found)
    assert crew.ended
    assert (told[-1].done, told[-1].total) == (9, 9)


def test_whatever_was_done_already_is_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    order = Order([(1, 6)], "calm", None, None, None, "simulation", "auto", drawer("calm", None))
    with writing(path, order.words()) as results:
        results.add(cores.perform(Task(look, (order.job(2), order.job(5)))), [])
    crew = Crew(2, 2, poisoned())
    with writing(path, order.words()) as results:
        perform(order, results, crew, lambda _: None, None)
        assert results.done() == [(1, 6)]
    assert crew.began == [1, 3, 4, 6]
