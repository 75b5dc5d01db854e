"""What it takes two real replicas to find and mend their differences after one of them was down: time, and bytes.

    python -m harness.bench.entropy_processes [KEYS]

KEYS are those that both hold (100,000).
"""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from harness.bench.differences import WALL, copies
from harness.bench.entropy import KINDS
from harness.bench.load import Door
from harness.levers import Action
from harness.scratch import scratch
from harness.stages.processes.addresses import claim
from harness.stages.processes.cluster import Cluster, running
from harness.stages.processes.links import server
from replicas.store.policy import Policy
from replicas.store.settings import Cluster as Settings
from replicas.store.settings import Node
from replicas.store.storage import Meta, SqliteStorage
from replicas.store.system import Store
from replicas.store.trail import Line, Sent, Started
from replicas.store.visits import Put
from replicas.system import Health, Observer

DIFFERING = (0, 10, 1_000, 100_000)
ROUND_NS = 100_000_000
DEADLINE_S = 180.0
_PAIR = Settings([Node("r1"), Node("r2")], 2, 1, 1)
_AT_ONCE = 500
_trail = msgspec.json.Decoder(Line)


class Mended(NamedTuple):
    """From the start of the replica that was away until all was quiet, in its last life; with one round in which
    nothing differs. `full` sends its copies as comparison."""

    seconds: float
    compared_bytes: int
    copied_bytes: int


def mend(policy: Policy, keys: int, differing: int) -> Mended:
    return uvloop.run(_mend(msgspec.structs.replace(policy, round_every_ns=ROUND_NS), keys, differing))


async def _mend(policy: Policy, keys: int, differing: int) -> Mended:
    system = Store(_PAIR, policy, None, 5.0, measured=True)
    with closing(claim()) as block, scratch("bench") as folder:
        for name in _PAIR.names():
            _fill(folder / name, name, keys)
        async with running(_PAIR.names(), system, folder, server.find(), block) as cluster, asyncio.timeout(DEADLINE_S):
            await _agreed(cluster)
            down = [Action("kill", "r1")]
            await cluster.levers.pull(down)
            await _write(cluster, (f"key{index * keys // differing:09}" for index in range(differing)))
            await cluster.levers.let_go(down)
            await _agreed(cluster)
        return _measured([folder / name / "trail.jsonl" for name in _PAIR.names()])


def _fill(folder: Path, name: str, keys: int) -> None:
    folder.mkdir()
    storage = SqliteStorage(folder / "copies.db", "OFF")
    for copy in copies(keys):
        storage.put(copy)
    storage.commit(Meta(f"{name}.1", 1, WALL + keys, 0, joined=True))
    storage.close()


async def _agreed(cluster: Cluster) -> None:
    """A round of each that began after now has found nothing."""
    begun = {name: (await cluster.observe(name, _health)).begun for name in cluster.names}
    for name in cluster.names:
        while True:
            health = await cluster.observe(name, _health)
            if health.pending is None and health.completed > begun[name]:
                break
            await asyncio.sleep(0.01)


async def _health(observer: Observer) -> Health:
    return await observer.health([])


async def _write(cluster: Cluster, keys: Iterable[str]) -> None:
    """At r2, while r1 is down and hears nothing."""
    loop = asyncio.get_running_loop()
    transport, door = await loop.create_connection(lambda: Door(loop), *cluster.door("r2"))
    await door.greeted
    for group in _groups(list(keys)):
        asked = [door.ask(Put(number, key, "new " + "v" * 96, "ONE")) for number, key in enumerate(group)]
        answers = await asyncio.gather(*asked)
        if any(answer.outcome != "ok" for answer in answers):
            raise RuntimeError("a write was not taken: the figure would mean nothing")
    transport.close()


def _groups(keys: list[str]) -> Iterator[list[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def _measured(trails: list[Path]) -> Mended:
    lines = [line for trail in trails for line in _trail.decode_lines(trail.read_bytes())]
    up = max(line.at for line in lines if isinstance(line, Started))
    sent = [line for line in lines if isinstance(line, Sent) and line.at >= up]
    taken = {"copied": 0, "acknowledged": 0, "compared": 0}
    for line in sent:
        taken[{"store": "copied", "stored": "acknowledged"}.get(line.kind, "compared")] += line.bytes or 0
    last = max(line.at for line in sent)
    return Mended((last - up) / 1e9, taken["compared"], taken["copied"])


def main() -> None:
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    console = Console(width=120)
    table = Table("kind", "differ", "s", "compared", "copied", title=f"{keys:,} keys on two processes")
    for name, policy in KINDS.items():
        for differing in DIFFERING:
            if differing <= keys:
                table.add_row(name, f"{differing:,}", *_cells(policy, keys, differing))
    console.print(table)


def _cells(policy: Policy, keys: int, differing: int) -> tuple[str, ...]:
    try:
        mended = mend(policy, keys, differing)
    except TimeoutError:
        return (f"over {DEADLINE_S:.0f}",)
    return f"{mended.seconds:.2f}", f"{mended.compared_bytes:,}", f"{mended.copied_bytes:,}"


if __name__ == "__main__":
    main()
