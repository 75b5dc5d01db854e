"""Nothing of a run outlives its harness, whenever and however that goes."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic, sleep  # noqa: TID251 - real processes die at moments of real time

import psutil
import pytest

from harness.stages.processes.addresses import LOCK_PORT
from harness.stages.processes.supervise import GUARDIAN

Marked = Callable[[], list[psutil.Process]]
NothingLeft = Callable[..., None]
ROOT = GUARDIAN.parents[3]
VICTIM = Path(__file__).with_name("victim.py")
KILLS = int(os.environ.get("URUSHI_TEST_KILLS", "20"))


def raw_guardian(directory: Path, argv: list[str]) -> subprocess.Popen[bytes]:
    """A guardian with one child, and nobody who would clean up after it."""
    command = [sys.executable, "-I", "-S", str(GUARDIAN), str(os.getpid())]
    guardian = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    where = {"cwd": "/", "log": str(directory / "log")}
    request = {"do": "spawn", "argv": argv, "env": {"MARK": str(directory)}, **where}
    assert guardian.stdin
    assert guardian.stdout
    os.write(guardian.stdin.fileno(), json.dumps(request).encode() + b"\n")
    assert json.loads(guardian.stdout.readline()) == {"ready": True}
    assert "pid" in json.loads(guardian.stdout.readline())
    return guardian


ALONE = {
    "one that listens to nobody": ("trap '' HUP TERM; while :; do sleep 1000; done", ["sleeping"] * 2),
    "one that is stopped": ("kill -STOP $$; exit", ["stopped"]),
    "one that gave up its lifeline": ("exec sleep 1000 < /dev/null", ["sleeping"]),
    "a group that is stopped": ("sleep 1000 & kill -STOP 0; exit", ["stopped"] * 2),
    "a group of which one has the lifeline": (
        "exec 3<&0; sleep 1000 <&3 & exec sleep 1000 < /dev/null 3<&-",
        ["sleeping"] * 2,
    ),
}


@pytest.mark.parametrize(("script", "states"), ALONE.values(), ids=ALONE)
def test_children_end_with_a_guardian_that_is_killed_when_nobody_else_is_there(
    tmp_path: Path, script: str, states: list[str], nothing_left: NothingLeft, marked: Marked
) -> None:
    guardian = raw_guardian(tmp_path, ["/bin/sh", "-c", script])
    until = monotonic() + 5
    while [process.status() for process in marked()] != states:
        assert monotonic() < until
        sleep(0.01)
    guardian.kill()
    guardian.communicate(timeout=10)
    nothing_left()


def test_a_request_that_makes_no_sense_ends_everything(tmp_path: Path) -> None:
    guardian = raw_guardian(tmp_path, ["/bin/sleep", "1000"])
    news, errors = guardian.communicate(b"{nonsense\n", timeout=10)
    assert json.loads(news)["signal"] == signal.SIGKILL
    assert b"JSONDecodeError" in errors
    assert guardian.returncode == 1


def test_a_harness_that_reads_no_answers_is_taken_for_dead(tmp_path: Path) -> None:
    guardian = raw_guardian(tmp_path, ["/bin/sleep", "1000"])
    assert guardian.stdin
    with contextlib.suppress(BrokenPipeError):
        for _ in range(10_000):
            os.write(guardian.stdin.fileno(), b'{"do": "signal", "pid": 1, "signal": 0}\n')
    _, errors = guardian.communicate(timeout=10)
    assert b"ending 1 processes: cannot talk to the harness" in errors


def victim(directory: Path, *arguments: object) -> tuple[subprocess.Popen[str], Callable[[], str]]:
    command = [sys.executable, str(VICTIM), *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MARK": str(directory)}
    harness = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert harness.stdout
    return harness, harness.stdout.readline


def can_be_claimed(prefix: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lock, contextlib.suppress(OSError):
        lock.bind((f"{prefix}.254", LOCK_PORT))
        return True
    return False


@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_outlives_a_harness_that_is_killed_at_any_moment(
    tmp_path: Path, seed: int, nothing_left: NothingLeft
) -> None:
    harness, line = victim(tmp_path, seed, tmp_path)
    with harness:
        prefix = line().strip()
        sleep(Random(seed).uniform(0, 0.15))
        assert harness.poll() is None
        harness.kill()
    nothing_left()
    assert not (tmp_path / "scratch").exists()
    until = monotonic() + 5  # a dying process loses its marks before its descriptors
    while not can_be_claimed(prefix):
        assert monotonic() < until
        sleep(0.01)


def test_a_fork_of_the_harness_that_holds_its_pipes_does_not_hide_its_death(
    tmp_path: Path, nothing_left: NothingLeft
) -> None:
    harness, line = victim(tmp_path, 0, tmp_path, "fork")
    line()
    fork = int(line())
    harness.kill()
    harness.wait(10)
    try:
        nothing_left(but=fork)
        assert psutil.pid_exists(fork)
    finally:
        os.kill(fork, signal.SIGKILL)
        harness.communicate(timeout=10)
