"""Read your writes, monotonic writes, writes follow reads: each by itself, by the order of versions."""

import pytest

from checkers import own_writes, reads, write_order, writes_after_reads
from checkers.history import Copy
from checkers.verdict import Verdict
from tests.checkers.story import Story, live, marked, rules, tomb

OLD, X, NEW = live(1, "old"), live(2, "x"), live(3, "new")
CHECKS = (own_writes.check, reads.check, write_order.check, writes_after_reads.check)


def outcomes(story: Story) -> list[str]:
    return [check(story.history()).outcome for check in CHECKS]


def own(*copies: Copy | None, wrote: Copy = X) -> Verdict:
    story = Story()
    story.write(wrote)
    for copy in copies:
        story.get(copy)
    return own_writes.check(story.history())


def test_a_session_that_does_not_see_its_own_write() -> None:
    verdict = own(OLD)
    assert rules(verdict) == ["a read returns nothing older than what its own session had written before"]
    assert verdict.violations[0].events == [2, 3, 4]
    assert verdict.reason == (
        'key k: op 1 (c1 through A) was acknowledged its put of "x" v2.A at 1.000 s;'
        ' later op 2 (c1 through A) read "old" v1.A at 3.000 s'
    )


def test_a_session_that_sees_its_write_or_what_is_newer() -> None:
    assert (own(X, NEW, X).outcome, own(X, NEW, X).checked) == ("holds", 3)  # to go back is another matter
    assert own(tomb(2, "B")).outcome == "holds"


def test_a_session_that_finds_nothing_where_it_wrote() -> None:
    assert own(None).outcome == "violated"
    for copy, outcome in ((tomb(1), "violated"), (tomb(2), "holds"), (marked(tomb(3)), "holds")):
        story = Story()
        story.write(X)
        story.take("B", copy)
        story.purge("B")
        story.get(None)
        assert own_writes.check(story.history()).outcome == outcome


def test_a_purge_that_nobody_reports() -> None:
    story = Story(audited=False)
    story.write(X)
    story.get(None)
    assert own_writes.check(story.history()).outcome == "violated"  # nobody ever deleted it
    story.ask("delete", session="c2")
    assert own_writes.check(story.history()).outcome == "unknown"


@pytest.mark.parametrize("wrote", [live(2, "y"), tomb(2)])
def test_a_session_whose_later_write_is_older(wrote: Copy) -> None:
    story = Story()
    story.write(NEW)
    story.write(wrote)
    story.write(live(4, "z"))
    verdict = write_order.check(story.history())
    assert rules(verdict) == ["a write is newer than what its own session had written before"]
    assert [violation.events for violation in verdict.violations] == [[2, 4]]
    assert verdict.checked == 2
    assert outcomes(story) == ["holds", "holds", "violated", "holds"]


def test_the_newest_that_a_session_has_written_counts_and_not_the_last() -> None:
    story = Story()
    for copy in (NEW, OLD, X):
        story.write(copy)
    assert [violation.events for violation in write_order.check(story.history()).violations] == [[2, 4], [2, 6]]


def test_a_session_whose_write_is_older_than_what_it_had_read() -> None:
    story = Story()
    story.get(NEW)
    story.write(X)
    verdict = writes_after_reads.check(story.history())
    assert rules(verdict) == ["a write is newer than what its session had read before"]
    assert verdict.violations[0].events == [2, 4]
    assert verdict.reason == (
        'key k: op 1 (c1 through A) read "new" v3.A at 1.000 s;'
        ' later op 2 (c1 through A) was acknowledged its put of "x" v2.A at 3.000 s'
    )
    assert outcomes(story) == ["holds", "holds", "holds", "violated"]


def test_a_tombstone_that_was_read_counts_and_nothing_does_not() -> None:
    for copy, outcome in ((tomb(3), "violated"), (None, "holds")):
        story = Story()
        story.get(copy)
        story.write(X)
        assert writes_after_reads.check(story.history()).outcome == outcome


def test_each_guarantee_is_broken_by_itself() -> None:
    story = Story()
    story.get(NEW)
    story.get(X)
    assert outcomes(story) == ["holds", "violated", "holds", "holds"]
    story = Story()
    story.write(X)
    story.get(OLD)
    assert outcomes(story) == ["violated", "holds", "holds", "holds"]


def test_other_sessions_other_keys_and_other_outcomes_say_nothing() -> None:
    for session, key in (("c2", "k"), ("c1", "l")):
        story = Story(keys="kl")
        story.write(NEW)
        story.get(NEW)
        story.write(X, session=session, key=key)
        story.get(OLD, session=session, key=key)
        assert outcomes(story) == ["violated", "holds", "holds", "holds"]  # of what was written last
    for outcome in ("unknown", "failed"):
        story = Story()
        story.back(story.ask("put", "new"), NEW, outcome)
        story.back(story.ask("get"), NEW, outcome)
        story.write(X)
        assert outcomes(story) == ["holds"] * 4
        assert [check(story.history()).checked for check in CHECKS] == [0] * 4


@pytest.mark.parametrize("seen", [NEW, OLD])
def test_what_was_under_way_when_the_next_began_says_nothing(seen: Copy) -> None:
    story = Story()
    first, second = story.ask("put", "new"), story.ask("get")
    third = story.ask("put", "x")
    for op, copy in ((first, NEW), (second, seen), (third, X)):
        story.back(op, copy)
    assert outcomes(story) == ["holds"] * 4
