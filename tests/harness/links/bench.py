"""One direction of a connection of the stand-in, on a clock of the test's own."""

import heapq
import itertools
from collections.abc import Callable
from random import Random
from typing import Any, cast

from harness.stages.processes.links.standin.bodies import Toxic
from harness.stages.processes.links.standin.pipe import Pipe
from harness.stages.processes.links.standin.toxics import KINDS


class Handle:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """As much of an event loop as a pipe needs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heap: list[tuple[float, int, Handle, Callable[..., None], tuple[Any, ...]]] = []
        self.order = itertools.count()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, act: Callable[..., None], *arguments: Any) -> Handle:
        handle = Handle()
        heapq.heappush(self.heap, (when, next(self.order), handle, act, arguments))
        return handle

    def call_later(self, delay: float, act: Callable[..., None], *arguments: Any) -> Handle:
        return self.call_at(self.now + delay, act, *arguments)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.heap and self.heap[0][0] <= until:
            when, _, handle, act, arguments = heapq.heappop(self.heap)
            self.now = max(self.now, when)
            if not handle.cancelled:
                act(*arguments)
        self.now = until


class Socket:
    """A transport and, as the other direction, what the end of this one leads to."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.written: list[tuple[float, bytes]] = []
        self.reading = True
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed, "written after the end"
        assert data, "an empty write"
        self.written.append((self.clock.now, data))

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True

    def finish(self) -> None:
        """The other direction: it has no toxics here."""

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True

    def data(self) -> bytes:
        return b"".join(data for _, data in self.written)


class Bench:
    """A pipe between two such sockets."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.source = Socket(self.clock)
        self.far = Socket(self.clock)
        self.resets = 0
        self.pipe = Pipe(cast("Any", self.clock), cast("Any", self.source), cast("Any", self.far), Random, self._reset)
        self.pipe.reverse = cast("Any", self.far)
        self.sent = b""

    def send(self, size: int) -> None:
        data = bytes((len(self.sent) + at) % 251 for at in range(size))
        self.sent += data
        self.pipe.first(data)

    def add(self, name: str, kind: str, **attributes: int) -> None:
        self.pipe.add(toxic(name, kind, attributes))

    def _reset(self) -> None:
        self.resets += 1


def toxic(name: str, kind: str, attributes: dict[str, int], toxicity: float = 1.0) -> Toxic:
    return Toxic(KINDS[kind].attributes(**attributes), name, kind, "upstream", toxicity)
