"""Performs a plan on real processes behind a real proxy and returns its history."""

import asyncio
import time  # noqa: TID251 - this stage runs on the machine's clocks
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import uvloop

from checkers.history import AnyEvent, Copy, Dump, Header, History, Life, Metrics, Phase, Rounds, Version, ordered
from checkers.history import Fault as FaultEvent
from harness.header import header_of
from harness.levers import Action
from harness.plan import Plan
from harness.progress import Mending, Writer
from harness.settle import Settling
from harness.stages.memory import Memory
from harness.stages.processes.addresses import claim
from harness.stages.processes.clients import Client
from harness.stages.processes.cluster import Cluster, running
from harness.stages.processes.faults import Faults
from harness.stages.processes.links import server
from harness.stages.processes.links.link import LinkError
from harness.stages.processes.links.safety import choose
from harness.stages.processes.record import Zero, join, read_trail
from harness.stages.processes.sampling import Sampler
from harness.stages.processes.supervise import DeadlineError
from replicas.store.system import Store
from replicas.system import Health, Observer, System
from workloads.operations import Operation

Say = Callable[[str], None]

MEND_SLACK_S = 30.0
REACHED_DEADLINE_S = 10.0
WATCH_S = 0.1


class Run:
    """One plan, once the cluster is ready."""

    def __init__(self, plan: Plan, system: System, cluster: Cluster, say: Say, progress: Writer) -> None:
        self._say = say
        self._progress = progress
        self.plan = plan
        self.system = system
        self.cluster = cluster
        self.events: list[AnyEvent] = []
        self.zero = Zero(time.monotonic_ns(), time.time_ns())

    def now(self) -> int:
        return time.monotonic_ns() - self.zero.mono

    async def perform(self) -> None:
        self.phase("unrest")
        by_client: dict[str, list[Operation]] = {}
        for operation in self.plan.operations:
            by_client.setdefault(operation.client, []).append(operation)
        clients = [
            Client(name, operations, self.system, self.cluster.door, self.now, Memory(self.plan.cluster))
            for name, operations in by_client.items()
        ]
        faults = Faults(self.cluster, self.now, self.record)
        planned = {operation.id: operation.at_ns for operation in self.plan.operations}
        sampler = Sampler(self.cluster, clients, planned, faults.held, self.now, self._progress)
        async with asyncio.TaskGroup() as tasks:
            sampling = tasks.create_task(sampler.run())
            watch = tasks.create_task(self._watch())
            work = [tasks.create_task(client.run()) for client in clients]
            work += [tasks.create_task(faults.perform(fault)) for fault in self.plan.faults]
            work.append(tasks.create_task(asyncio.sleep(self.plan.unrest_ns / 1e9)))
            try:
                await asyncio.wait(work)
            finally:
                for client in clients:
                    self.events.extend(client.events)
            await self.mend()
            watch.cancel()
            sampling.cancel()

    async def _watch(self) -> None:
        while True:
            self.cluster.check_alive()
            await asyncio.sleep(WATCH_S)

    def record(self, event: AnyEvent) -> None:
        if isinstance(event, FaultEvent):
            self._say(f"{event.at / 1e9:6.2f} s  {event.fault} {event.kind} {' '.join(event.targets)}: {event.phase}")
        if isinstance(event, FaultEvent | Phase):
            self._progress.write(event)
        self.events.append(event)

    async def mend(self) -> None:
        """Everything is healed by now, but for the nodes that stay down."""
        self.phase("mend", down=self.plan.down)
        self.cluster.check_alive()
        await self.leave_down(self.plan.down)
        rounds = self.plan.mend_rounds_max
        settling = Settling(rounds, has_rounds=self.plan.policy.anti_entropy != "none")
        deadline_s = 4 * rounds * self.plan.policy.round_every_ns / 1e9 + MEND_SLACK_S
        try:
            async with asyncio.timeout(deadline_s):
                await self.cluster.all_reached(REACHED_DEADLINE_S)
                pending = await self._settle(settling)
                await self._dump("settled")
                self.phase("settled", pending)
                if pending is None:
                    settling.begin_again(await self._statuses())
                    await self._settle(settling)
                    await self._dump("one round later")
                await self._count()
        except (TimeoutError, DeadlineError, LinkError) as problem:
            self.cluster.check_alive()  # a process that died is a failure; one that is only late makes the run unknown
            said = str(problem).partition("\n")[0]
            self.phase("end", said or f"the mend phase was not over after {deadline_s:g} s")
            return
        self.cluster.check_alive()
        self.phase("end")

    async def leave_down(self, nodes: list[str]) -> None:
        await self.cluster.levers.pull([Action("kill", name) for name in nodes])
        for name in nodes:
            incarnation = self.cluster.nodes[name].incarnation
            self.record(Life(at=self.now(), node=name, incarnation=incarnation, what="killed"))

    async def _settle(self, settling: Settling) -> str | None:
        while True:
            await asyncio.sleep(self.plan.policy.round_every_ns / 1e9)
            step = settling.look(await self._statuses())
            rounds, most = settling.rounds, self.plan.mend_rounds_max
            self._progress.write(Mending(self.now(), rounds, most, settling.reason if step != "settled" else None))
            if step != "wait":
                return settling.reason if step == "not mended" else None

    async def _health(self, observer: Observer) -> Health:
        return await observer.health(self.plan.down)

    async def _statuses(self) -> dict[str, Health]:
        names = self.cluster.living()
        healths = await asyncio.gather(*(self.cluster.observe(name, self._health) for name in names))
        return dict(zip(names, healths, strict=True))

    async def _dump(self, moment: Literal["settled", "one round later"]) -> None:
        for name in self.cluster.living():
            status = await self.cluster.observe(name, self._health)
            told = await self.cluster.observe(name, copies_of)
            assert told is not None, name  # noqa: S101 - our own store always tells
            copies, batch = told
            now, incarnation = self.now(), self.cluster.nodes[name].incarnation
            self.record(Rounds(at=now, node=name, begun=status.begun, completed=status.completed))
            self.record(Dump(at=now, node=name, incarnation=incarnation, moment=moment, copies=copies, batch=batch))

    async def _count(self) -> None:
        for name in self.cluster.living():
            values = await self.cluster.observe(name, _metrics)
            self.record(Metrics(at=self.now(), node=name, values=values))

    def phase(
        self,
        name: Literal["unrest", "mend", "settled", "end"],
        pending: str | None = None,
        down: Sequence[str] = (),
    ) -> None:
        now = self.now()
        said = f": {pending}" if pending else f", {' '.join(down)} stay down" if down else ""
        self._say(f"{now / 1e9:6.2f} s  {name}{said}")
        self.record(Phase(at=now, name=name, pending=pending, down=list(down)))


async def copies_of(observer: Observer) -> tuple[dict[str, Copy], int | None] | None:
    snapshot = await observer.dump()
    if snapshot is None:
        return None
    held = snapshot.copies.items()
    copies = {key: Copy(Version(*copy.version), copy.dead, copy.value, copy.purgeable) for key, copy in held}
    return copies, snapshot.batch


async def _metrics(observer: Observer) -> dict[str, int]:
    return await observer.metrics()


async def _perform(plan: Plan, folder: Path, choice: server.ServerChoice, say: Say, *, measured: bool) -> History:
    system = Store(plan.cluster, plan.policy, plan.flaw, plan.client_timeout_ns / 1e9, measured=measured)
    begun = time.monotonic()
    with closing(claim()) as block, Writer(folder) as progress:
        async with running(plan.cluster.names(), system, folder, choice, block) as cluster:
            say(f"{len(cluster.names)} replicas ready in {time.monotonic() - begun:.2f} s behind {choice.found}")
            run = Run(plan, system, cluster, say, progress)
            await run.perform()
    return _history(plan, folder, run)


def _history(plan: Plan, folder: Path, run: Run) -> History:
    trails = {name: read_trail(folder / name / "trail.jsonl", name, run.zero) for name in plan.cluster.names()}
    events = sorted([*join(trails), *run.events], key=lambda event: event.at)
    header: Header = header_of(plan, "processes")
    return ordered(header, events)


def perform(plan: Plan, folder: Path, proxy: server.Prefer, say: Say, *, measured: bool = False) -> tuple[History, str]:
    """The history, and which server stood behind the links. `say` is told, line by line, how the run goes on. What
    `measured` adds is in harness/stages/simulation/stage.py."""
    choice = choose(plan, proxy)
    folder.mkdir(parents=True, exist_ok=True)
    return uvloop.run(_perform(plan, folder, choice, say, measured=measured)), choice.found
