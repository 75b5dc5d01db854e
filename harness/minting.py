"""What the order of versions rests on. A coordinator dates a write by its own wall clock, or later if it has seen what
is later: so two coordinators need clocks that agree, and one needs only to remember."""

from collections import defaultdict

from checkers.history import History
from harness.faults.clocks import spread_ns
from harness.faults.table import KINDS
from harness.levers import DOWN_LEVERS, FATAL_LEVERS
from harness.plan import Plan
from harness.premises import Premise, seen_off
from harness.requirements import Requirement

STEP_NS = 1_000_000  # less is the time between two readings of one clock


def _times_apart(plan: Plan) -> str | None:
    """Of all that is asked at one moment each write is dated a nanosecond later; the next is asked for after a way to
    the client and a way back."""
    spread = spread_ns(plan.faults)
    if spread:
        return f"wall clocks are set off by up to {spread / 1e6:g} ms"
    writes = sum(operation.kind != "get" for operation in plan.operations)
    return "messages may take no time at all" if 2 * plan.network.delay_min_ns <= writes else None


def _several_memories(plan: Plan) -> str | None:
    """A clock in memory, beyond what its node has minted, is lost when the node goes down."""
    asked: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for operation in plan.operations:
        asked[operation.client, operation.key][operation.node] = None
    for (client, key), nodes in asked.items():
        if len(nodes) > 1:
            return f"{client} asks {' and '.join(list(nodes)[:2])} for {key}"
    used = {node for nodes in asked.values() for node in nodes}
    for fault in plan.faults:
        ends = any(lever in (*DOWN_LEVERS, *FATAL_LEVERS) for lever in KINDS[fault.kind].levers)
        forgetful = [target for target in fault.targets if target in used]
        if ends and forgetful:
            return f"{forgetful[0]} forgets what it has read when it goes down ({fault.id}, {fault.kind})"
    return None


def _may_mint_older(plan: Plan) -> str | None:
    apart = _times_apart(plan)
    memories = _several_memories(plan) if apart else None
    return f"{apart}, and {memories}" if apart and memories else None


def _clock_set(plan: Plan, history: History) -> str | None:
    return _clock_stepped(plan, history) if _several_memories(plan) else None


def _clock_stepped(_plan: Plan, history: History) -> str | None:
    """Nobody but the plan sets a simulated clock. On processes all nodes have that of the machine, which somebody may
    have set meanwhile."""
    if history.header.stage == "simulation":
        return None
    lead, lag = seen_off(history)
    return f"wall clocks were off by {(lead + lag) / 1e6:.0f} ms" if lead + lag > STEP_NS else None


LATER_IS_LATER = Requirement(
    "wall clocks that agree, or clients that each ask one node for a key, which stays up", _may_mint_older
)
NOBODY_SET_A_CLOCK = Premise("nobody sets the clock of the machine, where it matters", _clock_set)
CLOCKS_AGREE = Requirement("wall clocks that agree", _times_apart)
ONE_CLOCK = Premise("nobody sets the clock of the machine", _clock_stepped)
