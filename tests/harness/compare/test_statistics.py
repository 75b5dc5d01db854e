"""Intervals against distributions that are known, and against plain resampling."""

from math import erf, exp, inf, isnan, log, nan, sqrt
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.compare.measures import NEVER
from harness.compare.statistics import (
    Deviation,
    Resampled,
    deviation,
    interval,
    quantile,
    ratio,
    resample,
    simultaneous,
    student,
)

SEEDS = 40
TRIALS = 150


def exponential(random: Random, mean: float = 1_000_000.0) -> int:
    return int(-log(1 - random.random()) * mean)


def test_resamples_are_the_same_for_the_same_seeds_and_add_up() -> None:
    one, other = resample(30, 500), resample(30, 500)
    assert (one == other).all()
    assert (one.sum(axis=1) == 30).all()
    assert abs(one.mean(axis=0) - 1).max() < 0.2
    assert not (one == resample(30, 500, "another stream")).all()


samples = st.lists(st.lists(st.integers(0, 30) | st.just(NEVER), max_size=8), min_size=1, max_size=8)


@given(samples, st.sampled_from([1, 500, 990, 999, 1000]))
def test_a_quantile_is_that_of_the_resampled_pool(drawn: list[list[int]], per_mille: int) -> None:
    times = resample(len(drawn), 40)
    found = quantile(times, drawn, per_mille)

    def plainly(weights: list[int]) -> float:
        pool = sorted(value for times_, sample in zip(weights, drawn, strict=True) for value in sample * times_)
        if not pool:
            return nan
        value = pool[-(-len(pool) * per_mille // 1000) - 1]
        return inf if value == NEVER else float(value)

    expected = [plainly([1] * len(drawn)), *(plainly([int(each) for each in row]) for row in times)]
    for mine, theirs in zip([found.value, *found.again], expected, strict=True):
        assert mine == theirs or (isnan(mine) and isnan(theirs))


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**9)), min_size=1, max_size=9))
def test_a_ratio_is_that_of_the_resampled_sums(drawn: list[tuple[int, int]]) -> None:
    times = resample(len(drawn), 30)
    over, under = zip(*drawn, strict=True)
    found = ratio(times, over, under)
    for mine, row in zip([found.value, *found.again], [np.ones(len(drawn)), *times], strict=True):
        tops = sum(int(weight) * each for weight, each in zip(row, over, strict=True))
        bases = sum(int(weight) * each for weight, each in zip(row, under, strict=True))
        assert isnan(mine) if not bases else mine == tops / bases


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.975, 5, 2.571), (0.975, 9, 2.262), (0.975, 29, 2.045), (0.975, 199, 1.972), (0.9995, 29, 3.659),
     (0.995, 9, 3.250), (0.9995, 9, 4.781)],
)  # fmt: skip
def test_student_against_the_published_table(share: float, freedom: int, value: float) -> None:
    assert student(share, freedom) == pytest.approx(value, rel=0.003)


class Case(NamedTuple):
    """What is estimated, from how many seeds. `shared` is what the operations of one seed have in common, beside 1,000
    of their own: it is why seeds are resampled, and not operations. `least`: a bootstrap of few seeds, or of a tail to
    which few seeds come, covers less than it says."""

    what: str
    seeds: int
    shared: int
    least: float

    def truth(self) -> float:
        """Of the sum of two exponentials, or of one: where its distribution has this share, by halving."""
        if self.what == "mean":
            return 1000.0 + self.shared
        low, high = 0.0, 50_000.0
        for _ in range(60):
            middle = (low + high) / 2
            above = exp(-middle / 1000) * (1 + middle / 1000 if self.shared else 1)
            low, high = (middle, high) if 1 - above < int(self.what) / 1000 else (low, middle)
        return low


CASES = [
    Case("mean", SEEDS, 1000, 0.91),
    Case("mean", 8, 1000, 0.82),
    Case("500", SEEDS, 1000, 0.91),
    Case("990", SEEDS, 0, 0.91),
    Case("990", 150, 1000, 0.76),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_intervals_cover_the_truth_as_often_as_they_say(case: Case) -> None:
    times, covered, truth = resample(case.seeds, 400), 0, case.truth()
    for trial in range(TRIALS):
        random = Random(f"{case}/{trial}")
        runs = []
        for _ in range(case.seeds):
            shared = exponential(random, case.shared)
            runs.append([shared + exponential(random, 1000) for _ in range(20)])
        found = (
            ratio(times, [sum(run) for run in runs], [len(run) for run in runs])
            if case.what == "mean"
            else quantile(times, runs, int(case.what))
        )
        ends = interval(found, case.seeds)
        assert ends is not None
        covered += ends.low <= truth <= ends.high
    assert case.least <= covered / TRIALS <= 0.995


def _policies(random: Random, seeds: int, figures: int) -> list[list[int]]:
    return [[exponential(random) for _ in range(seeds)] for _ in range(figures)]


def test_the_same_runs_show_no_difference_at_all() -> None:
    times = resample(SEEDS, 300)
    runs = [[exponential(Random(f"{seed}/{at}")) for at in range(30)] for seed in range(SEEDS)]
    for found in (
        ratio(times, [sum(run) for run in runs], [30] * SEEDS),
        quantile(times, runs, 990),
        quantile(times, [[NEVER]] * SEEDS, 500),
    ):
        of = deviation(found, found)
        assert of is not None
        assert (of.difference, of.error, set(of.again)) == (0.0, 0.0, {0.0})
        assert simultaneous([of], SEEDS) == [(0.0, 0.0)]


def test_policies_that_do_not_differ_are_said_to_in_no_more_than_one_comparison_of_twenty() -> None:
    """Twelve figures at once, of two policies over seeds of their own: any one that is shown is a false alarm."""
    times, alarms = resample(SEEDS, 400), 0
    for trial in range(TRIALS):
        random = Random(f"same/{trial}")
        ones = [ratio(times, each, [1] * SEEDS) for each in _policies(random, SEEDS, 12)]
        others = [ratio(times, each, [1] * SEEDS) for each in _policies(random, SEEDS, 12)]
        ends = simultaneous([deviation(*pair) for pair in zip(ones, others, strict=True)], SEEDS)
        alarms += any(end is not None and (end.low > 0 or end.high < 0) for end in ends)
    assert alarms / TRIALS <= 0.05 + 2 * sqrt(0.05 * 0.95 / TRIALS)


def test_a_difference_that_is_there_is_shown_with_its_size() -> None:
    times, shown = resample(SEEDS, 600), 0
    for trial in range(40):
        random = Random(f"shifted/{trial}")
        plain = _policies(random, SEEDS, 20)
        slower = [[value + 400_000 + exponential(random, 100_000) for value in plain[0]], *plain[1:]]
        pairs = zip(slower, plain, strict=True)
        ends = simultaneous(
            [deviation(ratio(times, one, [1] * SEEDS), ratio(times, other, [1] * SEEDS)) for one, other in pairs], SEEDS
        )
        assert ends[0] is not None
        shown += 0 < ends[0].low <= 500_000 <= ends[0].high
        assert all(end == (0.0, 0.0) for end in ends[1:])
    assert shown >= 36


def test_more_comparisons_make_each_interval_wider() -> None:
    times, random = resample(SEEDS, 600), Random("wider")
    none = ratio(times, [0] * SEEDS, [1] * SEEDS)
    all_of = [deviation(ratio(times, each, [1] * SEEDS), none) for each in _policies(random, SEEDS, 60)]
    widths = []
    for count in (1, 10, 60):
        end = simultaneous(all_of[:count], SEEDS)[0]
        assert end is not None
        widths.append(end.high - end.low)
    assert widths[0] < widths[1] < widths[2]
    # One alone is about as wide as the textbook has it, sixty as wide as Bonferroni at most.
    of = all_of[0]
    assert of is not None
    assert widths[0] / of.error / 2 == pytest.approx(student(0.975, SEEDS - 1), rel=0.15)
    assert widths[2] / of.error / 2 < student(1 - 0.025 / 60, SEEDS - 1) * 1.25


def test_what_never_comes_to_be_is_told_apart_from_what_does_not_differ() -> None:
    never, some = Resampled(inf, [inf, inf]), Resampled(3.0, [3.0, inf])
    assert deviation(never, some) is None
    assert deviation(some, never) is None
    assert deviation(never, never) == Deviation(0.0, 0.0, [0.0, 0.0])
    assert deviation(Resampled(nan, [nan, nan]), some) is None
    assert simultaneous([None], SEEDS) == [None]
    assert interval(never, SEEDS) == (inf, inf)


def test_a_handful_of_seeds_shows_nothing_however_well_they_agree() -> None:
    for seeds, shown in ((5, False), (6, True)):
        times = resample(seeds, 200)
        all_alike = deviation(ratio(times, [1] * seeds, [1] * seeds), ratio(times, [0] * seeds, [1] * seeds))
        assert simultaneous([all_alike], seeds) == [(1.0, 1.0) if shown else None]


def test_one_seed_has_no_interval() -> None:
    times = resample(1, 10)
    found = ratio(times, [3], [2])
    assert found.value == 1.5
    assert interval(found, 1) is None
    assert simultaneous([deviation(found, ratio(times, [1], [2]))], 1) == [None]


def test_the_normal_distribution_is_that_of_the_textbook() -> None:
    assert student(0.975, 10**9) == pytest.approx(1.959964)
    assert (1 + erf(1.959964 / sqrt(2))) / 2 == pytest.approx(0.975)
