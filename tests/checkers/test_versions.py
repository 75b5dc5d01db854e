from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.history import Copy, Version
from checkers.versions import covers, precedes, rank
from tests.checkers.story import live, marked, tomb

NULL = Copy(Version(1, "A"), dead=False, value=None)
ASCENDING = {
    "incarnation": [
        NULL,
        live(1, ""),
        live(1, "a"),
        live(1, "b"),
        tomb(1),
        live(1, "a", "B"),
        tomb(1, "B"),
        live(2, ""),
    ],
    "cassandra": [NULL, live(1, ""), live(1, "a"), live(1, "a", "B"), live(1, "b"), tomb(1), tomb(1, "B"), live(2, "")],
    "riak": [tomb(1), tomb(1, "B"), NULL, live(1, ""), live(1, "a"), live(1, "a", "B"), live(1, "b"), tomb(2)],
}
VALUES = st.sampled_from([None, "", "a", "é", "\uffff", "\U0001f600"])
COPIES = st.builds(Copy, st.builds(Version, st.integers(1, 2), st.sampled_from("AB")), st.booleans(), VALUES)
TIES = st.sampled_from(sorted(ASCENDING))


@pytest.mark.parametrize("tie", ASCENDING)
def test_ties(tie: str) -> None:
    at_least = covers(tie)
    for low, high in pairwise(ASCENDING[tie]):
        assert rank(tie)(low) < rank(tie)(high)
        assert at_least(high, low)
        assert not at_least(low, high)


@given(TIES, COPIES, COPIES)
def test_covers_is_the_order_of_ranks(tie: str, one: Copy, other: Copy) -> None:
    assert covers(tie)(one, other) == (rank(tie)(one) >= rank(tie)(other))
    assert covers(tie)(one, other) or covers(tie)(other, one)


@given(TIES, COPIES)
def test_a_mark_does_not_move_a_copy(tie: str, copy: Copy) -> None:
    assert rank(tie)(marked(copy)) == rank(tie)(copy)


@given(TIES, COPIES, COPIES)
def test_values_compare_as_bytes(tie: str, one: Copy, other: Copy) -> None:
    twin = Copy(one.version, one.dead, other.value)
    if one.value is not None and twin.value is not None and one.value.encode() < twin.value.encode():
        assert rank(tie)(one) < rank(tie)(twin)


@given(TIES, COPIES, COPIES)
def test_bare_versions_precede_only_where_every_content_does(tie: str, one: Copy, other: Copy) -> None:
    grave = Copy(other.version, dead=True, value=None)
    carried = [Copy(one.version, dead=True, value=None), NULL, live(0, "zz")]
    carried = [Copy(one.version, copy.dead, copy.value) for copy in carried]
    every = all(rank(tie)(copy) < rank(tie)(grave) for copy in carried)
    assert precedes(tie, one.version, other.version) == every


def test_an_unknown_tie_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"unknown tie rule 'coin'.*incarnation, cassandra, riak"):
        rank("coin")
