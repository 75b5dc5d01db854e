"""Divergence against its definition, and by hand."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings

from checkers import divergence
from checkers.divergence import Stretch
from checkers.history import Copy, History, Life
from checkers.statistics import quantiles
from tests.checkers.measuring import divergent
from tests.checkers.story import SECOND, Story, live, tomb
from tests.checkers.strategies import histories


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_it_agrees_with_its_definition(history: History) -> None:
    measured, expected = divergence.measure(history), divergent(history)
    if not history.header.audited:
        assert measured is None
        return
    assert measured is not None
    stretches = divergence.stretches(history)
    found = {key: sum(each.end - each.start for each in stretches.get(key, [])) for key in expected}
    assert found == expected
    assert measured.times == quantiles(list(expected.values()))
    assert measured.differed == sum(time > 0 for time in expected.values())
    assert measured.worst_key is None or expected[measured.worst_key] == max(expected.values())
    for of_key in stretches.values():
        assert all(one.end <= other.start for one, other in pairwise(of_key))


def spans(story: Story) -> list[tuple[int, int]]:
    stretches = divergence.stretches(story.history()).get("k", [])
    return [(each.start // SECOND, each.end // SECOND) for each in stretches]


def test_from_the_first_replica_that_holds_it_to_the_last() -> None:
    story = Story()
    for node in "ABC":
        story.take(node, live(1, "a"))
    story.now += 5 * SECOND
    story.take("A", live(2, "b"))
    assert spans(story) == [(0, 2)]
    measured = divergence.measure(story.history())
    assert measured is not None
    assert (measured.keys, measured.worst_key, measured.open, measured.longest_ns) == (1, "k", 1, 2 * SECOND)


def test_a_node_that_is_down_differs_from_nobody() -> None:
    story = Story()
    for node in "AB":
        story.take(node, live(1, "a"))
    story.add(Life(at=story.now, node="C", incarnation="c1", what="killed"))  # at 2
    story.now += SECOND
    story.start("C")  # at 4
    story.take("C", live(1, "a"))
    assert spans(story) == [(0, 2), (4, 5)]


def test_a_disk_that_is_lost_holds_nothing() -> None:
    story = Story()
    for node in "ABC":
        story.take(node, live(1, "a"))  # the last at 2
    story.wipe("C")  # at 3
    story.start("C", "c2")  # at 4
    story.take("C", live(1, "a"), "bootstrap")  # at 5
    assert spans(story) == [(0, 2), (4, 5)]


def test_a_purgeable_tombstone_is_the_same_as_nothing() -> None:
    story = Story()
    dead: Copy = tomb(1)
    for node in "ABC":
        story.take(node, dead)  # the last at 2
    story.mark("A", "B", "C")  # 3 to 5
    story.purge("B", "A", "C")
    assert spans(story) == [(0, 2), (3, 5)]
    assert Stretch(3 * SECOND, 5 * SECOND) in divergence.stretches(story.history())["k"]
