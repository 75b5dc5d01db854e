"""What a plan must have for the promises on bounds and on availability; and what its run must have been like."""

from collections.abc import Iterator

from checkers.availability import Trouble
from checkers.history import History, Invoke, Message, Return
from harness.hinting import may_refuse_writes
from harness.plan import LOST, Plan
from harness.premises import Premise
from harness.requirements import Requirement
from harness.requirements_reads import hops_of_digests, waits_ns
from harness.terms import terms_of

_HOPS = 6  # ask, fetch, answer, repair, acknowledgement, answer to the client
_HOPS_OF_A_REPAIR = 4
_GREETING_NS = 500_000_000  # as in harness/stages/processes/clients.py


def _never_purges(plan: Plan) -> str | None:
    policy = plan.policy
    if policy.purge == "repaired" and not policy.compares_states():
        return f"only what was repaired is purged, and anti-entropy ({policy.anti_entropy}) compares no states"
    return "tombstones are never purged" if policy.purge == "never" else None


def _stays_down(plan: Plan) -> str | None:
    return f"{', '.join(plan.down)} stays down, and its word on tombstones is not heard" if plan.down else None


def _loses_messages(plan: Plan) -> str | None:
    network = plan.network
    for name in ("loss_ppm", "last_words_ppm", "bytes_per_s", "queue_max"):
        if getattr(network, name):
            return f"network.{name} = {getattr(network, name)}: any message may be lost or held up"
    odd = next((cause for cause, way_ns in plan.fates.items() if way_ns == LOST or way_ns > network.slowest_ns()), None)
    return f"the plan's fates lose {odd!r}, or hold it up" if odd else None


def _too_slow_for_operations(plan: Plan) -> str | None:
    """A message may find a commit under way at its receiver, and is then part of another."""
    hop_ns = plan.network.slowest_ns() + 2 * plan.disk.sync_max_ns
    digests, waits = hops_of_digests(plan), waits_ns(plan)
    hops, waiting = _HOPS + digests, f" and waits of {waits / 1e6:g} ms" if waits else ""
    timeouts = {
        "operation_timeout": plan.cluster.operation_timeout_ns,
        "client_timeout": plan.client_timeout_ns,
        "the deadline of a greeting": _GREETING_NS,
    }
    for name, timeout_ns in timeouts.items():
        if hops * hop_ns + waits >= timeout_ns:
            what = f"{hops} messages of up to {hop_ns / 1e6:g} ms{waiting}"
            return f"{what} do not fit {name} of {timeout_ns / 1e6:g} ms"
    lifetime_ns = plan.policy.message_lifetime_ns
    if (_HOPS_OF_A_REPAIR + digests) * hop_ns + waits >= lifetime_ns:
        what = f"{_HOPS_OF_A_REPAIR + digests} messages of up to {hop_ns / 1e6:g} ms{waiting}"
        return f"{what} outlive the lifetime of {lifetime_ns / 1e6:g} ms of a repair"
    return None


def _too_many_operations(plan: Plan) -> str | None:
    """One that was answered may still wait for replicas that are away, and so may each of its hints."""
    limit = plan.cluster.operations_in_flight_max
    if refused := may_refuse_writes(plan):
        return refused
    most = len(plan.operations) * (1 + plan.cluster.n) + len(plan.cluster.nodes)
    return f"up to {most:,} may be in flight at a node, and more than {limit:,} are refused" if most > limit else None


def _was_busy(plan: Plan, history: History) -> str | None:
    """Only processes share a machine with others. A message that nothing held up shows it, and a client that was late
    by itself."""
    if history.header.stage != "processes":
        return None
    prompt_ns = min(plan.policy.message_lifetime_ns, plan.cluster.operation_timeout_ns) // 4
    troubles = terms_of(plan, history).troubles
    for message in history.events:
        if not isinstance(message, Message) or message.received is None:
            continue
        took_ns = message.received - (message.at if message.kind == "store" else message.born)  # a repair is born early
        if took_ns > prompt_ns and not any(_concerns(each, message) for each in troubles):
            return f"the machine was busy: message {message.id} took {took_ns / 1e6:.0f} ms, and no fault held it up"
    for late_ns in _late_by(plan, history):
        if late_ns > prompt_ns:
            return f"the machine was busy: a client asked {late_ns / 1e6:.0f} ms later than it was to"
    return None


def _concerns(trouble: Trouble, message: Message) -> bool:
    received = message.received or message.at
    if trouble.start > received or (trouble.end is not None and trouble.end < message.born):
        return False
    return bool({message.sender, message.to} & {*trouble.nodes}) or (message.sender, message.to) in trouble.links


def _late_by(plan: Plan, history: History) -> Iterator[int]:
    """From the later of its planned time and the answer before it, for each operation."""
    planned = {each.id: each for each in plan.operations}
    free: dict[str, int] = {}
    for event in history.events:
        if isinstance(event, Invoke | Return) and event.op in planned:
            operation = planned[event.op]
            if isinstance(event, Invoke):
                yield event.at - max(operation.at_ns, free.get(operation.client, 0))
            else:
                free[operation.client] = event.at


PURGES = Requirement("tombstones that are purged", _never_purges)
ALL_BACK = Requirement("every node back in the end", _stays_down)
LOSES_NOTHING = Requirement("a network that loses nothing but by faults", _loses_messages)
PROMPT = Requirement("messages that fit operations", _too_slow_for_operations)
ROOM = Requirement("room for every operation", _too_many_operations)
KEPT_UP = Premise("the machine keeps up", _was_busy)
