"""Keys are as frequent as their exact weights say, and drawn by the same bits on every version of Python."""

from collections import Counter
from fractions import Fraction
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.keys import Distribution, Keys, below

DRAWS = 40_000
COUNT = 20
SURPRISE_MAX = 60  # chi-square with 19 degrees of freedom is above this once in 300,000 times


def shares(distribution: Distribution) -> list[Fraction]:
    """By definition: all equal, or one over the rank."""
    weights = [Fraction(1, rank if distribution == "zipf" else 1) for rank in range(1, COUNT + 1)]
    return [weight / sum(weights) for weight in weights]


def surprise(counts: list[int], expected: list[Fraction]) -> float:
    """Pearson"s chi-square."""
    total = sum(counts)
    return float(
        sum((count - total * share) ** 2 / (total * share) for count, share in zip(counts, expected, strict=True))
    )


def drawn(distribution: Distribution) -> list[int]:
    keys, random = Keys(COUNT, distribution), Random("frequencies")
    found = Counter(keys.draw(random) for _ in range(DRAWS))
    assert set(found) <= {f"k{number}" for number in range(COUNT)}
    return [found[f"k{number}"] for number in range(COUNT)]


@pytest.mark.parametrize("distribution", ["uniform", "zipf"])
def test_frequencies_are_the_exact_weights(distribution: Distribution) -> None:
    assert surprise(drawn(distribution), shares(distribution)) < SURPRISE_MAX


def test_the_bound_tells_the_distributions_apart() -> None:
    assert surprise(drawn("uniform"), shares("zipf")) > 100 * SURPRISE_MAX
    assert surprise(drawn("zipf"), shares("uniform")) > 100 * SURPRISE_MAX


def test_k0_is_the_hottest() -> None:
    counts = drawn("zipf")
    assert counts[0] == max(counts)
    assert counts[0] > 1.7 * counts[1]


class Scripted(Random):
    """Says one number."""

    def __init__(self, number: int) -> None:
        super().__init__(0)
        self.number = number

    def getrandbits(self, _bits: int, /) -> int:
        return self.number


def test_where_one_key_ends_the_next_begins() -> None:
    keys = Keys(3, "zipf")
    first, second, third = accumulate(10**9 // rank for rank in (1, 2, 3))
    edges = {0: "k0", first - 1: "k0", first: "k1", second - 1: "k1", second: "k2", third - 1: "k2"}
    assert {point: keys.draw(Scripted(point)) for point in edges} == edges


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
    zipf = Keys(5, "zipf")
    assert [zipf.draw(random) for _ in range(8)] == ["k0", "k2", "k1", "k1", "k4", "k0", "k2", "k3"]
