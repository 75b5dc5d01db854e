"""What a plan must have for a promise: decided before anything runs."""

from collections import Counter

from harness.faults.clocks import spread_ns
from harness.faults.table import KINDS
from harness.hinting import no_room_for_hints, replay_ns
from harness.levers import LINK_LEVERS, Lever
from harness.pace import bytes_per_s, cycle_ns
from harness.plan import Plan
from harness.quorums import Quorums, sloppy, why_quorums_miss
from harness.requirement import Requirement as Requirement  # noqa: PLC0414 - told to all with the requirements
from harness.requirements_kinds import PAGED, pages, sends_too_much
from replicas.store.placement import Placement
from replicas.store.purging import TOMBSTONES_PER_TICK_MAX

ROUNDS_TO_MEND = 5
_COPY_BYTES = 64  # of a message, beside key and value
_KEEP_HINTS: frozenset[Lever] = frozenset((*LINK_LEVERS, "pause"))  # a node that these touch goes on as it was


def _without_anti_entropy(plan: Plan) -> str | None:
    if plan.policy.anti_entropy != "none":
        return None
    if plan.policy.hints == "none":
        return "anti-entropy is off, and read repair alone mends only what is read"
    order = _siblings_by_order(plan)
    if order:
        return f"anti-entropy is off, and {order}"
    why = _hints_may_go(plan)
    return f"anti-entropy is off, and hints alone mend only as long as none is lost: {why}" if why else None


def _hints_may_go(plan: Plan) -> str | None:
    """A write lives on with its coordinator, then with the hints that it leaves: it reaches everyone if no node is ever
    without what it knew, and no hint is too many or too old."""
    policy = plan.policy
    keep = _KEEP_HINTS | {"rot"} if policy.scrub_every_ns else _KEEP_HINTS
    loses = next((each for each in plan.faults if not set(KINDS[each.kind].levers) <= keep), None)
    if loses is not None:
        return f"fault {loses.id} ({loses.kind}) may take those of {', '.join(loses.targets)}"
    if plan.down:
        return f"those of {', '.join(plan.down)} stay down"
    if purges(plan):
        return "a hint of a tombstone may come when that was purged, and nobody purges it again"
    return no_room_for_hints(plan) or _hints_too_old(plan, 0)


def _hints_too_old(plan: Plan, skew_ns: int) -> str | None:
    policy = plan.policy
    longest_ns = plan.unrest_ns + plan.client_timeout_ns + _under_way_ns(plan) + replay_ns(plan) + skew_ns
    for name in ("hint_lifetime_ns", "hint_window_ns"):
        if getattr(policy, name) < longest_ns:
            given = getattr(policy, name) / 1e9
            return f"policy.{name} is {given:g} s, and one may have to wait for {longest_ns / 1e9:.3g} s"
    return None


def _siblings_by_order(plan: Plan) -> str | None:
    """All writes reach everyone, and what they leave must not depend on their order."""
    cluster = plan.cluster
    if cluster.versions == "vector":
        return "which siblings a vector keeps depends on the order in which writes come"
    if not cluster.keeps_siblings() or cluster.merge == "last":
        return None
    most = max(Counter(each.key for each in plan.operations if each.kind != "get").values(), default=0)
    if most > cluster.siblings_max:
        return f"of {most} writes of a key, which {cluster.siblings_max} siblings have room depends on their order"
    return None


def too_slow_for_exchanges(plan: Plan) -> str | None:
    """On processes the network's own delays are far below these; a plan may be run on both stages."""
    slowest, policy = plan.network.slowest_ns() + plan.disk.sync_max_ns, plan.policy
    if slowest * policy.exchange_hops() >= policy.exchange_timeout_ns:
        what = f"{policy.exchange_hops()} messages of up to {slowest / 1e6:g} ms do not fit"
        return f"{what} an exchange of {policy.exchange_timeout_ns / 1e6:g} ms"
    if slowest >= policy.message_lifetime_ns:
        return (
            f"messages of up to {slowest / 1e6:g} ms outlive their lifetime of {policy.message_lifetime_ns / 1e6:g} ms"
        )
    return None


def _below_quorum(plan: Plan) -> str | None:
    """Over the operations themselves: a cluster of quorum reads may still be asked at ONE."""
    quorums = Quorums(plan)
    for operation in plan.operations:
        if operation.kind == "get" and (needed := quorums.asked(operation)) < plan.cluster.quorum():
            return f"operation {operation.id} reads {needed} of {plan.cluster.n} copies"
    return None


def _writes_may_stay_down(plan: Plan) -> str | None:
    """A write that only nodes hold that stay down is not lost, and nobody can see it."""
    placement, down = Placement(plan.cluster), set(plan.down)
    most = max(len(down & set(placement.replicas_of_partition(each))) for each in range(placement.partitions))
    least, rotten = Quorums(plan).held_least(), _rotten(plan) if most else []
    if least == 0:
        return _substitutes_may_lose(plan)
    if least > most + len(rotten):
        return None
    what = f"a write may be held by {least} replicas alone, and up to {most} of a key stay down"
    return f"{what} while copies on {' and '.join(rotten)} rot" if rotten else what


def _substitutes_may_lose(plan: Plan) -> str | None:
    """A write that no replica holds is kept as long as the hints of it are, until they are handed over. They are
    durable before anyone counts them: to end a process does not lose them."""
    what = "a write may be held in hints alone"
    if plan.down:
        return f"{what}, and {', '.join(plan.down)} stays down"
    wipe = next((each for each in plan.faults if "wipe" in KINDS[each.kind].levers), None)
    if wipe is not None:
        return f"{what}, and fault {wipe.id} (wipe) may take those of {', '.join(wipe.targets)}"
    why = no_room_for_hints(plan) or _hints_too_old(plan, spread_ns(plan.faults)) or _too_few_rounds(plan)
    return f"{what}: {why}" if why else None


def _rotten(plan: Plan) -> list[str]:
    rots = [fault for fault in plan.faults if "rot" in KINDS[fault.kind].levers]
    return list(dict.fromkeys(target for fault in rots for target in fault.targets))


def _wiped_node_waits(plan: Plan) -> str | None:
    wipes = [fault for fault in plan.faults if "wipe" in KINDS[fault.kind].levers]
    if wipes and plan.down:
        return f"{wipes[0].targets[0]} is wiped and cannot be bootstrapped while {', '.join(plan.down)} stays down"
    wiped = list(dict.fromkeys(fault.targets[0] for fault in wipes))
    if len(wiped) > 1:
        return f"{' and '.join(wiped)} may be without their disks at once, and wait for each other"
    return None


def _wiped_twice(plan: Plan) -> str | None:
    """What a read showed is on a quorum; one wipe leaves a copy of it."""
    wipes = sum("wipe" in KINDS[fault.kind].levers for fault in plan.faults)
    return f"{wipes} wipes may take every copy of what was read" if wipes > 1 else None


def _ageing_ns(plan: Plan) -> int:
    """How long a tombstone stays after its deletion, at least. A clock that led may have dated it ahead."""
    policy = plan.policy
    if policy.purge == "never":
        return 0
    grace = policy.grace_ns if policy.purge == "grace" else 0
    return policy.purge_wait_ns() + grace + spread_ns(plan.faults)


def _exchange_ns(plan: Plan) -> int:
    """Of one that finds and mends something, where nothing but distance and disks keeps its messages. Where that takes
    longer than a round, rounds alone are no measure."""
    return pages(plan) * plan.policy.exchange_hops() * (plan.network.longest_way_ns() + plan.disk.sync_max_ns)


def _slow_sync_ns(plan: Plan) -> int:
    """For how long a commit may go on when its disk is slow no more."""
    slow = [fault for fault in plan.faults if "slow-sync" in KINDS[fault.kind].levers]
    return max((fault.parameters["sync_ns"] for fault in slow), default=0)


def _under_way_ns(plan: Plan) -> int:
    """How long what began in unrest may go on after it: exchanges and operations until their time is up. A read that
    mends in the background has that time twice."""
    lives = 2 if plan.policy.reads_linger() else 1
    return _slow_sync_ns(plan) + max(plan.policy.exchange_timeout_ns, lives * plan.cluster.operation_timeout_ns)


def _rounds_to_list(plan: Plan) -> int:
    """An exchange lists so many keys; the rest is left to the next ones."""
    if plan.policy.anti_entropy in PAGED:
        return 0
    return len({operation.key for operation in plan.operations}) // plan.policy.keys_per_exchange_max


def _rounds_to_purge(plan: Plan) -> int:
    """A purge sees to so many tombstones a tick."""
    keys = len({operation.key for operation in plan.operations})
    compared = 2 if plan.policy.purge == "repaired" else 0  # by rounds that began after the last deletion came
    if plan.policy.is_incremental():
        compared *= plan.policy.full_every_rounds  # nothing less shows that all is the same
    return 0 if plan.policy.purge == "never" else 3 * (keys // TOMBSTONES_PER_TICK_MAX) + compared


def _rounds_to_settle(plan: Plan) -> int:
    """An incremental exchange tells of so many keys on each side. One more finds that the marks of a pair differ, the
    next compares all, and what that sends is told once more."""
    return 3 + _rounds_to_list(plan) if plan.policy.is_incremental() else 0


def _too_few_rounds(plan: Plan) -> str | None:
    """What must fit into the mend phase: what is under way and times out, a purge's wait, the replay of hints, and a
    few rounds to find, mend and agree, with an exchange that mends and one that finds nothing more."""
    policy = plan.policy
    rounds = ROUNDS_TO_MEND + _rounds_to_list(plan) + _rounds_to_purge(plan) + _rounds_to_settle(plan)
    rounds_ns = rounds * cycle_ns(plan) + 2 * _exchange_ns(plan)
    needed = _under_way_ns(plan) + _ageing_ns(plan) + replay_ns(plan) + 2 * policy.scrub_every_ns + rounds_ns
    given = plan.mend_rounds_max * policy.round_every_ns
    if given >= needed:
        return None
    users = f"exchanges, purges, hints and {rounds} rounds"
    enough = -(-needed // policy.round_every_ns)
    return f"{plan.mend_rounds_max} rounds to mend are too few for {users}: {enough} would do (phases.mend_rounds)"


def _bytes_to_mend(plan: Plan) -> int:
    """Each node may have to send every key to each other."""
    keys = {operation.key for operation in plan.operations}
    largest = max((len(each.value or "") + len(each.key) for each in plan.operations), default=0) + _COPY_BYTES
    return len(keys) * largest * max(1, plan.cluster.n - 1)


def too_few_bytes(plan: Plan) -> str | None:
    """Half the mend phase is left for the rest."""
    per_s = bytes_per_s(plan)
    if not per_s:
        return None
    total = _bytes_to_mend(plan)
    short = sends_too_much(plan, total)
    if short:
        return short
    given_s = plan.mend_rounds_max * plan.policy.round_every_ns / 2e9
    if total <= per_s * given_s:
        return None
    what = f"{total:,} bytes may have to be repaired, and {_limit_in_words(plan)} = {per_s:,} is too little for that"
    return f"{what} in half the mend phase ({given_s:g} s)"


def _limit_in_words(plan: Plan) -> str:
    if bytes_per_s(plan) == plan.policy.repair_bytes_per_s_max:
        return "policy.repair_bytes_per_s_max"
    return "a node's share of policy.repair_bytes_per_s_cluster_max"


def repair_lag_ns(plan: Plan) -> int:
    """From the end of an outage until a deletion has reached everyone: an exchange that must time out, and two rounds,
    or one and an exchange that takes longer; more where an exchange or a second takes in little at a time."""
    round_ns = cycle_ns(plan)
    times_out_ns = _slow_sync_ns(plan) + plan.policy.exchange_timeout_ns
    per_s = bytes_per_s(plan)
    held_back_ns = _bytes_to_mend(plan) * 1_000_000_000 // per_s if per_s else 0
    rounds_ns = (1 + _rounds_to_list(plan)) * round_ns
    return times_out_ns + rounds_ns + max(round_ns, _exchange_ns(plan)) + held_back_ns


def hint_age_ns(plan: Plan) -> int:
    """For how long after a write a hint of it may still arrive: it is made when the write's time is up."""
    policy = plan.policy
    if policy.hints == "none":
        return 0
    lifetime = min(policy.hint_lifetime_ns, policy.grace_ns)
    on_the_way_ns = policy.message_lifetime_ns if sloppy(plan) else 0  # to a substitute
    return plan.cluster.operation_timeout_ns + lifetime + policy.hint_every_ns + on_the_way_ns


def purges(plan: Plan) -> bool:
    return plan.policy.purge != "never" and any(each.kind == "delete" for each in plan.operations)


def _clocks_apart(plan: Plan) -> str | None:
    """Versions need no true time: what rests on it is how long messages and tombstones live."""
    spread, budget = spread_ns(plan.faults), plan.policy.skew_budget_ns
    if not purges(plan) or spread <= budget:
        return None
    what = f"wall clocks are set off by up to {spread / 1e6:g} ms"
    return f"{what}, more than the skew budget of {budget / 1e6:g} ms, and tombstones are purged by them"


ANTI_ENTROPY = Requirement("anti-entropy, or hints of which none may be lost", _without_anti_entropy)
IN_TIME = Requirement("messages that fit exchanges and lifetimes", too_slow_for_exchanges)
ENOUGH_ROUNDS = Requirement("enough rounds to mend", _too_few_rounds)
ENOUGH_BYTES = Requirement("enough bytes a second to mend", too_few_bytes)
ALL_BACK_FOR_A_WIPED_NODE = Requirement("every node back for one that was wiped", _wiped_node_waits)
QUORUM_READS = Requirement("every read at a quorum or more", _below_quorum)
ONE_WIPE = Requirement("one wipe at most", _wiped_twice)
QUORUMS_MEET = Requirement("R + W > N", why_quorums_miss)
CLOCKS = Requirement("clocks within the skew budget, where tombstones are purged", _clocks_apart)
WRITES_STAY_UP = Requirement(
    "every write on a node that is up in the end, or in hints that are kept until then", _writes_may_stay_down
)
