"""Work in portions, and what does it: the cores of this machine, or a cluster."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class Task(NamedTuple):
    """`work` is done for each of the orders."""

    work: Callable[[Any], Any]
    orders: tuple[Any, ...]


class Died(NamedTuple):
    """In place of a result: the process that was at it died, and so did the one that tried it again."""

    how: str


class Lost(NamedTuple):
    """In place of the results of a task: a worker died, and it may have been the fault of any of its orders, or of
    another task's that was under way at the same time."""

    how: str


class Crew(Protocol):
    def portion(self, left: int) -> int:
        """How many orders a task should have, if so many are left, or more."""

    def room(self) -> int:
        """How many more tasks it takes now; what waits in it is lost if the campaign is stopped."""

    def busy(self) -> bool: ...

    def add(self, task: Task) -> None: ...

    def done(self, wait_s: float) -> list[tuple[Task, "list[Any] | Lost"]]:
        """What is over, after so many seconds at most; each task once."""

    def end(self) -> None:
        """Whatever is under way ends, and leaves nothing behind."""
