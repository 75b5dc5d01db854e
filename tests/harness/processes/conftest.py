"""Every test here is watched: a process that outlives its test fails it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep  # noqa: TID251 - deadlines on real processes

import psutil
import pytest

Marked = Callable[[], list[psutil.Process]]
NothingLeft = Callable[..., None]


@pytest.fixture
def marked(tmp_path: Path) -> Marked:
    """Lists the living processes with the directory of the test in their environment or command line."""

    def processes() -> list[psutil.Process]:
        found = []
        for pid in psutil.pids():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                words = (*process.cmdline(), *process.environ().values())
                if str(tmp_path) in words and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    return processes


@pytest.fixture(autouse=True)
def nothing_left(marked: Marked) -> Iterator[NothingLeft]:
    """Waits until no marked process is alive, `but` the given pid; it is also called when the test is over."""

    def wait(*, but: int = 0, deadline_s: float = 10) -> None:
        until = monotonic() + deadline_s
        while left := [process for process in marked() if process.pid != but]:
            if monotonic() > until:
                for process in left:
                    process.kill()
                pytest.fail(f"still alive after {deadline_s} s: {left}")
            sleep(0.01)

    yield wait
    wait()
