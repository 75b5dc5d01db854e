"""Copies that rotted and were discarded: which were the last, and which a read may miss from then on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers.history import Change, Copy, Damage, History
from checkers.wipes import hidden_copies, last_copies, lone_copies
from tests.checkers.definitions import changes, less, ok, read, replicas, standing, written
from tests.checkers.story import Story, live, tomb

X = live(2, "x")


def rot(story: Story, *nodes: str, key: str = "k") -> None:
    for node in nodes:
        version = story.held[story.incarnations[node]][key].version
        story.add(Damage(at=story.now, node=node, what="rotted", key=key, version=version))


def discard(story: Story, *nodes: str) -> None:
    for node in nodes:
        story.take(node, None, "corrupt")


def rotten(*takers: str) -> Story:
    """A holds an acknowledged write, with others, and its copy rots and is discarded."""
    story = Story()
    story.write(X, "A", *takers)
    rot(story, "A")
    discard(story, "A")
    return story


def test_the_last_copy() -> None:
    assert last_copies(rotten().history()) == [
        "the rot of A at 4.000 s destroyed the last copy of key k version v2.A, acknowledged at 2.000 s (op 1)"
    ]


def test_a_copy_elsewhere() -> None:
    assert last_copies(rotten("B").history()) == []


def test_a_copy_that_not_every_other_replica_held() -> None:
    assert lone_copies(rotten("B", "C").history()) == []
    told = "took key k version v2.A, which not every other replica held"
    assert lone_copies(rotten("B").history()) == [f"the rot of A at 5.000 s {told}"]
    assert lone_copies(rotten().history()) == [f"the rot of A at 4.000 s {told}"]


def test_rot_that_was_not_found_destroyed_nothing() -> None:
    story = Story()
    story.write(X, "A")
    rot(story, "A")
    assert last_copies(story.history()) == []
    assert hidden_copies(story.history(), 2) == []


def test_a_sound_copy_that_is_discarded_is_no_excuse() -> None:
    story = Story()
    story.write(X, "A")
    discard(story, "A")
    assert last_copies(story.history()) == []
    assert hidden_copies(story.history(), 2) == []


def test_rot_and_a_wipe_take_a_copy_each() -> None:
    story = rotten("B")
    story.wipe("B")
    assert len(last_copies(story.history())) == 1
    assert last_copies(story.history())[0].startswith("the wipe of B")


@pytest.mark.parametrize(
    ("takers", "asked", "hidden"),
    [("", 1, 1), ("", 3, 1), ("B", 2, 1), ("B", 3, 0), ("BC", 1, 1), ("BC", 2, 0), ("BC", 3, 0)],
)
def test_a_read_of_enough_copies_meets_another(takers: str, asked: int, hidden: int) -> None:
    """Of three replicas of which one has discarded it: so many are asked, and any of them may answer."""
    assert len(hidden_copies(rotten(*takers).history(), asked)) == hidden


def test_it_is_told_who_is_left() -> None:
    assert hidden_copies(rotten("B").history(), 2) == [
        "the rot of A at 5.000 s left key k version v2.A, acknowledged at 3.000 s (op 1), with 1 of 3 replicas"
    ]


def test_what_was_read_counts_as_well() -> None:
    story = Story()
    story.write(X, "A", "B", outcome="unknown")
    story.get(X)
    rot(story, "A")
    discard(story, "A")
    assert len(hidden_copies(story.history(), 2)) == 1
    assert last_copies(story.history()) == []


def test_a_purge_elsewhere_hides_nothing() -> None:
    story = Story()
    story.write(tomb(2), "A", "B", "C")
    story.purge("B", "C")
    rot(story, "A")
    discard(story, "A")
    assert hidden_copies(story.history(), 2) == []


COPIES = [live(1, "a"), tomb(1, "B"), live(2, "b"), tomb(3), live(3, "c", "B")]


@st.composite
def with_rot(draw: st.DrawFn) -> History:
    """Of one key: writes that reach some, discards of what some hold, with or without rot, wipes and purges."""
    story = Story(tie=draw(st.sampled_from(["incarnation", "cassandra", "riak"])))
    under_way: list[tuple[int, Copy]] = []
    for deed in draw(
        st.lists(st.sampled_from(["write", "begin", "end", "get", "rot", "rot", "bug", "lose"]), max_size=10)
    ):
        copy = draw(st.sampled_from(COPIES))
        holders = [node for node, each in story.incarnations.items() if story.held[each].get("k")]
        if deed == "write":
            story.write(copy, *draw(st.sampled_from(["A", "AB", "BC", "ABC"])))
        elif deed == "begin":
            under_way.append((story.ask("delete" if copy.dead else "put", copy.value), copy))
            story.take(draw(st.sampled_from("ABC")), copy)
        elif deed == "end" and under_way:
            story.back(*under_way.pop())
        elif deed == "get":
            story.get(copy)
        elif holders and deed in ("rot", "bug", "lose"):
            node = draw(st.sampled_from(holders))
            if deed == "rot":
                rot(story, node)
            if deed == "lose":
                draw(st.sampled_from([story.wipe, story.purge]))(node)
            else:
                discard(story, node)
    return story.history()


def losses(history: History) -> list[tuple[Change, Copy]]:
    rotted = {(event.node, event.key) for event in history.events if isinstance(event, Damage)}
    held = [
        (change, standing(history, change.node, change.key, change.seq - 1).held)
        for change in changes(history)
        if change.cause == "corrupt" and (change.node, change.key) in rotted
    ]
    return [(change, copy) for change, copy in held if copy is not None]


@settings(max_examples=150, deadline=None)
@given(history=with_rot(), asked=st.integers(1, 3))
def test_it_agrees_with_its_definition(history: History, asked: int) -> None:
    found = losses(history)
    tie = history.header.tie
    last, hidden = 0, 0
    for change, lost in found:
        for invoke, back in ok(history, "put", "delete", "get"):
            if invoke.key != change.key or back.version is None or invoke.seq > change.seq:
                continue
            copy = read(back, back.version) if invoke.kind == "get" else written(invoke, back.version)
            if less(tie, lost, copy):
                continue
            nodes = replicas(history, change.key)
            most = max(
                sum(standing(history, node, change.key, at).covers(tie, copy) for node in nodes)
                for at in (change.seq, max(change.seq, back.seq))
            )
            last += most == 0 and invoke.kind != "get"
            hidden += most < len(nodes) - asked + 1
    wipes_aside = [each for each in last_copies(history) if each.startswith("the rot of ")]
    assert (len(wipes_aside), len(hidden_copies(history, asked))) == (last, hidden)
