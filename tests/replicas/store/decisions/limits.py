"""Of flawed limits: what is sent, who is asked, and what is given up. Which keys share a partition is the hash's."""

from collections.abc import Callable

from msgspec import structs

from replicas.store.messages import Store
from replicas.store.parts import Parts
from replicas.store.records import Version, record
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.decisions import Decision
from tests.replicas.store.decisions.mending import after_writes_that_reach_nobody
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster

OLDER, NEWER = Version(1, "r1.1"), Version(2, "r1.1")


def outcome_while_one_is_away(ask: Put | Get) -> Callable[[Parts], str]:
    """The second of three replicas; the first is asked."""

    def outcome(parts: Parts) -> str:
        rig = Rig(cluster(), QUICK_POLICY, parts)
        first, second, _ = rig.replicas_of("k")
        rig.ask(first, ask)
        rig.drop(*(flight for flight in rig.flying if flight.to == second))
        rig.settle()
        if 1 not in rig.answers:
            rig.pass_time(rig.cluster.operation_timeout_ns // MS)
        return rig.answers[1].outcome

    return outcome


def copies_sent_in_two_rounds_under_a_limit(parts: Parts) -> int:
    rig = Rig(cluster(nodes=2, n=2), structs.replace(QUICK_POLICY, repair_bytes_per_s_max=200), parts)
    rig.place("r1", *(record(f"k{i}", OLDER, "v") for i in range(6)))
    rig.rounds(2)
    return len(rig.disks["r2"].copies)


def copies_sent_where_one_of_six_differs(parts: Parts) -> int:
    rig = Rig(cluster(nodes=2, n=2), QUICK_POLICY, parts)
    for name in ("r1", "r2"):
        rig.place(name, *(record(f"k{i}", OLDER, "v") for i in range(6)))
    rig.place("r1", record("k0", NEWER, "w"))
    sent: list[Store] = []
    for _ in range(QUICK_POLICY.round_every_ns // MS + 1):
        rig.pass_time(1)
        while rig.flying:
            sent += [each.message for each in rig.flying[:1] if isinstance(each.message, Store)]
            rig.deliver(rig.flying[0])
    return len({store.record.key for store in sent})


def hints_sent_at_once_to_a_node_that_is_back(parts: Parts) -> int:
    rig = after_writes_that_reach_nobody(parts, *(f"k{number}" for number in range(4)))
    replica = rig.replicas["r1"]
    replica.core.policy = structs.replace(replica.core.policy, hints_per_replay_max=2)
    replica.hints.silent_since.clear()
    rig.batch("r1", due=["hints"])
    return len(rig.flights(Store, to="r2"))


def whether_it_still_asks_after_two_silent_ticks(parts: Parts) -> bool:
    rig = Rig(cluster(), QUICK_POLICY, parts)
    first = rig.replicas_of("k")[0]
    rig.ask(first, Delete(1, "k", None))
    for _ in range(3):
        rig.drop(*rig.flying)
        rig.now += QUICK_POLICY.round_every_ns
        rig.batch(first, due=["purge"])
    return bool(rig.flying)


DECISIONS: list[Decision] = [
    ("writes-first-w", outcome_while_one_is_away(Put(1, "k", "v", None)), "ok", "timeout"),
    ("writes-first-w", outcome_while_one_is_away(Get(1, "k", None)), "ok", "timeout"),
    ("ignores-limit", copies_sent_in_two_rounds_under_a_limit, 3, 6),
    ("streams-all", copies_sent_where_one_of_six_differs, 1, 4),
    ("keeps-one-leaf", copies_sent_where_one_of_six_differs, 1, 1),
    ("floods-with-hints", hints_sent_at_once_to_a_node_that_is_back, 2, 4),
    ("never-reaps", whether_it_still_asks_after_two_silent_ticks, True, False),
]
