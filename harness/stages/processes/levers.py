"""All levers of this stage: pulled, proven and let go, those of one fault at a time."""

import asyncio
import socket
from collections.abc import Callable, Mapping

from harness.levers import SIGNALS, Action
from harness.stages.processes.links.levers import LinkLevers, proxy_of
from harness.stages.processes.node import Node, Proof
from replicas.system import Address, System

PROOF_SECONDS_MAX = 0.25
CLOCK_STEP_S = 0.002  # by so much a proxy's timers and ours may differ


class Levers:
    """Faults may ask at the same time: what is asked first of a node, or of the links, is done first."""

    def __init__(
        self, nodes: Mapping[str, Node], links: LinkLevers, system: System, address: Callable[[str], Address]
    ) -> None:
        self._nodes = nodes
        self._links = links
        self._system = system
        self._address = address
        self._turn = asyncio.Lock()
        self._orders: dict[str, int] = {}  # by proxy: how often an order to it began or ended; odd: one is under way

    async def pull(self, actions: list[Action]) -> None:
        of_links, of_processes = _parted(actions)
        ends = [self._nodes[action.target].pull(action.lever) for action in of_processes]
        await asyncio.gather(self._order(self._links.pull, of_links), *ends)

    async def let_go(self, actions: list[Action]) -> None:
        """Returns when a process that was started answers."""
        of_links, of_processes = _parted(actions)
        starts = [self._nodes[action.target].let_go(action.lever) for action in of_processes]
        await asyncio.gather(self._order(self._links.let_go, of_links), *starts)

    async def _order(self, do: Callable[[list[Action]], None], actions: list[Action]) -> None:
        """All in one hop to a worker thread, since each call waits for the server."""
        if actions:
            async with self._turn:
                self._count(actions)
                await asyncio.to_thread(do, actions)
                self._count(actions)

    async def _shown(self, actions: list[Action]) -> dict[Action, bool]:
        """Between orders: one may have taken a proxy away to put a new one in its place."""
        async with self._turn:
            return await asyncio.to_thread(self._links.shown, actions)

    def _count(self, actions: list[Action]) -> None:
        for proxy in {proxy_of(action.target) for action in actions}:
            self._orders[proxy] = self._orders.get(proxy, 0) + 1

    async def prove(self, actions: list[Action], deadline_s: float = PROOF_SECONDS_MAX) -> dict[Action, Proof]:
        """By what the operating system and the proxy server say. For a link also by a message: it may not come
        through where it cannot, nor too early; what keeps it away besides, another fault say, disproves nothing."""
        of_links, of_processes = _parted(actions)
        proofs = {action: self._nodes[action.target].proof(action.lever) for action in of_processes}
        if of_links:
            shown, seen = await asyncio.gather(
                self._shown(of_links),
                asyncio.gather(*(self._try(action, deadline_s) for action in of_links)),
            )
            for action, trial in zip(of_links, seen, strict=True):
                word = "the proxy says so" if shown[action] else "the proxy does not say so"
                proofs[action] = Proof(shown[action] and trial.ok, f"{word}{trial.said}")
        return proofs

    async def _try(self, action: Action, deadline_s: float) -> Proof:
        """The other levers of links break or bend only streams of some length: they are left to the proxy's word."""
        address = self._address(action.target)
        match action.lever:
            case "block" | "reset" | "delay":
                return await self._try_message(action, address, deadline_s)
            case "refuse":
                return await _try_to_connect(address, deadline_s)
        return Proof(ok=True, said="")

    async def _try_message(self, action: Action, address: Address, deadline_s: float) -> Proof:
        """Of a delay only the least is sure: the machine may add any time. And not even that when another lever of the
        proxy changes meanwhile: the real server then passes on at once what it holds."""
        proxy = proxy_of(action.target)
        orders = self._orders.get(proxy, 0)
        answered, seconds = await self._probe(address, deadline_s)
        if answered is None:
            return Proof(ok=True, said="")
        if action.lever == "block":
            return Proof(not answered, ", a message was answered" if answered else ", a message got no answer")
        if action.lever == "reset":
            broke = ", a connection broke" if seconds < deadline_s else ", a connection got no answer"
            return Proof(not answered, ", a message was answered" if answered else broke)
        if self._orders.get(proxy, 0) != orders or orders % 2:
            return Proof(ok=True, said="")
        if not answered:
            return Proof(ok=True, said=f", a message got no answer within {1000 * seconds:.0f} ms")
        least_s = (action.number("delay_ns") - action.number("jitter_ns")) / 1e9
        return Proof(seconds + CLOCK_STEP_S >= least_s, f", a message was answered after {1000 * seconds:.0f} ms")

    async def _probe(self, address: Address, deadline_s: float) -> tuple[bool | None, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answered = await self._system.probe(address, deadline_s)
        return answered, loop.time() - begun


async def _try_to_connect(address: Address, deadline_s: float) -> Proof:
    with socket.socket() as one:
        one.settimeout(0)
        try:
            async with asyncio.timeout(deadline_s):
                await asyncio.get_running_loop().sock_connect(one, address)
        except ConnectionError:
            return Proof(ok=True, said=", a connection was refused")
        except TimeoutError:
            return Proof(ok=True, said=", a connection was not accepted")
    return Proof(ok=False, said=", a connection was accepted")


def _parted(actions: list[Action]) -> tuple[list[Action], list[Action]]:
    of_processes = [action for action in actions if action.lever in SIGNALS]
    return [action for action in actions if action.lever not in SIGNALS], of_processes
