"""Calls that are due at their moments, under one timer of the replica."""

from collections.abc import Callable
from heapq import heappop, heappush

from .core import Core


class Alarms:
    """A timer is only set for what is due before all others; `_timers` has the moments of those that are to come."""

    def __init__(self, core: Core, timer: str) -> None:
        self._core = core
        self._timer = timer
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._timers: list[int] = []
        self._set = 0  # so that calls of one moment keep their order

    def after(self, ns: int, call: Callable[[], None]) -> None:
        self._set += 1
        heappush(self._due, (self._core.now.mono + ns, self._set, call))
        self._wait()

    def tick(self) -> None:
        """A timer may come a little early: then it is set again."""
        if self._timers:
            heappop(self._timers)
        now = self._core.now.mono
        while self._due and self._due[0][0] <= now:
            heappop(self._due)[2]()
        self._wait()

    def _wait(self) -> None:
        if self._due and (not self._timers or self._due[0][0] < self._timers[0]):
            when = self._due[0][0]
            heappush(self._timers, when)
            self._core.set_timer(max(0, when - self._core.now.mono), self._timer)
