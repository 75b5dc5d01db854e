"""What a plan states that a history does not: the limits of its policy, and what its faults may keep from working."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from checkers import availability, bounds
from checkers.availability import Share, Terms, Trouble
from checkers.bounds import Limits
from checkers.history import Fault as FaultEvent
from checkers.history import History
from checkers.properties import PROPERTIES
from checkers.verdict import Verdict
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.hinting import hints_are_made
from harness.levers import CLOCK_LEVERS, LINK_LEVERS, Action, ends
from harness.pace import bytes_per_s
from harness.plan import Plan
from harness.quorums import Quorums, clients_wait, may_be_a_hint, steps_down
from harness.requirements_reads import holders_awaited
from replicas.store.levels import Quota
from replicas.store.replica import KEY_BYTES_MAX
from replicas.store.version_kinds import value_bytes_max
from workloads.operations import Operation

MARGIN_NS = 1_000_000_000  # for connections that are made anew, and for what waited while something did not work
COPY_BYTES = 64  # of a message, beside key and value


def limits_of(plan: Plan) -> Limits:
    policy = plan.policy
    clocks = [each.targets for each in plan.faults if set(KINDS[each.kind].levers) & set(CLOCK_LEVERS)]
    odd_clocks = tuple(dict.fromkeys(node for targets in clocks for node in targets))
    per_s = bytes_per_s(plan) or None
    lifetime = min(policy.hint_lifetime_ns, policy.grace_ns) if policy.purge == "grace" else policy.hint_lifetime_ns
    return Limits(
        per_s,
        COPY_BYTES,
        policy.hints_max,
        policy.hints_per_replay_max,
        policy.hint_every_ns,
        lifetime,
        odd_clocks,
        policy.hint_bytes_per_s_max or None,
    )


def terms_of(plan: Plan, history: History) -> Terms:
    quorums = Quorums(plan)
    asked = {each.id: (each, quorums.quota(each)) for each in plan.operations if _is_allowed(plan, each)}
    may = {op: (each, quota) for op, (each, quota) in asked.items() if quota is None or quota.possible()}
    needed = {op: _needed(plan, each, quorums.asked(each)) for op, (each, _) in may.items()}
    shares = {op: _shares(plan, each, quota) for op, (each, quota) in may.items() if quota is not None}
    return Terms(
        needed, list(_troubles(plan, history)), MARGIN_NS, {} if steps_down(plan) and clients_wait(plan) else shares
    )


def _is_allowed(plan: Plan, operation: Operation) -> bool:
    key, value = len(operation.key.encode()), len((operation.value or "").encode())
    return key <= KEY_BYTES_MAX and value <= value_bytes_max(plan.cluster)


def _needed(plan: Plan, operation: Operation, asked: int) -> int:
    """A read that repairs before it answers may need more replicas to take what it found than to find it. What may step
    down needs one, and a hint needs none."""
    waits = clients_wait(plan)
    if operation.level == "ANY" and waits and may_be_a_hint(plan, operation) and hints_are_made(plan) is None:
        return 0
    if steps_down(plan) and waits:
        return 1
    return asked if operation.kind != "get" else max(asked, holders_awaited(plan, asked))


def _shares(plan: Plan, operation: Operation, quota: Quota) -> list[Share]:
    """Likewise, of which datacenters."""
    repairs = operation.kind == "get" and holders_awaited(plan, quota.total()) > 0
    shares = [*quota.shares, *(quota.to_be_met_again().shares if repairs else ())]
    return [Share(share.replicas, share.needed) for share in shares]


class _Span(NamedTuple):
    start: int
    end: int | None


def _troubles(plan: Plan, history: History) -> Iterator[Trouble]:
    """From the planned start, since levers are pulled before that is recorded, to the recorded end."""
    healed: dict[str, int] = {}
    begun: dict[str, int] = {}
    for event in history.events:
        if isinstance(event, FaultEvent):
            times = healed if event.phase == "healed" else begun
            times[event.fault] = min(event.at, times.get(event.fault, event.at))
    for fault in plan.faults:
        actions = KINDS[fault.kind].actions(fault, plan.cluster.names())
        over = max(healed[fault.id], fault.end_ns) + MARGIN_NS + _lasts_ns(fault) if fault.id in healed else None
        lost = any(action.lever == "wipe" for action in actions)  # until it has joined again, which nobody records
        span = _Span(min(fault.start_ns, begun.get(fault.id, fault.start_ns)), None if lost else over)
        yield _trouble(span, actions)


def _lasts_ns(fault: Fault) -> int:
    """For how much longer what it held up may hold up what comes after it."""
    names = ("delay_ns", "jitter_ns", "gap_ns", "sync_ns")
    return sum(fault.parameters.get(name, 0) for name in names)


def _trouble(span: _Span, actions: list[Action]) -> Trouble:
    links = tuple(ends(action.target) for action in actions if action.lever in LINK_LEVERS)
    nodes = tuple(action.target for action in actions if action.lever not in LINK_LEVERS)
    return Trouble(span.start, span.end, nodes, links)


BY_PLAN: dict[str, Callable[[Plan, History], Verdict]] = {
    bounds.NAME: lambda plan, history: bounds.check(history, limits_of(plan)),
    availability.NAME: lambda plan, history: availability.check(history, terms_of(plan, history)),
}


def judged(plan: Plan, history: History) -> dict[str, Verdict]:
    """By the properties that need to know more than the history."""
    return {name: check(plan, history) for name, check in BY_PLAN.items()}


def verdict_of(name: str, plan: Plan, history: History) -> Verdict:
    return BY_PLAN[name](plan, history) if name in BY_PLAN else PROPERTIES[name](history)
