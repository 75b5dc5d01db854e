"""Wilson's interval against a published table, and against the equation that it solves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.statistics import Z_95, Quantiles, quantiles, share, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_it_is_as_published(count: int, of: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_each_end_is_as_far_as_chance_goes(drawn: tuple[int, int]) -> None:
    """The share that was seen is z standard deviations away from what it would be if the end were true."""
    count, of = drawn
    low, high = wilson(count, of)
    assert 0 <= low <= count / of <= high <= 1
    for end in (low, high):
        assert (count / of - end) ** 2 == pytest.approx(Z_95**2 * end * (1 - end) / of, abs=1e-9)


def test_of_nothing_anything_may_be_true() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert share(0, 0).value() == 0
    assert share(7, 7).high == 1
    assert share(0, 7).low == 0


def test_quantiles_are_of_what_was_seen() -> None:
    assert quantiles(list(range(200, 0, -1))) == Quantiles(100, 198, 200)
    assert quantiles([5]) == Quantiles(5, 5, 5)
    assert quantiles([]) is None
