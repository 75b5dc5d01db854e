"""How long a tombstone must be kept where it is purged by age: longer than all that may keep a deletion away."""

from harness.faults.clocks import spread_ns
from harness.faults.table import KINDS
from harness.levers import CLOCK_LEVERS
from harness.plan import Plan
from harness.requirement import Requirement
from harness.requirements import hint_age_ns, repair_lag_ns, too_few_bytes, too_slow_for_exchanges


def cuts_off(plan: Plan, kind: str) -> bool:
    """Whether such a fault may keep a deletion away. A clock that is off does, if messages look too old by it."""
    if any(lever not in CLOCK_LEVERS for lever in KINDS[kind].levers):
        return True
    slowest = plan.network.slowest_ns() + plan.disk.sync_max_ns
    return slowest + spread_ns(plan.faults) >= plan.policy.message_lifetime_ns


def longest_outage_ns(spans: list[tuple[int, int]]) -> int:
    """Faults that follow one another without a break are one outage: something may be cut off throughout."""
    longest, begun, over = 0, 0, -1
    for start, end in sorted(spans):
        if start > over:
            begun = start
        over = max(over, end)
        longest = max(longest, over - begun)
    return longest


def _short_grace(plan: Plan) -> str | None:
    """Purge by grace is sound only if the grace outlasts every way in which a deletion may be late."""
    policy = plan.policy
    if policy.purge != "grace":
        return None
    if policy.anti_entropy == "none":
        return "tombstones are purged by grace, and without anti-entropy no deletion is sure to arrive before"
    slow = too_slow_for_exchanges(plan) or too_few_bytes(plan)
    if slow:
        return slow
    if plan.down:
        return f"tombstones are purged by grace, and {', '.join(plan.down)} stays down for longer than any grace"
    return grace_is_short(plan, late_by_plan(plan))


def late_by_plan(plan: Plan) -> dict[str, int]:
    """What keeps a deletion from a replica, and for how long at most."""
    outage = longest_outage_ns([(each.start_ns, each.end_ns) for each in plan.faults if cuts_off(plan, each.kind)])
    return {"outages": outage, "repair lag": repair_lag_ns(plan)}


def grace_terms(plan: Plan, late: dict[str, int]) -> dict[str, int]:
    """What a grace must be longer than, term by term: `late`, for how long a hint may bring something older, and how
    far clocks may be apart."""
    return {**late, "hints": hint_age_ns(plan), "clock skew": plan.policy.skew_budget_ns}


def grace_needed_ns(plan: Plan) -> int:
    """A grace that is longer than this is sound, where anti-entropy is on and nobody stays away."""
    return sum(grace_terms(plan, late_by_plan(plan)).values())


def grace_is_short(plan: Plan, late: dict[str, int]) -> str | None:
    """By how much, term by term, if the grace does not outlast them; `late` has what keeps a deletion away."""
    policy = plan.policy
    terms = grace_terms(plan, late)
    needed = sum(terms.values())
    if policy.grace_ns > needed:
        return None
    return f"the purge grace of {policy.grace_ns / 1e9:g} s is not longer than {_sum_in_words(terms)}"


def _sum_in_words(terms: dict[str, int]) -> str:
    words = " + ".join(f"{name} {value / 1e9:.3g} s" for name, value in terms.items() if value)
    return f"{words} = {sum(terms.values()) / 1e9:.3g} s"


def grace_in_words(plan: Plan) -> str | None:
    """What the grace must outlast, and what it is; None where nothing is purged by grace."""
    if plan.policy.purge != "grace":
        return None
    needs = _sum_in_words(grace_terms(plan, late_by_plan(plan)))
    enough = "enough" if plan.policy.grace_ns > grace_needed_ns(plan) else "too short"
    return f"grace: must outlast {needs}; has {plan.policy.grace_ns / 1e9:g} s, {enough}"


LONG_GRACE = Requirement("a purge that is confirmed, or a grace longer than outages, hints and repairs", _short_grace)
