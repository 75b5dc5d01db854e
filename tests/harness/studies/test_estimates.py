"""Estimates against closed forms, and their errors against how often they are wrong."""

import math
from random import Random

import pytest

from harness.studies.estimates import crossing_ms, percentile_ms, share_percent

MS = 1_000_000


def test_the_percentile_of_exponential_times_is_known_and_its_error_holds_19_of_20_times() -> None:
    exact, wrong = math.log(100), 0
    for seed in range(300):
        random = Random(seed)
        times = sorted(int(random.expovariate(1) * MS) for _ in range(4000))[-400:]
        found, error = percentile_ms(times, 4000, 100)
        assert found == times[-40] / MS
        wrong += abs(found - exact) > error
    assert wrong < 300 * 0.09, "more of one side are within, since the larger half of the interval is taken"


def test_a_share_is_off_by_more_than_its_error_1_of_20_times() -> None:
    wrong = 0
    for seed in range(1000):
        random = Random(seed)
        found, error = share_percent(sum(random.random() < 0.3 for _ in range(500)), 500)
        wrong += abs(found - 30) > error
    assert 20 < wrong < 85
    assert share_percent(5, 5) == (100, 0)


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_where_one_in_a_thousand_misses_is_known_for_exponential_lateness(scale: float) -> None:
    moments = tuple(int(scale * MS * step) for step in (3, 4, 5, 6.5, 7, 8, 9))
    exact, trials, wrong = scale * math.log(1000), 50_000, 0
    for seed in range(100):
        random = Random(seed)
        late = [random.expovariate(1 / scale) * MS for _ in range(trials)]
        missed = [sum(each > moment for each in late) for moment in moments]
        crossing = crossing_ms(moments, missed, trials, 1000)
        assert crossing is not None
        wrong += abs(crossing[0] - exact) > crossing[1]
    assert wrong < 14


def test_what_is_never_crossed_is_not_found() -> None:
    assert crossing_ms((1, 2, 3), [900, 800, 700], 100_000, 1000) is None
    assert crossing_ms((1, 2, 3), [90, 80, 70], 100_000, 1000) is None
    assert crossing_ms((MS, 2 * MS), [200, 0], 100_000, 1000) is not None
