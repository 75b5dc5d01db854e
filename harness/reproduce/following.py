"""The simulation led along what a run on processes recorded, moment by moment."""

from random import Random
from statistics import median
from typing import NamedTuple

import msgspec

from checkers.history import History
from harness.plan import MS, Plan
from harness.reproduce.recorded import Moments, moments
from harness.stages.simulation.stage import Simulation
from harness.stages.simulation.world import World
from workloads.keys import below

_IN_ONE_GO_NS = 1_000


class _Led(dict[str, int]):
    """Fates that are decided when they are asked for, and kept: each message arrives when it did in the recorded run,
    however early or late it was sent here. So until the mend phase: from then on messages take as long as they took."""

    def __init__(self, fates: dict[str, int], due: dict[str, int]) -> None:
        super().__init__(fates)
        self.world: World | None = None  # it is made after its fates
        self._due = due

    def get(self, cause: str) -> int | None:  # type: ignore[override]  # the simulator asks in this way only
        due = self._due.get(cause)
        if due is not None and self.world is not None:
            self[cause] = max(0, due - self.world.now)
        return super().get(cause)


class Followed(NamedTuple):
    """`plan` does again, by itself, what the simulation was led to do."""

    plan: Plan
    history: History


def follow(plan: Plan, recorded: Moments, order: int = 0) -> Followed:
    """`plan` is as `as_recorded` has it, or `keeping_pace`. What was handled in one go was handled in an order that
    nobody wrote down: each `order` is another, the first that in which it was sent."""
    led = _Led(plan.fates, _in_order(order, _due(recorded)))
    simulation = Simulation(msgspec.structs.replace(plan, fates=led))
    led.world = simulation.world
    history = simulation.run()
    return Followed(msgspec.structs.replace(plan, fates=dict(led)), history)


def _due(recorded: Moments) -> dict[str, int]:
    """When what has this cause was there."""
    due = {cause: way.received for cause, way in recorded.ways.items() if way.received is not None}
    for op in recorded.invoked:
        cause = recorded.client_cause(op)
        if op in recorded.asked:
            due[f"{cause}/ask"] = recorded.asked[op]
        if op in recorded.returned:
            due[f"{cause}/answer"] = recorded.returned[op].at
    return due


def _in_order(order: int, due: dict[str, int]) -> dict[str, int]:
    random = Random(f"order/{order}")
    return {cause: at + below(random, _IN_ONE_GO_NS) for cause, at in due.items()} if order else due


def keeping_pace(plan: Plan, recorded: Moments, history: History) -> Plan:
    """Rounds of anti-entropy at the moments of the recorded ones, as nearly as a start and a pace for each node allow:
    a process wakes a little after its time, always, and all the later the more often."""
    found = moments(history).rounds
    late = {node: _late(recorded.rounds.get(node, {}), found.get(node, {})) for node in plan.cluster.names()}
    drawn = plan.policy.round_jitter_ppm > 0  # then another time between rounds would draw all of them anew
    slower_ns = 0 if drawn else _slower_ns(list(late.values()))
    starts_ns = {node: min(0, start + round(_offset(late[node], slower_ns))) for node, start in plan.starts_ns.items()}
    every_ns = plan.policy.round_every_ns, plan.policy.hint_every_ns
    round_ns, hint_ns = (max(MS, each + slower_ns) for each in every_ns)
    policy = msgspec.structs.replace(plan.policy, round_every_ns=round_ns, hint_every_ns=hint_ns)
    return msgspec.structs.replace(plan, starts_ns=starts_ns, policy=policy)


def _late(recorded: dict[int, int], found: dict[int, int]) -> dict[int, int]:
    return {number: at - found[number] for number, at in recorded.items() if number in found}


def _slower_ns(late: list[dict[int, int]]) -> int:
    """By how much each round comes later than the one before. The median, since a pause makes one round very late."""
    steps = [each[number] - each[number - 1] for each in late for number in each if number - 1 in each]
    return round(median(steps)) if steps else 0


def _offset(late: dict[int, int], slower_ns: int) -> float:
    return median(at - number * slower_ns for number, at in late.items()) if late else 0
