"""The faults of a plan: each pulls its levers at its start, or beat by beat, and lets go of them at its end."""

import asyncio
from collections.abc import Callable
from typing import Literal

from checkers.history import AnyEvent, Life
from checkers.history import Fault as FaultEvent
from harness.faults.kinds import Beat, Fault, beat_of
from harness.faults.table import KINDS
from harness.levers import Action, Board, Lever
from harness.stages.processes.cluster import Cluster
from harness.stages.processes.levers import PROOF_SECONDS_MAX
from harness.stages.processes.supervise import DeadlineError

ENDS: dict[Lever, Literal["killed", "stopped", "wiped"]] = {"kill": "killed", "stop": "stopped", "wipe": "wiped"}


class Faults:
    """Two faults may hold the same lever: it is pulled by the first and let go by the last. `record` gets the events
    as they come."""

    def __init__(self, cluster: Cluster, now: Callable[[], int], record: Callable[[AnyEvent], None]) -> None:
        self._cluster = cluster
        self._now = now
        self._record = record
        self._board = Board()
        self._pulling: dict[Action, asyncio.Task[None]] = {}  # the latest order for each

    def held(self) -> list[Action]:
        return self._board.held()

    async def perform(self, fault: Fault) -> None:
        """A fault whose end is reached while it is still being applied is healed right after that."""
        await self._until(fault.start_ns)
        actions = KINDS[fault.kind].actions(fault, self._cluster.names)
        beat = beat_of(fault)
        try:
            await self._pull(actions)
        except DeadlineError as problem:  # a machine too busy: it makes the run unknown, and must still be healed
            self._say(self._now(), fault, "not applied", str(problem).partition("\n")[0])
        else:
            await self._prove(fault, actions, beat)
        if beat is None:
            await self._until(fault.end_ns)
            free = await self._let_go(actions)
            said = _by_words({action: f"{action.lever} let go" for action in free})
            self._say(self._now(), fault, "healed", said or "other faults hold its levers")
        else:
            beats = await self._beat(fault, actions, beat)
            self._say(self._now(), fault, "healed", f"let go after {beats} beats")

    async def _prove(self, fault: Fault, actions: list[Action], beat: Beat | None) -> None:
        applied_at = self._now()
        longest_s = PROOF_SECONDS_MAX if beat is None else min(PROOF_SECONDS_MAX, beat.on_ns / 1e9)
        proofs = await self._cluster.levers.prove(actions, longest_s)
        applied = all(proof.ok for proof in proofs.values())
        said = _by_words({action: f"{action.lever}: {proof.said}" for action, proof in proofs.items()})
        self._say(applied_at, fault, "applied" if applied else "not applied", said)

    async def _beat(self, fault: Fault, actions: list[Action], beat: Beat) -> int:
        """From the first time that the levers are pulled to the last time that they are let go; how often it was."""
        beats = 1
        while self._now() + beat.on_ns < fault.end_ns:
            await asyncio.sleep(beat.on_ns / 1e9)
            await self._let_go(actions)
            if self._now() + beat.off_ns >= fault.end_ns:
                return beats
            await asyncio.sleep(beat.off_ns / 1e9)
            await self._pull(actions)
            beats += 1
        await self._until(fault.end_ns)
        await self._let_go(actions)
        return beats

    async def _until(self, at_ns: int) -> None:
        await asyncio.sleep(max(0, at_ns - self._now()) / 1e9)

    async def _pull(self, actions: list[Action]) -> None:
        """The board is asked before the first await: two faults that share a lever see each other. And both wait until
        it is pulled: the second would else find it open."""
        fresh = self._board.pull(actions)
        order = asyncio.create_task(self._cluster.levers.pull(fresh))
        self._pulling.update(dict.fromkeys(fresh, order))
        orders = {order, *(self._pulling[action] for action in actions)}
        await asyncio.wait(orders)
        for each in orders:
            each.result()
        for action in fresh:
            if action.lever in ENDS:
                incarnation = self._cluster.nodes[action.target].incarnation
                what = ENDS[action.lever]
                self._record(Life(at=self._now(), node=action.target, incarnation=incarnation, what=what))

    async def _let_go(self, actions: list[Action]) -> list[Action]:
        """Those that no other fault holds."""
        free = self._board.let_go(actions)
        await self._cluster.levers.let_go(free)
        return free

    def _say(self, at: int, fault: Fault, phase: Literal["applied", "not applied", "healed"], evidence: str) -> None:
        self._record(
            FaultEvent(at=at, fault=fault.id, kind=fault.kind, phase=phase, targets=fault.targets, evidence=evidence)
        )


def _by_words(said: dict[Action, str]) -> str:
    """What is said of several targets is said once."""
    targets: dict[str, list[str]] = {}
    for action, words in said.items():
        targets.setdefault(words, []).append(action.target)
    return "; ".join(f"{', '.join(each)}: {words}" for words, each in targets.items())
