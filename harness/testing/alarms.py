"""Timeouts of tests that fall into an event loop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def let_through() -> Iterator[None]:
    """pytest-timeout raises in the handler of SIGALRM. A loop takes what is raised there for the failure of whatever
    callback it is at, tells its log, and goes on. So a timeout ends it as Ctrl-C does, in order, and is raised then."""
    given = signal.getsignal(signal.SIGALRM)
    if not callable(given) or threading.current_thread() is not threading.main_thread():
        yield
        return
    raised: list[BaseException] = []

    def handle(number: int, frame: FrameType | None) -> None:
        try:
            given(number, frame)
        except BaseException as problem:  # noqa: BLE001 - whatever it is, it is raised below
            raised.append(problem)
            _interrupt(frame)

    signal.signal(signal.SIGALRM, handle)
    try:
        yield
    except KeyboardInterrupt:
        if not raised:
            raise
    finally:
        signal.signal(signal.SIGALRM, given)
    if raised:
        raise raised[0]


def _interrupt(frame: FrameType | None) -> None:
    """The runner of a loop has put its own handler there, which cancels what it runs."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)
