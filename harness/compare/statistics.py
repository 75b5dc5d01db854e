"""Intervals by resampling whole seeds, since the operations of one run depend on each other: a cluster bootstrap.

Each of RESAMPLES draws as many seeds as there are, with replacement, and the same ones for every policy and figure: so
policies are compared in pairs, over the same plans. Sums are of integers that floats hold exactly, and chance comes
from `Random.random`, so that the same seeds give the same intervals to the digit.

Seeds are few, and a resample varies less than new seeds would: intervals are widened as Student's t is wider than the
normal distribution. Differences from the baseline have simultaneous intervals: each is as many of its own standard
errors wide as the farthest of all differences is from its value in 95 % of the resamples (the maximum of t). So with
95 % confidence all of them are right at once, however many there are.

What a bootstrap cannot: a tail to which only few seeds come varies more than resamples of those few. An interval of p99
or p99.9 is then too narrow (the tests have a case that covers 82 of 100).
"""

from collections.abc import Sequence
from math import fsum, inf, isfinite, isnan, nan, sqrt
from random import Random
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.compare.measures import NEVER

RESAMPLES = 2000
SURE = 0.95
SEEDS_LEAST = 6  # to show a difference: if fewer all agree, chance alone does that more often than once in twenty
GRID = 512  # values between which a resample's quantile is told
_STREAM = "comparison"
_NORMAL = NormalDist()

Floats = NDArray[np.float64]


class Resampled(NamedTuple):
    """A figure of all seeds, and of each resample. Not a number: there was nothing to measure. Infinite: it never came
    to be."""

    value: float
    again: list[float]


class Interval(NamedTuple):
    low: float
    high: float


def resample(seeds: int, resamples: int = RESAMPLES, stream: str = _STREAM) -> Floats:
    """How often each seed is in each resample; one row a resample."""
    draw = Random(f"{stream}/{seeds}").random
    times = np.zeros((resamples, seeds))
    for row in times:
        for _ in range(seeds):
            row[int(draw() * seeds)] += 1
    return times


def ratio(times: Floats, over: Sequence[int], under: Sequence[int]) -> Resampled:
    """Of sums over seeds."""
    value = sum(over) / sum(under) if sum(under) else nan
    sums, bases = times @ np.array(over, float), times @ np.array(under, float)
    again = np.divide(sums, bases, out=np.full(len(sums), nan), where=bases > 0)
    return Resampled(value, again.tolist())


def quantile(times: Floats, samples: Sequence[Sequence[int]], per_mille: int) -> Resampled:
    """By nearest rank, of the samples of all seeds together."""
    counts = np.array([len(sample) for sample in samples], float)
    if not counts.sum():
        return Resampled(nan, [nan] * len(times))
    ranked = [np.sort(np.array(sample, np.int64)) for sample in samples]
    pooled = np.sort(np.concatenate(ranked))
    place = -(-len(pooled) * per_mille // 1000) - 1
    grid = _grid(times, ranked, pooled, place)
    below = np.array([np.searchsorted(each, grid, side="right") for each in ranked])
    sizes = times @ counts
    needed = np.ceil(sizes * per_mille / 1000)
    places = (times @ below.astype(float) < needed[:, None]).sum(axis=1)
    again = [_time(int(grid[at])) if size else nan for at, size in zip(places.tolist(), sizes.tolist(), strict=True)]
    return Resampled(_time(int(pooled[place])), again)


def _grid(times: Floats, ranked: list[NDArray[np.int64]], pooled: NDArray[np.int64], place: int) -> NDArray[np.int64]:
    """Values of the pool at which a resample may have its quantile: the more there are near, the finer. How far off it
    may be is told from how the share of values up to the pool's own quantile varies."""
    up_to = np.array([np.searchsorted(each, pooled[place], side="right") for each in ranked], float)
    share = up_to.sum() / len(pooled)
    sizes = times @ np.array([len(each) for each in ranked], float)
    shares = np.divide(times @ up_to, sizes, out=np.full(len(sizes), share), where=sizes > 0)
    reach = int(np.abs(shares - share).max() * len(pooled) * 1.5) + 2
    near = np.linspace(max(0, place - reach), min(len(pooled) - 1, place + reach), GRID).astype(int)
    far = np.linspace(0, len(pooled) - 1, 65).astype(int)
    return np.unique(pooled[np.concatenate([near, far])])


def _time(value: int) -> float:
    return inf if value == NEVER else float(value)


def interval(resampled: Resampled, seeds: int) -> Interval | None:
    """Between percentiles of the resamples, widened for few seeds. None: of nothing, or of a single seed."""
    told = sorted(value for value in resampled.again if not isnan(value))
    if isnan(resampled.value) or seeds < 2 or not told:
        return None
    outside = _NORMAL.cdf(-sqrt(seeds / (seeds - 1)) * student((1 + SURE) / 2, seeds - 1))
    cut = int(outside * len(told))
    return Interval(told[cut], told[-1 - cut])


def student(share: float, freedom: int) -> float:
    """Up to which deviation Student's t has this share of its mass: Hill's expansion about the normal one, good to a
    thousandth from 5 degrees of freedom on."""
    z = _NORMAL.inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + fsum(term / freedom**power for power, term in enumerate(terms, 1))


class Deviation(NamedTuple):
    """A difference of two policies; `error` is its standard error. None: it cannot be told."""

    difference: float
    error: float
    again: list[float]


def deviation(resampled: Resampled, baseline: Resampled) -> Deviation | None:
    """None: a difference is told only where both are measured, and come to be in every resample."""
    again = [_less(one, other) for one, other in zip(resampled.again, baseline.again, strict=True)]
    difference = _less(resampled.value, baseline.value)
    known = [each for each in again if not isnan(each)]
    if not isfinite(difference) or not known or any(not isfinite(each) for each in known):
        return None
    mean = fsum(known) / len(known)
    error = sqrt(fsum((each - mean) ** 2 for each in known) / len(known))
    return Deviation(difference, error, again)


def _less(one: float, other: float) -> float:
    """What never comes to be either way does not differ."""
    return 0.0 if one == other else one - other


def simultaneous(deviations: Sequence[Deviation | None], seeds: int) -> list[Interval | None]:
    """Of all differences at once, with 95 % confidence. None: of nothing, or of too few seeds."""
    told = [each for each in deviations if each is not None]
    if seeds < SEEDS_LEAST or not told:
        return [None] * len(deviations)
    farthest = [0.0] * len(told[0].again)
    for each in told:
        if each.error:
            for place, again in enumerate(each.again):
                far = 0.0 if isnan(again) else abs(again - each.difference) / each.error
                farthest[place] = max(farthest[place], far)
    farthest.sort()
    most = farthest[-(-len(farthest) * 95 // 100) - 1]
    widened = sqrt(seeds / (seeds - 1)) * _wider(most, seeds - 1)
    return [
        None
        if each is None
        else Interval(each.difference - widened * each.error, each.difference + widened * each.error)
        for each in deviations
    ]


def _wider(deviations: float, freedom: int) -> float:
    """The deviation of Student's t that leaves as much outside as this one of the normal distribution."""
    inside = _NORMAL.cdf(deviations)
    return student(inside, freedom) if inside < 1 else deviations
