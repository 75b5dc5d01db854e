import pytest

from checkers.convergence import check
from checkers.history import Cause, Copy
from tests.checkers.story import Story, live, marked, rules, tomb

SAME, STAYS, QUIET = (
    "when settled, all replicas of a key hold the same",
    "settled state stays",
    "no repair once settled",
)


def held(**copies: Copy | None) -> Story:
    """A story of what each node took for key k."""
    story = Story()
    for node, copy in copies.items():
        story.take(node, copy)
    return story


def test_a_node_that_missed_a_write_and_never_catches_up() -> None:  # Dynomite 311, 552, 677
    history = held(A=live(1, "x"), B=live(1, "x")).settle().end()
    verdict = check(history)
    assert rules(verdict) == [SAME]
    assert verdict.reason == (
        'key k: its replicas differ when settled at 3.000 s: A holds "x" v1.A, B holds "x" v1.A, C holds nothing'
    )
    assert verdict.violations[0].events == [4, 5, 6]


def test_a_digest_that_omits_tombstones() -> None:  # Cassandra 6863
    assert rules(check(held(A=tomb(2), B=live(1, "x"), C=tomb(2)).settle().end())) == [SAME]


def test_equal_versions_in_opposite_arrival_order() -> None:  # Dynomite
    assert rules(check(held(A=live(1, "x"), B=live(1, "y"), C=live(1, "x")).settle().end())) == [SAME]


def test_a_purgeable_tombstone_is_the_same_as_nothing() -> None:
    assert check(held(A=marked(tomb(2)), B=None).settle().end()).outcome == "holds"
    assert rules(check(held(A=tomb(2), B=None).settle().end())) == [SAME]


def test_a_key_that_nobody_placed_belongs_to_every_node() -> None:
    story = held(A=live(1, "x"), B=live(1, "x"), C=live(1, "x"))
    story.take("A", live(1, "y"), key="unplaced")
    assert check(story.settle().end()).violations[0].key == "unplaced"


def test_only_replicas_of_a_key_count() -> None:
    story = held(A=live(1, "x"), B=live(1, "x"), C=tomb(3))
    story.header.replicas["k"] = ["A", "B"]
    assert check(story.settle().end()).outcome == "holds"


def test_what_did_not_settle_says_why() -> None:
    verdict = check(held().settle("k differs on B").end())
    assert verdict.outcome == "violated"
    assert "k differs on B" in verdict.reason


@pytest.mark.parametrize("cause", ["write", "read repair", "hinted handoff", "anti-entropy", "bootstrap", "corrupt"])
def test_a_repair_after_settling_counts_even_where_dumps_agree(cause: Cause) -> None:
    story = held(A=live(1, "x"), B=live(1, "x"), C=live(1, "x")).settle()
    story.take("B", live(1, "x"), cause)
    assert rules(check(story.end())) == [QUIET]


def test_state_that_moves_in_the_round_after() -> None:
    story = held(A=live(1, "x"), B=live(1, "x"), C=live(1, "x")).settle()
    for node in "ABC":
        story.take(node, live(2, "y"), "read repair")
    assert rules(check(story.end())) == sorted([QUIET, STAYS])


def test_purges_may_go_on_and_writes_may_follow_the_end() -> None:
    story = held(A=tomb(1), B=tomb(1), C=tomb(1))
    story.mark("A", "B", "C")
    story.settle()
    story.purge("A", "C")
    story.end()
    story.take("A", live(9, "z"))
    assert check(story.history()).outcome == "holds"


def test_the_last_dump_of_a_node_counts() -> None:
    story = held(A=live(1, "x"), B=live(1, "x")).dump()
    story.take("C", live(1, "x"), "anti-entropy")
    assert check(story.settle().end()).outcome == "holds"


def test_what_cannot_be_known() -> None:
    assert check(Story().history()).outcome == "unknown"
    verdict = check(held(A=live(1, "x")).settle(without="BC").end())
    assert (verdict.outcome, verdict.reason) == ("unknown", 'no dump "settled" of B, C')
    verdict = check(held().settle().history())
    assert (verdict.outcome, verdict.reason) == ("unknown", 'no dump "one round later" of A, B, C')


def test_nodes_that_stay_down_are_no_part_of_it() -> None:
    for down, outcome in (("C", "holds"), ("A", "violated"), ("", "violated"), ("ABC", "holds")):
        story = held(A=live(1, "x"), B=live(1, "x"), C=tomb(3))
        story.mend(down)
        assert check(story.settle().end()).outcome == outcome


def test_a_node_that_is_down_and_still_answers_counts_for_nothing() -> None:
    story = held(A=live(1, "x"), B=live(1, "x"), C=tomb(3))
    story.mend("C")
    story.down = []
    assert check(story.settle().end()).outcome == "holds"


def test_a_node_that_should_be_up_must_have_its_dumps() -> None:
    story = held(A=live(1, "x"), B=live(1, "x"), C=live(1, "x"))
    story.mend("C")
    verdict = check(story.settle(without="B").end())
    assert (verdict.outcome, verdict.reason) == ("unknown", 'no dump "settled" of B')


def test_a_wiped_replica_must_be_filled_again() -> None:
    for filled, outcome in ((True, "holds"), (False, "violated")):
        story = held(A=live(1, "x"), B=live(1, "x"), C=live(1, "x"))
        story.wipe("C")
        story.start("C")
        if filled:
            story.take("C", live(1, "x"), "bootstrap")
        assert check(story.settle().end()).outcome == outcome


def test_a_difference_that_was_seen_outweighs_a_missing_dump() -> None:
    assert rules(check(held(A=live(1, "x")).settle(without="C").end())) == [SAME]


def test_every_key_counts_as_checked() -> None:
    assert check(Story(keys="klm").settle().end()).checked == 3
