"""Seeds of tests: the same everywhere, different from each other."""

from hypothesis import given
from hypothesis import strategies as st

from harness.testing import seeds


def test_they_are_what_they_were() -> None:
    """A seed in an old report must still be that of the test."""
    assert seeds.of_test(1, "tests/test_x.py::test_y", 3) == [2489998945, 2206937605, 2995689101]


@given(st.integers(0, 10**18), st.text(), st.integers(1, 50))
def test_more_of_them_begin_with_the_same_ones(session: int, name: str, many: int) -> None:
    fewer, more = seeds.of_test(session, name, many), seeds.of_test(session, name, many + 7)
    assert more[:many] == fewer
    assert len(set(more)) == many + 7


def test_each_session_and_each_test_has_its_own() -> None:
    of_each = [seeds.of_test(session, name, 1)[0] for session in (1, 2) for name in ("a", "b")]
    assert len(set(of_each)) == 4
