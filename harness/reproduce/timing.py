"""Shorter faults, shorter waits, rounder times."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from harness.faults.kinds import MS
from harness.plan import Plan

_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
_GRIDS = (100 * MS, 10 * MS, MS)

replace = msgspec.structs.replace


def shorter_faults(plan: Plan) -> Iterator[Plan]:
    """A fault that ends before something that it outlasts, or starts only after something: halfway to the next."""
    times = _times(plan)
    for index, fault in enumerate(plan.faults):
        inner = [at for at in times if fault.start_ns < at < fault.end_ns]
        around = [fault.start_ns, *inner, fault.end_ns]
        ends = [(one + other) // 2 for one, other in zip(around, inner, strict=False)]
        starts = [(one + other) // 2 for one, other in zip(inner, around[2:], strict=True)]
        shorter = [replace(fault, end_ns=at) for at in ends] + [replace(fault, start_ns=at) for at in reversed(starts)]
        for each in shorter:
            yield replace(plan, faults=[*plan.faults[:index], each, *plan.faults[index + 1 :]])


def rounder_times(plan: Plan) -> Iterator[Plan]:
    """All times on one grid; or, between two times that follow each other, a wait that is rounder or shorter."""
    times = [0, *_times(plan)]
    for grid in _GRIDS:
        round_up = {at: -(-at // grid) * grid for at in times}
        if len(set(round_up.values())) == len(round_up):  # what is apart stays apart
            yield _moved(plan, round_up.__getitem__)
    for earlier, later in pairwise(times):
        for wait in _rounder(later - earlier):
            yield _moved(plan, lambda at, later=later, by=earlier + wait - later: at + by if at >= later else at)  # type: ignore[misc] # likewise


def _rounder(wait: int) -> Iterator[int]:
    """On a coarser grid, or on the same and shorter."""
    for grid in _GRIDS:
        if not wait:
            return
        yield from (step * grid for step in _STEPS if step * grid < wait)
        if wait % grid == 0:
            return
        yield -(-wait // grid) * grid


def as_issued(plan: Plan, late: dict[int, int]) -> Plan:
    """Each operation planned for when its client came to it, so that those before it are not needed to hold it up."""
    operations = [replace(each, at_ns=late.get(each.id, each.at_ns)) for each in plan.operations]
    return replace(plan, operations=operations, unrest_ns=max([plan.unrest_ns, *late.values()]))


def _times(plan: Plan) -> list[int]:
    """Each once, in order; the end of unrest is the last."""
    ends = [at for fault in plan.faults for at in (fault.start_ns, fault.end_ns)]
    return sorted({*(each.at_ns for each in plan.operations), *ends, plan.unrest_ns})


def _moved(plan: Plan, move: Callable[[int], int]) -> Plan:
    return replace(
        plan,
        operations=[replace(each, at_ns=move(each.at_ns)) for each in plan.operations],
        faults=[replace(each, start_ns=move(each.start_ns), end_ns=move(each.end_ns)) for each in plan.faults],
        unrest_ns=max(move(plan.unrest_ns), MS),
    )
