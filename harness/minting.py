"""What the order of versions rests on. A coordinator dates a write by its own wall clock, or later if it has seen what
is later: so two coordinators need clocks that agree, and one needs only to remember."""

from collections import defaultdict

from checkers import clocks
from checkers.facts import gather
from checkers.history import History
from harness.faults.clocks import spread_ns
from harness.faults.table import KINDS
from harness.levers import DOWN_LEVERS, FATAL_LEVERS
from harness.plan import Plan
from harness.premises import Premise, seen_off
from harness.requirements import QUORUM_READS, Requirement, purges

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


def _miscounted(plan: Plan) -> str | None:
    """A counter goes on from what W replicas tell: from all that was acknowledged, if two such quorums meet and none of
    them has lost what it knew."""
    written = [plan.cluster.writes_needed(each.level) for each in plan.operations if each.kind != "get"]
    least, n = min(written, default=plan.cluster.w), plan.cluster.n
    if 2 * least <= n:
        return f"versions are counted, and W + W = {2 * least} is not more than N = {n}: two writes may count the same"
    loses = (each for each in plan.faults if set(KINDS[each.kind].levers) & {"wipe", "rot"})
    fault = next(loses, None)
    if fault is not None:
        return f"versions are counted, and {fault.id} ({fault.kind}) may take the highest"
    return _forgotten_count(plan)


def _forgotten_count(plan: Plan) -> str | None:
    if plan.cluster.versions == "counter" and purges(plan):
        return "versions are counted, and counting starts anew below a tombstone that is purged"
    return None


def _siblings(plan: Plan) -> str | None:
    return f"versions are {plan.cluster.versions}: a write that has read nothing is a sibling of those before it"


def _may_mint_older(plan: Plan) -> str | None:
    if plan.cluster.keeps_siblings():
        return _siblings(plan)
    if plan.cluster.versions == "counter":
        return _miscounted(plan)
    apart = _times_apart(plan)
    memories = _several_memories(plan) if apart else None
    return f"{apart}, and {memories}" if apart and memories else None


def _may_mint_older_than_read(plan: Plan) -> str | None:
    """A wall clock learns nothing from what is read. Numbers are told by W replicas, and what was read may be on fewer,
    unless a quorum holds it before it is returned. Where versions keep siblings, a write says what was read."""
    if plan.cluster.keeps_siblings():
        return None
    if plan.cluster.versions == "wall":
        apart = _times_apart(plan)
        return f"{apart}, and a wall clock does not follow what is read" if apart else None
    if plan.cluster.versions == "counter" and plan.policy.read_repair != "blocking":
        return f"versions are counted from what W replicas hold, and read repair is {plan.policy.read_repair}"
    if plan.cluster.versions == "counter":
        return QUORUM_READS.missed(plan) or _miscounted(plan)
    return _may_mint_older(plan)


def _not_in_order(plan: Plan) -> str | None:
    if plan.cluster.keeps_siblings():
        return f"{_siblings(plan)}, and a register has none"
    return _miscounted(plan) if plan.cluster.versions == "counter" else _times_apart(plan)


def _older_than_the_buried(plan: Plan) -> str | None:
    """Whoever confirms a tombstone must mint nothing older after that, and a hint may keep it for long."""
    spread = spread_ns(plan.faults)
    if plan.cluster.versions == "wall" and plan.policy.hints != "none" and purges(plan) and spread:
        what = (
            f"wall clocks are set off by up to {spread / 1e6:g} ms, and date what is below a tombstone that is purged"
        )
        return f"{what}; a hint may bring that later"
    return None


def _below_the_purged(plan: Plan) -> str | None:
    return _forgotten_count(plan) or _older_than_the_buried(plan)


def _last_one_wins(plan: Plan) -> str | None:
    cluster = plan.cluster
    if not cluster.keeps_siblings() or cluster.merge == "last":
        how = f"versions are {cluster.versions}" if not cluster.keeps_siblings() else "siblings are merged by time"
        return f"{how}: of writes at the same time the last one wins, and the others are lost"
    if cluster.versions == "vector":
        return "versions are vectors: of two writes through one node the later one buries the other, seen or not"
    return None


def _too_many_siblings(plan: Plan, history: History) -> str | None:
    most = plan.cluster.siblings_max
    for change in gather(history).changes:
        if change.new is not None and len(clocks.of(change.new.version).siblings) >= most:
            return f"{change.node} had room for {most} siblings of {change.key}, and they were as many"
    return None


def _clock_set(plan: Plan, history: History) -> str | None:
    if plan.cluster.keeps_siblings():
        return None
    matters = plan.cluster.versions == "wall" or _several_memories(plan)
    return _clock_stepped(plan, history) if matters else None


def _clock_stepped(plan: Plan, history: History) -> str | None:
    """Nobody but the plan sets a simulated clock. On processes all nodes have that of the machine, which somebody may
    have set meanwhile."""
    if history.header.stage == "simulation" or plan.cluster.versions == "counter":
        return None
    lead, lag = seen_off(history)
    return f"wall clocks were off by {(lead + lag) / 1e6:.0f} ms" if lead + lag > STEP_NS else None


LATER_IS_LATER = Requirement(
    "wall clocks that agree, or clients that each ask one node for a key, which stays up", _may_mint_older
)
NOBODY_SET_A_CLOCK = Premise("nobody sets the clock of the machine, where it matters", _clock_set)
READ_IS_OLDER = Requirement(
    "wall clocks that agree, or clients that each ask one node for a key, which stays up and learns from what it reads",
    _may_mint_older_than_read,
)
CLOCKS_AGREE = Requirement("wall clocks that agree, or numbers that are not forgotten", _not_in_order)
ABOVE_THE_PURGED = Requirement("nothing minted below what was purged", _below_the_purged)
SIBLINGS = Requirement("dotted versions, and siblings that are shown or united", _last_one_wins)
ROOM = Premise("a copy has room for its siblings", _too_many_siblings)
ONE_CLOCK = Premise("nobody sets the clock of the machine", _clock_stepped)
