"""What must have been so in a run for a promise to count: decided from what was observed."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from checkers.facts import gather
from checkers.history import Fault, History, Metrics
from checkers.wipes import hidden_copies, last_copies, lone_copies
from harness.plan import Plan
from harness.quorums import Quorums, may_be_a_hint
from harness.requirements import purges, repair_lag_ns
from harness.requirements_grace import cuts_off, grace_is_short, longest_outage_ns


class Premise(NamedTuple):
    text: str
    missed: Callable[[Plan, History], str | None]


def _skewed(plan: Plan, history: History) -> str | None:
    if not purges(plan):
        return None
    lead, lag = seen_off(history)
    budget = plan.policy.skew_budget_ns
    if lead + lag <= budget:
        return None
    seen = [f"{word} by {off / 1e6:.0f} ms" for word, off in (("led", lead), ("lagged", lag)) if off]
    return f"clocks {' and '.join(seen)}, more than the skew budget of {budget / 1e6:g} ms"


def seen_off(history: History) -> tuple[int, int]:
    """By how much a message seems to be born after it was sent, some clock leads. By how much it seems to be born
    before the operation was asked for that set it off, some clock lags."""
    facts = gather(history)
    asked = {f"op {op}": invoke.at for op, invoke in facts.operations.items()}
    lead = lag = 0
    for message in facts.messages:
        lead = max(lead, message.born - message.at)
        lag = max(lag, asked.get(message.origin, message.born) - message.born)
    return lead, lag


def _last_copy_lost(_plan: Plan, history: History) -> str | None:
    return next(iter(last_copies(history)), None)


def _missed_by_reads(plan: Plan, history: History) -> str | None:
    """A replica that discards a damaged copy says from then on that it has none: to a quorum, that is a word."""
    return next(iter(hidden_copies(history, Quorums(plan).read_least())), None)


def _late_for_grace(plan: Plan, history: History) -> str | None:
    """Outages as they were, and the longest time for which any two nodes were not compared."""
    policy = plan.policy
    if policy.purge != "grace":
        return None
    harmless = {fault.id for fault in plan.faults if not cuts_off(plan, fault.kind)}
    spans: dict[str, tuple[int, int]] = {}
    end = history.events[-1].at if history.events else 0
    for event in history.events:
        if isinstance(event, Fault) and event.fault not in harmless:
            start = spans.get(event.fault, (event.at, end))[0]
            spans[event.fault] = (start, event.at if event.phase == "healed" else end)
    short = grace_is_short(
        plan, {"outages": longest_outage_ns(list(spans.values())), "repair lag": repair_lag_ns(plan)}
    )
    metrics = [event.values for event in history.events if isinstance(event, Metrics)]
    unrepaired = max((each.get("longest_without_repair_ms", 0) for each in metrics), default=0) * 1_000_000
    return short or grace_is_short(plan, {"time without repair": unrepaired})


def _lost_hints(plan: Plan, history: History) -> str | None:
    """Where nothing but hints mends."""
    lost = _hints_lost(history) if plan.policy.anti_entropy == "none" else ""
    return f"anti-entropy is off, and of the hints {lost}" if lost else None


def _lost_hinted_writes(plan: Plan, history: History) -> str | None:
    alone = any(may_be_a_hint(plan, each) for each in plan.operations if each.kind != "get")
    lost = _hints_lost(history) if alone else ""
    return f"a write may be held in hints alone, and of them {lost}" if lost else None


def _hints_lost(history: History) -> str:
    """As the nodes themselves have counted them."""
    lost = Counter[str]()
    for event in history.events:
        if isinstance(event, Metrics):
            lost.update({what: event.values.get(f"hints_{what}", 0) for what in ("dropped", "expired")})
    return " and ".join(f"{count} were {what}" for what, count in lost.items() if count)


def _search_in_vain(plan: Plan, history: History) -> str | None:
    """A scrubber asks each other replica once what it holds, and what comes to that one later comes to no other."""
    return next(iter(lone_copies(history)), None) if plan.policy.anti_entropy == "none" else None


CLOCKS = Premise("clocks differ by no more than the skew budget", _skewed)
COPIES_LEFT = Premise("no wipe or rot destroys the last copy of an acknowledged write", _last_copy_lost)
READS_MEET = Premise("no rot hides a version from a read that must meet it", _missed_by_reads)
REPAIRED_WITHIN_GRACE = Premise("deletions reach everyone within the grace", _late_for_grace)
HINTS_KEPT = Premise("no hint is dropped or expires, where nothing but hints mends", _lost_hints)
ROT_ELSEWHERE_HELD = Premise("what rots is on all other replicas, where nothing but hints mends", _search_in_vain)
HINTED_WRITES_KEPT = Premise(
    "no hint is dropped or expires, where it may be all there is of a write", _lost_hinted_writes
)
