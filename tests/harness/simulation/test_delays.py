"""Each spread of delays against its distribution in closed form, in floating point; and by integers alone."""

import ast
import inspect
import math
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from harness.plan import Distribution
from harness.plan import Network as Model
from harness.stages.simulation import delays
from harness.stages.simulation.delays import CHANCES, SPREADS
from tests.harness.simulation.worlds import MS, Net

DRAWS = 20_000
WIDTH = 10**9
RATE = 256 * math.log(37 / 36)  # each of 256 steps is 36/37 as likely as the one before: e ** -7.01 in all


def _two_humps(x: float) -> float:
    return 9 * x if x < 0.1 else max(x, 0.9)


CLOSED: dict[str, Callable[[float], float]] = {
    "uniform": lambda x: x,
    "exponential": lambda x: (1 - math.exp(-RATE * x)) / (1 - math.exp(-RATE)),
    "pareto": lambda x: (1 - 1 / (1 + 99 * x)) / (1 - 1 / 100),  # least 1, most 100, shape 1; x is what is beyond 1
    "bimodal": _two_humps,
}
NAMES = get_args(Distribution)


def distance(draws: list[float], closed: Callable[[float], float]) -> float:
    """Kolmogorov's: the most by which the share of draws up to some value differs from what it should be."""
    ranked, count = sorted(draws), len(draws)
    return max(max((n + 1) / count - closed(x), closed(x) - n / count) for n, x in enumerate(ranked))


@pytest.mark.parametrize("name", NAMES)
def test_many_draws_are_spread_as_the_closed_form_says(name: Distribution) -> None:
    """Of one sample in a million the distance is more than 2.7 / sqrt(n) (Kolmogorov's limit); these are fixed."""
    chances = [xxh3_64_intdigest(f"{n}".encode()) & 0xFFFF_FFFF for n in range(DRAWS)]
    draws = [SPREADS[name](chance, MS) / MS for chance in chances]
    assert distance(draws, CLOSED[name]) < 2.7 / math.sqrt(DRAWS)
    assert all(distance(draws, CLOSED[other]) > 0.1 for other in NAMES if other != name), "and as no other one"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "uniform"])
@given(chance=st.integers(0, CHANCES - 1))
def test_each_chance_is_where_the_closed_form_has_it(name: Distribution, chance: int) -> None:
    """Steps are straight, so the exponential is off by up to RATE ** 2 / (8 * 256 ** 2) = 0.0001; others by rounding.
    Between the humps nothing is drawn."""
    bound = RATE**2 / (8 * 256**2) if name == "exponential" else 1e-7
    assert abs(CLOSED[name](SPREADS[name](chance, WIDTH) / WIDTH) - chance / CHANCES) < bound


@given(st.sampled_from(NAMES), st.integers(0, CHANCES - 1), st.integers(0, 2**63))
def test_no_delay_is_below_or_beyond_its_range(name: Distribution, chance: int, width: int) -> None:
    found = SPREADS[name](chance, width)
    assert isinstance(found, int)
    assert 0 <= found <= width


@given(
    st.sampled_from([name for name in NAMES if name != "uniform"]),
    st.integers(0, CHANCES - 2),
    st.integers(0, CHANCES - 1),
    st.integers(0, 2**63),
)
def test_more_chance_is_no_less_delay(name: Distribution, one: int, other: int, width: int) -> None:
    low, high = sorted((one, other))
    assert SPREADS[name](low, width) <= SPREADS[name](high, width)
    assert SPREADS[name](0, width) == 0


FIRST = {
    "uniform": [429496729, 147483646, 294967291],
    "exponential": [15014028, 98703777, 999999963],
    "pareto": [1109877, 9900990, 999999976],
    "bimodal": [11111111, 55555555, 999999999],
}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_on_every_platform(name: Distribution) -> None:
    """Written down once. The tests above say that they are right, this one that they are the same everywhere."""
    chances = [CHANCES // 10, CHANCES // 2, CHANCES - 1]
    found = [SPREADS[name](chance, WIDTH) for chance in chances]
    assert found == FIRST[name]


def test_no_floating_point_decides() -> None:
    """Neither a fraction, nor a true division, nor a power that might be one, nor anything of `math`."""
    tree = ast.parse(inspect.getsource(delays))
    assert not any(isinstance(each, ast.Div) for each in ast.walk(tree))
    assert not any(isinstance(each, ast.Constant) and isinstance(each.value, float) for each in ast.walk(tree))
    imported = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    assert not any(isinstance(each, ast.Import) for each in ast.walk(tree))
    assert imported == {"bisect", "collections.abc", "harness.plan"}


@pytest.mark.parametrize("name", NAMES)
def test_a_network_draws_half_of_its_range_for_each_link_by_the_distribution(name: Distribution) -> None:
    """What one link adds to its least is spread over the other half of the range."""
    low, half = 3 * MS, 10 * MS
    net = Net(Model(low, low + 2 * half, distribution=name))
    keys = [f"k{number}" for number in range(4000)]
    for key in keys:
        net.say(0, key)
    times = net.run()
    least = min(times.values())
    assert low <= least <= low + half
    assert max(times.values()) <= low + 2 * half
    drawn = [(times[key] - least) / half for key in keys]
    assert distance(drawn, CLOSED[name]) < 2.7 / math.sqrt(len(keys)) + 0.001, "the least is only almost the least"
