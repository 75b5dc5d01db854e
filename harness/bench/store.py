"""The store's processes under load: how fast they are ready, and how many operations they do."""

import asyncio
import sys
import time  # noqa: TID251 - this measures
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

import msgspec
import uvloop

from harness.bench.load import Order, Yield
from harness.levers import Action
from harness.scratch import scratch
from harness.stages.processes.addresses import claim
from harness.stages.processes.cluster import running
from harness.stages.processes.links import server
from replicas.store.policy import Policy
from replicas.store.settings import Cluster as Settings
from replicas.store.settings import Node
from replicas.store.system import Store
from replicas.system import Address

CLIENTS = 64
SECONDS = 3.0
READINESS_REPEATS = 5


class Variant(NamedTuple):
    """`proxy` None: nodes and clients connect directly."""

    name: str
    proxy: Literal["toxiproxy", "stand-in"] | None = None
    synchronous: str = "FULL"
    record_messages: bool = True


class DirectStore(Store):
    """Links that lead straight to the other node."""

    def __init__(self, settings: Settings, variant: Variant) -> None:
        super().__init__(
            settings,
            Policy(),
            None,
            5.0,
            synchronous=variant.synchronous,
            record_messages=variant.record_messages,
        )
        self.addresses: dict[str, Address] = {}
        self._direct = variant.proxy is None

    def prepare(
        self, node: str, incarnation: int, listen: Address, links: Mapping[str, Address], folder: Path
    ) -> list[str]:
        chosen = {peer: self.addresses[peer] for peer in links} if self._direct else links
        return super().prepare(node, incarnation, listen, chosen, folder)


def settings(nodes: int) -> Settings:
    return Settings([Node(f"r{i + 1}") for i in range(nodes)], 3, 2, 2)


def measure_throughput(variant: Variant) -> float:
    return uvloop.run(_throughput(variant))


async def _throughput(variant: Variant) -> float:
    chosen = settings(3)
    system = DirectStore(chosen, variant)
    names = chosen.names()
    with closing(claim()) as block, scratch("bench") as folder:
        system.addresses = {node: block.node(index) for index, node in enumerate(names)}
        choice = server.find(variant.proxy or "stand-in")
        async with running(names, system, folder, choice, block) as cluster:
            doors = [system.addresses[node] if variant.proxy is None else cluster.door(node) for node in names]
            gained = await drive(Order(doors, CLIENTS, SECONDS, 0.5, 10_000, 100))
    if gained.not_ok:
        raise RuntimeError(f"{gained.not_ok} operations of the load were not ok: the figure would mean nothing")
    return gained.operations / gained.seconds


async def drive(order: Order) -> Yield:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "harness.bench.load", msgspec.json.encode(order).decode(), stdout=-1
    )
    async with asyncio.timeout(order.seconds + order.warm_s + 30):
        out, _ = await process.communicate()
    return msgspec.json.decode(out, type=Yield)


def measure_readiness() -> tuple[float, float]:
    """Seconds until five replicas behind their links are ready, and until one that was killed answers again."""
    times = [uvloop.run(_readiness()) for _ in range(READINESS_REPEATS)]
    return median(each[0] for each in times), median(each[1] for each in times)


async def _readiness() -> tuple[float, float]:
    chosen = settings(5)
    system = Store(chosen, Policy(), None, 1.0)
    with closing(claim()) as block, scratch("bench") as folder:
        begun = time.perf_counter()
        async with running(chosen.names(), system, folder, server.find(), block) as cluster:
            ready = time.perf_counter() - begun
            kill = Action("kill", "r3")
            await cluster.levers.pull([kill])
            killed = time.perf_counter()
            await cluster.levers.let_go([kill])
            restarted = time.perf_counter() - killed
    return ready, restarted
