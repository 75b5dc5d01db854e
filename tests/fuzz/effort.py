"""How long the rooms of this folder go on: a moment in the suite, as long as `ci/fuzz` says otherwise."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from hypothesis import settings

CASES = int(os.environ.get("URUSHI_FUZZ_CASES", "0"))
CPU_SECONDS_MAX = 30.0


def cases(quick: int, share: float = 1.0) -> settings:
    """In the suite the same cases each time; in a long run those of the seed that pytest was given, and for what is
    only another look at the same kind a share of them."""
    many = int(CASES * share)
    return settings(max_examples=many or quick, derandomize=not CASES, database=None, print_blob=True)


def told(what: str, seen: Counter[str]) -> None:
    """Shown by `ci/fuzz`: how often what came about."""
    print(f"\n{what}: " + ", ".join(f"{count:,} {name}" for name, count in sorted(seen.items())))  # noqa: T201 - read there


class Endless(AssertionError):
    """Raised wherever the code happens to be."""


@contextmanager
def no_hang(seconds: float = CPU_SECONDS_MAX) -> Iterator[None]:
    """Of this process's own CPU, so that a busy machine is no hang."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Endless(f"it used {seconds:g} s of CPU, and was not done")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
