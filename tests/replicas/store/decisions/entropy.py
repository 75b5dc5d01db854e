"""Of flawed scrubbing, pace, scope and purges."""

from msgspec import structs

from replicas.store.messages import Compare, Fetch
from replicas.store.parts import Parts
from replicas.store.visits import Delete
from tests.replicas.store.decisions import NEW, Decision
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster


def whom_it_asks_for_a_damaged_copy(parts: Parts) -> list[str]:
    policy = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", scrub_every_ns=10 * MS)
    rig = Rig(cluster(), policy, parts)
    rig.place("r1", structs.replace(NEW, value="rotten"))
    assert rig.held("r1", "k") is None
    return [flight.to for flight in rig.flights(Fetch)]


def whom_it_compares_with_in_twenty_rounds(parts: Parts) -> list[str]:
    """As r1, one at a time, while r2 is away."""
    policy = structs.replace(QUICK_POLICY, purge="never", exchanges_in_parallel_max=1, repair_priority="lately-away")
    rig = Rig(cluster(), policy, parts)
    rig.crash("r2")
    asked: dict[str, None] = {}
    for _ in range(20):
        rig.pass_time(10)
        asked |= {flight.to: None for flight in rig.flights(Compare, sender="r1")}
        rig.settle()
    return list(asked)


def whether_it_marks_what_one_missed_since(parts: Parts) -> bool:
    """All are compared; then a deletion reaches two of three."""
    rig = Rig(cluster(), structs.replace(QUICK_POLICY, purge="repaired"), parts)
    leader, _, third = rig.replicas_of("k")
    rig.rounds(5)
    rig.crash(third)
    rig.ask(leader, Delete(1, "k", None))
    rig.settle()
    rig.rounds(5)
    return rig.marked(leader, "k")


def whether_a_lost_exchange_is_made_good(parts: Parts) -> bool:
    policy = structs.replace(QUICK_POLICY, purge="never", repair_scope="incremental", full_every_rounds=1000)
    rig = Rig(cluster(), policy, parts)
    rig.rounds(3)
    rig.place("r1", NEW)
    rig.replicas["r1"].copies.taken(NEW)
    rig.pass_time(10)
    rig.drop(*rig.flying)
    rig.rounds(10)
    return rig.held("r3", "k") == NEW


DECISIONS: list[Decision] = [
    ("discards-and-forgets", whom_it_asks_for_a_damaged_copy, ["r2", "r3"], []),
    ("counts-earlier-repairs", whether_it_marks_what_one_missed_since, False, True),
    ("marks-when-sent", whether_a_lost_exchange_is_made_good, True, False),
    ("puts-the-silent-first", whom_it_compares_with_in_twenty_rounds, ["r2", "r3"], ["r2"]),
]
