"""Virtual time: one heap of what is due, ordered by time and then by the order of asking."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

WALL_AT_START_NS = 1_800_000_000_000_000_000  # the wall clock of every node when unrest starts


class World:
    def __init__(self) -> None:
        self.now = 0
        self._asked = count(1)
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    def at(self, when: int, act: Callable[..., None], *arguments: Any) -> None:
        heappush(self._heap, (when, next(self._asked), act, arguments))

    def forget(self, act: Callable[..., None], *first: Any) -> None:
        """All that was to be done by `act` with these first arguments is not done."""
        places = len(first)
        self._heap[:] = [due for due in self._heap if due[2] != act or due[3][:places] != first]
        heapify(self._heap)

    def run_until(self, end: int) -> None:
        """Everything that is due up to and including `end`."""
        heap = self._heap
        while heap:
            due = heappop(heap)
            when, _, act, arguments = due
            if when > end:
                heappush(heap, due)
                break
            self.now = when
            act(*arguments)
        self.now = end
