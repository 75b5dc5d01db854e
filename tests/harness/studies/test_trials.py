"""Trials of the store against the arithmetic of WARS, message by message; and what is left out changes nothing."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from xxhash import xxh3_64_intdigest

from harness.mixtures import Delays, Kind, drawing_of, mixture
from harness.studies.pbs import published_delays
from harness.studies.trials import Batch, Sample, Slow, merged, perform
from replicas.store.placement import Placement
from replicas.store.settings import Cluster, Node

TRIALS = 90  # so few that all times are kept
NODES = ["r1", "r2", "r3", "r4"]
PLACEMENT = Placement(Cluster([Node(name) for name in NODES], 3, 1, 1))
DISK = published_delays()["DISK"]
MOMENTS = (0, 100_000, 1_000_000, 3_000_000, 9_000_000)


class Trial:
    """What WARS says of one trial, by its own arithmetic on the delays of its messages."""

    def __init__(self, delays: Delays, w: int, number: int) -> None:
        self.key = f"k{number}"
        self.delays = delays
        self.replicas = PLACEMENT.replicas_of(self.key)
        self.coordinator = next(name for name in NODES if name not in self.replicas)
        self.operation = number * 1000
        self.arrives = {name: self.way("store", self.coordinator, name, 0) for name in self.replicas}
        acknowledged = [self.arrives[name] + self.way("stored", name, self.coordinator, 0) for name in self.replicas]
        self.write = sorted(acknowledged)[w - 1]

    def way(self, kind: Kind, sender: str, to: str, number: int) -> int:
        cause = f"1/{sender}/op {self.operation + number}/{kind}/{self.key}/{to}/0"
        draw = drawing_of(self.delays.get(kind) or self.delays["all"])
        return draw(xxh3_64_intdigest(cause.encode()) % 2**32)

    def read(self, number: int, r: int, after: int) -> tuple[int, bool]:
        """How long it takes, and whether it misses the write."""
        there = {name: self.way("fetch", self.coordinator, name, number) for name in self.replicas}
        whole = {name: there[name] + self.way("fetched", name, self.coordinator, number) for name in self.replicas}
        first = sorted(self.replicas, key=lambda name: whole[name])[:r]
        missed = all(self.arrives[name] > self.write + after + there[name] for name in first)
        return max(whole[name] for name in first), missed


class Said(NamedTuple):
    writes: list[int]
    reads: dict[int, list[int]]
    missed: dict[int, int]
    missed_later: dict[int, list[int]]


def by_arithmetic(batch: Batch) -> Said:
    trials = [Trial(batch.delays, batch.w, number) for number in range(batch.first, batch.first + batch.trials)]
    reads = {level: [trial.read(level, level, 0) for trial in trials] for level in batch.reads}
    later = {
        level: [
            sum(trial.read(4 + 3 * place + level, level, moment)[1] for trial in trials)
            for place, moment in enumerate(batch.moments)
        ]
        for level in batch.later
    }
    return Said(
        sorted(trial.write for trial in trials),
        {level: sorted(took for took, _ in each) for level, each in reads.items()},
        {level: sum(missed for _, missed in each) for level, each in reads.items()},
        later,
    )


@pytest.mark.parametrize("name", ["SSD", "DISK"])
@pytest.mark.parametrize("w", [1, 2, 3])
def test_the_store_does_what_wars_says_to_the_nanosecond(name: str, w: int) -> None:
    """Also of the reads that were not performed, since every replica had the write: none of them can miss it."""
    batch = Batch(published_delays()[name], w, 10, TRIALS, (1, 2, 3), (1, 2), MOMENTS)
    found, said = perform(batch), by_arithmetic(batch)
    assert Said(found.writes, found.reads, found.missed, found.missed_later) == said
    assert (found.trials, found.performed) == (TRIALS, TRIALS)
    if (name, w) == ("DISK", 1):
        assert said.missed[1] > TRIALS // 3
        assert 0 < said.missed_later[2][2] < said.missed_later[1][2]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_of_slow_writes_and_reads_none_is_left_out(level: int) -> None:
    plain = perform(Batch(DISK, level, 0, 2000, (level,)))
    for what, times in (("write", plain.writes), ("read", plain.reads[level])):
        least_ns = times[-20]
        assert plain.writes[-20] > 0
        only = Slow(what, level, least_ns)  # type: ignore[arg-type]
        found = perform(Batch(DISK, level, 0, 2000, (level,), only=only))
        slow = found.writes if what == "write" else found.reads[level]
        assert [time for time in slow if time >= least_ns] == times[-20:]
        assert found.performed == 20


@pytest.mark.parametrize("level", [1, 2])
def test_of_reads_that_miss_late_none_is_left_out(level: int) -> None:
    moments = MOMENTS[2:]
    plain = perform(Batch(DISK, 1, 0, 1500, (), (level,), moments))
    found = perform(Batch(DISK, 1, 0, 1500, (), (level,), moments, Slow("miss", level, moments[0])))
    assert found.missed_later == plain.missed_later
    assert min(found.missed_later[level]) > 0
    assert 0 < found.performed < 1500


def test_batches_do_not_matter() -> None:
    whole = Batch(DISK, 1, 0, 90, (1, 2), (1,), MOMENTS)
    parts = [whole._replace(first=first, trials=30) for first in (0, 30, 60)]
    one, three = perform(whole), merged([perform(part) for part in parts])
    assert list(_plainly(one)) == list(_plainly(three))


def _plainly(sample: Sample) -> Iterator[object]:
    yield sample.trials, sample.performed, sorted(sample.writes), sample.missed, sample.missed_later
    yield {level: sorted(times) for level, times in sample.reads.items()}


def test_what_meets_always_misses_nothing() -> None:
    for w, r in ((1, 3), (2, 2), (3, 1)):
        assert perform(Batch(DISK, w, 0, 500, (r,))).missed == {r: 0}


def test_delays_that_are_known_give_times_that_are_known() -> None:
    delays: Delays = {"all": mixture("constant(1ms)", ""), "store": mixture("constant(5ms)", "")}
    found = perform(Batch(delays, 2, 0, 50, (1,), (1,), (0,)))
    assert set(found.writes) == {6_000_000}
    assert set(found.reads[1]) == {2_000_000}
    assert found.missed == {1: 0}
