"""What must have been so in a run for a promise to count: decided from what was observed."""

from collections.abc import Callable
from typing import NamedTuple

from checkers.history import Fault, History, Message, Metrics
from checkers.wipes import last_copies
from harness.plan import Plan
from harness.requirements import grace_is_short, longest_outage_ns, repair_lag_ns


class Premise(NamedTuple):
    text: str
    missed: Callable[[Plan, History], str | None]


def _skewed(plan: Plan, history: History) -> str | None:
    """A message cannot be born after it was sent; by how much it seems so is how far a clock leads."""
    lead = max((event.born - event.at for event in history.events if isinstance(event, Message)), default=0)
    if lead <= plan.policy.skew_budget_ns:
        return None
    return f"a clock led by {lead / 1e6:.0f} ms, more than the skew budget of {plan.policy.skew_budget_ns / 1e6:g} ms"


def _last_copy_lost(_plan: Plan, history: History) -> str | None:
    return next(iter(last_copies(history)), None)


def _late_for_grace(plan: Plan, history: History) -> str | None:
    """Outages as they were, and the longest time for which any two nodes were not compared."""
    policy = plan.policy
    if policy.purge != "grace":
        return None
    spans: dict[str, tuple[int, int]] = {}
    end = history.events[-1].at if history.events else 0
    for event in history.events:
        if isinstance(event, Fault):
            start = spans.get(event.fault, (event.at, end))[0]
            spans[event.fault] = (start, event.at if event.phase == "healed" else end)
    short = grace_is_short(
        plan, {"outages": longest_outage_ns(list(spans.values())), "repair lag": repair_lag_ns(policy)}
    )
    metrics = [event.values for event in history.events if isinstance(event, Metrics)]
    unrepaired = max((each.get("longest_without_repair_ms", 0) for each in metrics), default=0) * 1_000_000
    return short or grace_is_short(plan, {"time without repair": unrepaired})


CLOCKS = Premise("clocks differ by no more than the skew budget", _skewed)
COPIES_LEFT = Premise("no wipe destroys the last copy of an acknowledged write", _last_copy_lost)
REPAIRED_WITHIN_GRACE = Premise("deletions reach everyone within the grace", _late_for_grace)
