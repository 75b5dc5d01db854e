"""A cluster by hand on real processes behind real links: each call is run to its end, on a loop of its own."""

import asyncio
import time  # noqa: TID251 - this stage runs on the machine's clocks
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvloop

from checkers.history import Copy, Return
from harness.levers import Action
from harness.plan import Plan
from harness.stages.memory import Memory
from harness.stages.processes import owned
from harness.stages.processes.addresses import Block, claim
from harness.stages.processes.clients import GREETING_DEADLINE_S, Client
from harness.stages.processes.cluster import Cluster, running
from harness.stages.processes.links.link import LinkError
from harness.stages.processes.links.safety import choose
from harness.stages.processes.links.server import ServerChoice
from harness.stages.processes.stage import copies_of
from harness.stages.processes.supervise import SupervisionError
from harness.testing.alarms import run
from harness.testing.by_hand import CLIENT, ClusterFailed, reply_of
from replicas.store.system import Store
from replicas.system import Health, Observer, Reply, System
from workloads.operations import Operation

T = TypeVar("T")

CALL_DEADLINE_S = 30.0  # to end a process and to start it again have shorter ones


class OnProcesses:
    def __init__(
        self,
        plan: Plan,
        system: System,
        cluster: Cluster,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        settles_within_s: float | None,
    ) -> None:
        self.settles_within_s = settles_within_s
        self._cluster = cluster
        self._run = run
        self._pulled: set[Action] = set()
        self._zero = time.monotonic_ns()
        self._client = Client(CLIENT, [], system, cluster.door, self.now, Memory(plan.cluster))
        self._ask_deadline_s = plan.client_timeout_ns / 1e9 + GREETING_DEADLINE_S + 1

    def now(self) -> int:
        return time.monotonic_ns() - self._zero

    def wait(self, ns: int) -> None:
        self._do(asyncio.sleep(ns / 1e9), CALL_DEADLINE_S + ns / 1e9)

    def ask(self, operation: Operation) -> Reply:
        self._do(self._client.issue(operation), self._ask_deadline_s)
        back = self._client.events[-1]
        assert isinstance(back, Return)  # noqa: S101 - an operation ends with it
        return reply_of(back)

    def pull(self, actions: list[Action]) -> None:
        """And proves it: a test must not be green because nothing was cut."""
        self._do(self._pull(actions))

    async def _pull(self, actions: list[Action]) -> None:
        await self._cluster.levers.pull(actions)
        self._pulled.update(actions)
        proofs = await self._cluster.levers.prove(actions)
        wrong = [f"{action.words()}: {proof.said}" for action, proof in proofs.items() if not proof.ok]
        if wrong:
            raise ClusterFailed(f"not applied: {'; '.join(wrong)}")

    def let_go(self, actions: list[Action]) -> None:
        self._do(self._let_go(actions))

    async def _let_go(self, actions: list[Action]) -> None:
        """A link that was blocked, or whose node was away, is open when its sender has been greeted over it again."""
        await self._cluster.levers.let_go(actions)
        self._pulled.difference_update(actions)
        if all(action.lever == "kill" for action in self._pulled):
            await self._cluster.all_reached(CALL_DEADLINE_S)

    def healths(self, nodes: list[str], without: list[str]) -> dict[str, Health]:
        async def health(observer: Observer) -> Health:
            return await observer.health(without)

        async def all_of_them() -> list[Health]:
            return await asyncio.gather(*(self._cluster.observe(name, health) for name in nodes))

        return dict(zip(nodes, self._do(all_of_them()), strict=True))

    def copies(self, node: str) -> dict[str, Copy] | None:
        told = self._do(self._cluster.observe(node, copies_of))
        return told and told[0]

    def close(self) -> None:
        self._client.close()

    def _do(self, work: Awaitable[T], deadline_s: float = CALL_DEADLINE_S) -> T:
        try:
            done: T = self._run(self._within(work, deadline_s))
        except TimeoutError:
            raise ClusterFailed(f"it took longer than {deadline_s:g} s") from None
        except (SupervisionError, LinkError) as problem:
            raise ClusterFailed(str(problem)) from None
        return done

    async def _within(self, work: Awaitable[T], deadline_s: float) -> T:
        async with asyncio.timeout(deadline_s):
            done = await work
        self._cluster.check_alive()
        return done


async def _ready(
    stack: AsyncExitStack, plan: Plan, folder: Path, choice: ServerChoice, block: Block
) -> tuple[System, Cluster, float | None]:
    if plan.system is not msgspec.UNSET:
        return await owned.started(stack, plan, plan.system, folder, choice, block)
    system = Store(plan.cluster, plan.policy, plan.flaw, plan.client_timeout_ns / 1e9)
    return system, await stack.enter_async_context(running(plan.cluster.names(), system, folder, choice, block)), None


@contextmanager
def started(plan: Plan, folder: Path) -> Iterator[OnProcesses]:
    """Ready, and in the end gone, however the test ends."""
    choice = choose(plan, "auto")
    with closing(claim()) as block, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        system, cluster, settles_within_s = run(runner, _ready(stack, plan, folder, choice, block))
        stage = OnProcesses(plan, system, cluster, partial(run, runner), settles_within_s)
        try:
            yield stage
        finally:
            stage.close()
            run(runner, stack.aclose())
