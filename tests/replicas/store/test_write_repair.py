"""Write repair: what a write finds to be newer than itself reaches those that hold only the write."""

from msgspec import structs

from replicas.store.messages import Fetch, Fetched, Newer, Store
from replicas.store.records import Version, record
from replicas.store.visits import Put
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", read_repair="none", write_repair="on")
NEWER = record("k", Version(WALL + 1000 * MS, "r9.1"), "newer")


def rig_with_newer_on(*names: str, policy: object = POLICY) -> Rig:
    assert isinstance(policy, type(POLICY))
    rig = Rig(cluster(nodes=5, n=5, r=3, w=3), policy)
    for name in names:
        rig.place(name, NEWER)
    return rig


def held(rig: Rig) -> dict[str, str | None]:
    copies = {name: rig.held(name, "k") for name in rig.cluster.names()}
    return {name: copy.value for name, copy in copies.items() if copy is not None}


def test_what_is_newer_is_brought_to_all_that_hold_the_write_alone() -> None:
    rig = rig_with_newer_on("r3")
    rig.ask("r1", Put(1, "k", "v", None))
    rig.settle()
    assert rig.answers[1].outcome == "ok"
    assert set(held(rig).values()) == {"newer"}
    metrics = rig.metrics("r1")
    assert (metrics["write_repairs"], metrics["copies_mended_by_writes"]) == (1, 4)
    causes = {change.cause for node, change in rig.audit if change.new == NEWER and node != "r3"}
    assert causes == {"write repair"}
    assert rig.status("r1").pending is None


def test_without_it_nothing_is_asked() -> None:
    rig = rig_with_newer_on("r3", policy=structs.replace(POLICY, write_repair="none"))
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    assert rig.flights(Newer) == []
    rig.settle()
    assert held(rig)["r2"] == "v"


def test_it_counts_as_an_acknowledgement_and_is_fetched_once() -> None:
    rig = rig_with_newer_on("r3", "r4")
    rig.ask("r1", Put(1, "k", "v", None))
    for name in ("r3", "r4"):
        rig.deliver(*rig.flights(Store, to=name))
        rig.deliver(*rig.flights(Newer))
    assert rig.answers[1].outcome == "ok"
    assert [flight.to for flight in rig.flights(Fetch)] == ["r3"]
    rig.deliver(*rig.flights(Fetch))
    rig.deliver(*rig.flights(Fetched))
    mends = [flight for flight in rig.flights(Store) if getattr(flight.message, "cause", "") == "write repair"]
    assert {flight.to for flight in mends} == {"r2", "r5"}
    rig.settle()
    assert rig.metrics("r1")["write_repairs"] == 1


def test_a_repair_that_is_not_acknowledged_is_given_up_in_its_time() -> None:
    rig = rig_with_newer_on("r3")
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver_until(lambda: rig.flights(Fetched))
    rig.deliver(*rig.flights(Fetched))
    rig.drop(*rig.flying)
    assert rig.status("r1").pending is not None
    rig.pass_time(40)
    rig.pass_time(40)
    assert rig.status("r1").pending is None
    assert rig.replicas["r1"].core.waiting == {}


def test_what_is_gone_when_it_is_asked_for_ends_the_repair() -> None:
    rig = rig_with_newer_on("r3")
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver(*rig.flights(Store, to="r3"))
    rig.deliver(*rig.flights(Newer))
    [fetch] = rig.flights(Fetch)
    assert isinstance(fetch.message, Fetch)
    rig.drop(fetch)
    rig.batch("r1", [("r3", Fetched(99, WALL, "op 1", fetch.message.request, "k", None))])
    rig.settle()
    assert held(rig)["r2"] == "v"
    assert rig.replicas["r1"].core.waiting == {}


def test_a_repair_is_as_old_as_what_was_fetched() -> None:
    """A coordinator that stood still in between brings nothing."""
    rig = rig_with_newer_on("r3")
    rig.ask("r1", Put(1, "k", "v", None))
    rig.deliver_until(lambda: rig.flights(Fetched))
    late = rig.flights(Fetched)
    rig.drop(*rig.flying)
    rig.now += POLICY.message_lifetime_ns + MS
    rig.flying += late
    rig.settle()
    assert held(rig)["r1"] == "v"
    assert held(rig).get("r2") in (None, "v")
