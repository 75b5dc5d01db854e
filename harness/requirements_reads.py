"""What a plan must have of its reads for a promise, what their course costs in time, and what a run must have kept."""

from checkers.facts import gather
from checkers.history import History, Metrics
from harness.plan import Plan
from harness.premises import Premise
from harness.quorums import Quorums
from harness.requirements import Requirement

_CERTAIN_PPM = 1_000_000
_GIVEN_UP = {"repairs_dropped": "dropped", "repairs_not_awaited": "not waited for"}


def reads_needed(plan: Plan) -> list[int]:
    quorums = Quorums(plan)
    return [quorums.asked(each) for each in plan.operations if each.kind == "get"]


def holders_needed(plan: Plan, reads: int) -> int:
    """Of replicas that hold what a read of so many returns, so that each later one meets one of them."""
    return max(plan.cluster.quorum(), plan.cluster.n - reads + 1)


def holders_awaited(plan: Plan, reads: int) -> int:
    """For how many of them a read waits, however long it takes."""
    if not plan.policy.waits_for_repair() or reads == 1:
        return 0
    given = plan.policy.repair_sync_replicas
    return min(given, plan.cluster.n) if given else holders_needed(plan, reads)


def _answers_too_early(plan: Plan) -> str | None:
    policy = plan.policy
    if policy.read_repair not in ("blocking", "bounded"):
        return f"read repair is {policy.read_repair}"
    given = policy.repair_sync_replicas
    most = max((holders_needed(plan, reads) for reads in reads_needed(plan) if reads > 1), default=0)
    if given and given < most:
        return f"a read answers when {given} replicas hold what it returns, and later ones meet one of {most}"
    return None


def _asks_too_few(plan: Plan) -> str | None:
    """Nobody finds out that a replica is dead but by its silence."""
    policy, n = plan.policy, plan.cluster.n
    if policy.speculate_after_ns:
        return None
    asked = min((reads + policy.read_extra_max for reads in reads_needed(plan)), default=n)
    if policy.read_from != "all" and asked < n:
        return f"a read asks {asked} of {n} replicas, and no other in place of one that is silent"
    if policy.waits_for_repair() and policy.read_repair_chance_ppm < _CERTAIN_PPM:
        return "a read repairs no more replicas than it waits for, and no other in place of one that is silent"
    return None


def hops_of_digests(plan: Plan) -> int:
    """What differs is asked for once more."""
    policy = plan.policy
    return 2 if policy.read_digests != "never" or policy.read_repair == "adaptive" else 0


def waits_ns(plan: Plan) -> int:
    """For how long a read may wait for nothing: for a copy where it has digests, for each replica that it asks in
    place of others, for others to repair, and for a repair that is not awaited in the end."""
    policy, n = plan.policy, plan.cluster.n
    asked = min((reads + policy.read_extra_max for reads in reads_needed(plan)), default=n)
    spare = max(0, n - asked) if policy.read_from != "all" else 0
    bounded_ns = policy.read_repair_wait_ns if policy.read_repair == "bounded" else 0
    copies = 1 if hops_of_digests(plan) else 0
    return (copies + spare + 1) * policy.speculate_after_ns + bounded_ns


def _gave_up(plan: Plan, history: History) -> str | None:
    """As the nodes themselves have counted, where a read may answer before its repair is acknowledged."""
    policy = plan.policy
    if policy.read_repair != "bounded" and len(reads_needed(plan)) <= policy.repairs_in_flight_max:
        return None
    ended = next((life for life in gather(history).lives if life.what != "started"), None)
    if ended is not None:
        return f"{ended.node} was {ended.what}, and with it went its count of repairs that were not waited for"
    counted = (event for event in history.events if isinstance(event, Metrics))
    given_up = ((each.node, each.values.get(name, 0), words) for each in counted for name, words in _GIVEN_UP.items())
    found = next((one for one in given_up if one[1]), None)
    return f"{found[0]} answered {found[1]} reads of which the repair was {found[2]}" if found else None


WAITS_FOR_REPAIR = Requirement("reads that wait until enough replicas hold what they return", _answers_too_early)
ASKS_ENOUGH = Requirement("reads that ask all replicas, or others in place of silent ones", _asks_too_few)
REPAIRS_AWAITED = Premise("no read answered before its repair, where that may be", _gave_up)
