"""What the hints of a plan may come to: how many, how many bytes, and how long it takes to send them again."""

from harness.plan import Plan
from replicas.store.hints import bytes_of


def no_room_for_hints(plan: Plan) -> str | None:
    """Some may be dropped. Where each write of one key is kept and the oldest go first, the newest of it stays; where
    writes are refused instead, none is."""
    policy = plan.policy
    if policy.hints_when_full == "refuse":
        return None
    what, count = hints_most(plan)
    largest, total = _bytes_of_hints(plan)
    last_stays = policy.hints_when_full == "drop-oldest" and len(_written(plan)) == 1
    if count > policy.hints_max and not last_stays:
        return f"{count} {what} are written, and a node keeps {policy.hints_max} hints for another"
    if policy.hint_bytes_max and (largest if last_stays else total) > policy.hint_bytes_max:
        return f"hints may take {total:,} bytes, and a node keeps {policy.hint_bytes_max:,} of them for another"
    return None


def hints_are_made(plan: Plan) -> str | None:
    """Why one may not be made at once for a replica that is silent."""
    policy = plan.policy
    full = no_room_for_hints(plan) or may_refuse_writes(plan)
    if full or policy.hints_when_full == "drop-oldest":
        return full or "a hint may be dropped for another"
    longest_ns = plan.unrest_ns + plan.client_timeout_ns
    if policy.hint_window_ns < longest_ns:
        return f"no hints are made for what is silent for longer than {policy.hint_window_ns / 1e9:g} s"
    return None


def may_refuse_writes(plan: Plan) -> str | None:
    """Where a full queue refuses writes. Those under way count like those that are kept."""
    policy = plan.policy
    if policy.hints == "none" or policy.hints_when_full != "refuse":
        return None
    what, count = hints_most(plan)
    writes = [bytes_of(each.key, each.value) for each in plan.operations if each.kind != "get"]
    if count > policy.hints_max:
        return f"a write is refused where {policy.hints_max} hints wait for a node, and {count} {what} are written"
    if policy.hint_bytes_max and sum(writes) > policy.hint_bytes_max:
        most = f"{policy.hint_bytes_max:,} bytes of hints wait for a node"
        return f"a write is refused where {most}, and {sum(writes):,} are written"
    return None


def _written(plan: Plan) -> set[str]:
    return {each.key for each in plan.operations if each.kind != "get"}


def hints_most(plan: Plan) -> tuple[str, int]:
    """So many may be kept for one node."""
    if plan.policy.hint_coalescing == "on":
        return "keys", len(_written(plan))
    return "values", sum(each.kind != "get" for each in plan.operations)


def _bytes_of_hints(plan: Plan) -> tuple[int, int]:
    """Of the largest, and of all that one node may keep for another."""
    sizes: dict[str, list[int]] = {}
    for each in plan.operations:
        if each.kind != "get":
            sizes.setdefault(each.key, []).append(bytes_of(each.key, each.value))
    add = max if plan.policy.hint_coalescing == "on" else sum
    return max(map(max, sizes.values()), default=0), sum(map(add, sizes.values()))


def replay_ns(plan: Plan) -> int:
    """How long the replay of all hints takes that one node may keep for another."""
    policy = plan.policy
    if policy.hints == "none":
        return 0
    _, count = hints_most(plan)
    replays = -(-min(count, policy.hints_max) // policy.hints_per_replay_max)
    if policy.hint_check == "brief":
        replays = 2 * replays + 1  # asked in one, sent in another
    per_s, total = policy.hint_bytes_per_s_max, _bytes_of_hints(plan)[1] * len(plan.cluster.nodes)
    throttled_ns = total * 1_000_000_000 // per_s if per_s else 0
    return replays * policy.hint_every_ns + throttled_ns + plan.cluster.operation_timeout_ns
