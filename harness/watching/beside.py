"""Starts the view of a run in a process of its own: a frame takes milliseconds, for which the clients of the run would
have to wait, and in a session of its own it can stand back."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

LOG = "watch.log"
END_DEADLINE_S = 5.0


class View:
    """Ctrl-C does not reach it: it is for whoever has started it."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._log = folder / LOG
        self._console = console
        command = [sys.executable, "-P", "-m", "harness.watching", str(folder.absolute())]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console.file.fileno(), stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Until the run is over."""
        self._process.wait()

    def leave(self) -> None:
        self._process.terminate()
        self.end()

    def end(self) -> None:
        """The run is over, so it ends by itself; but not at once on a busy machine. The terminal is then as it was."""
        code = self._ended()
        if code is None:
            self._process.terminate()
            code = self._ended()
        if code is None:
            self._process.kill()
            code = self._process.wait()
        if code:
            self._console.show_cursor(show=True)
            said = f"the live view has ended early ({code}): see {self._log}"
            self._console.print(said, markup=False, highlight=False)
        else:
            self._log.unlink()

    def _ended(self) -> int | None:
        try:
            return self._process.wait(END_DEADLINE_S)
        except subprocess.TimeoutExpired:
            return None


@contextmanager
def beside(console: Console) -> Iterator[Callable[[Path], None]]:
    """What is yielded is to be told the run's folder, before the run begins."""
    views: list[View] = []
    try:
        yield lambda folder: views.append(View(folder, console))
    finally:
        for view in views:
            view.end()
