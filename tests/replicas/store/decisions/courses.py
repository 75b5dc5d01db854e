"""Of flawed courses of reads: what a digest hides, what counts as an answer, who is asked, who is waited for, and what
is remembered."""

from msgspec import structs

from replicas.store.messages import Fetch, Store
from replicas.store.parts import Parts
from replicas.store.policy import Policy
from replicas.store.records import Record, record
from replicas.store.repairs import Repairs
from replicas.store.visits import Get
from tests.replicas.store.decisions import NEW, OLD, Decision
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

GONE = record("k", NEW.version, None)
DIGESTS = structs.replace(QUICK_POLICY, read_digests="always")
BOUNDED = structs.replace(QUICK_POLICY, read_repair="bounded")
FEW = structs.replace(QUICK_POLICY, read_from="needed", speculate_after_ns=5 * MS)
ADAPTIVE = structs.replace(QUICK_POLICY, read_repair="adaptive", habit_half_life_ns=100 * MS)


def placed(parts: Parts, policy: Policy, *copies: Record | None) -> Rig:
    """One for each replica of the key, in the order of the ring."""
    rig = Rig(cluster(nodes=len(copies)), policy, parts)
    for name, copy in zip(rig.replicas_of("k"), copies, strict=False):
        if copy is not None:
            rig.place(name, copy)
    return rig


def what_a_read_returns_beside_digests_of_a_tombstone(parts: Parts) -> str | None:
    rig = placed(parts, DIGESTS, OLD, GONE, GONE)
    rig.ask(rig.replicas_of("k")[0], Get(1, "k", None))
    rig.settle()
    return rig.answers[1].value


def whether_one_that_has_nothing_is_sent_a_tombstone(parts: Parts) -> bool:
    rig = placed(parts, DIGESTS, GONE, None, None)
    rig.ask(rig.replicas_of("k")[0], Get(1, "k", None))
    rig.deliver_until(lambda: 1 in rig.answers)
    return any(rig.held(name, "k") == GONE for name in rig.replicas_of("k")[1:])


def whether_a_coordinator_alone_makes_a_quorum(parts: Parts) -> bool:
    """The other one that it asks is silent."""
    rig = placed(parts, FEW, OLD, NEW, NEW)
    rig.ask(rig.replicas_of("k")[0], Get(1, "k", None))
    rig.drop(*rig.flying)
    rig.pass_time(5)
    return 1 in rig.answers


def whether_another_is_asked_in_place_of_a_silent_one(parts: Parts) -> bool:
    rig = placed(parts, FEW, NEW, NEW, NEW)
    first, _, third = rig.replicas_of("k")
    rig.ask(first, Get(1, "k", None))
    rig.drop(*rig.flying)
    rig.pass_time(5)
    return bool(rig.flights(Fetch, to=third))


def whether_a_bounded_read_waits_at_all(parts: Parts) -> bool:
    rig = placed(parts, BOUNDED, NEW, OLD, OLD)
    rig.ask(rig.replicas_of("k")[0], Get(1, "k", None))
    rig.deliver_until(lambda: rig.flights(Store))
    return 1 not in rig.answers


def _repairs_after_many_updates(parts: Parts, idle_ms: int) -> Repairs:
    rig = Rig(cluster(), ADAPTIVE, parts)
    habits = rig.replicas["r1"].reads.repairs.habits
    for number in range(8):
        habits.read("k")
        habits.saw(record("k", structs.replace(NEW.version, time=WALL + number), "v"))
    rig.now += idle_ms * MS
    rig.status("r1")
    return rig.replicas["r1"].reads.repairs


def how_a_key_that_was_busy_is_read_much_later(parts: Parts) -> str:
    return _repairs_after_many_updates(parts, 1_000).habits.mode("k")


def how_a_busy_key_is_read(parts: Parts) -> str:
    return _repairs_after_many_updates(parts, 0).habits.mode("k")


DECISIONS: list[Decision] = [
    ("digests-no-tombstones", what_a_read_returns_beside_digests_of_a_tombstone, None, "old"),
    ("digests-values-only", whether_one_that_has_nothing_is_sent_a_tombstone, True, False),
    ("digests-values-only", what_a_read_returns_beside_digests_of_a_tombstone, None, None),
    ("counts-twice", whether_a_coordinator_alone_makes_a_quorum, False, True),
    ("never-speculates", whether_another_is_asked_in_place_of_a_silent_one, True, False),
    ("stops-waiting", whether_a_bounded_read_waits_at_all, True, False),
    ("remembers-for-ever", how_a_key_that_was_busy_is_read_much_later, "background", "blocking"),
    ("remembers-for-ever", how_a_busy_key_is_read, "blocking", "blocking"),
]
