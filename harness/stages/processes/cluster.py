"""The processes of one run: replicas, the proxy server, and a link for each direction; and the levers on them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from harness.levers import CLIENTS, ends, link
from harness.stages.processes.addresses import Block
from harness.stages.processes.levers import Levers
from harness.stages.processes.links import server
from harness.stages.processes.links.control import Control
from harness.stages.processes.links.levers import LinkLevers, proxy_of
from harness.stages.processes.links.link import Link, LinkError
from harness.stages.processes.logs import last_lines
from harness.stages.processes.node import POLL_S, START_DEADLINE_S, Node
from harness.stages.processes.supervise import Child, ChildEndedError, Guardian
from replicas.system import Address, Observer, System

T = TypeVar("T")


class Cluster:
    """Node names are links' ends; each client reaches a node over the node's client link."""

    def __init__(
        self,
        names: list[str],
        system: System,
        folder: Path,
        block: Block,
        guardian: Guardian,
        choice: server.ServerChoice,
    ) -> None:
        self.names = names
        self._system = system
        self._folder = folder
        self.guardian = guardian
        self._choice = choice
        self._upstream = {name: block.node(index) for index, name in enumerate(names)}
        between = [link(one, other) for one in names for other in names if one != other]
        doors = [link(CLIENTS, name) for name in names]
        self._links = {name: block.proxy(index) for index, name in enumerate([*between, *doors])}
        self._api = block.api
        self._control = Control(*block.api)
        self._proxy_server: Child | None = None
        self.nodes = {
            name: Node(name, system, folder / name, guardian, self._upstream[name], self._links_of(name))
            for name in names
        }
        self.levers = Levers(self.nodes, LinkLevers(self._control), system, self.address)

    async def start(self) -> None:
        """Returns when every node answers and has been greeted by each of its peers over their link."""
        log = self._folder / "proxy.log"
        command = server.argv(self._choice, *self._api)
        child = self._proxy_server = await self.guardian.spawn(command, env=os.environ, cwd=self._folder, log=log)
        replicas = asyncio.gather(*(node.start() for node in self.nodes.values()))
        try:
            await child.outlives(
                asyncio.to_thread(self._open_links), "the proxy server to be ready", deadline_s=START_DEADLINE_S
            )
        finally:
            await replicas
        await asyncio.gather(*(node.greeted() for node in self.nodes.values()))
        await self.all_reached(START_DEADLINE_S)

    def close(self) -> None:
        """Of the processes the guardian takes care; this gives up the connection to the proxy server."""
        self._control.close()

    def _open_links(self) -> None:
        self._control.wait_ready(START_DEADLINE_S)
        self._control.create(
            [Link(proxy_of(name), str(at), str(self._upstream_of(name))) for name, at in self._links.items()]
        )

    def _upstream_of(self, name: str) -> Address:
        sender, to = ends(name)
        return self._upstream[to] if sender == CLIENTS else self._system.inlet(self._upstream[to])

    def _links_of(self, name: str) -> dict[str, Address]:
        return {ends(each)[1]: at for each, at in self._links.items() if ends(each)[0] == name}

    def living(self) -> list[str]:
        """Nodes that nobody has ended."""
        return [name for name in self.names if self.nodes[name].down is None]

    async def all_reached(self, deadline_s: float) -> None:
        """Waits until every living node has been greeted over each of its links to another. One that stays closed
        although no fault is on makes any verdict worthless: LinkError."""
        until = asyncio.get_running_loop().time() + deadline_s
        while True:
            self.check_alive()
            living = self.living()
            silent = await asyncio.gather(*(self.observe(name, _unreached) for name in living))
            closed = [
                link(name, peer) for name, peers in zip(living, silent, strict=True) for peer in peers if peer in living
            ]
            if not closed:
                return
            if asyncio.get_running_loop().time() > until:
                what = f"still closed after {deadline_s:g} s, although no fault is on"
                raise LinkError(", ".join(closed), "wait until open", what, f"See {self._folder / 'proxy.log'}")
            await asyncio.sleep(POLL_S)

    def address(self, name: str) -> Address:
        """Where whoever sends over this link connects; both directions of a client link have one."""
        sender, to = ends(name)
        return self._links[link(CLIENTS, sender) if to == CLIENTS else name]

    def door(self, name: str) -> Address:
        """Where clients reach a node: its client link."""
        return self.address(link(CLIENTS, name))

    async def observe(self, name: str, look: Callable[[Observer], Awaitable[T]]) -> T:
        return await self.nodes[name].observe(look)

    def check_alive(self) -> None:
        """A replica or a proxy server that ended of itself is no verdict: it is an error, with its last words."""
        proxy = self._proxy_server
        if proxy is not None and proxy.ended is not None:
            raise ChildEndedError(f"the proxy server ended of itself ({proxy.ended})\n{last_lines(proxy.log)}")
        for node in self.nodes.values():
            node.check_alive()


@asynccontextmanager
async def running(
    names: list[str], system: System, folder: Path, choice: server.ServerChoice, block: Block
) -> AsyncIterator[Cluster]:
    """A cluster that is ready, under a guardian of its own; in the end nothing of it is left but its folder."""
    async with await Guardian.start(log=folder / "guardian.log", hold=[block.lock.fileno()]) as guardian:
        cluster = Cluster(names, system, folder, block, guardian, choice)
        try:
            await cluster.start()
            yield cluster
        finally:
            cluster.close()


async def _unreached(observer: Observer) -> list[str]:
    return await observer.unreached()
