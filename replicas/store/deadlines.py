"""Deadlines of operations that all have the same time: the oldest is always in front."""

from collections import deque
from collections.abc import Callable

from .core import Core


class Deadlines:
    """`due` hears of each request whose time is up, and says whether it has as long again."""

    def __init__(self, core: Core, after_ns: int, timer: str, due: Callable[[int], bool]) -> None:
        self.core = core
        self._after_ns = after_ns
        self._timer = timer
        self._due = due
        self._queue: deque[tuple[int, int]] = deque()

    def add(self, request: int) -> None:
        if not self._queue:
            self.core.set_timer(self._after_ns, self._timer)
        self._queue.append((self.core.now.mono + self._after_ns, request))

    def expire(self) -> None:
        now, queue = self.core.now.mono, self._queue
        while queue and queue[0][0] <= now:
            _, request = queue.popleft()
            if self._due(request):
                queue.append((now + self._after_ns, request))
        while queue and queue[0][1] not in self.core.waiting:
            queue.popleft()
        if queue:
            self.core.set_timer(max(0, queue[0][0] - now), self._timer)
