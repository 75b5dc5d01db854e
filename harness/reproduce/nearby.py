"""Plans around one that all but repeats a violation: each has a number, and depends on nothing else."""

import re
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from random import Random
from typing import Literal, NamedTuple

import msgspec

from harness import plan as plans
from harness.faults.kinds import Fault
from harness.plan import LOST, MS, Network, Plan
from harness.wrong import Wrong
from workloads.keys import below
from workloads.operations import Operation

Step = Literal["recorded times", "message fates", "small shifts", "wider"]

NEARBY: dict[Step, int] = {"message fates": 400, "small shifts": 400, "wider": 2400}  # how many there are
_LATER_MAX_NS = 20 * MS
_SHIFTS_NS = (MS // 10, MS // 3, MS, 3 * MS, 10 * MS, 20 * MS)
_ONE_IN = (32, 16, 8, 4, 2, 1)  # the share of fates that are drawn anew grows
_STRETCHES = (1, 1, 2, 4, 8)
_OF_OPERATION = re.compile(r"/op (\d+)/")


class Around(NamedTuple):
    """`plan` keeps the recorded moments; `chance` is the network that was planned; `key` is that of the violation."""

    plan: Plan
    chance: Network
    key: str | None


def numbered() -> Iterator[tuple[Step, int]]:
    """All of them, in the order in which to try them."""
    numbers = count(1)
    for step, many in NEARBY.items():
        yield from ((step, number) for _, number in zip(range(many), numbers, strict=False))


def nearby(around: Around, step: Step, number: int) -> Plan | None:
    """None: what came out cannot be performed, as when two faults now act on one process."""
    plan = _BUILD[step](around, number, Random(f"{around.plan.seed}/pin/{number}"))
    return plan if _possible(plan) else None


def _possible(plan: Plan) -> bool:
    try:
        plans.check(plan, "")
    except Wrong:
        return False
    return True


def _message_fates(around: Around, number: int, random: Random) -> Plan:
    """First of what has to do with the key, then of everything, and again."""
    share, of_all = _ONE_IN[number % len(_ONE_IN)], number // len(_ONE_IN) % 2 > 0
    plan = around.plan
    operations = {operation.id for operation in plan.operations if operation.key == around.key}
    fates = {
        cause: _another(fate, plan.network, random)
        if (of_all or _concerns(cause, around.key, operations)) and below(random, share) == 0
        else fate
        for cause, fate in plan.fates.items()
    }
    return msgspec.structs.replace(plan, fates=fates)


def _concerns(cause: str, key: str | None, operations: set[int]) -> bool:
    if key is None or f"/{key}/" in cause:
        return True
    found = _OF_OPERATION.search(cause)
    return found is not None and int(found[1]) in operations


def _another(fate: int, network: Network, random: Random) -> int:
    """Drawn from what the network does, a little later or earlier, or lost."""
    chance = below(random, 8)
    if chance == 0:
        return LOST
    if chance < 4 and fate != LOST:
        return max(0, fate + _shift(random))
    return network.delay_min_ns + below(random, network.delay_max_ns - network.delay_min_ns + 1)


def _shift(random: Random) -> int:
    """As often a small one as a large one, forth or back."""
    most = _SHIFTS_NS[below(random, len(_SHIFTS_NS))]
    return below(random, 2 * most + 1) - most


def _small_shifts(around: Around, number: int, random: Random) -> Plan:
    plan = _message_fates(around, number, random) if number % 2 else around.plan
    return _shifted(plan, around.key, random)


def _shifted(plan: Plan, key: str | None, random: Random) -> Plan:
    """The key's operations and all faults; now and then two neighbours change places in time."""
    times = {operation.id: operation.at_ns for operation in plan.operations}
    of_key = [each for each in plan.operations if key in (None, each.key)]
    for one, other in pairwise(of_key):
        if one.client != other.client and below(random, 8) == 0:
            times[one.id], times[other.id] = times[other.id], times[one.id]
    for operation in of_key:
        times[operation.id] += _shift(random) * below(random, 2)
    return msgspec.structs.replace(
        plan,
        operations=[_at(operation, times[operation.id], plan.unrest_ns) for operation in plan.operations],
        faults=[_moved(fault, random, plan.unrest_ns) for fault in plan.faults],
    )


def _at(operation: Operation, at_ns: int, unrest_ns: int) -> Operation:
    return msgspec.structs.replace(operation, at_ns=min(max(0, at_ns), unrest_ns))


def _moved(fault: Fault, random: Random, unrest_ns: int) -> Fault:
    start = min(max(0, fault.start_ns + _shift(random) * below(random, 2)), unrest_ns - 1)
    end = min(max(start + 1, fault.end_ns + _shift(random) * below(random, 2)), unrest_ns)
    return msgspec.structs.replace(fault, start_ns=start, end_ns=end)


def _wider(around: Around, number: int, random: Random) -> Plan:
    """Chance decides every message, over delays that are stretched, and when the nodes start."""
    plan = _shifted(around.plan, around.key, random)
    stretch = _STRETCHES[number % len(_STRETCHES)]
    model = plan.network if number % 2 else around.chance
    early_ns = plan.policy.round_every_ns + 1
    return msgspec.structs.replace(
        plan,
        seed=abs(plan.seed) // 2 + number,
        fates={},
        starts_ns={node: -below(random, early_ns) for node in plan.cluster.names()},
        network=msgspec.structs.replace(model, delay_max_ns=model.delay_max_ns * stretch),
    )


_BUILD: dict[Step, Callable[[Around, int, Random], Plan]] = {
    "message fates": _message_fates,
    "small shifts": _small_shifts,
    "wider": _wider,
}
