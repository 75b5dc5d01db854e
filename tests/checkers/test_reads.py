from checkers.history import Copy
from checkers.reads import check
from tests.checkers.story import Story, live, marked, tomb

OLD, NEW = live(1, "old"), live(2, "new")


def read(*copies: Copy | None) -> Story:
    story = Story()
    for copy in copies:
        story.get(copy)
    return story


def test_a_read_that_goes_back() -> None:  # Cassandra 2494, 10726, 14740: a write reached A only
    verdict = check(read(OLD, NEW, OLD).history())
    assert verdict.outcome == "violated"
    assert [violation.events for violation in verdict.violations] == [[4, 6]]
    assert verdict.reason == (
        'key k: op 2 (c1 through A) read "new" v2.A at 3.000 s; later op 3 (c1 through A) read "old" v1.A at 5.000 s'
    )


def test_sessions_and_keys_are_apart() -> None:
    story = Story(keys="kl")
    story.get(NEW)
    story.get(OLD, session="c2")
    story.get(OLD, key="l")
    verdict = check(story.history())
    assert (verdict.outcome, verdict.checked) == ("holds", 3)


def test_what_failed_or_is_unknown_constrains_nothing() -> None:
    for outcome in ("failed", "unknown"):
        story = Story()
        story.back(story.ask("get"), NEW, outcome)
        story.get(OLD)
        assert check(story.history()).outcome == "holds"


def test_a_tombstone_read_is_a_version_like_any_other() -> None:
    assert check(read(OLD, tomb(2)).history()).outcome == "holds"
    assert check(read(tomb(2), OLD).history()).outcome == "violated"


def test_nothing_after_something_needs_a_tombstone_given_up() -> None:
    assert check(read(NEW, None).history()).outcome == "violated"
    for copy, outcome in ((tomb(1), "violated"), (tomb(2), "holds"), (tomb(3), "holds")):
        for purge in (True, False):
            story = read(NEW)
            story.take("B", copy)
            story.purge("B") if purge else story.mark("B")
            story.get(None)
            assert check(story.history()).outcome == outcome


def test_the_highest_tombstone_given_up_before_the_read_counts() -> None:
    story = Story()
    for time in (1, 4, 2):
        story.take("B", tomb(time))
        story.purge("B")
    for time, outcome in ((3, "holds"), (5, "violated")):
        story.get(live(time, "x"), session=f"c{time}")
        story.get(None, session=f"c{time}")
        assert check(story.history()).outcome == outcome


def test_a_purge_counts_up_to_the_return_of_the_read() -> None:
    story = read(NEW)
    story.take("B", tomb(3))
    op = story.ask("get")
    story.purge("B")
    story.back(op)
    assert check(story.history()).outcome == "holds"
    story = read(NEW)
    story.take("B", tomb(3))
    story.get(None)
    story.purge("B")
    assert check(story.history()).outcome == "violated"


def test_a_live_copy_that_was_dropped_is_no_excuse() -> None:
    story = read(NEW)
    story.take("B", NEW)
    story.purge("B")
    story.get(None)
    assert check(story.history()).outcome == "violated"


def test_nothing_in_between_does_not_lower_the_floor() -> None:
    story = read(NEW)
    story.take("B", marked(tomb(2)))
    story.purge("B")
    story.get(None)
    story.get(OLD)
    assert check(story.history()).outcome == "violated"


def test_a_system_that_reports_no_purges_may_have_purged_what_was_deleted() -> None:
    story = Story(audited=False)
    story.get(NEW)
    story.get(None)
    assert check(story.history()).outcome == "violated"  # nobody ever deleted it
    story.write(tomb(3))
    assert check(story.history()).outcome == "unknown"
