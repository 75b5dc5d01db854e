"""Shares with their confidence bounds, and quantiles: plain arithmetic, so that nothing heavy is imported."""

from collections.abc import Sequence
from math import sqrt

import msgspec

Z_95 = 1.959963984540054  # the standard normal distribution has 95 % of its mass within so many deviations


class Share(msgspec.Struct, frozen=True):
    """So many of so many, and between which bounds the true share is with a confidence of 95 %, if each was drawn by
    itself."""

    count: int
    of: int
    low: float
    high: float

    def value(self) -> float:
        return self.count / self.of if self.of else 0.0


class Quantiles(msgspec.Struct, frozen=True):
    """By nearest rank."""

    median: int
    p99: int
    worst: int


def share(count: int, of: int) -> Share:
    return Share(count, of, *wilson(count, of))


def wilson(count: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval. Of nothing, anything may be true. It is exact at both ends, where floats are not."""
    if not of:
        return 0.0, 1.0
    value, squared = count / of, z * z
    middle = (value + squared / (2 * of)) / (1 + squared / of)
    half = z * sqrt(value * (1 - value) / of + squared / (4 * of * of)) / (1 + squared / of)
    return (max(0.0, middle - half) if count else 0.0), (min(1.0, middle + half) if count < of else 1.0)


def quantiles(values: Sequence[int]) -> Quantiles | None:
    """None: of no values."""
    if not values:
        return None
    ranked = sorted(values)
    return Quantiles(ranked[rank(len(ranked), 50)], ranked[rank(len(ranked), 99)], ranked[-1])


def rank(count: int, percent: int) -> int:
    return -(-count * percent // 100) - 1
