"""What a node says it has counted, against counts taken from its messages, its disk and its audit."""

from collections import Counter
from random import Random

import pytest
from msgspec import structs

from replicas.store.messages import Compare, Store
from replicas.store.metrics import Metrics
from replicas.store.records import Record, Version, record
from replicas.store.versions import LastWriterWins
from replicas.store.visits import Get, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Flight, Rig, cluster
from tests.replicas.store.test_story import anything, draw_step

ALONE = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never")
ROUNDS = structs.replace(QUICK_POLICY, purge="never")
OLD = record("k", Version(WALL - 2, "r9.1"), "old")
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
GONE = record("k", Version(WALL - 1, "r9.1"), None)
TWIN = record("k", NEW.version, "twin")


class Counts:
    """By node and name, from what is seen from outside."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.of: Counter[tuple[str, str]] = Counter()
        self.repaired: dict[tuple[str, str], None] = {}

    def asked(self, name: str, message: Get | Put) -> None:
        self.of[name, "reads" if isinstance(message, Get) else "writes"] += 1

    def sent(self, flight: Flight) -> None:
        """Once for each message to each node, in whichever order."""
        message = flight.message
        if isinstance(message, Store) and message.cause == "read repair":
            self.repaired[flight.sender, message.origin] = None
        elif isinstance(message, Store) and message.cause == "anti-entropy":
            copy = message.record
            size = len(copy.key.encode()) + len((copy.value or "").encode()) + 64
            self.of[flight.sender, "repair_bytes_sent"] += size

    def add_up(self, name: str) -> dict[str, int]:
        causes = Counter(change.cause for node, change in self.rig.audit if node == name)
        return {
            "reads": self.of[name, "reads"],
            "writes": self.of[name, "writes"],
            "repair_bytes_sent": self.of[name, "repair_bytes_sent"],
            "tombstones_purged": causes["purge"],
            "copies_bootstrapped": causes["bootstrap"],
            "hints_waiting": len(self.rig.disks[name].hints),
            "corrupt_copies": causes["corrupt"],
        }


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_messages_disks_and_audits(seed: int) -> None:
    """Operations anywhere, with messages that get lost; nobody crashes, which would start the counts again."""
    random = Random(seed)
    plot = anything(random)
    policy = structs.replace(plot.policy, hints="handoff", hints_max=50, read_repair="background")
    rig = Rig(plot.cluster, policy)
    counts = Counts(rig)
    rig.wipe("r3")
    rig.start("r3")
    rig.settle()
    for op in range(120):
        kind, node, key, _ = draw_step(random, {"operate": 1}).arguments
        message = Get(op, f"k{key}", None) if kind == "get" else Put(op, f"k{key}", f"é{op}", None)
        name = rig.cluster.names()[node % len(rig.cluster.nodes)]
        counts.asked(name, message)
        rig.ask(name, message)
        while rig.flying:
            counts.sent(rig.flying[0])
            (rig.drop if random.random() < 0.3 else rig.deliver)(rig.flying[0])
        rig.pass_time(random.choice([0, 1, 10, 40]))
    for name in rig.cluster.names():
        metrics = rig.metrics(name)
        expected = counts.add_up(name)
        assert {each: metrics[each] for each in expected} == expected
        started = {origin for sender, origin in counts.repaired if sender == name}
        assert len(started) <= metrics["repairs_started"], "a repair of the coordinator's own copy sends nothing"
        over = metrics["repairs_done"] + metrics["repairs_failed"]
        assert over <= metrics["repairs_started"]
        gone = metrics["hints_replayed"] + metrics["hints_expired"] + metrics["hints_waiting"]
        assert gone <= metrics["hints_queued"], "newer ones replace some"
    assert sum(rig.metrics(name)["repairs_started"] for name in rig.cluster.names()) > 5
    assert sum(rig.metrics(name)["hints_replayed"] for name in rig.cluster.names()) > 5


def test_a_new_life_counts_from_zero() -> None:
    rig = Rig(cluster(), ALONE)
    rig.ask("r1", Put(1, "k", "v", None))
    rig.ask("r1", Get(2, "k", None))
    rig.settle()
    assert (rig.metrics("r1")["reads"], rig.metrics("r1")["writes"]) == (1, 1)
    assert (rig.metrics("r2")["reads"], rig.metrics("r2")["writes"]) == (0, 0)
    rig.crash("r1")
    rig.start("r1")
    assert (rig.metrics("r1")["reads"], rig.metrics("r1")["writes"]) == (0, 0)


SEVERITIES: list[tuple[Record | None, Record, str | None]] = [
    (None, NEW, "missing"),
    (None, GONE, "missing"),
    (OLD, NEW, "older"),
    (record("k", OLD.version, None), NEW, "older"),
    (record("k", OLD.version, None), GONE, "older"),
    (OLD, GONE, "undeleted"),
    (TWIN, NEW, "content"),
    (NEW, NEW, None),
    (NEW, OLD, None),
]


@pytest.mark.parametrize(("held", "best", "severity"), SEVERITIES)
def test_differences_are_counted_by_severity(held: Record | None, best: Record, severity: str | None) -> None:
    metrics = Metrics()
    metrics.count_difference(LastWriterWins("r1.1", "incarnation", 0), held, best)
    counted = {name: count for name, count in structs.asdict(metrics).items() if count}
    assert counted == ({f"differences_{severity}": 1} if severity else {})


@pytest.mark.parametrize("repair", ["blocking", "background"])
def test_differences_are_those_of_the_answers_of_a_read(repair: str) -> None:
    """Of each that is behind; not of one that said nothing."""
    policy = structs.replace(ALONE, read_repair=repair)
    rig = Rig(cluster(nodes=5, n=5, r=4, w=3), policy)
    for name, copy in (("r1", OLD), ("r2", GONE), ("r3", OLD)):
        rig.place(name, copy)
    rig.crash("r5")
    rig.ask("r1", Get(1, "k", None))
    rig.settle()
    rig.pass_time(40)
    rig.settle()
    metrics = rig.metrics("r1")
    counted = {name: count for name, count in metrics.items() if name.startswith("differences") and count}
    assert counted == {"differences_undeleted": 2, "differences_missing": 1}
    assert metrics["repairs_started"] == 1
    assert metrics["repairs_done"] == (repair == "blocking")


def test_a_blocking_repair_that_is_not_confirmed_fails() -> None:
    rig = Rig(cluster(nodes=5, n=5, r=3, w=3), ALONE)
    rig.place("r2", NEW)
    rig.ask("r1", Get(1, "k", None))
    rig.drop(*[flight for flight in rig.flying if flight.to not in ("r2", "r3")])
    rig.deliver(*rig.flights(to="r2"))
    rig.deliver(*rig.flights(to="r3"))
    rig.deliver(*rig.flights(to="r1"))
    rig.drop(*rig.flying)
    rig.pass_time(40)
    assert rig.answers[1].outcome == "timeout"
    metrics = rig.metrics("r1")
    assert (metrics["repairs_started"], metrics["repairs_done"], metrics["repairs_failed"]) == (1, 0, 1)


def test_digests_that_differ_are_counted_where_they_are_compared() -> None:
    """One key: r2 compares the roots, r1 one node below, r2 one leaf."""
    rig = Rig(cluster(nodes=2, n=2), ROUNDS)
    rig.place("r1", NEW)
    rig.pass_time(10)
    seen = 0
    while rig.flying:
        seen += isinstance(rig.flying[0].message, Compare)
        rig.deliver(rig.flying[0])
    assert seen == 3
    assert [rig.metrics(name)["digests_differed"] for name in ("r1", "r2")] == [1, 2]
    assert [rig.metrics(name)["ranges_pending"] for name in ("r1", "r2")] == [1, 0]
    rig.rounds(1)
    assert [rig.metrics(name)["digests_differed"] for name in ("r1", "r2")] == [1, 2]
    assert [rig.metrics(name)["ranges_pending"] for name in ("r1", "r2")] == [0, 0]


def test_rounds_as_in_the_health() -> None:
    rig = Rig(cluster(), ROUNDS)
    rig.rounds(3)
    rig.crash("r3")
    rig.rounds(2)
    for name in ("r1", "r2"):
        metrics, status = rig.metrics(name), rig.status(name)
        assert (metrics["rounds_begun"], metrics["rounds_completed"]) == (status.begun, status.completed) == (5, 3)
        assert rig.status(name, ["r3"]).completed == 5


def ages(rig: Rig, name: str) -> dict[int, int]:
    metrics = rig.metrics(name)
    start, end = "since_repair_of_range_", "_ms"
    return {int(each[len(start) : -len(end)]): age for each, age in metrics.items() if each.startswith(start)}


def test_since_repair_is_by_range_and_counts_from_the_comparison_with_all() -> None:
    """On both sides of a pair, whether they differed or not."""
    rig = Rig(cluster(nodes=4, n=2), structs.replace(ROUNDS, purge="grace"))
    of = {name: set(ages(rig, name)) for name in rig.cluster.names()}
    sharing = {i: [name for name, ranges in of.items() if i in ranges] for i in range(4)}
    assert all(len(names) == 2 for names in sharing.values())
    rig.rounds(2)
    rig.pass_time(5)
    assert {age for name in of for age in ages(rig, name).values()} == {5}
    rig.crash("r4")
    rig.pass_time(5)
    rig.settle()
    rig.rounds(3)
    for name in ("r1", "r2", "r3"):
        assert ages(rig, name) == {i: 40 if "r4" in sharing[i] else 0 for i in of[name]}
        longest = max(ages(rig, name).values())
        margin = QUICK_POLICY.grace_ns // MS - longest
        assert rig.metrics(name)["grace_margin_ms"] == margin
    rig.start("r4")
    rig.rounds(3)
    assert {age for name in ("r1", "r2", "r3") for age in ages(rig, name).values()} == {0}


@pytest.mark.parametrize("writer", ["r1", "r2"])
def test_since_repair_when_each_round_finds_a_difference(writer: str) -> None:
    """Always to the same side: both have been compared."""
    rig = Rig(cluster(nodes=2, n=2), ROUNDS)
    for op in range(5):
        rig.ask(writer, Put(op, f"k{op}", "v", "ONE"))
        rig.drop(*rig.flights(Store))
        rig.rounds(1)
    assert [set(ages(rig, name).values()) for name in ("r1", "r2")] == [{0}, {0}]


def test_the_longest_time_without_repair_is_remembered_and_runs_on() -> None:
    """Of any pair: while the peer is down it grows, and it stays what it was when they meet again."""
    rig = Rig(cluster(), ROUNDS)
    rig.rounds(3)
    assert [rig.metrics(name)["longest_without_repair_ms"] for name in rig.cluster.names()] == [10, 10, 10]
    rig.crash("r3")
    rig.rounds(7)
    assert [rig.metrics(name)["longest_without_repair_ms"] for name in ("r1", "r2")] == [70, 70]
    rig.start("r3")
    rig.rounds(5)
    grown = [rig.metrics(name)["longest_without_repair_ms"] for name in ("r1", "r2")]
    assert all(80 <= longest <= 100 for longest in grown)
    rig.rounds(5)
    assert [rig.metrics(name)["longest_without_repair_ms"] for name in ("r1", "r2")] == grown
    assert max(ages(rig, "r1").values()) == 0


def test_tombstones_are_held_until_they_are_purged() -> None:
    rig = Rig(cluster(), structs.replace(QUICK_POLICY, anti_entropy="none"))
    for name in rig.cluster.names():
        rig.place(name, GONE)
    assert [rig.metrics(name)["tombstones_held"] for name in rig.cluster.names()] == [1, 1, 1]
    rig.rounds(3)
    assert [rig.metrics(name)["tombstones_held"] for name in rig.cluster.names()] == [1, 1, 1]
    rig.rounds(15)
    assert [rig.metrics(name)["tombstones_held"] for name in rig.cluster.names()] == [0, 0, 0]
    assert [rig.metrics(name)["tombstones_purged"] for name in rig.cluster.names()] == [1, 1, 1]


def test_every_metric_is_a_number_with_its_unit_last() -> None:
    metrics = Rig(cluster(), structs.replace(ROUNDS, purge="grace")).metrics("r1")
    assert "grace_margin_ms" not in Rig(cluster(), ROUNDS).metrics("r1")
    assert all(isinstance(value, int) for value in metrics.values())
    assert [name for name in metrics if "bytes" in name] == ["repair_bytes_sent", "repair_bytes_held_back"]
    assert {name for name in metrics if name.endswith("_ms")} == {
        "longest_without_repair_ms",
        "grace_margin_ms",
        *(f"since_repair_of_range_{i}_ms" for i in range(3)),
    }
