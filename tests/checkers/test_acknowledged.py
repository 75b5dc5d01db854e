import pytest

from checkers.acknowledged import check
from checkers.history import Outcome
from tests.checkers.story import Story, live, tomb

X, GRAVE = live(2, "x"), tomb(3)


def test_a_power_cut_after_an_acknowledgement_before_the_sync() -> None:
    story = Story()
    story.write(X)
    verdict = check(story.settle().history())
    assert verdict.outcome == "violated"
    assert verdict.violations[0].events == [2, 4, 5, 6]
    assert verdict.reason == (
        'key k: op 1 (c1 through A) was acknowledged its put of "x" v2.A at 1.000 s, and the final state is nothing'
    )


def test_one_replica_is_enough_and_a_newer_write_covers_an_older() -> None:
    for copy in (X, live(3, "y"), tomb(3)):
        story = Story()
        story.write(X)
        story.take("C", copy)
        assert check(story.settle().history()).outcome == "holds"


def test_an_older_write_covers_nothing() -> None:
    story = Story()
    story.write(X)
    story.take("C", live(1, "w"))
    assert check(story.settle().history()).outcome == "violated"


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_what_was_not_acknowledged_may_be_lost(outcome: Outcome) -> None:
    story = Story()
    story.write(X, outcome=outcome)
    verdict = check(story.settle().history())
    assert (verdict.outcome, verdict.checked) == ("holds", 0)


def test_an_acknowledgement_without_a_version_names_nothing_to_keep() -> None:
    story = Story()
    story.back(story.ask("put", "x"))
    verdict = check(story.settle().history())
    assert (verdict.outcome, verdict.checked) == ("holds", 0)


@pytest.mark.parametrize(("time", "outcome"), [(1, "violated"), (3, "holds")])
def test_a_purge_explains_what_it_covers(time: int, outcome: str) -> None:
    story = Story()
    story.write(X)
    story.take("A", tomb(time))
    story.purge("A")
    assert check(story.settle().history()).outcome == outcome


def test_a_purge_explains_only_an_empty_end() -> None:
    story = Story()
    story.write(X)
    story.take("A", GRAVE)
    story.purge("A")
    story.take("B", live(1, "w"))
    assert check(story.settle().history()).outcome == "violated"


def test_a_purge_of_a_live_copy_is_a_loss() -> None:
    story = Story()
    story.write(X, "A")
    story.purge("A")
    assert check(story.settle().history()).outcome == "violated"


def test_a_missing_dump_matters_only_where_the_others_do_not_suffice() -> None:
    story = Story()
    story.write(X, "A", "B")
    assert check(story.settle(without="C").history()).outcome == "holds"
    story = Story()
    story.write(X, "C")
    assert check(story.settle(without="C").history()).outcome == "unknown"
    assert check(story.history()).reason == "key k: no settled dump of C"


def test_a_system_that_reports_no_purges_may_have_purged_what_was_deleted() -> None:
    story = Story(audited=False)
    story.write(X)
    assert check(story.settle().history()).outcome == "violated"
    story.write(GRAVE)
    assert check(story.settle().history()).outcome == "unknown"


def test_the_final_state_is_that_of_the_replicas_that_are_up() -> None:
    for takers, outcome in (("A", "holds"), ("C", "violated"), ("AC", "holds")):
        story = Story()
        story.write(X, *takers)
        story.mend("C")
        assert check(story.settle().history()).outcome == outcome


def test_a_wipe_of_the_last_copy_is_a_loss() -> None:
    for takers, outcome in (("A", "violated"), ("AB", "holds")):
        story = Story()
        story.write(X, *takers)
        story.wipe("A")
        story.start("A")
        assert check(story.settle().history()).outcome == outcome
