"""Versions that keep siblings: what is written at once, what replaces what, and a node that lost its disk."""

from collections.abc import Callable

from msgspec.structs import replace

from harness.demonstrations.clocks import wiped_after_minting
from harness.plan import Plan
from harness.sketch import WITHOUT_ROUNDS, Cut, Step, sketch
from replicas.store.settings import Merge, VersionKind


def _of(plan: Plan, versions: VersionKind = "dotted", merge: Merge = "siblings") -> Plan:
    return replace(plan, cluster=replace(plan.cluster, versions=versions, merge=merge))


def _two_at_once(name: str) -> Plan:
    """c1 and c2 write without having read anything; c3 then reads both."""
    steps = [Step(500, "c1", "r1", "put"), Step(500, "c2", "r3", "put"), Step(1300, "c3", "r2", "get")]
    return _of(sketch(name, steps, [], 1400))


def _read_and_left_alone(name: str) -> Plan:
    """Three replicas hold the same, and two of them say so."""
    return _of(sketch(name, [Step(100, "c1", "r1", "put"), Step(400, "c2", "r2", "get")], [], 600))


def _read_and_replaced(name: str) -> Plan:
    """c2 has read the put of c1 before it writes, and c3 both of what was written at once before it deletes them."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(400, "c2", "r2", "get"),
        Step(500, "c2", "r2", "put"),
        Step(500, "c1", "r3", "put"),
        Step(800, "c3", "r1", "get"),
        Step(900, "c3", "r1", "delete"),
    ]
    return _of(sketch(name, steps, [], 1100))


def _wiped_after_minting(name: str) -> Plan:
    return _of(wiped_after_minting(name))


def _one_write_that_a_lagging_clock_dates(name: str) -> Plan:
    """r2's clock lags: what it writes later is dated earlier."""
    steps = [Step(300, "c1", "r1", "put"), Step(400, "c2", "r2", "put"), Step(800, "c3", "r3", "get")]
    cuts = [Cut("clock-offset", ["r2"], 100, 600, {"offset_ns": -250_000_000})]
    return _of(sketch(name, steps, cuts, 1000), "wall", "last")


def _two_that_count_the_same(name: str) -> Plan:
    """Neither hears of the other before it chooses its number."""
    steps = [Step(300, "c1", "r1", "put"), Step(300, "c2", "r3", "put"), Step(800, "c3", "r2", "get")]
    return _of(sketch(name, steps, [], 1000, policy=WITHOUT_ROUNDS), "counter", "last")


LOSSES: dict[str, Callable[[str], Plan]] = {  # of what is not promised
    "lost to a lagging clock": _one_write_that_a_lagging_clock_dates,
    "lost to the same number": _two_that_count_the_same,
}
PLANS: dict[str, Callable[[str], Plan]] = {
    "compares-scalars": _two_at_once,
    "merges-to-the-larger": _two_at_once,
    "two writes at once": _two_at_once,
    "merges-equals-to-nothing": _read_and_left_alone,
    "ignores-contexts": _read_and_replaced,
    "read and replaced": _read_and_replaced,
    "mints-dots-again": _wiped_after_minting,
    "siblings and a lost disk": _wiped_after_minting,
    **LOSSES,
}
