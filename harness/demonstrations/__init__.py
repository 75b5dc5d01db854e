"""The smallest plan by which each flaw breaks its promise, and the near misses that keep it, by what they are about.
Tests run all of them in both stages; `urushi run demo:NAME` runs one."""

from collections.abc import Callable

from harness.demonstrations import (
    bounds,
    clocks,
    deletions,
    disks,
    entropy,
    handoff,
    kinds,
    operations,
    repairs,
    sessions,
)
from harness.plan import Plan

PLANS: dict[str, Callable[[str], Plan]] = {
    name: plan
    for family in (repairs, operations, deletions, handoff, clocks, disks, sessions, bounds, kinds, entropy)
    for name, plan in family.PLANS.items()
}
