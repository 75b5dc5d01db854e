"""The promise matrix: what a configuration guarantees, on which premises, and the flaw that breaks each promise.

A promise follows from the plan alone (requirements). Its premises are checked again on what was observed: one that
was missed makes the property not promised in this run, never violated.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from checkers.history import Fault, History, Message, Return
from checkers.verdict import Verdict
from harness.plan import Plan

_ROUNDS_TO_MEND = 5

Outcome = Literal["holds", "violated", "unknown", "not promised"]


class Requirement(NamedTuple):
    """`missed` says in words why this plan does not have it."""

    text: str
    missed: Callable[[Plan], str | None]


class Premise(NamedTuple):
    text: str
    missed: Callable[[Plan, History], str | None]


class Cell(NamedTuple):
    """`flaws` break the promise, `near_misses` must not: each is run in both stages by the tests."""

    property: str
    requirements: tuple[Requirement, ...]
    premises: tuple[Premise, ...]
    flaws: tuple[str, ...]
    near_misses: tuple[str, ...]


class Promise(NamedTuple):
    """What became of one property in one run. `measured` is the checker's verdict, promised or not."""

    property: str
    outcome: Outcome
    why: str
    measured: Verdict


def _without_anti_entropy(plan: Plan) -> str | None:
    return "anti-entropy is off, and read repair alone mends only what is read" if _no_rounds(plan) else None


def _no_rounds(plan: Plan) -> bool:
    return plan.policy.anti_entropy == "none"


def _too_slow_for_exchanges(plan: Plan) -> str | None:
    """On processes the network's own delays are far below these; a plan may be run on both stages."""
    slowest, policy = plan.network.delay_max_ns + plan.disk.sync_max_ns, plan.policy
    if slowest * policy.exchange_hops() >= policy.exchange_timeout_ns:
        what = f"{policy.exchange_hops()} messages of up to {slowest / 1e6:g} ms do not fit"
        return f"{what} an exchange of {policy.exchange_timeout_ns / 1e6:g} ms"
    if slowest >= policy.message_lifetime_ns:
        return (
            f"messages of up to {slowest / 1e6:g} ms outlive their lifetime of {policy.message_lifetime_ns / 1e6:g} ms"
        )
    return None


def _without_blocking(plan: Plan) -> str | None:
    return f"read repair is {plan.policy.read_repair}" if plan.policy.read_repair != "blocking" else None


def _below_quorum(plan: Plan) -> str | None:
    """Over the operations themselves: a cluster of quorum reads may still be asked at ONE."""
    for operation in plan.operations:
        needed = plan.cluster.reads_needed(operation.level)
        if operation.kind == "get" and needed < plan.cluster.quorum():
            return f"operation {operation.id} reads {needed} of {plan.cluster.n} copies"
    return None


def _skewed(plan: Plan, history: History) -> str | None:
    """A message cannot be born after it was sent; by how much it seems so is how far a clock leads."""
    lead = max((event.born - event.at for event in history.events if isinstance(event, Message)), default=0)
    if lead <= plan.policy.skew_budget_ns:
        return None
    return f"a clock led by {lead / 1e6:.0f} ms, more than the skew budget of {plan.policy.skew_budget_ns / 1e6:g} ms"


def _too_few_rounds(plan: Plan) -> str | None:
    """What must fit into the mend phase: an exchange that is under way and times out, a purge's wait, and a few rounds
    to find, mend and agree."""
    policy = plan.policy
    purge = policy.purge_wait_ns() if policy.purge == "confirmed" else 0
    needed = policy.exchange_timeout_ns + purge + _ROUNDS_TO_MEND * policy.round_every_ns
    given = plan.mend_rounds_max * policy.round_every_ns
    if given >= needed:
        return None
    rounds = f"{plan.mend_rounds_max} rounds of {policy.round_every_ns / 1e6:g} ms"
    return f"{rounds} are less than the {needed / 1e9:g} s that exchanges, purges and {_ROUNDS_TO_MEND} rounds take"


ANTI_ENTROPY = Requirement("anti-entropy", _without_anti_entropy)
IN_TIME = Requirement("messages that fit exchanges and lifetimes", _too_slow_for_exchanges)
ENOUGH_ROUNDS = Requirement("enough rounds to mend", _too_few_rounds)
BLOCKING = Requirement("blocking read repair", _without_blocking)
QUORUM_READS = Requirement("every read at a quorum or more", _below_quorum)
CLOCKS = Premise("clocks differ by no more than the skew budget", _skewed)

MATRIX: tuple[Cell, ...] = (
    Cell(
        "convergence",
        (ANTI_ENTROPY, IN_TIME, ENOUGH_ROUNDS),
        (),
        ("hashes-keys-only", "stops-rounds"),
        ("hashes-versions-only",),
    ),
    Cell("no version regression", (), (), ("repairs-any-other", "commits-later"), ("takes-equal",)),
    Cell("monotonic reads", (BLOCKING, QUORUM_READS), (CLOCKS,), ("skips-repair",), ("repairs-all",)),
    Cell("no tombstone resurrection", (), (CLOCKS,), ("purges-unconfirmed",), ("confirms-twice",)),
    Cell("purge soundness", (), (CLOCKS,), ("purges-after-quorum",), ("cut off until the mend",)),
    Cell("acknowledged writes kept", (), (), ("acknowledges-on-send",), ("W = 1 and cut off",)),
    Cell("nothing invented", (), (), ("mixes-copies",), ("an unknown write is read",)),
    Cell("evidence agrees", (), (), ("hides-repairs",), ("killed while writing",)),
)


def reason_against(cell: Cell, plan: Plan) -> str | None:
    """Why the plan does not have the promise, before it is run."""
    reasons = (requirement.missed(plan) for requirement in cell.requirements)
    return next((reason for reason in reasons if reason), None)


def judge(plan: Plan, history: History, verdicts: dict[str, Verdict]) -> list[Promise]:
    promises: list[Promise] = []
    for cell in MATRIX:
        measured = verdicts[cell.property]
        reasons = (premise.missed(plan, history) for premise in cell.premises)
        why = reason_against(cell, plan) or next((reason for reason in reasons if reason), None)
        if why is None:
            promises.append(Promise(cell.property, measured.outcome, measured.reason, measured))
        else:
            promises.append(Promise(cell.property, "not promised", why, measured))
    return promises


def faults_not_applied(history: History) -> list[str]:
    """A fault that was planned and did not happen makes the run say nothing."""
    return [
        f"fault {event.fault} ({event.kind}) was not applied: {event.evidence}"
        for event in history.events
        if isinstance(event, Fault) and event.phase == "not applied"
    ]


def nothing_done(history: History) -> list[str]:
    """A run of which no operation succeeded shows nothing, however many of its promises were not broken."""
    succeeded = any(isinstance(event, Return) and event.outcome == "ok" for event in history.events)
    return [] if succeeded else ["not one operation succeeded"]


def overall(promises: list[Promise], not_applied: list[str]) -> Literal["holds", "violated", "unknown"]:
    outcomes = [promise.outcome for promise in promises]
    if "violated" in outcomes:
        return "violated"
    return "unknown" if not_applied or "unknown" in outcomes else "holds"
