import pytest

from checkers.history import Cause, Copy
from checkers.purge import check
from tests.checkers.story import SECOND, Story, live, rules, tomb

PAST, LATE = (
    "a tombstone is purged only when every replica holds it or what dominates it",
    "a tombstone is purged only when no older message can be accepted any more",
)
KEPT = "a tombstone is purged only when no hint or page has anything older"
GRAVE = tomb(5, "B")


def held(
    a: Copy | None, b: Copy | None, c: Copy | None, *, tie: str = "incarnation", lifetime: int | None = None
) -> Story:
    story = Story(tie=tie, lifetime=lifetime)
    for node, copy in zip("ABC", (a, b, c), strict=True):
        if copy is not None:
            story.take(node, copy)
    return story


def test_a_replica_that_missed_the_delete() -> None:  # the grace was shorter than the outage
    story = held(GRAVE, GRAVE, live(1, "x"))
    story.purge("A")
    verdict = check(story.history())
    assert rules(verdict) == [PAST]
    assert verdict.violations[0].events == [3, 4]
    assert verdict.reason == ('key k: A (a1) purged ✝ v5.B at 3.000 s (purge) while C (c1) held "x" v1.A')


def test_all_hold_it_or_something_newer_or_have_purged_it() -> None:
    story = held(GRAVE, GRAVE, live(6, "newer"))
    story.purge("A", "B")
    verdict = check(story.history())
    assert (verdict.outcome, verdict.checked) == ("holds", 2)


def test_who_never_started_holds_nothing() -> None:
    story = held(GRAVE, GRAVE, None)
    story.purge("A")
    assert rules(check(story.history())) == [PAST]


def test_a_wiped_replica_that_holds_nothing_is_not_behind() -> None:
    story = held(GRAVE, GRAVE, live(1, "x"))
    story.wipe("C")
    story.purge("A")  # nothing has started on C yet
    story.start("C")
    story.purge("B")
    assert check(story.history()).outcome == "holds"


def test_a_wiped_replica_that_holds_something_older_is_behind() -> None:
    for copy, outcome in ((live(1, "x"), "violated"), (tomb(4), "violated"), (GRAVE, "holds"), (tomb(6), "holds")):
        story = held(GRAVE, GRAVE, GRAVE)
        story.wipe("C")
        story.start("C")
        story.take("C", copy, "bootstrap")
        story.purge("A")
        verdict = check(story.history())
        assert verdict.outcome == outcome
        assert outcome == "holds" or "while C (c2) held" in verdict.reason


def test_a_new_incarnation_is_a_wipe_that_nobody_recorded() -> None:
    for incarnation, outcome in (("c1", "violated"), ("c2", "holds")):
        story = held(GRAVE, GRAVE, live(1, "x"))
        story.start("C", incarnation)
        story.purge("A")
        assert check(story.history()).outcome == outcome


def test_a_first_disk_that_never_had_the_key_missed_the_delete() -> None:
    story = held(GRAVE, GRAVE, None)
    story.start("C", "c1")
    story.purge("A")
    assert rules(check(story.history())) == [PAST]


def test_a_damaged_copy_that_was_discarded_leaves_nothing_older() -> None:
    story = held(GRAVE, GRAVE, GRAVE)
    story.take("C", None, "corrupt")
    story.purge("A")
    assert check(story.history()).outcome == "holds"
    story.take("C", live(1, "x"), "anti-entropy")
    story.purge("B")
    assert rules(check(story.history())) == [PAST]


@pytest.mark.parametrize("cause", ["hinted handoff", "bootstrap"])
def test_a_hint_or_a_page_that_outlives_the_purge(cause: Cause) -> None:  # Cassandra's hint guard, Scylla 23712
    for copy, outcome in ((live(4, "x"), "violated"), (GRAVE, "holds"), (live(6, "y"), "holds")):
        story = held(GRAVE, GRAVE, GRAVE)
        story.wipe("C")
        story.purge("A")
        story.take("C", copy, cause)
        verdict = check(story.history())
        assert verdict.outcome == outcome
        if outcome == "violated":
            assert rules(verdict) == [KEPT]
            assert verdict.violations[0].events == [5, 6]


def test_a_hint_that_was_replayed_before_the_purge() -> None:
    story = held(GRAVE, GRAVE, None)
    story.take("C", live(4, "x"), "hinted handoff")
    story.take("C", GRAVE, "hinted handoff")
    story.purge("A")
    assert check(story.history()).outcome == "holds"


def test_only_replicas_of_the_key_must_be_past_it() -> None:
    story = held(GRAVE, GRAVE, None)
    story.header.replicas["k"] = ["A", "B"]
    story.purge("A")
    assert check(story.history()).outcome == "holds"


def under_way(
    message: Copy, *, took: int | None = 5, age: int = 0, lifetime: int | None = None, tie: str = "riak"
) -> Story:
    """The message leaves, then A purges one second later."""
    story = held(GRAVE, GRAVE, GRAVE, tie=tie, lifetime=lifetime)
    story.message(message, took=took, age=age)
    story.purge("A")
    return story


def test_an_older_message_in_flight() -> None:
    verdict = check(under_way(live(4, "x")).history())
    assert rules(verdict) == [LATE]
    assert verdict.violations[0].events == [4, 5]
    assert "message m3 (store, op 1) carried v4.A from C to A, sent at 3.000 s, received at 8.000 s" in verdict.reason


def test_a_message_that_only_names_a_tombstone_brings_nothing_back() -> None:
    for kind, outcome in (("store", "violated"), ("fetched", "violated"), ("confirmed", "holds"), ("mark", "holds")):
        story = held(GRAVE, GRAVE, GRAVE)
        story.message(tomb(4), took=5, kind=kind)
        story.purge("A")
        assert check(story.history()).outcome == outcome


@pytest.mark.parametrize("took", [None, 0, 1])
def test_a_message_lost_or_received_before_the_purge(took: int | None) -> None:
    assert check(under_way(live(4, "x"), took=took).history()).outcome == "holds"


def test_a_message_sent_after_the_purge() -> None:
    story = under_way(GRAVE)
    story.message(live(4, "x"))
    assert check(story.history()).outcome == "holds"


@pytest.mark.parametrize(("age", "outcome"), [(0, "violated"), (1, "violated"), (2, "holds")])
def test_a_message_is_refused_by_the_age_of_what_it_knows(age: int, outcome: str) -> None:
    assert check(under_way(live(4, "x"), age=age, lifetime=6 * SECOND).history()).outcome == outcome


def test_what_was_taken_was_not_refused() -> None:  # by a receiver whose clock lags
    story = under_way(live(4, "x"), age=2, lifetime=6 * SECOND)
    story.take("A", live(4, "x"), "anti-entropy", message="m3")
    assert LATE in rules(check(story.history()))


def test_messages_of_other_keys_and_newer_ones_do_no_harm() -> None:
    story = held(GRAVE, GRAVE, GRAVE)
    story.message(live(4, "x"), took=9, key="l")
    story.message(live(6, "x"), took=9)
    story.message(GRAVE, took=9)
    story.purge("A")
    assert check(story.history()).outcome == "holds"


@pytest.mark.parametrize(
    ("tie", "by", "outcome"),
    [
        ("incarnation", "A", "violated"), ("incarnation", "C", "holds"),
        ("cassandra", "A", "violated"), ("cassandra", "C", "holds"),
        ("riak", "A", "holds"), ("riak", "C", "holds"),
    ],
)  # fmt: skip
def test_an_equal_time_counts_only_where_it_is_certainly_older(tie: str, by: str, outcome: str) -> None:
    assert check(under_way(live(5, "x", by), tie=tie).history()).outcome == outcome


def test_a_later_purge_of_something_newer_is_found_behind_an_older_one() -> None:
    story = held(tomb(3), tomb(3), tomb(3))
    story.message(live(4, "x"), took=9)
    story.purge("A")
    for node in "ABC":
        story.take(node, GRAVE)
    story.purge("A")
    assert rules(check(story.history())) == [LATE]


def test_without_an_audit_nothing_is_known() -> None:
    assert check(Story(audited=False).history()).outcome == "unknown"
