"""Looks at the nodes from outside, several times a second while a run goes on, and writes down what it sees."""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

import psutil

from checkers.history import Return
from harness import samples
from harness.levers import LINK_LEVERS, Action
from harness.progress import State, Tick, Writer
from harness.samples import Sample
from harness.stages.processes.clients import Client
from harness.stages.processes.cluster import Cluster
from replicas.system import Standing

EVERY_S = 0.2
FRESH_NS = 500_000_000  # what a node said of itself longer ago is not how it stands now
GONE = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


class Usage(NamedTuple):
    """Of a process that lives."""

    stopped: bool
    cpu_ns: int
    rss_bytes: int


class Sampler:
    """`planned` has the time of each operation, `held` the actions that faults hold now."""

    def __init__(
        self,
        cluster: Cluster,
        clients: list[Client],
        planned: dict[int, int],
        held: Callable[[], Iterable[Action]],
        now: Callable[[], int],
        writer: Writer,
    ) -> None:
        self._cluster = cluster
        self._clients = [(client, [0]) for client in clients]
        self._planned = planned
        self._held = held
        self._now = now
        self._writer = writer
        self._processes: dict[str, psutil.Process] = {}
        self._said: dict[str, tuple[int, Standing]] = {}

    async def run(self) -> None:
        """Until it is cancelled; the last look is at that moment."""
        with (self._writer.folder / samples.FILE).open("wb", buffering=0) as file:
            async with asyncio.TaskGroup() as tasks:
                for name in self._cluster.names:
                    tasks.create_task(self._ask(name))
                try:
                    while True:
                        samples.append(self.look(), file)
                        await asyncio.sleep(EVERY_S)
                finally:
                    samples.append(self.look(), file)

    async def _ask(self, name: str) -> None:
        """One that is down or paused is asked again until it answers; one that will never tell is not."""
        while True:
            try:
                observer = await self._cluster.nodes[name].observer()
                try:
                    asked = self._now()
                    while standing := await observer.standing():
                        self._said[name] = asked, standing
                        await asyncio.sleep(EVERY_S)
                        asked = self._now()
                    return
                finally:
                    observer.close()
            except (ConnectionError, TimeoutError):
                self._said.pop(name, None)
                await asyncio.sleep(EVERY_S)

    def look(self) -> list[Sample]:
        now = self._now()
        used = {name: self._usage(name) for name in self._cluster.names}
        said = {name: standing for name, (at, standing) in self._said.items() if used[name] and at > now - FRESH_NS}
        states = {name: self._state(name, usage, said.get(name)) for name, usage in used.items()}
        outcomes, latencies = self._returned()
        links = sorted(f"{action.lever} {action.target}" for action in self._held() if action.lever in LINK_LEVERS)
        self._writer.write(Tick(now, states, links, outcomes, latencies))
        return [_sample(now, name, usage, said.get(name)) for name, usage in used.items()]

    def _usage(self, name: str) -> Usage | None:
        pid = self._cluster.nodes[name].pid
        if pid is None:
            return None
        try:
            process = self._processes.get(name)
            if process is None or process.pid != pid:
                process = self._processes[name] = psutil.Process(pid)
            with process.oneshot():
                status, times, memory = process.status(), process.cpu_times(), process.memory_info()
        except psutil.NoSuchProcess:
            return None
        cpu_ns = round((times.user + times.system) * 1e9)
        return None if status in GONE else Usage(status == psutil.STATUS_STOPPED, cpu_ns, memory.rss)

    def _state(self, name: str, usage: Usage | None, standing: Standing | None) -> State:
        down = self._cluster.nodes[name].down
        if usage is None:
            return "wiped" if down == "wipe" else "down"
        if usage.stopped:
            return "paused"
        if down is not None:
            return "starting"
        return "up" if standing is None or standing.joined else "bootstrapping"

    def _returned(self) -> tuple[dict[str, int], list[int]]:
        """Since the last call."""
        outcomes: dict[str, int] = {}
        latencies: list[int] = []
        for client, seen in self._clients:
            for event in client.events[seen[0] :]:
                if isinstance(event, Return):
                    outcomes[event.outcome] = outcomes.get(event.outcome, 0) + 1
                    if event.outcome == "ok":
                        latencies.append((event.at - self._planned[event.op]) // 1000)
            seen[0] = len(client.events)
        return outcomes, latencies


def _sample(at: int, name: str, usage: Usage | None, standing: Standing | None) -> Sample:
    if usage is None:
        return Sample(at, name)
    return Sample(at, name, usage.cpu_ns, usage.rss_bytes, standing.hints if standing else None)
