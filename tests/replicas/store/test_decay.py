"""Fading counts, against the curve that they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from replicas.store.decay import decayed

COUNTS = st.integers(0, 2**40)
AGES = st.integers(0, 2**45)
HALF_LIVES = st.integers(1, 2**40)


@given(COUNTS, AGES, HALF_LIVES)
def test_a_count_is_close_to_the_curve_and_never_below_it_but_for_what_is_cut_off(
    value: int, age: int, half: int
) -> None:
    exact = value * 2.0 ** (-age / half)
    assert exact - 2 <= decayed(value, age, half) <= exact * 1.0625 + 1


@given(COUNTS, AGES, AGES, HALF_LIVES)
def test_a_count_never_grows(value: int, one: int, more: int, half: int) -> None:
    assert decayed(value, one + more, half) <= decayed(value, one, half) <= value


@given(COUNTS, HALF_LIVES)
def test_a_half_life_takes_half_and_enough_of_them_take_all(value: int, half: int) -> None:
    assert decayed(value, 0, half) == value
    assert decayed(value, half, half) == value // 2
    assert decayed(value, 41 * half, half) == 0


def test_a_clock_that_stands_still_takes_nothing() -> None:
    assert decayed(1000, -5, 10) == 1000
