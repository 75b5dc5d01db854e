import pytest
from hypothesis import HealthCheck, given, settings

from checkers.history import History, Life
from checkers.wipes import last_copies
from tests.checkers.definitions import less, ok, replicas, standing, written
from tests.checkers.story import Story, live, tomb
from tests.checkers.strategies import histories

X = live(2, "x")


def expected(history: History) -> set[str]:
    tie = history.header.tie
    told = set()
    for wipe in history.events:
        if not isinstance(wipe, Life) or wipe.what != "wiped":
            continue
        for asked, back in ok(history, "put", "delete"):
            if back.version is None or asked.seq > wipe.seq:
                continue
            copy, held = written(asked, back.version), standing(history, wipe.node, asked.key, wipe.seq - 1).held
            if held is None or less(tie, held, copy):
                continue
            moments = {wipe.seq, max(wipe.seq, back.seq)}
            nodes = replicas(history, asked.key)
            if not any(standing(history, node, asked.key, at).covers(tie, copy) for node in nodes for at in moments):
                deed = f"the wipe of {wipe.node} at {wipe.at / 1e9:.3f} s destroyed the last copy"
                which = f"of key {asked.key} version v{copy.version.time}.{copy.version.by}"
                told.add(f"{deed} {which}, acknowledged at {back.at / 1e9:.3f} s (op {asked.op})")
    return told


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories())
def test_it_agrees_with_its_definition(history: History) -> None:
    told = last_copies(history)
    assert len(told) == len(set(told))
    assert set(told) == expected(history)


def test_the_last_copy_of_an_acknowledged_version() -> None:
    story = Story()
    story.write(X, "A")
    story.wipe("A")
    assert last_copies(story.history()) == [
        "the wipe of A at 3.000 s destroyed the last copy of key k version v2.A, acknowledged at 2.000 s (op 1)"
    ]


@pytest.mark.parametrize("copy", [X, live(3, "y"), tomb(3)])
def test_another_replica_that_holds_it_or_what_dominates_it(copy: object) -> None:
    story = Story()
    story.write(X, "A")
    story.take("C", copy)  # type: ignore[arg-type]
    story.start("C", "c1")
    story.wipe("A")
    assert last_copies(story.history()) == []


def test_an_older_copy_elsewhere_is_not_the_same() -> None:
    story = Story()
    story.write(live(1, "w"), "A", "C")
    story.write(X, "A")
    story.wipe("A")
    assert len(last_copies(story.history())) == 1


def test_a_copy_on_what_is_no_replica_of_the_key_does_not_count() -> None:
    story = Story()
    story.header.replicas["k"] = ["A", "B"]
    story.write(X, "A", "C")
    story.wipe("A")
    assert len(last_copies(story.history())) == 1


def test_one_wipe_after_another() -> None:
    for bootstrapped, destroyed in ((True, 0), (False, 1)):
        story = Story()
        story.write(X, "A", "B")
        story.wipe("A")
        story.start("A")
        if bootstrapped:
            story.take("A", X, "bootstrap")
        story.wipe("B")
        assert len(last_copies(story.history())) == destroyed


def test_a_purge_elsewhere_means_that_all_had_it() -> None:
    story = Story()
    story.write(tomb(2), "A", "B")
    story.purge("B")
    story.wipe("A")
    assert last_copies(story.history()) == []


def test_what_the_wiped_one_did_not_hold_it_did_not_destroy() -> None:
    story = Story()
    story.write(X)
    story.write(X, "A")
    story.take("A", None, "corrupt")
    story.wipe("A", "B")
    assert last_copies(story.history()) == []


def test_what_was_not_acknowledged_may_go() -> None:
    story = Story()
    story.write(X, "A", outcome="unknown")
    story.wipe("A")
    assert last_copies(story.history()) == []


@pytest.mark.parametrize(("takers", "destroyed"), [("", 1), ("B", 0)])
def test_an_acknowledgement_that_was_under_way_at_the_wipe(takers: str, destroyed: int) -> None:
    story = Story()
    op = story.ask("put", "x")
    story.take("A", X)
    story.wipe("A")
    for node in takers:
        story.take(node, X)
    story.back(op, X)
    assert len(last_copies(story.history())) == destroyed


def test_a_write_that_came_after_the_wipe_was_not_destroyed_by_it() -> None:
    story = Story()
    story.take("A", live(5, "newer"))
    story.wipe("A")
    story.write(X)
    assert last_copies(story.history()) == []
