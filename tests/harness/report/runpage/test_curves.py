"""Curves against the steps that they are made of, moment by moment."""

from bisect import bisect_right
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.runpage import curves
from harness.report.runpage.curves import MOST, Step, counted, curve

US = 1_000
STEPS = st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 9)), min_size=1, max_size=30)


def points(found: dict[str, Any]) -> list[tuple[int, int, int]]:
    return list(zip(accumulate(found["at"]), found["mean"], found["peak"], strict=True))


def at_each(steps: list[Step], until: int) -> list[int | None]:
    """What it is in each microsecond from the first step on."""
    times = [at for at, _ in steps]
    return [steps[bisect_right(times, moment * US) - 1][1] for moment in range(times[0] // US, until)]


def spread(found: list[tuple[int, int, int]], until: int) -> list[tuple[int, int]]:
    ends = [at for at, _, _ in found[1:]] + [until]
    return [told[1:] for told, end in zip(found, ends, strict=True) for _ in range(end - told[0])]


@given(STEPS)
def test_few_steps_are_told_exactly(drawn: list[Step]) -> None:
    steps = [(at * US, value) for at, value in sorted(drawn, key=lambda step: step[0])]
    exact = [(-1, -1) if value is None else (100 * value, value) for value in at_each(steps, 70)]
    assert spread(points(curve(steps, 70 * US)), 70) == exact


@given(STEPS, st.sampled_from([1, 3, 7]))
def test_bins_tell_average_and_peak_of_what_is_known(drawn: list[Step], most: int) -> None:
    steps = [(at * US, value) for at, value in sorted([(0, 0), *drawn], key=lambda step: step[0])]
    until = 63  # so that bins are of whole microseconds
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "MOST", most)
        found = points(curve(steps, until * US))
    exact = at_each(steps, until)
    assert len(found) <= most
    for (at, mean, peak), end in zip(found, [*[each[0] for each in found[1:]], until], strict=True):
        known = [value for value in exact[at:end] if value is not None]
        assert peak == max(known, default=-1)
        assert mean == pytest.approx(100 * sum(known) / len(known) if known else -1, abs=0.51)


def test_a_dense_curve_has_no_more_points_than_a_screen_and_keeps_its_area() -> None:
    steps: list[Step] = [(at * US, at % 7) for at in range(50_000)]
    found = points(curve(steps, 50_000 * US))
    assert len(found) == MOST
    area = sum(mean * 50 for _, mean, _ in found) / 100
    assert area == pytest.approx(sum(at % 7 for at in range(50_000)), rel=0.002)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-3, 3)), max_size=20))
def test_a_count_is_the_sum_of_what_came_and_went(deltas: list[tuple[int, int]]) -> None:
    steps = counted(deltas)
    for moment in range(25):
        value = [value for at, value in steps if at <= moment][-1]
        assert value == sum(delta for at, delta in deltas if at <= moment)


def test_nothing_is_told_after_the_end() -> None:
    assert points(curve([(0, 1), (9 * US, 2)], 5 * US)) == [(0, 100, 1)]
