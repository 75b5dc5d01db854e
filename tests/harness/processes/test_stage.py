"""Whole runs on real processes: through both proxies, and nothing stays when the harness goes away in the middle."""

import os
import signal
import subprocess
import sys
import time  # noqa: TID251 - waits for real processes, with a deadline
from pathlib import Path

import msgspec
import psutil
import pytest

from checkers import files
from checkers.history import Change, Fault, Life, Message
from harness.faults.kinds import Fault as PlannedFault
from harness.run import Prefer, run
from harness.scenario import draw, load
from harness.stages.processes.links.server import NoServer, find

pytestmark = pytest.mark.processes


def wanted(proxy: Prefer) -> Prefer:
    try:
        find(proxy)
    except NoServer as problem:
        pytest.skip(str(problem))
    return proxy


@pytest.mark.parametrize("proxy", ["toxiproxy", "stand-in"])
def test_a_default_seed_holds(proxy: Prefer, tmp_path: Path) -> None:
    plan, drawn = draw(load("default"), "default", seed=8)
    report = run(plan, "processes", proxy=wanted(proxy), runs=tmp_path, drawn=drawn)
    assert report.verdict == "holds", report.stories or report.reasons
    assert all(fault.applied for fault in report.faults)
    assert sum(fault.bit for fault in report.faults) > 0
    history = files.read(tmp_path / report.id / "history.jsonl")
    kinds = {type(event) for event in history.events}
    assert {Change, Fault, Life, Message} <= kinds
    for name in plan.cluster.names():
        left = {path.name for path in (tmp_path / report.id / name).iterdir()}
        assert {"copies.db", "trail.jsonl", "log.txt", "spec.json"} <= left


def test_overlapping_faults_on_one_link_are_both_seen_and_healed(tmp_path: Path) -> None:
    """The link opens when the last fault that holds it ends."""
    plan, _ = draw(load("calm"), "calm", seed=1)
    ms = 1_000_000
    faults = [
        PlannedFault("f1", "isolate", ["r1"], 300 * ms, 900 * ms),
        PlannedFault("f2", "one-way", ["r1", "r2"], 600 * ms, 1500 * ms),
    ]
    report = run(msgspec.structs.replace(plan, faults=faults), "processes", runs=tmp_path)
    assert report.verdict == "holds", report.stories or report.reasons
    history = files.read(tmp_path / report.id / "history.jsonl")
    cut = [
        message.at
        for message in history.events
        if isinstance(message, Message) and (message.sender, message.to) == ("r1", "r2") and message.received is None
    ]
    assert [at for at in cut if 900 * ms < at < 1500 * ms], "the one-way cut did not outlast the isolation"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_when_the_harness_goes_away(number: signal.Signals, tmp_path: Path) -> None:
    """In the middle of a run, with replicas paused and links cut."""
    command = [sys.executable, "-m", "harness.cli", "run", "default", "--seed", "4"]
    harness = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert harness.stdout is not None
        for line in harness.stdout:
            if "pause" in line and "applied" in line:
                break
        assert mine(tmp_path), "the run has no processes: this test would show nothing"
        harness.send_signal(number)
        harness.communicate(timeout=30)
    finally:
        harness.kill()
        harness.wait()
    deadline = time.monotonic() + 15
    while (left := mine(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left


def mine(folder: Path) -> list[str]:
    """Processes that work in this test's folder."""
    found: list[str] = []
    for pid in psutil.pids():
        try:
            process = psutil.Process(pid)
            if str(folder) in process.cwd() and pid != os.getpid():
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found
