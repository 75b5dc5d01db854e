"""A real scheduler and real workers on this machine, and what is left when one of them is killed."""

import os
import subprocess
import sys
import time  # noqa: TID251 - waits for other processes
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from harness.campaign import cluster
from harness.wrong import Wrong
from tests.harness.campaign.conftest import ORDER
from tests.harness.campaign.files import done, facts, query
from tests.harness.commands import ROOT, left_in, urushi, urushi_process, urushi_started

DEADLINE_S = 60.0


class Dask(NamedTuple):
    address: str
    folder: Path
    workers: list[subprocess.Popen[bytes]]


def started(folder: Path, module: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", "--no-dashboard", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / f"{module}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    scheduler = started(folder, "dask_scheduler", "--port", "0", "--scheduler-file", "scheduler.json")
    workers: list[subprocess.Popen[bytes]] = []
    try:
        address = address_in(folder)
        words = (address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        workers += [started(folder, "dask_worker", *words) for _ in range(2)]
        yield Dask(address, folder, workers)
    finally:
        end(workers)  # before the scheduler, for whose answer a worker that ends would wait
        end([scheduler])
    assert left_in(folder) == []


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def address_in(folder: Path) -> str:
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        log = (folder / "dask_scheduler.log").read_text()
        found = [line.split()[-1] for line in log.splitlines() if "Scheduler at:" in line]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log)


def test_a_worker_is_killed_and_each_seed_is_there_once(dask: Dask, whole: Path, tmp_path: Path) -> None:
    campaign = urushi_started(tmp_path, *ORDER, "--out", "c.sqlite", "--cluster", dask.address)
    killed = psutil.Process(dask.workers[0].pid)
    until = time.monotonic() + DEADLINE_S
    at_work: list[psutil.Process] = []  # a process for each task: it may end as one looks
    while not at_work and campaign.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
        at_work = killed.children()
    assert at_work
    killed.kill()
    assert done(tmp_path / "c.sqlite") < 12
    _, alive = psutil.wait_procs(at_work, timeout=10)
    assert not alive
    out, err = campaign.communicate(timeout=110)
    assert campaign.returncode == 1, out + err
    assert facts(tmp_path / "c.sqlite") == facts(whole)


POISON = """
import os
os.environ["MAIN"] = str(os.getpid())
import sys
from pathlib import Path
from harness.campaign import cluster
from harness.campaign.order import Order
from harness.campaign.perform import perform
from harness.campaign.results import writing
from tests.harness.campaign.killed import plan_of
order = Order([(1, 12)], "calm", None, None, None, "simulation", "auto", plan_of)
with writing(Path("c.sqlite"), order.words()) as results, cluster.connected(sys.argv[1], order.stage) as crew:
    perform(order, results, crew, lambda progress: None, None)
"""


def test_a_seed_that_kills_its_process_fails_alone(dask: Dask, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", POISON, dask.address]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=100)
    rows = query(tmp_path / "c.sqlite", "SELECT seed, verdict FROM seeds")
    assert dict(rows) == {seed: "failed" if seed == 7 else "holds" for seed in range(1, 13)}
    assert all(worker.poll() is None for worker in dask.workers)


@pytest.mark.processes
def test_real_processes_on_workers(dask: Dask, tmp_path: Path) -> None:
    words = ("campaign", "--scenario", "demo:purges-unconfirmed", "--seeds", "1..2", "--stage", "processes", "--json")
    document = urushi_process(tmp_path, *words, "--cluster", dask.address, deadline_s=110).document
    assert document["done"] == 2
    runs = {kept["run"] for group in document["groups"] for kept in group["fastest"]}
    assert runs
    assert {path.name for path in (tmp_path / ".urushi/runs").iterdir()} == runs


def test_another_urushi_is_refused() -> None:
    with pytest.raises(Wrong) as caught:
        cluster._require_same("0.1.0, source aa", {"tcp://a": "0.1.0, source aa", "tcp://b": "0.2.0, source bb"})
    assert "this is Urushi 0.1.0, source aa, and tcp://b has 0.2.0, source bb; install the same" in str(caught.value)


def test_without_dask_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = urushi(tmp_path, "campaign", "--seeds", "1..3", "--cluster", "tcp://127.0.0.1:1")
    assert outcome.code == 2
    assert "--cluster: Dask is not installed here; pip install 'urushi[cluster]'" in outcome.said
    assert not (tmp_path / ".urushi").exists()


NOBODY = """
from harness.campaign import cluster
cluster.CONNECT_S = 0.5
with cluster.connected("tcp://127.0.0.1:1", "simulation"):
    pass
"""


def test_where_no_scheduler_is_nothing_begins(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", NOBODY]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, timeout=60, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "Wrong: --cluster: no scheduler answers at 'tcp://127.0.0.1:1'" in ended.stderr
