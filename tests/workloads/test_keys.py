"""Keys are as frequent as their exact weights say, and drawn by the same bits on every version of Python."""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, islice, permutations
from math import ceil
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.keys import DISTRIBUTIONS, Distribution, below, draw_keys

RANDOM: tuple[Distribution, ...] = ("uniform", "zipf", "hot-cold")
DRAWS = 40_000
COUNT = 20
SURPRISE_MAX = 60  # chi-square with 19 degrees of freedom is above this once in 300,000 times


def shares(distribution: Distribution, count: int = COUNT) -> list[Fraction]:
    """By definition: all equal, one over the rank, or four fifths for the first fifth of the keys (rounded up)."""
    if distribution == "hot-cold" and count > 1:
        hot = ceil(Fraction(count, 5))
        return [Fraction(4, 5 * hot)] * hot + [Fraction(1, 5 * (count - hot))] * (count - hot)
    weights = [Fraction(1, rank if distribution == "zipf" else 1) for rank in range(1, count + 1)]
    return [weight / sum(weights) for weight in weights]


def surprise(counts: list[int], expected: list[Fraction]) -> float:
    """Pearson's chi-square."""
    total = sum(counts)
    return float(
        sum((count - total * share) ** 2 / (total * share) for count, share in zip(counts, expected, strict=True))
    )


def drawn(distribution: Distribution) -> list[int]:
    found = Counter(islice(draw_keys(distribution, COUNT, Random("frequencies")), DRAWS))
    assert set(found) <= {f"k{number}" for number in range(COUNT)}
    return [found[f"k{number}"] for number in range(COUNT)]


@pytest.mark.parametrize("distribution", RANDOM)
def test_frequencies_are_the_exact_weights(distribution: Distribution) -> None:
    assert surprise(drawn(distribution), shares(distribution)) < SURPRISE_MAX


@pytest.mark.parametrize(("one", "other"), list(permutations(RANDOM, 2)))
def test_the_bound_tells_the_distributions_apart(one: Distribution, other: Distribution) -> None:
    assert surprise(drawn(one), shares(other)) > 100 * SURPRISE_MAX


def test_each_distribution_has_its_legend() -> None:
    assert tuple(DISTRIBUTIONS) == get_args(Distribution)
    assert len(set(DISTRIBUTIONS.values())) == len(DISTRIBUTIONS)


def test_k0_is_the_hottest() -> None:
    counts = drawn("zipf")
    assert counts[0] == max(counts)
    assert counts[0] > 1.7 * counts[1]


class Scripted(Random):
    """Says these numbers."""

    def __init__(self, numbers: Iterable[int]) -> None:
        super().__init__(0)
        self.numbers = iter(numbers)

    def getrandbits(self, _bits: int, /) -> int:
        return next(self.numbers)


def test_where_one_key_ends_the_next_begins() -> None:
    first, second, third = accumulate(10**9 // rank for rank in (1, 2, 3))
    edges = {0: "k0", first - 1: "k0", first: "k1", second - 1: "k1", second: "k2", third - 1: "k2"}
    assert list(islice(draw_keys("zipf", 3, Scripted(edges)), len(edges))) == list(edges.values())


@pytest.mark.parametrize("count", [*range(1, 13), 20, 31])
def test_hot_and_cold_shares_are_exact(count: int) -> None:
    """All points that can be drawn, each once: nothing is left to chance."""
    hot = ceil(Fraction(count, 5))
    points = 5 * hot * (count - hot) or 1
    found = Counter(islice(draw_keys("hot-cold", count, Scripted(range(points))), points))
    assert [Fraction(found[f"k{number}"], points) for number in range(count)] == shares("hot-cold", count)


@given(st.integers(1, 30), st.integers(0, 90))
def test_sequential_keys_go_round(count: int, draws: int) -> None:
    silent = Scripted([])  # nothing is drawn
    found = list(islice(draw_keys("sequential", count, silent), draws))
    assert found == [f"k{number % count}" for number in range(draws)]


@given(st.integers(1, 2**70), st.integers())
def test_below_is_below(limit: int, seed: int) -> None:
    random = Random(seed)
    assert all(0 <= below(random, limit) < limit for _ in range(20))


@pytest.mark.parametrize("limit", [1, 2, 6, 8, 9])
def test_below_is_even(limit: int) -> None:
    random = Random("even")
    counts = Counter(below(random, limit) for _ in range(DRAWS))
    assert set(counts) == set(range(limit))
    assert surprise([counts[number] for number in range(limit)], [Fraction(1, limit)] * limit) < SURPRISE_MAX


def test_the_bits_are_the_same_on_every_python() -> None:
    """Pinned: a stored seed must draw the same plan on a later version."""
    random = Random("7/workload/keys")
    assert [below(random, 1000) for _ in range(6)] == [641, 806, 25, 711, 562, 519]
    assert list(islice(draw_keys("zipf", 5, random), 8)) == ["k0", "k2", "k1", "k1", "k4", "k0", "k2", "k3"]
    assert list(islice(draw_keys("hot-cold", 10, random), 8)) == ["k1", "k1", "k0", "k1", "k1", "k1", "k2", "k2"]
