"""The checkers' own order of versions with siblings, against causal histories that are spelled out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from checkers import clocks, fresh, invented, linear, lost, reads, regression, resurrection, writes_after_reads
from checkers.history import Copy, OddHistory, Version
from checkers.verdict import Verdict
from checkers.versions import order_of
from replicas.store.records import Record
from replicas.store.siblings import Dotted
from tests.checkers.story import Story, live, rules, tomb
from tests.replicas.store.test_siblings import STEP, World


def copy_of(held: Record) -> Copy:
    return Copy(Version(held.version.time, held.version.by), held.dead, held.value)


@settings(deadline=None, max_examples=100)
@given(st.lists(STEP, max_size=25))
def test_dotted_order_and_join_are_those_of_the_histories(steps: list[tuple[object, ...]]) -> None:
    world = World(Dotted)
    for step in steps:
        world.do(step)
    join = clocks.join("dotted")
    known = [(copy_of(held), past) for held, past in zip(world.held, world.known, strict=True) if held is not None]
    for one, my_past in known:
        assert {(copy.version.time, copy.version.by): copy.value for copy in clocks.alone(one)} == {
            event.dot: event.value for event in my_past.left
        }
        for other, their_past in known:
            assert clocks.COVERS["dotted"](one, other) == my_past.covers(their_past)
            joined, past = clocks.of(join(one, other).version), my_past.joined(their_past)
            assert set(joined.siblings) == {event.dot for event in past.left}
            assert {dot for dot in world.dots() if joined.has_seen(dot)} == past.dots
            replaced = any(
                event.value is not None and event.dot in their_past.dots and event not in their_past.left
                for event in my_past.left
            )
            assert clocks.brings_back("dotted", one.version, other.version) == replaced


def version(seen: str, siblings: str) -> Version:
    by = f"{seen}@{siblings}"
    return Version(max(dot[0] for dot in clocks.knowledge(by).siblings), by)


def copy(seen: str, siblings: str, value: str | None) -> Copy:
    return Copy(version(seen, siblings), value is None, value)


A1 = copy("a~0-1", "a~1", '["one"]')  # three writes: the second knows of nothing, the third of the first
B2 = copy("b~1-2", "b~2", '["two"]')
C3 = copy("a~0-1+c~2-3", "c~3", '["three"]')
BOTH = copy("a~0-1+b~1-2", "a~1+b~2", '["one","two"]')
ALL = copy("a~0-1+b~1-2+c~2-3", "b~2+c~3", '["two","three"]')
GONE = copy("a~0-1+d~3-4", "d~4x", None)  # a delete that knows of the first


def told(merge: str = "siblings") -> Story:
    story = Story()
    story.header.versions = "dotted"
    story.header.merge = merge  # type: ignore[assignment]
    return story


def write(story: Story, made: Copy, value: str | None, *takers: Copy, session: str = "c1") -> None:
    """`takers` are what A, B and C hold then."""
    op = story.ask("delete" if value is None else "put", value, session=session)
    for node, held in zip("ABC", takers, strict=False):
        story.take(node, held)
    story.back(op, made)


def ended(*left: Copy, first: Copy = A1, value: str = "one") -> Story:
    """c1 writes the first, c2 the second; then all hold what is left."""
    story = told()
    write(story, first, value, first, first, first)
    write(story, B2, "two", BOTH, BOTH, BOTH, session="c2")
    for node, held in zip("ABC", left, strict=True):
        if held is not BOTH:
            story.take(node, held, "anti-entropy")
    story.settle()
    return story


def outcome(verdict: Verdict) -> str:
    return verdict.outcome


def test_a_sibling_that_nobody_replaced_is_lost() -> None:
    assert outcome(lost.check(ended(BOTH, BOTH, BOTH).history())) == "holds"
    one_left = copy("a~0-1+b~1-2", "b~2", '["two"]')
    verdict = lost.check(ended(one_left, one_left, one_left).history())
    assert rules(verdict) == ["an acknowledged write that no other had known of is left"]


def test_a_sibling_that_a_later_write_knew_of_is_replaced() -> None:
    for knows, expected in ((True, "holds"), (False, "violated")):
        story = told()
        write(story, A1, "one", A1, A1, A1)
        if knows:
            story.get(A1, session="c2")
        write(story, C3, "three", C3, C3, C3, session="c2")
        story.settle()
        assert outcome(lost.check(story.history())) == expected


def test_where_the_last_one_wins_only_what_is_lost_to_an_earlier_or_simultaneous_write_is_told() -> None:
    for at_once, expected in ((True, "violated"), (False, "holds")):
        story = Story()
        first = story.ask("put", "x")
        if not at_once:
            story.back(first, live(5, "x"))
        second = story.ask("put", "y", session="c2")
        if at_once:
            story.back(first, live(5, "x"))
        for node in "ABC":
            story.take(node, live(9, "y"))
        story.back(second, live(9, "y"))
        story.settle()
        assert outcome(lost.check(story.history())) == expected
    story = Story()
    story.write(live(9, "x"), "A", "B", "C")
    story.write(live(5, "y"), session="c2")
    story.settle()
    assert outcome(lost.check(story.history())) == "violated"


def test_a_replica_that_shows_again_what_was_replaced_goes_back() -> None:
    story = told()
    write(story, A1, "one", A1)
    write(story, C3, "three", C3)
    back = copy("a~0-1+c~2-3", "a~1+c~3", '["one","three"]')
    story.take("A", back, "read repair")
    assert rules(regression.check(story.history())) == ["no state is older than one held before"]
    story = told()
    write(story, A1, "one", A1)
    write(story, B2, "two", BOTH)
    story.take("A", ALL, "read repair")
    assert outcome(regression.check(story.history())) == "holds"


@pytest.mark.parametrize(("shown", "expected"), [(BOTH, "holds"), (ALL, "holds"), (B2, "violated"), (A1, "violated")])
def test_a_read_shows_each_write_or_what_replaced_it(shown: Copy, expected: str) -> None:
    story = ended(BOTH, BOTH, BOTH)
    story.get(shown, session="c3")
    assert outcome(fresh.check(story.history())) == expected


def test_the_reads_of_a_session_forget_no_sibling() -> None:
    for first, second, expected in ((A1, BOTH, "holds"), (BOTH, ALL, "holds"), (BOTH, A1, "violated")):
        story = told()
        story.get(first)
        story.get(second)
        assert outcome(reads.check(story.history())) == expected


def test_a_purge_takes_knowledge_along_and_brings_nothing_back() -> None:
    for after, expected in ((B2, "holds"), (A1, "violated")):
        story = told()
        write(story, A1, "one", A1, A1, A1)
        story.get(A1)
        write(story, GONE, None, GONE, GONE, GONE)
        story.mark("A", "B", "C")
        story.purge("A", "B", "C")
        for node in "ABC":
            story.take(node, after)
        story.get(after)
        story.settle()
        for check in (regression.check, resurrection.check, fresh.check):
            assert outcome(check(story.history())) == expected, check


def test_a_write_follows_what_its_session_has_read_last_and_no_more() -> None:
    for last, made, expected in (
        (A1, C3, "holds"),
        (B2, C3, "violated"),
        (None, B2, "holds"),
    ):
        story = told()
        story.get(BOTH)
        story.get(last)
        write(story, made, "three")
        assert outcome(writes_after_reads.check(story.history())) == expected


def test_each_sibling_was_written_by_someone_and_is_the_same_everywhere() -> None:
    assert outcome(invented.check(ended(BOTH, BOTH, BOTH).history())) == "holds"
    other = copy("a~0-1+b~1-2", "a~1+b~2", '["one","three"]')
    assert outcome(invented.check(ended(BOTH, BOTH, other).history())) == "violated"
    story = ended(BOTH, BOTH, BOTH)
    story.get(copy("a~0-1+b~1-2", "a~1+b~2", '["one","two","three"]'), session="c3")
    assert outcome(invented.check(story.history())) == "violated"


def test_a_union_is_of_elements_that_someone_wrote() -> None:
    for shown, expected in (
        ('["x","y"]', "holds"),
        ('["x"]', "holds"),
        ('["x","z"]', "violated"),
        ("x", "violated"),
    ):
        story = told("union")
        for made, value in ((A1, '["x"]'), (B2, '["y","x"]')):
            write(story, made, value)
        story.get(Copy(BOTH.version, dead=False, value=shown))
        assert outcome(invented.check(story.history())) == expected


def test_of_siblings_no_register_is_made() -> None:
    verdict = linear.check(ended(BOTH, BOTH, BOTH).history())
    assert outcome(verdict) == "unknown"
    assert "siblings" in verdict.reason


@pytest.mark.parametrize("by", ["r1.1", "", "@", "a~1@a~1", "a~0-1", "a~0-1@a", "~0-1@a~1"])
def test_a_name_that_says_nothing_of_what_was_seen_is_no_such_version(by: str) -> None:
    with pytest.raises(OddHistory, match="no list of what was seen"):
        clocks.knowledge(by)


def test_a_history_that_says_nothing_of_its_versions_has_the_last_writer_win() -> None:
    header = Story().header
    assert header.versions is UNSET
    order = order_of(header)
    assert order.join(live(1, "a"), tomb(2)) == order.join(tomb(2), live(1, "a")) == tomb(2)
    assert order.raised(live(1, "a"), tomb(2)) == order.beside(live(1, "a"), tomb(2)) == live(1, "a")
