"""How long rounds of anti-entropy take that look at everything, where a policy bounds what is done at a time."""

from harness.plan import Plan
from replicas.store.placement import Placement
from replicas.store.turns import PATIENCE


def rounds_of_a_cycle(plan: Plan) -> int:
    """Until each partition has had its turn with each peer. What a priority puts off has waited PATIENCE cycles."""
    policy, placement = plan.policy, Placement(plan.cluster)
    replicas = [placement.replicas_of_partition(each) for each in range(placement.partitions)]
    names = plan.cluster.names()
    shared = [
        sum(one in each and other in each for each in replicas) for one in names for other in names if one != other
    ]
    cycle = policy.rounds_of_a_cycle(max(shared, default=0))
    return cycle * (PATIENCE + 1) if cycle > 1 and policy.repair_priority == "most-divergent" else cycle


def longest_turn_ns(plan: Plan) -> int:
    """Until each peer has had its turn. Where fewer exchanges may be open than there are peers, one may be turned away
    by each that is before it, wait for its patience to end, and stand behind those who do not answer."""
    policy, peers = plan.policy, len(plan.cluster.nodes) - 1
    limit = policy.exchanges_in_parallel_max
    if not limit or limit >= peers:
        return policy.longest_round_ns()
    turns = PATIENCE + 2 * -(-peers // limit)
    return turns * policy.longest_round_ns() + len(plan.down) * policy.exchange_timeout_ns


def cycle_ns(plan: Plan) -> int:
    """Until all that a pair shares has been compared, for each pair."""
    return rounds_of_a_cycle(plan) * longest_turn_ns(plan)


def bytes_per_s(plan: Plan) -> int:
    """Of one node; 0: no limit."""
    return plan.policy.repair_bytes_per_s(len(plan.cluster.nodes))
