"""Ranges of seeds against sets of them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign import ranges
from harness.wrong import Wrong

SEEDS = st.sets(st.integers(0, 60))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), min_size=1, max_size=6))
def test_what_is_asked_for_is_each_seed_once_in_order(parts: list[tuple[int, int]]) -> None:
    found = ranges.parse(",".join(f"{low}..{low + width}" for low, width in parts))
    assert list(ranges.seeds(found)) == sorted({seed for low, width in parts for seed in range(low, low + width + 1)})
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(found))


@given(SEEDS, SEEDS)
def test_what_is_left_is_what_was_asked_for_and_is_not_done(asked: set[int], done: set[int]) -> None:
    left = ranges.without(ranges.joined(sorted(asked)), ranges.joined(sorted(done)))
    assert list(ranges.seeds(left)) == sorted(asked - done)
    assert ranges.count(left) == len(asked - done)
    assert left == ranges.joined(sorted(asked - done))


@given(SEEDS.filter(bool))
def test_ranges_are_written_as_they_are_read(seeds: set[int]) -> None:
    found = ranges.joined(sorted(seeds))
    assert ranges.parse(ranges.write(found)) == found


def test_very_many_seeds_are_two_numbers() -> None:
    assert ranges.parse("1..999999999999") == [(1, 999_999_999_999)]


def test_no_seeds_are_refused_as_by_a_suite() -> None:
    with pytest.raises(Wrong, match=r"'5\.\.1' ends before it begins"):
        ranges.parse("5..1")
