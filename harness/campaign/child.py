"""A process of its own for each thread of a Dask worker: runs share nothing, use a core each, and one that dies takes
nothing along. It lives as long as one task, and ends at once when the worker goes away."""

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from harness.campaign.tasks import Died, Task

TRIES = 2
_END_S = 10.0


def perform(task: Task) -> list[Any]:
    """In order. What kills the process is tried once more, and then left alone."""
    outcomes: list[Any] = []
    child: _Child | None = None
    try:
        for order in task.orders:
            for _ in range(TRIES):
                child = child or _Child()
                outcome = child.ask(task.work, order)
                if not isinstance(outcome, Died):
                    break
                child = None
            outcomes.append(outcome)
    finally:
        if child is not None:
            child.end()
    return outcomes


class _Child:
    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "harness.campaign.child"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, start_new_session=True)

    def ask(self, work: Callable[[Any], Any], order: Any) -> Any:
        asking, answers = self._process.stdin, self._process.stdout
        if asking is None or answers is None:
            raise RuntimeError("a child without pipes")
        try:
            pickle.dump((work, order), asking)
            asking.flush()
            return pickle.load(answers)  # noqa: S301 - our own process
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            return Died(f"exit code {self.end()}")

    def end(self) -> int:
        """It ends when nobody can ask it any more."""
        try:
            self._process.communicate(timeout=_END_S)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.communicate()
        return self._process.returncode


def main() -> None:
    """What performs a run may print; what is asked for and answered has descriptors of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked: queue.Queue[tuple[Callable[[Any], Any], Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    while True:
        work, order = asked.get()
        pickle.dump(work(order), answers)
        answers.flush()


def _listen(asked: "queue.Queue[tuple[Callable[[Any], Any], Any]]") -> None:
    """The end of it is the end of the worker, however it came, or of what it wanted: what is under way is for nobody.
    The guardian of a run ends what the run had started."""
    with os.fdopen(os.dup(0), "rb") as asking:
        while True:
            try:
                asked.put(pickle.load(asking))  # noqa: S301 - from the process that started this one
            except EOFError:
                os._exit(0)


if __name__ == "__main__":
    main()
