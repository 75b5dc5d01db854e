"""One replica as a process, through its lives: started, ended in each of the ways there are, paused, observed."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from harness.levers import DOWN_LEVERS, Lever
from harness.stages.processes.logs import last_lines
from harness.stages.processes.supervise import Child, ChildEndedError, DeadlineError, Exit, Guardian
from replicas.system import Address, Observer, System

T = TypeVar("T")

START_DEADLINE_S = 20.0
STEP_DEADLINE_S = 5.0
POLL_S = 0.005


class Proof(NamedTuple):
    """Whether a lever is pulled, and who says so."""

    ok: bool
    said: str


class Node:
    """Levers are pulled and let go one after the other, in the order in which they are asked for: what is restarted
    is greeted before it is ended again. `down`: its process was ended, and nobody may wonder that it is gone."""

    def __init__(
        self,
        name: str,
        system: System,
        folder: Path,
        guardian: Guardian,
        listen: Address,
        links: Mapping[str, Address],
    ) -> None:
        self.name = name
        self.down: Lever | None = None
        self._incarnation = 1
        self._system = system
        self._folder = folder
        self.log = folder / "log.txt"
        self._guardian = guardian
        self._listen = listen
        self._links = links
        self._turn = asyncio.Lock()
        self._started: Child | None = None

    @property
    def incarnation(self) -> str:
        return f"{self.name}.{self._incarnation}"

    @property
    def _child(self) -> Child:
        assert self._started is not None, f"{self.name} was never started"  # noqa: S101 - the cluster starts all first
        return self._started

    @property
    def pid(self) -> int | None:
        """Of the process that is there, stopped or not."""
        return self._started.pid if self._started is not None and self._started.ended is None else None

    async def start(self) -> None:
        command = self._system.prepare(self.name, self._incarnation, self._listen, self._links, self._folder)
        self._started = await self._guardian.spawn(command, env=os.environ, cwd=self._folder, log=self.log)

    async def greeted(self) -> None:
        greeting = self._observed(_nothing)
        within_s = self._system.ready_within_s
        await self._child.outlives(greeting, f"{self.name} to answer at its address", deadline_s=within_s)

    async def pull(self, lever: Lever) -> None:
        async with self._turn:
            self.check_alive()
            if lever in DOWN_LEVERS:
                await self._end(lever)
            else:
                await self._child.signal(signal.SIGSTOP)
                await self._child.becomes("stopped", deadline_s=STEP_DEADLINE_S)

    async def _end(self, lever: Lever) -> None:
        self.down = lever
        if lever == "stop":
            await self._child.signal(signal.SIGTERM)
            with contextlib.suppress(DeadlineError):  # of one that does not end, the proof says so
                await self._child.exited(deadline_s=STEP_DEADLINE_S)
            return
        await self._kill()
        if lever == "wipe":
            self._system.wipe(self._folder)

    async def let_go(self, lever: Lever) -> None:
        async with self._turn:
            if lever in DOWN_LEVERS:
                await self._start_again(lever)
            else:
                await self._child.signal(signal.SIGCONT)
                await self._child.becomes("running", deadline_s=STEP_DEADLINE_S)

    async def _start_again(self, lever: Lever) -> None:
        if self._child.ended is None:
            await self._kill()
        self._incarnation += lever == "wipe"
        await self.start()
        self.down = None
        await self.greeted()

    async def _kill(self) -> None:
        await self._child.signal(signal.SIGKILL)
        await self._child.exited(deadline_s=STEP_DEADLINE_S)

    def proof(self, lever: Lever) -> Proof:
        """What the operating system says."""
        state, ended = self._child.state(), self._child.ended
        if lever not in DOWN_LEVERS:
            return Proof(state == "stopped", f"it is {state}")
        if ended is None:
            return Proof(ok=False, said=f"it is {state}, {STEP_DEADLINE_S:g} s after it was told to end")
        if lever == "stop":
            in_order = ended == Exit(0, None) or not self._system.audited  # who keeps no trail may end as it likes
            return Proof(in_order, "gone, in order" if in_order else f"gone, and not in order: {ended}")
        return Proof(state == "gone", "gone, with its disk" if lever == "wipe" else "gone")

    async def observe(self, look: Callable[[Observer], Awaitable[T]]) -> T:
        """Past all links. If it dies meanwhile, the end of its log is told."""
        return await self._child.outlives(self._observed(look), f"{self.name} to answer", deadline_s=STEP_DEADLINE_S)

    async def _observed(self, look: Callable[[Observer], Awaitable[T]]) -> T:
        while True:
            try:
                observer = await self._system.observe(self._listen, STEP_DEADLINE_S)
            except ConnectionError:
                await asyncio.sleep(POLL_S)
                continue
            try:
                return await look(observer)
            finally:
                observer.close()

    async def observer(self) -> Observer:
        """For one who looks again and again; ConnectionError if it does not answer now."""
        return await self._system.observe(self._listen, STEP_DEADLINE_S)

    def check_alive(self) -> None:
        """One that ended of itself is no verdict: it is an error, with its last words."""
        ended = self.ended_of_itself()
        if ended is not None:
            raise ChildEndedError(f"{self.name} ended of itself ({ended})\n{last_lines(self.log)}")

    def ended_of_itself(self) -> Exit | None:
        return self._child.ended if self.down is None else None


async def _nothing(_observer: Observer) -> None:
    """The greeting was all that was wanted."""
