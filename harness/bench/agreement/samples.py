"""Whether two samples may come from the same distribution, and two counts from the same rate."""

from bisect import bisect_right
from math import sqrt
from statistics import variance

KS_RARE = 1.949  # two samples of one distribution are farther apart once in a thousand times
MEANS_APART = 3.0  # in standard deviations
COUNTS_APART = 2.0  # likewise; of the same plan, counts are less apart than those of independent ones


def quantile(sample: list[float], share: float) -> float:
    """Of a sorted sample, by nearest rank."""
    return sample[min(len(sample) - 1, int(len(sample) * share))]


def ks_distance(one: list[float], other: list[float]) -> float:
    """The Kolmogorov-Smirnov distance of two sorted samples: how far apart their distribution functions are at most."""
    return max(abs(bisect_right(one, x) / len(one) - bisect_right(other, x) / len(other)) for x in (*one, *other))


def ks_critical(one: int, other: int) -> float:
    """For samples of these sizes, each value drawn for itself."""
    return KS_RARE * sqrt((one + other) / (one * other))


def spread_of_means(one: list[float], other: list[float]) -> float:
    """How far apart the means of two samples may well be by chance."""
    return MEANS_APART * sqrt(variance(one) / len(one) + variance(other) / len(other))


def spread_of_counts(one: float, other: float) -> float:
    """Likewise for two counts of what happens independently."""
    return COUNTS_APART * sqrt(one + other)
