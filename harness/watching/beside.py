"""Starts the view of a run beside it: in a process of its own, since a frame takes milliseconds for which the run's
clients would have to wait."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

LOG = "watch.log"
END_DEADLINE_S = 5.0


@contextmanager
def beside(console: Console) -> Iterator[Callable[[Path], None]]:
    """What is yielded is to be told the run's folder. The view ends with the run; at the end of this the terminal is
    as it was."""
    views: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        yield lambda folder: views.append((_start(folder, console), folder))
    finally:
        for view, folder in views:
            _end(view, folder, console)


def _start(folder: Path, console: Console) -> subprocess.Popen[bytes]:
    """Ctrl-C is for the run, which then ends, and the view with it: so the view is born with SIGINT blocked."""
    command = [sys.executable, "-P", "-m", "harness.watching", str(folder.absolute())]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with (folder / LOG).open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console.file.fileno(), stderr=log)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(view: subprocess.Popen[bytes], folder: Path, console: Console) -> None:
    try:
        code = view.wait(END_DEADLINE_S)
    except subprocess.TimeoutExpired:
        view.kill()
        code = view.wait()
    if code:
        console.show_cursor(show=True)
        console.print(f"the live view has ended early ({code}): see {folder / LOG}", markup=False, highlight=False)
    else:
        (folder / LOG).unlink()
