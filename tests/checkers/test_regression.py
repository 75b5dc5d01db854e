import pytest

from checkers.regression import check
from tests.checkers.story import Story, live, marked, rules, tomb

OLDER, DROPPED, ONE = (
    "no state is older than one held before",
    "only tombstones are dropped, by a purge",
    "one version, one content",
)


def test_a_stale_repair_overwrites_a_newer_put() -> None:  # Olric
    story = Story()
    story.take("A", live(1, "x"))
    story.take("A", live(2, "y"))
    story.take("A", live(1, "x"), "read repair")
    verdict = check(story.history())
    assert rules(verdict) == [OLDER]
    assert verdict.violations[0].events == [2, 3]
    assert verdict.reason == (
        'key k: A (a1) took "y" v2.A for "x" v1.A at 1.000 s (write); '
        'later A (a1) took "x" v1.A for "y" v2.A at 2.000 s (read repair)'
    )


def test_a_restart_keeps_the_floor_and_a_wipe_does_not() -> None:
    for incarnation, outcome in (("a1", "violated"), ("a2", "holds")):
        story = Story()
        story.take("A", live(2, "y"))
        story.start("A", incarnation)
        story.take("A", live(1, "x"))
        assert check(story.history()).outcome == outcome
    story = Story()
    story.take("A", live(2, "y"))
    story.wipe("A")
    story.start("A")
    story.take("A", live(1, "x"), "bootstrap")
    assert check(story.history()).outcome == "holds"
    story.take("A", live(0, "w"), "bootstrap")
    assert rules(check(story.history())) == [OLDER]


def test_other_nodes_and_keys_have_floors_of_their_own() -> None:
    story = Story(keys="kl")
    story.take("A", live(2, "y"))
    story.take("B", live(1, "x"))
    story.take("A", live(1, "x"), key="l")
    assert check(story.history()).outcome == "holds"


@pytest.mark.parametrize(("late", "outcome"), [(1, "violated"), (2, "holds"), (3, "holds")])
def test_a_purge_leaves_a_floor(late: int, outcome: str) -> None:
    story = Story()
    story.take("A", tomb(2))
    story.mark("A")
    story.purge("A")
    story.take("A", tomb(late))
    assert check(story.history()).outcome == outcome


def test_a_damaged_copy_takes_its_floor_with_it() -> None:
    story = Story()
    story.take("A", live(2, "y"))
    story.take("A", None, "corrupt")
    story.take("A", live(1, "x"), "anti-entropy")
    assert check(story.history()).outcome == "holds"
    story.take("A", live(0, "w"), "anti-entropy")
    assert rules(check(story.history())) == [OLDER]


def test_a_damaged_copy_is_no_witness_of_its_version() -> None:
    story = Story()
    story.take("A", live(2, "rot"))
    story.take("A", None, "corrupt")
    story.take("A", live(2, "y"), "anti-entropy")
    assert check(story.history()).outcome == "holds"


def test_a_live_copy_is_never_dropped() -> None:
    for cause in ("purge", "write"):
        story = Story()
        story.take("A", live(1, "x"))
        story.take("A", None, cause)
        assert rules(check(story.history())) == [DROPPED]


def test_a_tombstone_is_dropped_only_by_a_purge() -> None:
    story = Story()
    story.take("A", tomb(1))
    story.take("A", None, "anti-entropy")
    assert rules(check(story.history())) == [DROPPED]


def test_one_version_has_one_content() -> None:  # Dynomite: equal timestamps, by arrival
    story = Story(tie="cassandra")
    story.take("A", live(1, "x"))
    story.take("A", live(1, "y"))
    assert rules(check(story.history())) == [ONE]


def test_an_equal_version_is_recognised_past_another_of_its_time() -> None:
    story = Story(tie="cassandra")
    for copy in (live(1, "x", "A"), live(1, "y", "B"), live(1, "z", "A")):
        story.take("A", copy)
    assert rules(check(story.history())) == [ONE]


@pytest.mark.parametrize(("tie", "outcome"), [("cassandra", "violated"), ("riak", "holds"), ("incarnation", "holds")])
def test_equal_times_are_ordered_by_the_tie_rule(tie: str, outcome: str) -> None:
    story = Story(tie=tie)
    story.take("A", tomb(1, "A"))
    story.take("A", live(1, "x", "B"))
    assert check(story.history()).outcome == outcome


def test_a_mark_keeps_the_version() -> None:
    story = Story()
    story.take("A", tomb(1))
    story.take("A", marked(tomb(2)), "purgeable")
    assert rules(check(story.history())) == ["a purgeable mark keeps the version"]


@pytest.mark.parametrize(("batch", "outcome"), [(6, "violated"), (7, "holds"), (8, "holds")])
def test_a_database_behind_its_marker_lost_durable_commits(batch: int, outcome: str) -> None:
    story = Story()
    story.start("A", batch=batch, committed=7)
    assert check(story.history()).outcome == outcome


def test_without_an_audit_nothing_is_known() -> None:
    assert check(Story(audited=False).history()).outcome == "unknown"
