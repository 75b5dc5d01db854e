"""The version order against its words, its algebra, and the promise of the clock."""

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from replicas.store.antientropy import brief
from replicas.store.records import Record, Version, record
from replicas.store.settings import Tie
from replicas.store.versions import LastWriterWins
from tests.replicas.store.oracle import compare, covers, latest
from tests.replicas.store.strategies import TIES, VERSIONS, copies

QUICK = settings(deadline=None, max_examples=100)


def order(tie: Tie) -> LastWriterWins:
    return LastWriterWins("r1.1", tie, 0)


def test_the_rules_for_ties_word_by_word() -> None:
    """One example of each sentence; the oracle of the other tests is held to the same words."""
    early, late = Version(1, "r1.1"), Version(2, "r1.1")
    same_time, other = Version(5, "r1.1"), Version(5, "r2.1")
    sentences: list[tuple[list[Tie], Record, Record]] = [
        (["incarnation", "cassandra", "riak"], record("k", late, "a"), record("k", early, "b")),
        (["incarnation", "cassandra", "riak"], record("k", late, "a"), record("k", early, None)),
        (["incarnation", "cassandra", "riak"], record("k", late, None), record("k", early, "a")),
        (["incarnation"], record("k", other, "a"), record("k", same_time, None)),
        (["incarnation"], record("k", other, None), record("k", same_time, "a")),
        (["cassandra"], record("k", same_time, None), record("k", other, "a")),
        (["riak"], record("k", same_time, ""), record("k", other, None)),
        (["cassandra", "riak"], record("k", same_time, "b"), record("k", other, "a")),
        (["cassandra", "riak"], record("k", same_time, "ab"), record("k", other, "a")),
        (["cassandra", "riak"], record("k", other, "a"), record("k", same_time, "a")),
    ]
    for ties, winner, loser in sentences:
        for tie in ties:
            assert order(tie).merge(loser, winner) is winner, (tie, winner, loser)
            assert not order(tie).dominates(loser, winner)
            assert compare(winner, loser, tie) == 1


@QUICK
@given(TIES, copies(), copies())
def test_dominates_is_the_order_of_the_words(tie: Tie, one: Record | None, other: Record | None) -> None:
    assert order(tie).dominates(one, other) == covers(one, other, tie)


@QUICK
@given(TIES, copies(), copies(), copies())
def test_merge_is_a_join(tie: Tie, a: Record | None, b: Record | None, c: Record | None) -> None:
    merge = order(tie).merge
    assert merge(a, a) == a
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == latest([a, b, c], tie)
    assert order(tie).dominates(merge(a, b), a)
    assert order(tie).dominates(merge(a, b), b)


@QUICK
@given(TIES, copies(), copies())
def test_only_equal_copies_dominate_each_other(tie: Tie, a: Record | None, b: Record | None) -> None:
    both = order(tie).dominates(a, b) and order(tie).dominates(b, a)
    assert both == (a == b)


@QUICK
@given(TIES, copies(), copies())
def test_a_glance_never_contradicts_the_order(tie: Tie, mine: Record | None, theirs: Record | None) -> None:
    assume(theirs is not None)
    assert theirs is not None
    glance = order(tie).glance(mine, brief(theirs))
    true = {-1: "older", 0: "same", 1: "newer"}[compare(mine, theirs, tie)]
    assert glance in (true, "unsure")
    assert glance != "unsure" or (mine is not None and mine.version.time == theirs.version.time)


STEPS = st.lists(st.integers(-5, 20) | VERSIONS | st.just("restart"), min_size=1, max_size=30)


@QUICK
@given(TIES, STEPS)
def test_a_clock_only_rises(tie: Tie, steps: list[int | Version | str]) -> None:
    """A number is the wall clock at a mint (it may jump back), a version is one that is observed."""
    clock = LastWriterWins("r1.1", tie, 0)
    seen: list[int] = []
    minted: list[Version] = []
    for step in steps:
        if isinstance(step, Version):
            clock.observe(step)
            seen.append(step.time)
        elif isinstance(step, str):
            clock = LastWriterWins("r1.1", tie, clock.clock)  # as from Meta.clock
        else:
            version = clock.mint(step)
            assert version.by == "r1.1"
            assert version.time >= step
            assert all(version.time > time for time in seen)
            assert clock.minted == version.time <= clock.clock
            seen.append(version.time)
            minted.append(version)
    assert len(set(minted)) == len(minted)


def test_the_clock_follows_the_wall() -> None:
    """Versions are times, and no mere counters: last-writer-wins is by the clock where it can be."""
    clock = LastWriterWins("r1.1", "cassandra", 7)
    assert [clock.mint(wall).time for wall in (100, 100, 50, 200)] == [100, 101, 102, 200]


@pytest.mark.parametrize("tie", ["incarnation", "cassandra", "riak"])
def test_the_order_is_total_on_a_small_world(tie: Tie) -> None:
    """Exhaustive where it is cheap: antisymmetric and transitive over every copy of a small world."""
    versions = [Version(time, by) for time in (1, 2) for by in ("a", "b")]
    world = [None, *(record("k", version, value) for version in versions for value in (None, "", "x"))]
    dominates = order(tie).dominates
    for a, b in product(world, repeat=2):
        assert dominates(a, b) or dominates(b, a)
        assert (a == b) == (dominates(a, b) and dominates(b, a))
    for a, b, c in product(world, repeat=3):
        assert not (dominates(a, b) and dominates(b, c)) or dominates(a, c)
