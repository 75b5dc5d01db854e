"""The arithmetic against the published figures, and against itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.studies.capacity import CAPACITY, GIVEN
from harness.studies.study import Order, Seen
from tests.harness.commands import urushi


def rate_of(**given_text: str) -> float:
    figures = CAPACITY.perform(Order(given={**GIVEN, **given_text}))
    assert not isinstance(figures, Seen)
    return figures[-1].measured


def test_the_published_figures_are_what_the_study_says(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "study", "capacity", "--json")
    assert (outcome.code, outcome.document["verdict"]) == (0, "confirmed")
    figures = {each["name"]: each for each in outcome.document["finding"]["figures"]}
    assert figures["data to exchange within 6h"]["measured"] == pytest.approx(10)
    assert figures["rate"]["measured"] == pytest.approx(2e12 * 0.02 / 86_400 / 1e6)
    assert figures["rate"]["expected"] == 0.46


@given(st.integers(1, 1000), st.integers(1, 100), st.integers(1, 1000))
def test_the_rate_is_what_changes_a_second_within_any_time(gigabytes: int, percent: int, minutes: int) -> None:
    found = rate_of(data=f"{gigabytes}GB", changes=f"{percent}%", within=f"{minutes}min")
    assert found == pytest.approx(gigabytes * 1000 * percent / 100 / 86_400)


def test_of_other_figures_nothing_is_expected(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "study", "capacity", "--with", "data=4TB", "--with", "within=1d", "--json")
    assert (outcome.code, outcome.document["verdict"]) == (0, "measured")
    assert outcome.document["finding"]["figures"][2]["name"] == "data to exchange within 1d"
    assert outcome.document["finding"]["figures"][2]["measured"] == pytest.approx(80)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--with dta=2TB", "'dta' is no parameter of capacity; allowed: data, changes, within; did you mean 'data'?"),
        ("--with data", "'data' gives nothing; write data=2TB"),
        ("--with data=2", "--with data: '2' is no such quantity; write 2TB; units: B, kB, MB"),
        ("--with data=0GB", "'0GB' is no such quantity"),
        ("--with changes=2h", "'2h' is no such quantity; write 2%"),
        ("--with within=6hours", "units: s, min, h, d"),
        ("--trials 5", "--trials: the study capacity has none; leave it out"),
    ],
)
def test_wrong_usage_is_one_message(words: str, said: str, tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "study", "capacity", *words.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.said
