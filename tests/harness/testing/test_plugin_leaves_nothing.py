"""However a session ends, nothing of a cluster that its tests drive outlives it."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep  # noqa: TID251 - real processes, and deadlines on them

import psutil
import pytest

from tests.harness.testing.sessions import PATIENCE_S, begun, session

pytestmark = pytest.mark.processes

TEST = """
import pathlib, time
import pytest

@pytest.mark.timeout({limit}, func_only=True)
def test_it(urushi_cluster):
    urushi_cluster.pause("r2")
    pathlib.Path("ready").write_text("")
    {then}
"""

REPLICAS = 3


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[Callable[[], list[psutil.Process]]]:
    """The living processes of the session, whoever their parents are; none may be left when the test is over."""
    mark = str(tmp_path)

    def living() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.pid != os.getpid() and process.environ().get("MARK") == mark:
                    found.append(process)
        return found

    yield living
    until = monotonic() + PATIENCE_S
    while (left := living()) and monotonic() < until:
        sleep(0.05)
    for process in left:
        process.kill()
    assert not left


def wait_for(there: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    until = monotonic() + PATIENCE_S
    while not there():
        assert running.poll() is None, running.communicate()[0]
        assert monotonic() < until
        sleep(0.05)


SLEEP = "time.sleep(1000)"
READS = "[urushi_cluster.read('k', at='r1') for _ in range(10_000)]"
ENDS = {
    "a failure with -x": ("assert False", ("-x",), None, 1, "assert False"),
    "Ctrl-C in a call": (READS, (), signal.SIGINT, 2, "KeyboardInterrupt"),
    "a timeout in a call, by a signal": (READS, (), None, 1, "Failed: Timeout"),
    "a timeout, by a thread": (SLEEP, ("--timeout-method", "thread"), None, 1, "Timeout"),
    "SIGKILL": (SLEEP, (), signal.SIGKILL, -signal.SIGKILL, ""),
}


@pytest.mark.parametrize(("then", "options", "end", "code", "said"), ENDS.values(), ids=ENDS)
def test_nothing_is_left_after(
    tmp_path: Path,
    marked: Callable[[], list[psutil.Process]],
    then: str,
    options: tuple[str, ...],
    end: signal.Signals | None,
    code: int,
    said: str,
) -> None:
    (tmp_path / "test_it.py").write_text(TEST.format(then=then, limit=1 if "Timeout" in said else 60))
    with begun(tmp_path, *options) as running:
        if end is not None:
            wait_for((tmp_path / "ready").exists, running)
            assert len(marked()) > REPLICAS
            running.send_signal(end)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == code, out
    assert said in out
    assert (tmp_path / "ready").exists()


def test_a_worker_that_is_killed_takes_its_cluster_along_and_its_test_can_be_repeated(
    tmp_path: Path, marked: Callable[[], list[psutil.Process]]
) -> None:
    (tmp_path / "test_it.py").write_text(
        TEST.format(then="import os, signal; os.kill(os.getpid(), signal.SIGKILL)", limit=60)
    )
    killed = session(tmp_path, "-n", "1", "--max-worker-restart", "0")
    assert killed.code == 1
    assert re.search(r"Reproduce:  pytest 'test_it.py::test_it\[seed=\d+\]' --urushi-seed 1", killed.out), killed.out
