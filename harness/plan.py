"""Everything that a run will do, explicit and complete. Runs, replays, shrinks and edits all work on plans."""

import re
from operator import attrgetter
from pathlib import Path
from typing import Literal

import msgspec

from harness import mixtures
from harness.faults.check import check_down, check_faults
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.levers import CLIENTS, Lever
from harness.systems.named import Own
from harness.wrong import Wrong, near, parse_json
from replicas.store.flaws import FLAWS
from replicas.store.levels import BY_DATACENTER
from replicas.store.policy import Policy
from replicas.store.settings import Cluster
from workloads.operations import Operation

FORMAT = 1
LOST = -1
MS = 1_000_000
MOST = 2**63 - 1
JITTER_MOST_PPM = 500_000  # rounds stay at least half of their time apart

LEAST = {
    "seed": -MOST,
    "unrest_ns": MS,
    "mend_rounds_max": 1,
    "client_timeout_ns": MS,
    "cluster.operation_timeout_ns": MS,
    "cluster.operations_in_flight_max": 1,
    "cluster.siblings_max": 1,
    "policy.grace_ns": MS,
    "policy.hint_window_ns": MS,
    "policy.hint_lifetime_ns": MS,
    "policy.hint_every_ns": MS,
    "policy.hints_max": 1,
    "policy.hints_per_replay_max": 1,
    "policy.hint_bytes_max": 0,
    "policy.hint_bytes_per_s_max": 0,
    "policy.round_every_ns": MS,
    "policy.round_jitter_ppm": 0,
    "policy.repair_bytes_per_s_max": 0,
    "policy.exchange_timeout_ns": 0,
    "policy.keys_per_exchange_max": 1,
    "policy.ranges_per_round_max": 1,
    "policy.full_every_rounds": 1,
    "policy.exchanges_in_parallel_max": 0,
    "policy.repair_bytes_per_s_cluster_max": 0,
    "policy.scrub_every_ns": 0,
    "policy.scrub_keys_max": 1,
    "policy.log_entries_max": 1,
    "policy.message_lifetime_ns": MS,
    "policy.skew_budget_ns": 0,
    "policy.read_repair_wait_ns": 0,
    "policy.read_repair_chance_ppm": 0,
    "policy.read_repair_chance_local_ppm": 0,
    "policy.read_extra_max": 0,
    "policy.digest_above_bytes": 0,
    "policy.repair_sync_replicas": 0,
    "policy.speculate_after_ns": 0,
    "policy.repairs_in_flight_max": 1,
    "policy.repair_attempts_max": 1,
    "policy.repair_backoff_ns": MS,
    "policy.habit_half_life_ns": MS,
    "policy.habits_max": 1,
    "policy.often_updated_min": 1,
    "policy.often_read_min": 1,
    "policy.often_failed_min": 1,
    "network.delay_min_ns": 0,
    "network.delay_max_ns": 0,
    "network.loss_ppm": 0,
    "network.duplicate_ppm": 0,
    "network.reorder_ppm": 0,
    "network.reorder_ns": 0,
    "network.bytes_per_s": 0,
    "network.queue_max": 0,
    "network.last_words_ppm": 0,
    "disk.sync_min_ns": 0,
    "disk.sync_max_ns": 0,
}
MOST_OF = {
    "cluster.siblings_max": 1_000,
    "network.loss_ppm": 1_000_000,
    "network.duplicate_ppm": 1_000_000,
    "network.reorder_ppm": 1_000_000,
    "network.last_words_ppm": 1_000_000,
    "policy.round_jitter_ppm": JITTER_MOST_PPM,
    "policy.read_repair_chance_ppm": 1_000_000,
    "policy.read_repair_chance_local_ppm": 1_000_000,
    "policy.repair_attempts_max": 20,
}
Distribution = Literal["uniform", "exponential", "pareto", "bimodal"]
_NODE_NAME = re.compile(r"[a-z][a-z0-9]*", re.ASCII)  # also the name of a folder and part of that of a link


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The simulated network. One half of the range of delays is drawn for each link, the other for each message, by
    the `distribution`; clients have the whole range. All else concerns messages between nodes alone, and ends with
    unrest. A message is lost, arrives twice, or is held back by up to `reorder_ns`, by chance. A link carries
    `bytes_per_s`, and of more than `queue_max` messages on their way over it, what is more is lost (0: no limit).
    What a node said last and is on its way when it dies arrives at other nodes, and not at clients: by the chance
    `last_words_ppm` it is the other way round. A kind of message in `delays`, or else `all`, has a mixture for its
    delays between nodes, drawn for each message by itself, for as long as the run lasts. On processes the machine's
    own delays apply, and nothing of the rest can be had."""

    delay_min_ns: int = 200_000
    delay_max_ns: int = 2_000_000
    loss_ppm: int = 0
    distribution: Distribution = "uniform"
    duplicate_ppm: int = 0
    reorder_ppm: int = 0
    reorder_ns: int = 0
    bytes_per_s: int = 0
    queue_max: int = 0
    last_words_ppm: int = 0
    delays: dict[mixtures.Kind, list[mixtures.Part]] = {}

    def longest_way_ns(self) -> int:
        return max(self.delay_max_ns, mixtures.longest_ns(self.delays)) if self.delays else self.delay_max_ns

    def slowest_ns(self) -> int:
        """Of a message that nothing but chance keeps on its way, and that no fate makes slower."""
        return self.longest_way_ns() + (self.reorder_ns if self.reorder_ppm else 0)


class Disk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The simulated disk: how long a commit takes to be durable."""

    sync_min_ns: int = 50_000
    sync_max_ns: int = 300_000


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times count from the start of unrest. Faults end with unrest; then everything is healed, but for the nodes that
    stay `down`, and must mend within `mend_rounds_max` rounds of anti-entropy.

    `fates` overrule chance in the simulation: how many nanoseconds what has this cause takes (a message its way, a
    commit its sync), or LOST. A cause is written as in `harness/stages/simulation/fate.py`. `starts_ns` says how long
    before unrest a node starts there (as a negative time), which sets the moments of its timers; by default, with it.
    Without a `system` it is our own store.
    """

    format: int
    seed: int
    scenario: str
    cluster: Cluster
    policy: Policy
    network: Network
    disk: Disk
    operations: list[Operation]
    faults: list[Fault]
    unrest_ns: int
    mend_rounds_max: int
    client_timeout_ns: int
    flaw: str | None = None
    down: list[str] = []
    fates: dict[str, int] = {}
    starts_ns: dict[str, int] = {}
    system: Own | msgspec.UnsetType = msgspec.UNSET


_NETWORK_NEEDS: dict[Lever, tuple[str, ...]] = {
    "loss": ("loss_ppm", "last_words_ppm"),
    "duplication": ("duplicate_ppm",),
    "reordering": ("reorder_ppm",),
    "capacity": ("bytes_per_s", "queue_max"),
}


def levers_of(plan: Plan) -> dict[Lever, str]:
    """Each lever that the plan needs, and what needs it."""
    needs: dict[Lever, str] = {}
    for fault in plan.faults:
        for lever in KINDS[fault.kind].levers:
            needs.setdefault(lever, f"fault {fault.id} ({fault.kind})")
    for lever, names in _NETWORK_NEEDS.items():
        for name in names:
            if getattr(plan.network, name):
                needs[lever] = f"network.{name} = {getattr(plan.network, name)}"
    if plan.network.delays:
        needs["mixtures"] = f"network.delays of {', '.join(plan.network.delays)}"
    return needs


def write(plan: Plan, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")


def read(path: Path) -> Plan:
    """Refuses what cannot be run, with the place in the file."""
    data = path.read_bytes()
    _refuse_other_format(data, path)
    plan = parse_json(data, Plan, str(path))
    check(plan, str(path))
    return plan


def _refuse_other_format(data: bytes, path: Path) -> None:
    """Before anything else: a newer format may have any fields."""
    try:
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("format")
        version = msgspec.json.decode(found) if found is not None else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Wrong(
            str(path), f"this is not a plan: {problem}", "write one with `urushi plan SCENARIO --seed N`"
        ) from None
    if version != FORMAT:
        said = "has no `format`" if version is None else f"has format {version!r}"
        raise Wrong(
            f"{path}: format", f"the plan {said}; this version of Urushi reads format {FORMAT}",
            "use the version of Urushi that wrote it, or write it anew with `urushi plan`",
        )  # fmt: skip


def check(plan: Plan, where: str) -> None:
    """What the types cannot say. The first problem is raised; nothing has been started."""
    _check_numbers(plan, where)
    _check_cluster(plan, where)
    _check_merge(plan.cluster, where)
    if plan.policy.quorums == "sloppy" and plan.policy.hints == "none":
        what = "a substitute keeps a hint, and hints are off"
        raise Wrong(f"{where}: policy.quorums", what, 'write hints = "handoff", or quorums = "strict"')
    check_flaw(plan.flaw, f"{where}: flaw")
    _check_operations(plan, where)
    check_faults(plan.faults, plan.cluster.names(), plan.unrest_ns, where)
    check_down(plan.down, plan.cluster, where)
    for cause, fate in plan.fates.items():
        if not LOST <= fate <= MOST:
            raise Wrong(f"{where}: fates[{cause!r}]", f"{fate} is no fate", f"{LOST} (lost) or a time in ns is")
    for node, start in plan.starts_ns.items():
        if node not in plan.cluster.names():
            raise Wrong(f"{where}: starts_ns", f"{node!r} is not a node", near(node, plan.cluster.names()))
        if not -MOST <= start <= 0:
            raise Wrong(f"{where}: starts_ns[{node!r}]", f"{start} is not before unrest", "write 0 or less")


def check_flaw(name: str | None, place: str) -> None:
    if name is not None and name not in FLAWS:
        raise Wrong(place, f"{name!r} is no flaw", f"`urushi list flaws` has them; {near(name, list(FLAWS))}")


def _check_numbers(plan: Plan, where: str) -> None:
    for name, least in LEAST.items():
        number, most = attrgetter(name)(plan), MOST_OF.get(name, MOST)
        if number < least:
            raise Wrong(f"{where}: {name}", f"{number} is too little", f"{least} is the least")
        if number > most:
            raise Wrong(f"{where}: {name}", f"{number} is too much", f"{most} is the most")
    for name, (low, high) in {
        "network.delay": (plan.network.delay_min_ns, plan.network.delay_max_ns),
        "disk.sync": (plan.disk.sync_min_ns, plan.disk.sync_max_ns),
    }.items():
        if high < low:
            raise Wrong(f"{where}: {name}_max_ns", f"{high} is below {name}_min_ns = {low}", "swap them")
    mixtures.check(plan.network.delays, where)
    if plan.network.reorder_ppm and not plan.network.reorder_ns:
        what = f"{plan.network.reorder_ppm} with reorder_ns = 0 holds nothing back"
        raise Wrong(f"{where}: network.reorder_ppm", what, "give a reorder_ns")


def _check_cluster(plan: Plan, where: str) -> None:
    cluster = plan.cluster
    names = cluster.names()
    if not names:
        raise Wrong(f"{where}: cluster.nodes", "there are none", "write one or more")
    for index, name in enumerate(names):
        if not _NODE_NAME.fullmatch(name):
            what = f"{name!r} is no name for a node"
            raise Wrong(f"{where}: cluster.nodes[{index}].name", what, "write a letter (a-z), then letters and digits")
        if name == CLIENTS:
            what = f"{name!r} is the other end of each node's client link"
            raise Wrong(f"{where}: cluster.nodes[{index}].name", what, "names are r1, r2, …")
    if len(set(names)) != len(names):
        raise Wrong(f"{where}: cluster.nodes", "two nodes have the same name", "names are r1, r2, …")
    if not 1 <= cluster.n <= len(names):
        what = f"{cluster.n} copies on {len(names)} nodes"
        raise Wrong(f"{where}: cluster.n", what, f"1 to {len(names)} are possible")
    for name, count in (("r", cluster.r), ("w", cluster.w)):
        if not 1 <= count <= cluster.n:
            what = f"{name.upper()} = {count} with N = {cluster.n}"
            raise Wrong(f"{where}: cluster.{name}", what, f"1 to {cluster.n} are possible")


def _check_merge(cluster: Cluster, where: str) -> None:
    if cluster.merge != "last" and not cluster.keeps_siblings():
        what = f"{cluster.merge} with versions = {cluster.versions}, of which the last one wins"
        raise Wrong(f"{where}: cluster.merge", what, 'write versions = "dotted" or "vector", or merge = "last"')


def _check_operations(plan: Plan, where: str) -> None:
    cluster = plan.cluster
    nodes = cluster.names()
    seen: set[int] = set()
    written: set[str] = set()
    for index, operation in enumerate(plan.operations):
        place = f"{where}: operations[{index}]"
        if operation.node not in nodes:
            raise Wrong(f"{place}.node", f"{operation.node!r} is not a node", near(operation.node, nodes))
        if operation.id in seen:
            raise Wrong(f"{place}.id", f"operation {operation.id} is there twice", "give each operation its own id")
        if not 0 <= operation.id <= MOST:
            raise Wrong(f"{place}.id", f"{operation.id} is no id of an operation", f"0 to {MOST} are possible")
        if not 0 <= operation.at_ns <= plan.unrest_ns:
            what = f"{operation.at_ns} is not in unrest"
            raise Wrong(f"{place}.at_ns", what, f"0 to {plan.unrest_ns} (unrest_ns) are possible")
        if (operation.value is None) == (operation.kind == "put"):
            what = f"a {operation.kind} with value {operation.value!r}"
            raise Wrong(f"{place}.value", what, "a put has a value, and only a put")
        if operation.value in written:
            what = f"{operation.value!r} is written twice"
            raise Wrong(f"{place}.value", what, "give each put its own value: what is read must name its write")
        if operation.kind == "get" and operation.level == "ANY":
            raise Wrong(f"{place}.level", "ANY is a level of writes", "a read takes one answer at least: write ONE")
        if operation.level not in BY_DATACENTER and cluster.writes_needed(operation.level) > cluster.n:
            what = f"level {operation.level} with N = {cluster.n}"
            raise Wrong(f"{place}.level", what, f"{cluster.n} copies cannot answer it: take a lower one")
        seen.add(operation.id)
        written.update({operation.value} if operation.value is not None else ())
