"""Whether the real Toxiproxy can perform a plan, or could hang in it.

To add or remove a toxic, Toxiproxy interrupts the goroutine that passes the link's bytes on. It cannot while that one
waits for a receiver that takes nothing: the call, and every call after it that lists this proxy, hangs until the
receiver reads again (issue 558). A receiver stopped with SIGSTOP is such a one, once the kernel's buffers are full.

Measured with 2.12.0 on loopback, from bytes sent into a stopped receiver: with `tcp_wmem` up to 4 MiB a call hangs
from 3.7 to 4.2 MB on, in pieces of 100 bytes or 64 KB, on a fresh connection or one that was busy before; with
1 MiB from 1.03 MB on, with 256 KiB from 0.35 MB on: never below the limit of `tcp_wmem`. To list, to disable a proxy,
and to change the other direction's toxics did not hang with any number of bytes. `tests/harness/links/test_safety.py`
shows both sides again. The stand-in takes toxics however full a link is.
"""

from pathlib import Path

from harness.faults.kinds import Fault, beat_of
from harness.faults.table import KINDS
from harness.levers import LINK_LEVERS, ends
from harness.plan import Plan
from harness.stages.processes.links.server import Prefer, ServerChoice, find, stand_in
from harness.wrong import Wrong

WMEM = Path("/proc/sys/net/ipv4/tcp_wmem")
MARGIN_NS = 1_000_000_000  # by so much may a lever come later than planned
OPERATION_BYTES = 512  # at most, of all messages to one node that one operation makes, beside keys and values
COPY_BYTES = 128  # of a message that carries a copy, beside key and value
COMPARISON_BYTES = 32 * 1024  # of what an exchange says before it carries copies
PAGE_BYTES = 4 * 1024 * 1024  # of what a node that was wiped is sent at once
SAFE_LEVERS = ("refuse",)  # a switch, no toxic


def choose(plan: Plan, prefer: Prefer) -> ServerChoice:
    """The server for this plan. Wrong: the one that was asked for could hang."""
    choice = find(prefer)
    why = danger(plan, room_bytes()) if choice.name == "toxiproxy" else None
    if why is None:
        return choice
    if prefer == "toxiproxy":
        raise Wrong("--proxy toxiproxy", why, "use --proxy stand-in, or auto, which takes it for such a plan")
    return stand_in(why)


def room_bytes() -> int:
    """Half of the least at which Toxiproxy was seen to hang."""
    return int(WMEM.read_text(encoding="ascii").split()[2]) // 2


def danger(plan: Plan, room: int) -> str | None:
    """Why Toxiproxy could hang in this plan; None: it cannot."""
    names = plan.cluster.names()
    for stop in plan.faults:
        nodes = {each.target for each in KINDS[stop.kind].actions(stop, names) if each.lever == "pause"}
        for node in sorted(nodes):
            change = next((fault for fault in plan.faults if _changes_links_into(fault, node, stop, names)), None)
            waiting = _waiting_bytes(plan, node, stop) if change else 0
            if change and waiting > room:
                return (
                    f"Toxiproxy could hang: {stop.id} ({stop.kind}) stops {node} while {change.id} ({change.kind}) "
                    f"changes links to it on which up to {waiting / 1e6:.1f} MB wait, more than {room / 1e6:.1f} MB"
                )
    return None


def _changes_links_into(fault: Fault, node: str, stop: Fault, names: list[str]) -> bool:
    """Whether a toxic that the node's own reading empties may be added or removed while the node is stopped."""
    dangerous = [lever for lever in LINK_LEVERS if lever not in SAFE_LEVERS]
    actions = KINDS[fault.kind].actions(fault, names)
    if not any(action.lever in dangerous and ends(action.target)[1] == node for action in actions):
        return False
    low, high = stop.start_ns - MARGIN_NS, stop.end_ns + MARGIN_NS
    if beat_of(fault):
        return fault.start_ns <= high and low <= fault.end_ns
    return low <= fault.start_ns <= high or low <= fault.end_ns <= high


def _waiting_bytes(plan: Plan, node: str, stop: Fault) -> int:
    """At most so much waits on one link to the node when it has been stopped for the whole fault: the beats of a slow
    node let it read something, on which nothing is built. One peer may coordinate every operation. A client waits
    for its answer before it asks again, so that its connection carries less."""
    policy = plan.policy
    low = stop.start_ns - MARGIN_NS - 2 * plan.client_timeout_ns  # what was due before may be late
    high = stop.end_ns + MARGIN_NS
    during = [each for each in plan.operations if low <= each.at_ns <= high]
    largest = max((_size(each.value) + _size(each.key) for each in plan.operations), default=0) + COPY_BYTES
    keys = len({each.key for each in plan.operations})
    writes = 1 + (plan.cluster.n if policy.quorums == "sloppy" else 0) + (policy.write_repair == "on")
    repairs = policy.repair_attempts_max + (policy.repair_whom == "all")  # of one read, to one node
    waiting = sum(
        OPERATION_BYTES + (repairs * largest if each.kind == "get" else writes * _size(each.value)) for each in during
    )
    if policy.anti_entropy != "none":
        exchanges = (high - low) // policy.exchange_timeout_ns + 2
        page = min(keys, policy.keys_per_exchange_max) * largest
        waiting += exchanges * (COMPARISON_BYTES + (0 if policy.anti_entropy == "merkle" else page)) + page
    if policy.hints != "none":
        replays = (high - low) // policy.hint_every_ns + 1
        repeats = (high - low) // plan.cluster.operation_timeout_ns + 1  # one on its way is not sent again before
        waiting += min(replays * policy.hints_per_replay_max, repeats * keys) * largest
    if _wiped_before(plan, node, stop):
        waiting += min(PAGE_BYTES, keys * largest)
    return waiting


def _wiped_before(plan: Plan, node: str, stop: Fault) -> bool:
    return any(
        action.lever == "wipe" and action.target == node and fault.start_ns < stop.end_ns
        for fault in plan.faults
        for action in KINDS[fault.kind].actions(fault, plan.cluster.names())
    )


def _size(text: str | None) -> int:
    return len(text.encode(errors="surrogatepass")) if text is not None else 0
