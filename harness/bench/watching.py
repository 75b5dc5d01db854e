"""What it costs a run to be watched: three replicas behind their links and clients that never wait, as in store.py."""

import asyncio
import os
import pty
import threading
import time  # noqa: TID251 - this measures
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import uvloop
from rich.console import Console

from harness import plan as plans
from harness.bench.load import Order
from harness.bench.store import CLIENTS, SECONDS, drive, settings
from harness.faults.kinds import MS
from harness.plan import FORMAT, Disk, Network, Plan
from harness.progress import Writer
from harness.run import nobody_waits
from harness.scratch import scratch
from harness.stages.processes.addresses import claim
from harness.stages.processes.cluster import running
from harness.stages.processes.links import server
from harness.stages.processes.sampling import Sampler
from harness.watching.beside import beside
from replicas.store.policy import Policy
from replicas.store.system import Store
from workloads.operations import Operation

Looks = Literal["nobody", "samples", "view"]

LOOKS: dict[Looks, str] = {
    "nobody": "nobody looks",
    "samples": "samples are taken",
    "view": "and it is watched",
}  # each with what is before it

KEYS = 10_000


def measure_rate(looks: Looks) -> float:
    """Operations a second."""
    with scratch("bench") as folder, _viewed() if looks == "view" else nullcontext(nobody_waits) as begun:
        plans.write(_plan(), folder / "plan.json")
        begun(folder)
        return uvloop.run(_rate(looks, folder))


def _plan() -> Plan:
    """From which the view knows what keys there are; the load is not in it."""
    operations = [Operation(number, 0, "c1", "r1", "get", f"k{number}") for number in range(KEYS)]
    return Plan(FORMAT, 1, "bench", settings(3), Policy(), Network(), Disk(), operations, [], 1000 * MS, 25, 1000 * MS)


async def _rate(looks: Looks, folder: Path) -> float:
    chosen = settings(3)
    system = Store(chosen, Policy(), None, 5.0)
    with closing(claim()) as block, Writer(folder) as progress:
        async with running(chosen.names(), system, folder, server.find("stand-in"), block) as cluster:
            begun = time.monotonic_ns()
            sampler = Sampler(cluster, [], {}, list, lambda: time.monotonic_ns() - begun, progress)
            sampling = asyncio.create_task(sampler.run() if looks != "nobody" else asyncio.sleep(0))
            doors = [cluster.door(node) for node in chosen.names()]
            gained = await drive(Order(doors, CLIENTS, SECONDS, 0.5, KEYS, 100))
            sampling.cancel()
            await asyncio.wait({sampling})
    if gained.not_ok:
        raise RuntimeError(f"{gained.not_ok} operations of the load were not ok: the figure would mean nothing")
    return gained.operations / gained.seconds


@contextmanager
def _viewed() -> Iterator[Callable[[Path], None]]:
    """On a terminal that takes whatever is written to it."""
    ours, theirs = pty.openpty()
    reader = threading.Thread(target=_drain, args=(ours,))
    reader.start()
    try:
        with os.fdopen(theirs, "w") as file, beside(Console(file=file, force_terminal=True)) as begun:
            yield begun
    finally:
        reader.join()
        os.close(ours)


def _drain(ours: int) -> None:
    try:
        while os.read(ours, 65_536):
            pass
    except OSError:  # the other end is closed
        return
