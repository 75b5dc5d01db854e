"""What stands between the two sockets of one direction: stages that pass bytes on, later or not at all."""

import asyncio
import math
from collections import deque
from random import Random
from typing import Any, Generic, Protocol, TypeVar

A = TypeVar("A")


class Taker(Protocol):
    """Whoever comes next in a direction."""

    def take(self, data: bytes) -> None: ...

    def end(self) -> None: ...


class Line(Protocol):
    """What a stage may ask of the direction that it stands in."""

    loop: asyncio.AbstractEventLoop

    def cut(self, stage: "Stage[Any]") -> None:
        """The stream ends after this stage; whatever is before it is dropped."""

    def reset(self) -> None:
        """RST to both sides."""

    def relax(self) -> None:
        """The stage holds more or less than before: read the source, or do not."""


class Stage(Generic[A]):
    """One toxic at work on one direction of one connection. This one passes everything on.

    `end` comes at most once, and nothing is taken after it.
    """

    held = 0  # bytes kept back
    room = 0  # bytes that may be kept back while the source is still read
    after: Taker  # set by the line whenever its stages change

    def __init__(self, line: Line, attributes: A, draws: Random) -> None:
        self.line = line
        self.attributes = attributes
        self.draws = draws

    def take(self, data: bytes) -> None:
        self.after.take(data)

    def end(self) -> None:
        self.after.end()

    def update(self, attributes: A) -> None:
        self.attributes = attributes

    def leave(self) -> None:
        """The toxic was removed: pass on what is held."""

    def stop(self) -> None:
        """The connection is gone: no timer may fire any more."""


class Queue(Stage[A]):
    """Passes everything on in order, each piece at its time."""

    room = 64 * 1024

    def __init__(self, line: Line, attributes: A, draws: Random) -> None:
        super().__init__(line, attributes, draws)
        self.waiting: deque[tuple[bytes, float]] = deque()  # with the time of arrival here
        self.pieces: deque[bytes] = deque()  # what is left of the chunk that is being passed on
        self.arrived_s = 0.0  # when that chunk arrived
        self.ended = False
        self.busy = False  # the first piece waits for its time, which may never come
        self.timer: asyncio.TimerHandle | None = None

    def split(self, data: bytes) -> list[bytes]:
        return [data]

    def due_s(self, piece: bytes) -> float:
        """When the first piece goes on, by the loop's clock. Asked once for each piece, unless `update` intervenes."""
        raise NotImplementedError

    def take(self, data: bytes) -> None:
        self.waiting.append((data, self.line.loop.time()))
        self.held += len(data)
        if not self.busy:
            self._advance()
        self.line.relax()

    def end(self) -> None:
        self.ended = True
        if not self.busy:
            self._advance()

    def update(self, attributes: A) -> None:
        self.attributes = attributes
        if self.pieces:
            self.waiting.appendleft((b"".join(self.pieces), self.arrived_s))
            self.pieces.clear()
        self._cancel()
        self._advance()

    def leave(self) -> None:
        self._cancel()
        held = b"".join([*self.pieces, *(data for data, _ in self.waiting)])
        ended = self.ended
        self.stop()
        if held:
            self.after.take(held)
        if ended:
            self.after.end()

    def stop(self) -> None:
        self._cancel()
        self.pieces.clear()
        self.waiting.clear()
        self.held = 0
        self.ended = False

    def _advance(self) -> None:
        """Pass on all that is due, then wait for the time of the next piece."""
        self.busy = False
        while self.pieces or self.waiting:
            if not self.pieces:
                data, self.arrived_s = self.waiting.popleft()
                self.pieces.extend(self.split(data))
            due_s = self.due_s(self.pieces[0])
            if due_s > self.line.loop.time():
                self._wait(due_s)
                return
            self._pass_on()
        if self.ended:
            self.ended = False
            self.after.end()

    def _wait(self, due_s: float) -> None:
        self.busy = True
        if due_s < math.inf:
            self.timer = self.line.loop.call_at(due_s, self._fire)

    def _fire(self) -> None:
        self._pass_on()
        self._advance()
        self.line.relax()

    def _pass_on(self) -> None:
        piece = self.pieces.popleft()
        self.held -= len(piece)
        self.after.take(piece)

    def _cancel(self) -> None:
        self.busy = False
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
