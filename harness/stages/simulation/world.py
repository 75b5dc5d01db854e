"""Virtual time: one heap of what is due, ordered by time and then by the order of asking."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

WALL_AT_START_NS = 1_800_000_000_000_000_000  # the wall clock of every node when unrest starts


class World:
    def __init__(self) -> None:
        self.now = 0
        self.events = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    def at(self, when: int, act: Callable[..., None], *arguments: Any) -> None:
        self.events += 1
        heappush(self._heap, (when, self.events, act, arguments))

    def forget(self, act: Callable[..., None], *first: Any) -> None:
        """All that was to be done by `act` with these first arguments is not done."""
        count = len(first)
        self._heap[:] = [due for due in self._heap if due[2] != act or due[3][:count] != first]
        heapify(self._heap)

    def run_until(self, end: int) -> None:
        """Everything that is due up to and including `end`."""
        heap = self._heap
        while heap and heap[0][0] <= end:
            when, _, act, arguments = heappop(heap)
            self.now = when
            act(*arguments)
        self.now = end
