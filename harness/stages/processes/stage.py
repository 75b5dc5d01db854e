"""Performs a plan on real processes behind a real proxy and returns its history."""

import asyncio
import time  # noqa: TID251 - this stage runs on the machine's clocks
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import uvloop

from checkers.history import AnyEvent, Copy, Dump, Header, History, Life, Phase, Rounds, Version, ordered
from checkers.history import Fault as FaultEvent
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.header import header_of
from harness.levers import Action, Board
from harness.plan import Plan
from harness.settle import Settling
from harness.stages.processes.addresses import claim
from harness.stages.processes.clients import Client
from harness.stages.processes.cluster import STEP_DEADLINE_S, Cluster, running
from harness.stages.processes.links import server
from harness.stages.processes.record import Zero, join, read_trail
from replicas.store.system import Store
from replicas.system import Health, Observer, System
from workloads.operations import Operation

Say = Callable[[str], None]

MEND_SLACK_S = 30.0
WATCH_S = 0.1


class Run:
    """One plan, once the cluster is ready."""

    def __init__(self, plan: Plan, system: System, cluster: Cluster, say: Say) -> None:
        self._say = say
        self.plan = plan
        self.system = system
        self.cluster = cluster
        self.events: list[AnyEvent] = []
        self.zero = Zero(time.monotonic_ns(), time.time_ns())
        self._board = Board()
        self._down: set[str] = set()

    def now(self) -> int:
        return time.monotonic_ns() - self.zero.mono

    async def perform(self) -> None:
        self._phase("unrest")
        by_client: dict[str, list[Operation]] = {}
        for operation in self.plan.operations:
            by_client.setdefault(operation.client, []).append(operation)
        clients = [
            Client(name, operations, self.system, self.cluster.door, self.now) for name, operations in by_client.items()
        ]
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._watch())
            work = [tasks.create_task(client.run()) for client in clients]
            work += [tasks.create_task(self._fault(fault)) for fault in self.plan.faults]
            work.append(tasks.create_task(asyncio.sleep(self.plan.unrest_ns / 1e9)))
            await asyncio.wait(work)
            watch.cancel()
        for client in clients:
            self.events.extend(client.events)
        await self._mend()

    async def _watch(self) -> None:
        while True:
            self.cluster.check_alive(self._down)
            await asyncio.sleep(WATCH_S)

    async def _fault(self, fault: Fault) -> None:
        """The board is asked before the first await: two faults that share a lever see each other."""
        await asyncio.sleep(max(0, fault.start_ns - self.now()) / 1e9)
        actions = KINDS[fault.kind].actions(fault, self.cluster.names)
        pulled = self._board.pull(actions)
        self._down.update(action.target for action in pulled if action.lever == "kill")
        await asyncio.gather(*(self._pull(action) for action in pulled))
        applied_at = self.now()
        proofs = await asyncio.gather(*(self.cluster.evidence(action) for action in actions))
        applied = all(proof for proof, _ in proofs)
        self._record(applied_at, fault, "applied" if applied else "not applied", [said for _, said in proofs])
        await asyncio.sleep(max(0, fault.end_ns - self.now()) / 1e9)
        free = self._board.let_go(actions)
        await asyncio.gather(*(self.cluster.let_go(action) for action in free))
        self._down.difference_update(action.target for action in free if action.lever == "kill")
        self._record(self.now(), fault, "healed", [f"{action.lever} {action.target} let go" for action in free])

    async def _pull(self, action: Action) -> None:
        await self.cluster.pull(action)
        if action.lever == "kill":
            life = Life(at=self.now(), node=action.target, incarnation=f"{action.target}.1", what="killed")
            self.events.append(life)

    async def _mend(self) -> None:
        self._phase("mend")
        self.cluster.check_alive(self._down)
        await self.cluster.all_reached(STEP_DEADLINE_S)
        rounds = self.plan.mend_rounds_max
        settling = Settling(rounds, has_rounds=self.plan.policy.anti_entropy != "none")
        deadline_s = 4 * rounds * self.plan.policy.round_every_ns / 1e9 + MEND_SLACK_S
        try:
            async with asyncio.timeout(deadline_s):
                pending = await self._settle(settling)
                await self._dump("settled")
                self._phase("settled", pending)
                if pending is None:
                    settling.begin_again(await self._statuses())
                    await self._settle(settling)
                    await self._dump("one round later")
        except TimeoutError:
            return  # without its last phases the history ends in an unknown verdict, with that reason
        self.cluster.check_alive(self._down)
        self._phase("end")

    async def _settle(self, settling: Settling) -> str | None:
        while True:
            await asyncio.sleep(self.plan.policy.round_every_ns / 1e9)
            step = settling.look(await self._statuses())
            if step != "wait":
                return settling.reason if step == "not mended" else None

    async def _statuses(self) -> dict[str, Health]:
        names = self.cluster.names
        healths = await asyncio.gather(*(self.cluster.observe(name, _health) for name in names))
        return dict(zip(names, healths, strict=True))

    async def _dump(self, moment: Literal["settled", "one round later"]) -> None:
        for name in self.cluster.names:
            status = await self.cluster.observe(name, _health)
            copies = await self.cluster.observe(name, _copies)
            now = self.now()
            self.events.append(Rounds(at=now, node=name, begun=status.begun, completed=status.completed))
            self.events.append(Dump(at=now, node=name, incarnation=f"{name}.1", moment=moment, copies=copies))

    def _phase(self, name: Literal["unrest", "mend", "settled", "end"], pending: str | None = None) -> None:
        now = self.now()
        self._say(f"{now / 1e9:6.2f} s  {name}" + (f": {pending}" if pending else ""))
        self.events.append(Phase(at=now, name=name, pending=pending))

    def _record(
        self,
        at: int,
        fault: Fault,
        phase: Literal["applied", "not applied", "healed", "not healed"],
        evidence: list[str],
    ) -> None:
        said = "; ".join(evidence)
        self._say(f"{at / 1e9:6.2f} s  {fault.id} {fault.kind} {' '.join(fault.targets)}: {phase}")
        self.events.append(
            FaultEvent(at=at, fault=fault.id, kind=fault.kind, phase=phase, targets=fault.targets, evidence=said)
        )


async def _health(observer: Observer) -> Health:
    return await observer.health([])


async def _copies(observer: Observer) -> dict[str, Copy]:
    held = await observer.dump()
    return {key: Copy(Version(*copy.version), copy.dead, copy.value, copy.purgeable) for key, copy in held.items()}


async def _perform(plan: Plan, folder: Path, choice: server.ServerChoice, say: Say) -> History:
    system = Store(plan.cluster, plan.policy, plan.flaw, plan.client_timeout_ns / 1e9)
    begun = time.monotonic()
    with closing(claim()) as block:
        async with running(plan.cluster.names(), system, folder, choice, block) as cluster:
            say(f"{len(cluster.names)} replicas ready in {time.monotonic() - begun:.2f} s behind {choice.found}")
            run = Run(plan, system, cluster, say)
            await run.perform()
    return _history(plan, folder, run)


def _history(plan: Plan, folder: Path, run: Run) -> History:
    trails = {name: read_trail(folder / name / "trail.jsonl", name, run.zero) for name in plan.cluster.names()}
    events = sorted([*join(trails), *run.events], key=lambda event: event.at)
    header: Header = header_of(plan, "processes")
    return ordered(header, events)


def perform(plan: Plan, folder: Path, proxy: server.Prefer, say: Say) -> tuple[History, str]:
    """The history, and which server stood behind the links. `say` is told, line by line, how the run goes on."""
    choice = server.find(proxy)
    folder.mkdir(parents=True, exist_ok=True)
    return uvloop.run(_perform(plan, folder, choice, say)), choice.found
