"""What the operations of a plan ask of the replicas of their keys: how many, which, and what of it is left where a
policy lets others stand in, or lets an operation step down."""

from functools import cached_property
from itertools import product

from harness.plan import Plan
from replicas.store.levels import BY_DATACENTER, Quota, quota_of, reads_needed, writes_needed
from replicas.store.placement import Placement
from workloads.operations import Operation

PRESETS = {  # of n copies: how many answer a read, and how many acknowledge a write
    "strong": "a majority reads and a majority writes: R + W > N",
    "balanced": "a majority of each, as strong has it: the two are the same",
    "read-heavy": "one copy answers a read, and all acknowledge a write",
    "write-heavy": "one copy acknowledges a write, and all answer a read",
}


def preset(name: str, n: int) -> tuple[int, int]:
    """R and W."""
    majority = n // 2 + 1
    return {"read-heavy": (1, n), "write-heavy": (n, 1)}.get(name, (majority, majority))


def sloppy(plan: Plan) -> bool:
    return plan.policy.quorums == "sloppy" and plan.policy.hints != "none"


def steps_down(plan: Plan) -> bool:
    return plan.policy.level_unmet == "step-down"


def clients_wait(plan: Plan) -> bool:
    """For what is answered late in the time of an operation: at ANY, or below its level."""
    return plan.client_timeout_ns >= plan.cluster.operation_timeout_ns


def may_be_a_hint(plan: Plan, operation: Operation) -> bool:
    """Whether the write may be acknowledged while no replica of its key holds it."""
    return sloppy(plan) or (operation.level == "ANY" and plan.policy.hints != "none")


class Quorums:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def placement(self) -> Placement:
        return Placement(self.plan.cluster)

    def quota(self, operation: Operation) -> Quota | None:
        if operation.level not in BY_DATACENTER:
            return None
        return quota_of(operation.level, self.placement, operation.key, operation.node)

    def asked(self, operation: Operation) -> int:
        """Of how many replicas its level wants the word."""
        cluster, level = self.plan.cluster, operation.level
        if level not in BY_DATACENTER:
            return cluster.reads_needed(level) if operation.kind == "get" else cluster.writes_needed(level)
        needed = reads_needed if operation.kind == "get" else writes_needed
        return needed(cluster, self.placement, level, operation.key, operation.node)

    def read_least(self) -> int:
        return min(
            (self.asked(each) for each in self.plan.operations if each.kind == "get"), default=self.plan.cluster.r
        )

    def written_least(self) -> int:
        """As levels have it."""
        writes = [each for each in self.plan.operations if each.kind != "get"]
        return min(map(self.asked, writes), default=self.plan.cluster.w)

    def held_least(self) -> int:
        """By how many replicas at least a write is held that was acknowledged, whatever became of its level."""
        if any(may_be_a_hint(self.plan, each) for each in self.plan.operations if each.kind != "get"):
            return 0
        return 1 if steps_down(self.plan) else self.written_least()

    def apart(self) -> tuple[Operation, Operation] | None:
        """A read and a write of one key that may have no replica in common, where levels name datacenters."""
        reads, writes = self._by_demand("get"), self._by_demand("put", "delete")
        for read, write in product(reads, writes):
            if read.key == write.key and not self._meet(read, write):
                return read, write
        return None

    def _by_demand(self, *kinds: str) -> list[Operation]:
        """One operation of each key, level and datacenter."""
        found: dict[tuple[str, str | None, str], Operation] = {}
        for each in self.plan.operations:
            if each.kind in kinds:
                found.setdefault((each.key, each.level, self.placement.datacenter_of[each.node]), each)
        return list(found.values())

    def _meet(self, read: Operation, write: Operation) -> bool:
        """Two that name datacenters need one in which they want more than there are; one that only counts may find its
        replicas anywhere."""
        one, other = self.quota(read), self.quota(write)
        if one is None or other is None:
            return self.asked(read) + self.asked(write) > self.plan.cluster.n
        wanted = {share.datacenter: share.needed for share in other.shares}
        return any(share.needed + wanted.get(share.datacenter, 0) > len(share.replicas) for share in one.shares)


def why_quorums_miss(plan: Plan) -> str | None:
    """What steps down is no part of it: its answer says so, and promises no more than that."""
    quorums, n = Quorums(plan), plan.cluster.n
    if sloppy(plan):
        return "quorums are sloppy: a write may be with substitutes, and no read asks them"
    at_any = next((each for each in plan.operations if each.level == "ANY"), None)
    if at_any is not None and may_be_a_hint(plan, at_any):
        return f"operation {at_any.id} writes at ANY: a hint may be all that there is of it"
    if any(each.level in BY_DATACENTER for each in plan.operations):
        apart = quorums.apart()
        if apart is None:
            return None
        read, write = apart
        where = quorums.placement.datacenter_of
        asks = f"operation {read.id} reads at {read.level or 'R'} in {where[read.node]}"
        return f"{asks} and may miss operation {write.id}, a write at {write.level or 'W'} in {where[write.node]}"
    least_read, least_written = quorums.read_least(), quorums.written_least()
    if least_read + least_written > n:
        return None
    return f"R + W = {least_read} + {least_written} is not more than N = {n}: a read may miss a write"
