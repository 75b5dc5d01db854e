"""An operation that was answered below its level promises no more than that; the same operation at its level does."""

from collections.abc import Callable

import msgspec
import pytest

from checkers import acknowledged, files, fresh, linear, own_writes, reads
from checkers.history import History, Return
from checkers.verdict import Verdict
from tests.checkers.story import Story, live

OLD, NEW = live(1, "old"), live(2, "new")
Check = Callable[[History], Verdict]


def below(history: History, *ops: int) -> History:
    for event in history.events:
        if isinstance(event, Return) and event.op in ops:
            event.level_met = "ONE"
    return history


def read_after_a_write() -> History:
    """Operation 2 writes what operation 3, of the same session, does not see."""
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(NEW, "A")
    story.back(story.ask("get"), OLD)
    return story.history()


def read_after_a_read() -> History:
    """Operations 2 and 3 read, the first what is newer."""
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(NEW, "A", outcome="unknown")
    story.back(story.ask("get"), NEW)
    story.back(story.ask("get"), OLD)
    return story.history()


@pytest.mark.parametrize(
    ("check", "history", "ops"),
    [
        (fresh.check, read_after_a_write, [2, 3]),
        (own_writes.check, read_after_a_write, [2, 3]),
        (linear.check, read_after_a_write, [2, 3]),
        (reads.check, read_after_a_read, [3, 4]),
        (linear.check, read_after_a_read, [3, 4]),
    ],
)
def test_each_of_the_two_excuses_both(check: Check, history: Callable[[], History], ops: list[int]) -> None:
    assert check(history()).outcome == "violated"
    for op in ops:
        assert check(below(history(), op)).outcome == "holds"


def test_a_third_excuses_neither() -> None:
    """But where order is all: a write below its level may have taken effect after the others."""
    for check in (fresh.check, own_writes.check):
        assert check(below(read_after_a_write(), 1)).outcome == "violated"
    assert reads.check(below(read_after_a_read(), 1)).outcome == "violated"
    assert linear.check(below(read_after_a_write(), 1)).outcome == "holds"


def test_a_write_below_its_level_is_still_kept() -> None:
    story = Story()
    story.write(OLD, "A", "B", "C")
    story.write(NEW)
    story.settle()
    assert acknowledged.check(below(story.history(), 2)).outcome == "violated"


def test_the_level_is_written_down_only_where_it_was_not_met() -> None:
    line = msgspec.json.encode(Return(at=1, op=1, session="c1", outcome="ok"))
    assert b"level_met" not in line
    told = Return(at=1, op=1, session="c1", outcome="ok", level_met="TWO")
    assert msgspec.json.decode(msgspec.json.encode(told), type=Return) == told
    assert msgspec.json.decode(line, type=Return).level_met is msgspec.UNSET
    assert files.digest(read_after_a_write()) != files.digest(below(read_after_a_write(), 2))
