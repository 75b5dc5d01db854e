"""Plots of substitutes, of hints within bounds, of levels that step down and of such as name a datacenter: as settings,
the steps of a Story by name, and the node that is down in the end."""

from random import Random
from typing import Any

from msgspec import structs

from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from tests.replicas.store.rig import MS, QUICK_POLICY, cluster
from tests.replicas.store.story import LEVELS

Drawn = tuple[Cluster, Policy, list[tuple[str, tuple[Any, ...]]], int | None]

KEPT = structs.replace(
    QUICK_POLICY,
    hints="handoff",
    hint_lifetime_ns=60_000 * MS,
    hint_window_ns=60_000 * MS,
    hints_max=50,
    hints_per_replay_max=5,
)
QUARTER_MS, HALF_MS, WHOLE_MS = 10, 20, 40  # of the time of an operation


def sloppily(random: Random) -> Drawn:
    """Puts and deletions that reach one node or none, then a quarter of their time, and what their substitutes say; and
    whatever may befall nodes and messages but the loss of a disk."""
    policy = structs.replace(
        KEPT,
        quorums="sloppy",
        anti_entropy=random.choice(["none", "merkle"]),
        hint_check=random.choice(["none", "brief"]),
        hint_order=random.choice(["oldest", "newest"]),
        hint_coalescing=random.choice(["on", "off"]),
        write_repair=random.choice(["none", "on"]),
        level_unmet=random.choice(["refuse", "step-down"]),
    )
    if policy.anti_entropy == "none":
        policy = structs.replace(policy, purge="never")
    ways = ["calm", "restart", "settle", "double", "deliver", "pause", "pass_time"]
    steps: list[tuple[str, tuple[Any, ...]]] = []
    for _ in range(random.randrange(3, 14)):
        kind = random.choice(["put", "put", "delete" if policy.purge == "confirmed" else "put", "get"])
        node = random.randrange(6)
        steps.append(("operate_with", (kind, node, random.randrange(6), 0, random.choice([0, 0, 3]))))
        steps.append(("pass_time", (random.choice([0, QUARTER_MS]),)))
        steps.append(random.choice([("settle", ()), ("drop", (random.randrange(30),))]))
        steps.append(("pass_time", (random.choice([0, 0, HALF_MS, WHOLE_MS]),)))
        if policy.anti_entropy != "none":
            way = random.choice(ways)
            arguments = {
                "calm": (random.choice([1, 5]),),
                "restart": (node,),
                "double": (random.randrange(30),),
                "deliver": (random.randrange(30),),
                "pause": (node, random.choice([1, 5])),
                "pass_time": (10,),
            }
            steps.append((way, arguments.get(way, ())))
    return cluster(nodes=random.choice([5, 6])), policy, steps, None


def logged(random: Random) -> Drawn:
    """Puts to one key that miss a replica, each kept as a hint, and room for two."""
    policy = structs.replace(
        KEPT, anti_entropy="none", purge="never", hint_coalescing="off", hints_when_full="drop-oldest", hints_max=2
    )
    steps: list[tuple[str, tuple[Any, ...]]] = []
    for _ in range(random.randrange(2, 9)):
        steps.append(("operate_with", ("put", random.randrange(3), random.randrange(3), 0, 3)))
        steps.append(("pass_time", (random.choice([0, 5, WHOLE_MS]),)))
    return cluster(), policy, [*steps, ("pass_time", (WHOLE_MS,))], None


def offered(random: Random) -> Drawn:
    """The same of several keys, with hints that are offered first, and come newest first."""
    shape, policy, steps, down = logged(random)
    changed = structs.replace(policy, hint_check="brief", hint_order="newest", hint_coalescing="on", hints_max=50)
    return shape, changed, steps, down


def stepping_down(random: Random) -> Drawn:
    """Operations of which each reaches one replica, or none, and half their time."""
    policy = structs.replace(QUICK_POLICY, level_unmet="step-down", write_repair=random.choice(["none", "on"]))
    steps: list[tuple[str, tuple[Any, ...]]] = []
    for _ in range(random.randrange(4, 20)):
        kind = random.choice(["put", "put", "get", "get", "delete"])
        steps.append(("operate_with", (kind, random.randrange(3), random.randrange(3), 0, random.choice([0, 1, 2]))))
        steps.append(("pass_time", (random.choice([0, HALF_MS]),)))
    return cluster(), policy, steps, None


def in_one_datacenter(random: Random) -> Drawn:
    """Operations at a quorum of the datacenter of r1, r3 and r5, that reach one node of either."""
    nodes = [Node(f"r{i}", f"dc{2 - i % 2}") for i in range(1, 7)]
    shape = Cluster(nodes, 6, 4, 4, operation_timeout_ns=WHOLE_MS * MS)
    policy = structs.replace(QUICK_POLICY, write_repair=random.choice(["none", "on"]))
    steps: list[tuple[str, tuple[Any, ...]]] = []
    for _ in range(random.randrange(4, 20)):
        kind, level = random.choice(["put", "put", "get", "delete"]), LEVELS.index("LOCAL_QUORUM")
        steps.append(("operate_with", (kind, random.choice([0, 2, 4]), random.randrange(6), 0, level)))
        steps.append(("pass_time", (random.choice([0, 0, 5]),)))
    return shape, policy, steps, None
