from checkers.resurrection import check
from tests.checkers.story import Story, live, rules, tomb

INSTALLED, READ, LEFT = (
    "what was deleted is not installed again",
    "what was purged is not read again",
    "no deleted value at the end",
)
OLD, GRAVE = live(1, "old"), tomb(2)


def deleted(*nodes: str, everywhere: bool = False) -> Story:
    """The value reached all; the delete reached these."""
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(GRAVE, *("ABC" if everywhere else nodes))
    return story


def test_a_hint_replayed_after_the_purge() -> None:  # Cassandra's hint guard, Scylla 23712
    story = deleted(everywhere=True)
    story.purge("A", "B", "C")
    story.take("B", OLD)
    story.get(OLD)
    verdict = check(story.settle().history())
    assert rules(verdict) == sorted([INSTALLED, READ, LEFT])
    installed = next(violation for violation in verdict.violations if violation.rule == INSTALLED)
    assert installed.summary == (
        'key k: B (b1) took ✝ v2.A for "old" v1.A at 7.000 s (write), no older than ✝ v2.A;'
        ' later B (b1) took "old" v1.A at 13.000 s (write)'
    )


def test_a_read_repairs_back_a_value_whose_delete_missed_one() -> None:  # Voldemort, Riak 311
    story = deleted("A", "B")
    story.purge("A", "B")
    story.take("A", OLD, "read repair")
    assert INSTALLED in rules(check(story.history()))


def test_who_never_held_the_tombstone_brings_nothing_back() -> None:
    story = deleted("A", "B")
    story.start("B", "b2")
    story.take("C", OLD, "read repair")  # never deleted there
    story.take("B", OLD, "anti-entropy")  # wiped
    story.take("A", None, "corrupt")  # damaged, as good as wiped
    story.take("A", OLD, "anti-entropy")
    assert check(story.settle(without="ABC").history()).outcome == "unknown"
    for node in "ABC":
        story.take(node, tomb(2), "anti-entropy")
    assert check(story.settle().history()).outcome == "holds"


def test_a_newer_value_stands_for_the_tombstones_below_it() -> None:
    story = Story()
    story.take("B", tomb(2))
    story.take("A", live(3, "new"))
    story.take("A", live(1, "old"))
    assert INSTALLED in rules(check(story.history()))


def test_going_back_without_a_tombstone_between_is_no_resurrection() -> None:
    story = Story()
    story.take("B", tomb(1))
    story.take("A", live(3, "new"))
    story.take("A", live(2, "old"))
    assert check(story.settle().history()).outcome == "holds"


def test_version_order_counts_and_not_client_time() -> None:
    story = Story()
    story.write(GRAVE, "A", "B", "C")
    story.write(live(3, "later version"), "A", "B", "C")
    assert check(story.settle().history()).outcome == "holds"


def test_a_read_counts_if_it_began_after_the_purge() -> None:
    story = deleted(everywhere=True)
    op = story.ask("get")
    story.purge("A", "B", "C")
    story.back(op, OLD)
    assert check(story.settle().history()).outcome == "holds"
    story.get(live(3, "newer"))
    assert check(story.settle().history()).outcome == "holds"
    story.get(OLD)
    assert rules(check(story.settle().history())) == [READ]


def test_a_read_of_the_old_before_any_purge_is_only_stale() -> None:
    story = deleted("A", "B")
    story.get(OLD)
    story.take("C", GRAVE)
    assert check(story.settle().history()).outcome == "holds"


def test_the_end_is_judged_by_the_highest_copy() -> None:
    assert check(deleted("A").settle().history()).outcome == "holds"  # not converged, yet not resurrected
    assert check(deleted("A").settle(without="A").history()).outcome == "unknown"
    assert check(deleted("A").settle(without="C").history()).outcome == "holds"


def test_a_delete_that_was_acknowledged_and_never_held() -> None:
    assert rules(check(deleted().settle().history())) == [LEFT]
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(GRAVE, outcome="unknown")
    assert check(story.settle().history()).outcome == "holds"


def test_without_a_tombstone_nothing_was_checked() -> None:
    story = Story()
    story.write(OLD, "A")
    verdict = check(story.history())
    assert (verdict.outcome, verdict.checked) == ("holds", 0)


def test_a_delete_that_was_never_acknowledged_may_go_with_its_only_disk() -> None:
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(GRAVE, "C", outcome="unknown")
    story.mend("C")
    assert check(story.settle().history()).outcome == "holds"
    for wiped, outcome in (("C", "holds"), ("", "violated")):
        story = Story()
        story.write(OLD, "A", "B", "C")
        story.write(GRAVE, "C", outcome="unknown")
        story.wipe(*wiped)
        story.held[story.incarnations["C"]]["k"] = OLD
        assert check(story.settle().history()).outcome == outcome


def test_a_delete_that_was_acknowledged_or_purged_may_not_go_with_its_disk() -> None:
    story = deleted("C")
    story.wipe("C")
    assert rules(check(story.settle().history())) == [LEFT]
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(GRAVE, "C", outcome="unknown")
    story.purge("C")
    story.wipe("C")
    assert rules(check(story.settle().history())) == [LEFT]


def test_a_tombstone_that_was_damaged_never_took_effect() -> None:
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(GRAVE, "C", outcome="unknown")
    story.take("C", None, "corrupt")
    story.take("C", OLD, "anti-entropy")
    assert check(story.settle().history()).outcome == "holds"


def test_the_end_is_that_of_the_replicas_that_are_up() -> None:
    for down, outcome in (("C", "violated"), ("B", "holds")):
        story = deleted("C")
        story.mend(down)
        assert check(story.settle().history()).outcome == outcome


def test_a_wiped_replica_is_no_excuse_for_what_is_read_after_a_purge() -> None:
    story = deleted(everywhere=True)
    story.wipe("C")
    story.purge("A", "B")
    story.start("C")
    story.take("C", OLD, "hinted handoff")
    story.get(OLD)
    assert rules(check(story.settle().history())) == sorted([READ, LEFT])
