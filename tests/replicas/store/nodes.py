"""Real nodes of the reference store, each a process of its own, joined without proxies."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import monotonic  # noqa: TID251 - deadlines on real processes
from typing import TypeVar

from replicas.store.policy import Policy
from replicas.store.settings import Cluster
from replicas.store.system import Store
from replicas.system import Address, HeldCopy, Observer, Session

T = TypeVar("T")
PATIENCE_S = 10.0
HOST = f"127.91.{os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"


class Node:
    def __init__(self, name: str, address: Address, folder: Path, command: list[str]) -> None:
        self.name = name
        self.address = address
        self.folder = folder
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Its words go to a file, so that a pipe that nobody reads holds up nothing."""
        with (self.folder / "stderr.txt").open("ab") as words:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stderr=words, cwd=self.folder)

    def kill(self) -> None:
        """With no chance to do anything more."""
        if self.process is not None:
            self.process.kill()
            self.ended()

    def let_go(self) -> int:
        """Closes its standard input, as the death of whoever looks after it would."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.ended()

    def ended(self) -> int:
        assert self.process is not None
        code = self.process.wait(PATIENCE_S)
        if self.process.stdin is not None:
            self.process.stdin.close()
        return code

    @property
    def words(self) -> str:
        return (self.folder / "stderr.txt").read_text()


class Nodes:
    def __init__(self, cluster: Cluster, policy: Policy, folder: Path) -> None:
        self.system = Store(cluster, policy, None, client_timeout_s=2.0)
        addresses = dict(zip(cluster.names(), free_addresses(len(cluster.nodes)), strict=True))
        self.of: dict[str, Node] = {}
        for name, address in addresses.items():
            links = {peer: other for peer, other in addresses.items() if peer != name}
            command = self.system.prepare(name, 1, address, links, folder / name)
            self.of[name] = Node(name, address, folder / name, command)

    def start(self) -> None:
        for node in self.of.values():
            node.start()

    def kill(self) -> None:
        for node in self.of.values():
            node.kill()

    async def session(self, name: str, who: str = "client") -> Session:
        return await greeted(lambda: self.system.connect(self.of[name].address, who, PATIENCE_S))

    async def observer(self, name: str) -> Observer:
        return await greeted(lambda: self.system.observe(self.of[name].address, PATIENCE_S))

    async def joined(self) -> None:
        """Until each node has been greeted by each other."""
        for name in self.of:
            observer = await self.observer(name)
            await until(partial(reached, observer), f"{name} reaches its peers")
            observer.close()

    async def converged(self) -> dict[str, HeldCopy]:
        """Until all hold the same; what they hold."""
        observers = [await self.observer(name) for name in self.of]
        dumps: list[dict[str, HeldCopy]] = []

        async def same() -> bool:
            snapshots = [await observer.dump() for observer in observers]
            dumps[:] = [snapshot.copies for snapshot in snapshots if snapshot is not None]
            return all(dump == dumps[0] for dump in dumps)

        await until(same, "all nodes hold the same")
        for observer in observers:
            observer.close()
        return dumps[0]


async def reached(observer: Observer) -> bool:
    return not await observer.unreached()


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = monotonic() + PATIENCE_S
    while not await condition():
        if monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(0.01)


async def greeted(connect: Callable[[], Awaitable[T]]) -> T:
    """A node that was just started listens a moment later."""
    deadline = monotonic() + PATIENCE_S
    while True:
        try:
            return await connect()
        except ConnectionError:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(0.01)


def free_addresses(count: int) -> list[Address]:
    """Free now, on a host that no other process of ours uses."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [Address(*each.getsockname()) for each in sockets]
