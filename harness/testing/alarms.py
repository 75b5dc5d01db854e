"""Timeouts of tests, and Ctrl-C, that fall into an event loop."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


def run(runner: asyncio.Runner, work: Awaitable[T]) -> T:
    """As the runner would, and whatever a signal's handler raises meanwhile ends the work first and is raised then. The
    runner's own way with Ctrl-C raises within the loop if the work has just ended, which leaves the loop unusable."""
    raised: list[BaseException] = []
    working: list[asyncio.Task[T]] = []

    def told(problem: BaseException) -> None:
        raised.append(problem)
        for task in working:
            runner.get_loop().call_soon_threadsafe(task.cancel)

    async def watched() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a runner makes one
        working.append(task)
        if raised:
            task.cancel()
        return await work

    with ExitStack() as handlers:
        for number in (signal.SIGALRM, signal.SIGINT):
            handlers.enter_context(_told_of(number, told))
        try:
            done = runner.run(watched())
        except asyncio.CancelledError:
            if not raised:
                raise
    if raised:
        raise raised[0]
    return done


@contextmanager
def _told_of(number: signal.Signals, told: Callable[[BaseException], None]) -> Iterator[None]:
    """What the handler of this signal raises is told instead."""
    given = signal.getsignal(number)
    if not callable(given) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        try:
            given(number, frame)
        except BaseException as problem:  # noqa: BLE001 - whatever it is, it is raised in the end
            told(problem)

    signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, given)


@contextmanager
def let_through() -> Iterator[None]:
    """pytest-timeout raises in the handler of SIGALRM. A loop takes what is raised there for the failure of whatever
    callback it is at, tells its log, and goes on. So a timeout ends it as Ctrl-C does, in order, and is raised then."""
    raised: list[BaseException] = []

    def told(problem: BaseException) -> None:
        raised.append(problem)
        _interrupt()

    try:
        with _told_of(signal.SIGALRM, told):
            yield
    except KeyboardInterrupt:
        if not raised:
            raise
    if raised:
        raise raised[0]


def _interrupt() -> None:
    """The runner of a loop has put its own handler there, which cancels what it runs."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(signal.SIGINT, None)
