"""Tombstones reaped, by hand; random histories are with all the other checkers in test_oracles.py."""

import pytest

from checkers import reaping
from tests.checkers.story import Story, live, marked, rules, tomb


def deleted() -> Story:
    story = Story()
    story.write(live(1, "a"), "A", "B", "C")
    story.write(tomb(2), "A", "B", "C")
    return story


def test_a_tombstone_that_is_left_is_named() -> None:
    story = deleted()
    story.purge("A", "C")
    verdict = reaping.check(story.settle().history())
    assert rules(verdict) == ["no tombstone is left when all have settled"]
    assert verdict.violations[0].key == "k"
    assert "B holds ✝ v2.A" in verdict.reason


def test_so_is_one_that_is_only_marked() -> None:
    story = deleted()
    story.mark("A", "B", "C")
    story.purge("A", "B")
    verdict = reaping.check(story.settle().history())
    assert verdict.outcome == "violated"
    assert story.held["c1"]["k"] == marked(tomb(2))


def test_when_all_are_gone_it_holds() -> None:
    story = deleted()
    story.purge("A", "B", "C")
    verdict = reaping.check(story.settle().history())
    assert (verdict.outcome, verdict.checked) == ("holds", 1)


@pytest.mark.parametrize("pending", [None, "1 tombstones await their confirmation"])
def test_before_all_have_settled_nobody_knows(pending: str | None) -> None:
    story = deleted()
    history = story.settle(pending).history() if pending else story.history()
    assert reaping.check(history).outcome == "unknown"
