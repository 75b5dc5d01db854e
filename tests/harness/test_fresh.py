"""Seeds of a commit: plain numbers, the same whenever they are asked for, and others for another commit."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.fresh import drawn, plain
from harness.suite import parse_seeds
from harness.wrong import Wrong
from tests.harness.commands import SIMULATED, nothing_started, urushi, urushi_process

HASHES = st.text("0123456789abcdef", min_size=7, max_size=64)


@given(HASHES, st.integers(1, 60), st.integers(0, 60))
def test_more_of_a_commit_begin_with_the_same(commit: str, count: int, more: int) -> None:
    seeds = drawn(commit, count + more)
    assert seeds[:count] == drawn(commit, count)
    assert len(set(seeds)) == count + more
    assert all(10**8 <= seed < 10**9 for seed in seeds)


@given(HASHES, HASHES)
def test_another_commit_has_others(one: str, other: str) -> None:
    assert (drawn(one, 20) == drawn(other, 20)) == (one == other)


def test_they_are_spread_out() -> None:
    """A thousand of 900 million: by chance no two hundredths of them are nearly empty."""
    hundredths = [(seed - 10**8) // (9 * 10**6) for seed in drawn("3f2a91c0d4e5", 1000)]
    assert len(set(hundredths)) == 100


def test_these_do_not_change() -> None:
    """Who has a red build of last year has its commit."""
    assert drawn("3f2a91c", 3) == [847619246, 113689532, 582068579]


@given(HASHES, st.integers(1, 9), st.lists(st.integers(1, 50), min_size=1, max_size=3))
def test_they_stand_beside_others_and_are_read_as_numbers(commit: str, count: int, fixed: list[int]) -> None:
    before = ",".join(map(str, fixed))
    text = plain(f"{before}, commit:{commit.upper()}:{count} ,7")
    assert re.fullmatch(r"[\d,.]+", text)
    assert parse_seeds(text) == list(dict.fromkeys([*fixed, *drawn(commit, count), 7]))


@given(st.text("0123456789,. x-"))
def test_what_names_no_commit_is_left_alone(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    "part",
    ["commit::25", "commit:abc:25", "commit:abcdef1", "commit:abcdefg:5", "commit:abcdef1:0", "commit:abcdef1:1001"],
)
def test_an_empty_variable_of_the_pipeline_is_refused(part: str, tmp_path: Path) -> None:
    """`commit:$GITHUB_SHA:25` elsewhere than on GitHub must not run the fixed seeds alone, as if all were well."""
    with pytest.raises(Wrong):
        plain(part)
    outcome = urushi(tmp_path, "suite", "calm", "--seeds", f"1,{part}", *SIMULATED)
    assert (outcome.code, nothing_started(tmp_path)) == (2, True)
    assert f"'{part}' gives no seeds of a commit; write commit:HASH:COUNT" in outcome.err


def test_a_suite_says_them_as_numbers(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, "suite", "calm", "--seeds", "4,commit:abcdef1:2", *SIMULATED, "--json")
    first, second = sorted(drawn("abcdef1", 2))
    assert outcome.code == 0, outcome.err
    assert f"seeds 4,{first},{second}\n" in outcome.err
    assert [report["seed"] for report in outcome.document["runs"]] == [4, first, second]
