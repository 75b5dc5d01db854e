"""The processes of one run and the levers on them: replicas, the proxy server, and a link for each direction."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from checkers.history import Life
from harness.levers import Action, ends, link
from harness.stages.processes.addresses import Block
from harness.stages.processes.links import server
from harness.stages.processes.links.control import Control
from harness.stages.processes.links.link import Link, LinkError
from harness.stages.processes.supervise import Child, ChildEndedError, Guardian, last_lines
from replicas.system import Address, Observer, System

T = TypeVar("T")

START_DEADLINE_S = 20.0
STEP_DEADLINE_S = 5.0
PROBE_DEADLINE_S = 0.25
POLL_S = 0.005


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
        self.lives: list[Life] = []
        self._system = system
        self._folder = folder
        self._guardian = guardian
        self._choice = choice
        self._direct = {name: block.node(index) for index, name in enumerate(names)}
        pairs = [(one, other) for one in names for other in names if one != other]
        self._links = {link(*pair): block.proxy(index) for index, pair in enumerate(pairs)}
        self._doors = {name: block.proxy(len(pairs) + index) for index, name in enumerate(names)}
        self._api = block.api
        self._control = Control(*block.api)
        self._proxy_server: Child | None = None
        self._children: dict[str, Child] = {}
        self._commands: dict[str, list[str]] = {}

    async def start(self) -> None:
        """Returns when every node answers and has been greeted by each of its peers over their link."""
        proxies = self._folder / "proxy.log"
        child = self._proxy_server = await self._spawn(server.argv(self._choice, *self._api), self._folder, proxies)
        replicas = asyncio.gather(*(self._start_node(name) for name in self.names))
        try:
            await child.outlives(
                asyncio.to_thread(self._open_links), "the proxy server to be ready", deadline_s=START_DEADLINE_S
            )
        finally:
            await replicas
        await asyncio.gather(*(self._greeted(name) for name in self.names))
        await self.all_reached(START_DEADLINE_S)

    def close(self) -> None:
        """Of the processes the guardian takes care; this gives up the connection to the proxy server."""
        self._control.close()

    def _open_links(self) -> None:
        self._control.wait_ready(START_DEADLINE_S)
        links = [Link(_proxy(name), str(at), str(self._direct[ends(name)[1]])) for name, at in self._links.items()]
        doors = [Link(f"clients-{name}", str(at), str(self._direct[name])) for name, at in self._doors.items()]
        self._control.create(links + doors)

    async def _start_node(self, name: str) -> None:
        links = {ends(each)[1]: at for each, at in self._links.items() if ends(each)[0] == name}
        folder = self._folder / name
        self._commands[name] = self._system.prepare(name, 1, self._direct[name], links, folder)
        self._children[name] = await self._spawn(self._commands[name], folder, folder / "log.txt")

    async def _spawn(self, command: list[str], folder: Path, log: Path) -> Child:
        return await self._guardian.spawn(command, env=os.environ, cwd=folder, log=log)

    async def _greeted(self, name: str) -> None:
        child = self._children[name]
        greeting = self._observed(name, _nothing)
        await child.outlives(greeting, f"{name} to answer at its address", deadline_s=START_DEADLINE_S)

    async def all_reached(self, deadline_s: float) -> None:
        """Waits until every node has been greeted over each of its links. One that stays closed although no fault is
        on makes any verdict worthless: LinkError."""
        until = asyncio.get_running_loop().time() + deadline_s
        while True:
            silent = await asyncio.gather(*(self.observe(name, _unreached) for name in self.names))
            closed = [link(name, peer) for name, peers in zip(self.names, silent, strict=True) for peer in peers]
            if not closed:
                return
            if asyncio.get_running_loop().time() > until:
                what = f"still closed after {deadline_s:g} s, although no fault is on"
                raise LinkError(", ".join(closed), "wait until open", what, f"See {self._folder / 'proxy.log'}")
            await asyncio.sleep(POLL_S)

    def door(self, name: str) -> Address:
        """Where clients reach a node: its client link."""
        return self._doors[name]

    async def observe(self, name: str, look: Callable[[Observer], Awaitable[T]]) -> T:
        """Past all links. A node that has died meanwhile is reported with the end of its log."""
        child = self._children[name]
        return await child.outlives(self._observed(name, look), f"{name} to answer", deadline_s=STEP_DEADLINE_S)

    async def _observed(self, name: str, look: Callable[[Observer], Awaitable[T]]) -> T:
        while True:
            try:
                observer = await self._system.observe(self._direct[name], STEP_DEADLINE_S)
            except ConnectionError:
                await asyncio.sleep(POLL_S)
                continue
            try:
                return await look(observer)
            finally:
                observer.close()

    async def pull(self, action: Action) -> None:
        if action.lever == "block":
            await asyncio.to_thread(self._control.block, _proxy(action.target))
            return
        child = self._children[action.target]
        if action.lever == "pause":
            await child.signal(signal.SIGSTOP)
            await child.becomes("stopped", deadline_s=STEP_DEADLINE_S)
            return
        await child.signal(signal.SIGKILL)
        await child.exited(deadline_s=STEP_DEADLINE_S)

    async def let_go(self, action: Action) -> None:
        if action.lever == "block":
            await asyncio.to_thread(self._control.unblock, _proxy(action.target))
        elif action.lever == "pause":
            await self._children[action.target].signal(signal.SIGCONT)
        else:
            folder = self._folder / action.target
            command = self._commands[action.target]
            self._children[action.target] = await self._spawn(command, folder, folder / "log.txt")
            await self._greeted(action.target)

    async def evidence(self, action: Action) -> tuple[bool, str]:
        """Whether the lever is pulled, by what the operating system, the proxy and a message over the link say."""
        if action.lever == "block":
            return await self._evidence_of_block(action.target)
        state = self._children[action.target].state()
        wanted = "stopped" if action.lever == "pause" else "gone"
        return state == wanted, f"{action.target} is {state}"

    async def _evidence_of_block(self, name: str) -> tuple[bool, str]:
        answered, blocked = await asyncio.gather(
            self._system.probe(self._links[name], PROBE_DEADLINE_S),
            asyncio.to_thread(self._control.blocked, _proxy(name)),
        )
        seen = "a message over it was answered" if answered else "a message over it got no answer"
        return blocked and not answered, f"{name}: {'its toxic is on' if blocked else 'no toxic is on'}, {seen}"

    def check_alive(self, but_for: set[str]) -> None:
        """A replica or a proxy server that ended of itself is no verdict: it is an error, with its last words."""
        proxy = self._proxy_server
        if proxy is not None and proxy.ended is not None:
            raise ChildEndedError(f"the proxy server ended of itself ({proxy.ended})\n{last_lines(proxy.log)}")
        for name, child in self._children.items():
            if name not in but_for and child.ended is not None:
                log = self._folder / name / "log.txt"
                raise ChildEndedError(f"{name} ended of itself ({child.ended})\n{last_lines(log)}")


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


def _proxy(name: str) -> str:
    sender, to = ends(name)
    return f"{sender}-to-{to}"


async def _nothing(_observer: Observer) -> None:
    """The greeting was all that was wanted."""


async def _unreached(observer: Observer) -> list[str]:
    return await observer.unreached()
