from checkers.fresh import check
from checkers.history import Copy, Outcome
from tests.checkers.story import Story, live, marked, rules, tomb

OLD, X, NEW = live(1, "old"), live(2, "x"), live(3, "new")


def wrote(copy: Copy = X, outcome: Outcome = "ok") -> Story:
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(copy, outcome=outcome)
    return story


def test_a_read_of_what_is_older_than_an_acknowledged_write() -> None:
    story = wrote()
    story.get(OLD, session="c2")
    verdict = check(story.history())
    assert rules(verdict) == ["a read returns nothing older than what was acknowledged before it began"]
    assert verdict.violations[0].events == [7, 8, 9]
    assert verdict.reason == (
        'key k: op 2 (c1 through A) was acknowledged its put of "x" v2.A at 6.000 s;'
        ' later op 3 (c2 through A) read "old" v1.A at 8.000 s'
    )


def test_the_write_itself_and_what_dominates_it_may_be_read() -> None:
    for copy in (X, NEW, tomb(3)):
        story = wrote()
        story.get(copy)
        verdict = check(story.history())
        assert (verdict.outcome, verdict.checked) == ("holds", 1)


def test_a_delete_counts_like_a_put() -> None:
    story = wrote(tomb(2))
    story.get(OLD)
    assert check(story.history()).outcome == "violated"


def test_only_what_was_acknowledged_counts() -> None:
    for outcome in ("unknown", "failed"):
        story = wrote(outcome=outcome)
        story.get(OLD)
        assert check(story.history()).outcome == "holds"


def test_only_what_was_acknowledged_before_the_read_began() -> None:
    story = wrote()
    op = story.ask("get")
    story.write(NEW, "A", "B", "C")
    story.back(op, X)
    assert check(story.history()).outcome == "holds"
    story.get(X)
    assert check(story.history()).outcome == "violated"


def test_the_highest_that_was_acknowledged_counts_and_not_the_last() -> None:
    story = wrote(NEW)
    story.write(X)
    story.get(X)
    verdict = check(story.history())
    assert verdict.outcome == "violated"
    assert "op 2" in verdict.reason


def test_nothing_needs_a_tombstone_given_up_by_the_end_of_the_read() -> None:
    story = wrote()
    story.get(None)
    assert check(story.history()).outcome == "violated"
    for copy, outcome in ((tomb(1), "violated"), (tomb(2), "holds"), (marked(tomb(3)), "holds")):
        for purge in (True, False):
            story = wrote()
            story.take("B", copy)
            op = story.ask("get")
            story.purge("B") if purge else story.mark("B")
            story.back(op)
            assert check(story.history()).outcome == outcome
            story = wrote()
            story.take("B", copy)
            story.get(None)
            story.purge("B") if purge else story.mark("B")
            assert check(story.history()).outcome == "violated"


def test_what_was_buried_and_purged_is_no_excuse_for_an_older_value() -> None:
    story = wrote()
    story.write(tomb(4), "A", "B", "C")
    story.purge("A", "B", "C")
    story.get(None)
    assert check(story.history()).outcome == "holds"
    story.get(X)
    assert check(story.history()).outcome == "violated"


def test_a_wipe_is_no_excuse() -> None:
    story = Story()
    story.write(X, "A")
    story.wipe("A")
    story.get(None)
    assert check(story.history()).outcome == "violated"


def test_other_keys_and_unversioned_answers_say_nothing() -> None:
    story = wrote()
    story.get(None, key="l")
    story.back(story.ask("put", "y"))
    op = story.ask("get")
    story.back(op)
    story.events[-1].value = "y"  # type: ignore[union-attr]
    verdict = check(story.history())
    assert (verdict.outcome, verdict.checked) == ("holds", 0)


def test_a_system_that_reports_no_purges_may_have_purged_what_was_deleted() -> None:
    story = Story(audited=False)
    story.write(X)
    story.get(None)
    assert check(story.history()).outcome == "violated"  # nobody ever deleted it
    story.ask("delete")
    assert check(story.history()).outcome == "unknown"
    story.get(OLD)
    assert check(story.history()).outcome == "violated"
