"""Versions by the wall clock alone, and versions that are counted: what is minted, and after whose word."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.messages import AskVersion, Store, ToldVersion
from replicas.store.records import Version, record
from replicas.store.settings import VersionKind
from replicas.store.versions import Counter, WallClock
from replicas.store.visits import Answer, Get, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster

ALONE = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", read_repair="none")


def rig_of(kind: VersionKind, nodes: int = 3, w: int = 2) -> Rig:
    return Rig(structs.replace(cluster(nodes, w=w), versions=kind), ALONE)


def put(rig: Rig, node: str, op: int, key: str = "k") -> Answer:
    rig.ask(node, Put(op, key, f"w{op}", None))
    rig.settle()
    return rig.answers[op]


def version_of(answer: Answer) -> Version:
    assert answer.version is not None
    return answer.version


@settings(deadline=None)
@given(st.lists(st.integers(0, 20) | st.just("restart") | st.just("sees later"), max_size=30))
def test_a_wall_clock_is_unique_within_an_incarnation_and_learns_nothing(steps: list[int | str]) -> None:
    clock = WallClock("r1.1", "cassandra", 0)
    minted = [0]
    for step in steps:
        if step == "restart":
            clock = WallClock("r1.1", "cassandra", clock.clock)
        elif step == "sees later":
            clock.observe(Version(1000, "r2.1"))
        else:
            minted.append(clock.mint(int(step)).time)
            assert minted[-1] == max(int(step), minted[-2] + 1)


def test_a_lagging_wall_clock_loses_what_it_writes() -> None:
    expected: dict[VersionKind, str] = {"wall": "w1", "hlc": "w2"}
    for kind, left in expected.items():
        rig = rig_of(kind)
        rig.skew["r2"] = -20 * MS
        assert put(rig, "r1", 1).outcome == put(rig, "r2", 2).outcome == "ok"
        held = rig.held("r3", "k")
        assert held is not None
        assert held.value == left, kind


def test_a_count_goes_on_from_the_highest_that_is_told() -> None:
    rig = rig_of("counter", nodes=4)
    key = next(f"k{i}" for i in range(100) if "r4" not in rig.replicas_of(f"k{i}"))
    found = [version_of(put(rig, node, op, key)) for op, node in enumerate(("r1", "r4", "r2", "r4"), 1)]
    assert found == [Version(1, "r1.1"), Version(2, "r4.1"), Version(3, "r2.1"), Version(4, "r4.1")]


def test_a_count_waits_for_as_many_words_as_the_write_needs() -> None:
    rig = rig_of("counter", w=3)
    rig.ask("r1", Put(1, "k", "w1", None))
    rig.deliver(*rig.flights(AskVersion, to="r2"))
    rig.deliver(*rig.flights(ToldVersion))
    assert not rig.flights(Store)
    rig.pass_time(40)
    assert rig.answers[1].error == "2 of 3 replicas told their version in time"
    rig.settle()
    assert not rig.flights(Store)
    assert rig.held("r1", "k") is None


def test_two_coordinators_count_the_same_and_one_write_is_lost() -> None:
    rig = rig_of("counter")
    for op, node in ((1, "r1"), (2, "r3")):
        rig.ask(node, Put(op, "k", f"w{op}", None))
    rig.settle()
    assert [version_of(rig.answers[op]) for op in (1, 2)] == [Version(1, "r1.1"), Version(1, "r3.1")]
    rig.ask("r2", Get(3, "k", None))
    rig.settle()
    assert rig.answers[3].value == "w2"


def test_one_coordinator_counts_no_number_twice_also_after_a_restart() -> None:
    rig = rig_of("counter")
    rig.ask("r1", Put(1, "k", "w1", None))
    rig.ask("r1", Put(2, "k", "w2", None))
    rig.deliver(*rig.flights(AskVersion, to="r2"))
    for flight in rig.flights(ToldVersion):
        rig.deliver(flight)
    rig.flying = [flight for flight in rig.flying if not isinstance(flight.message, Store)]  # nobody else hears of them
    rig.place("r1")
    rig.disks["r1"].copies.clear()
    assert version_of(put(rig, "r1", 3)).time > 2


def test_a_counter_starts_anew_below_what_was_purged() -> None:
    """The known weakness: nobody tells of what is gone."""
    counter = Counter("r2.1", "incarnation", 0)
    gone = record("k", Version(7, "r1.1"), None)
    counter.observe(gone.version)
    assert counter.mint_above(0).time < gone.version.time
