"""Performs a plan on a store that its owner brings, and reads every replica in the end."""

import asyncio
import time  # noqa: TID251 - this stage runs on the machine's clocks
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from itertools import count
from pathlib import Path
from typing import Literal

import uvloop

from checkers.history import UNKNOWN, Copy, Dump, History, Life, Return, ordered
from harness.header import header_of
from harness.plan import Plan
from harness.progress import Writer
from harness.stages.memory import Memory
from harness.stages.processes.addresses import Block, claim
from harness.stages.processes.clients import Client
from harness.stages.processes.cluster import Cluster, running
from harness.stages.processes.links import server
from harness.stages.processes.links.safety import choose
from harness.stages.processes.logs import last_lines
from harness.stages.processes.stage import Run, Say, copies_of
from harness.stages.processes.supervise import ChildEndedError, DeadlineError, SpawnError
from harness.systems.adapted import Adapted
from harness.systems.declared import Declared
from harness.systems.load import load
from harness.systems.misbehaved import Misbehaved
from harness.systems.named import Own
from workloads.operations import Operation

READ_PATIENCE_S = 5.0
READ_AGAIN_S = 0.1


class OwnedRun(Run):
    """Its mend phase counts no rounds: it waits for as long as the owner has promised, and reads every replica."""

    def __init__(
        self, plan: Plan, system: Adapted, cluster: Cluster, say: Say, progress: Writer, settles_within_s: float
    ) -> None:
        super().__init__(plan, system, cluster, say, progress)
        self._settles_within_s = settles_within_s
        self._readers = count(1)
        self._ops = count(1 + max((operation.id for operation in plan.operations), default=0))

    async def mend(self) -> None:
        self.phase("mend", down=self.plan.down)
        await self.leave_down(self.plan.down)
        await asyncio.sleep(self._settles_within_s)
        await self._read_all("settled")
        self.phase("settled")
        await self._read_all("one round later")
        self.cluster.check_alive()
        self.phase("end")

    async def _read_all(self, moment: Literal["settled", "one round later"]) -> None:
        async with asyncio.TaskGroup() as nodes:
            for name in self.cluster.living():
                nodes.create_task(self._read_one(name, moment))

    async def _read_one(self, name: str, moment: Literal["settled", "one round later"]) -> None:
        read = await self._read(name)
        told = await self.cluster.observe(name, copies_of)
        copies = read if told is None else told[0]
        incarnation = self.cluster.nodes[name].incarnation
        self.record(Dump(at=self.now(), node=name, incarnation=incarnation, moment=moment, copies=copies))

    async def _read(self, name: str) -> dict[str, Copy]:
        """By a client, and recorded as such. A key is asked for again until it is answered."""
        left = dict.fromkeys(operation.key for operation in self.plan.operations)
        held: dict[str, Copy] = {}
        until = self.now() + READ_PATIENCE_S * 1e9
        while left:
            asked = {next(self._ops): key for key in left}
            reader = f"final{next(self._readers)}"
            events = await self._asked([Operation(op, 0, reader, name, "get", key, None) for op, key in asked.items()])
            backs = [event for event in events if isinstance(event, Return)]
            for back in backs:
                if back.outcome == "ok":
                    key = asked[back.op]
                    del left[key]
                    held |= {key: Copy(UNKNOWN, dead=False, value=back.value)} if back.value is not None else {}
            if left and self.now() > until:
                what = f"{name} did not answer to a read of {next(iter(left))} within {READ_PATIENCE_S:g} s"
                raise DeadlineError(f"{what}, although all is healed: {backs[-1].error}")
            await asyncio.sleep(READ_AGAIN_S if left else 0)
        return held

    async def _asked(self, operations: list[Operation]) -> list[object]:
        client = Client(
            operations[0].client, operations, self.system, self.cluster.door, self.now, Memory(self.plan.cluster)
        )
        await client.run()
        self.events.extend(client.events)
        return list(client.events)

    async def to_its_end(self) -> None:
        """Or to where a node ends of itself, or does not do what it is waited for: the history says so."""
        try:
            await self.perform()
        except* (ChildEndedError, DeadlineError, Misbehaved) as problems:
            ended = [node for node in self.cluster.nodes.values() if node.ended_of_itself() is not None]
            for node in ended:
                self.record(Life(at=self.now(), node=node.name, incarnation=node.incarnation, what="ended of itself"))
            if not ended and problems.subgroup((ChildEndedError, Misbehaved)):
                raise  # it is not known what the store would have done
            told = [f"{node.name} ended of itself ({node.ended_of_itself()}), {last_words(node.log)}" for node in ended]
            self.phase("end", "; ".join(told) or _first(problems))


def last_words(log: Path) -> str:
    lines = last_lines(log, 1).splitlines()
    return f"its last words: {lines[-1].strip()!r} (see {log})" if len(lines) > 1 else f"without a word in {log}"


def _first(problems: BaseExceptionGroup[Exception]) -> str:
    first: BaseException = problems
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first).partition("\n")[0]


async def _perform(plan: Plan, named: Own, folder: Path, choice: server.ServerChoice, say: Say) -> History:
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        block = stack.enter_context(closing(claim()))
        progress = stack.enter_context(Writer(folder))
        system, cluster, settles_within_s = await started(stack, plan, named, folder, choice, block)
        say(f"{len(cluster.names)} nodes ready in {time.monotonic() - begun:.2f} s behind {choice.found}")
        run = OwnedRun(plan, system, cluster, say, progress, settles_within_s)
        await run.to_its_end()
    return ordered(header_of(plan, "processes"), sorted(run.events, key=lambda event: event.at))


async def started(
    stack: AsyncExitStack, plan: Plan, named: Own, folder: Path, choice: server.ServerChoice, block: Block
) -> tuple[Adapted, Cluster, float]:
    """Until the stack is closed. The last is for how long it may take to mend."""
    own = load(named.file)
    system = Adapted(own, named.file, plan.client_timeout_ns / 1e9)
    cluster = await _started(stack, running(plan.cluster.names(), system, folder, choice, block), named.file)
    if isinstance(own, Declared):
        own.attach(cluster.guardian, folder / "clients")
        stack.callback(own.detach)
    return system, cluster, own.settles_within_s


async def _started(stack: AsyncExitStack, cluster: AbstractAsyncContextManager[Cluster], file: str) -> Cluster:
    try:
        return await stack.enter_async_context(cluster)
    except (ChildEndedError, DeadlineError, SpawnError) as problem:
        what, _, words = str(problem).partition("\n")
        remedy = f"correct how {file} starts a node, or says when it is ready; the folder of the run has its log"
        raise Misbehaved(file, what, remedy, words) from None


def perform(plan: Plan, named: Own, folder: Path, proxy: server.Prefer, say: Say) -> tuple[History, str]:
    """As the stage does with our own store."""
    choice = choose(plan, proxy)
    folder.mkdir(parents=True, exist_ok=True)
    return uvloop.run(_perform(plan, named, folder, choice, say)), choice.found
