"""Who differs from whom, against a history that is looked at anew after every event."""

from itertools import combinations

from hypothesis import HealthCheck, given, settings

from checkers import divergence
from checkers.convergence import normal
from checkers.facts import gather
from checkers.history import Copy, History, Life
from harness.report.runpage.apart import deltas
from harness.report.runpage.curves import counted
from harness.report.runpage.divergence import down, pairs, tombstones
from tests.checkers.definitions import changes, less, replicas
from tests.checkers.measuring import held
from tests.checkers.story import SECOND, Story, live, marked, tomb
from tests.checkers.strategies import histories

slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_up(history: History, node: str, seq: int) -> bool:
    lives = [event for event in history.events if isinstance(event, Life) and event.node == node and event.seq <= seq]
    return not lives or lives[-1].what == "started"


def newest(tie: str, copies: list[Copy | None]) -> Copy | None:
    there = [copy for copy in copies if copy is not None]
    return next((one for one in there if not any(less(tie, one, other) for other in there)), None)


def marks(history: History, seq: int) -> list[tuple[str, ...]]:
    """Of all keys at this place of the order."""
    found: list[tuple[str, ...]] = []
    for key in {change.key for change in changes(history)}:
        up = [node for node in replicas(history, key) if is_up(history, node, seq)]
        copies = {node: normal(held(history, node, key, seq)) for node in up}
        found += [pair for pair in combinations(up, 2) if copies[pair[0]] != copies[pair[1]]]
        top = newest(history.header.tie, list(copies.values()))
        if len(set(copies.values())) > 1:
            found += [(node,) for node in up if copies[node] is None or is_less(history, copies[node], top)]
    return found


def is_less(history: History, copy: Copy | None, top: Copy | None) -> bool:
    assert copy is not None
    assert top is not None
    return less(history.header.tie, copy, top)


def last_of_each_time(history: History) -> dict[int, int]:
    return {event.at: event.seq for event in history.events}


@slowly
@given(histories())
def test_pairs_and_lags_agree_with_their_definition(history: History) -> None:
    found = deltas(gather(history))
    if any(copy is not None and copy.purgeable and not copy.dead for each in changes(history) for copy in [each.new]):
        return  # only tombstones are marked as purgeable: which of two such copies is newer is not said
    for at, seq in last_of_each_time(history).items():
        expected = marks(history, seq)
        for mark in {*found, *expected}:
            count = sum(delta for when, delta in found.get(mark, []) if when <= at)
            assert count == expected.count(mark), (mark, at)


@slowly
@given(histories())
def test_a_key_is_apart_as_the_checker_has_it_whenever_a_pair_is(history: History) -> None:
    found = deltas(gather(history))
    stretches = [stretch for of_key in divergence.stretches(history).values() for stretch in of_key]
    for at in last_of_each_time(history):
        of_pairs = sum(delta for mark in found if len(mark) == 2 for when, delta in found[mark] if when <= at)
        apart = sum(stretch.start <= at < stretch.end for stretch in stretches)
        if at < history.events[-1].at:
            assert (of_pairs > 0) == (apart > 0)


@slowly
@given(histories())
def test_tombstones_are_those_that_are_held(history: History) -> None:
    found = tombstones(gather(history))
    keys = {change.key for change in changes(history)}
    for at, seq in last_of_each_time(history).items():
        for node, steps in found.items():
            copies = [held(history, node, key, seq) for key in keys]
            assert [value for when, value in counted(steps) if when <= at][-1] == sum(
                bool(c and c.dead) for c in copies
            )


@slowly
@given(histories())
def test_a_node_is_down_when_the_checker_says_so(history: History) -> None:
    end = history.events[-1].at if history.events else 0
    for at, seq in last_of_each_time(history).items():
        for node in history.header.nodes:
            told = any(start <= at < until for start, until in down(gather(history), node, end))
            assert told == (not is_up(history, node, seq) and at < end)


def test_a_pair_has_one_name_whatever_the_order_of_a_keys_replicas() -> None:
    story = Story(keys="kl")
    story.header.replicas["l"] = ["C", "A"]
    story.take("A", live(1, "a"), key="k")
    story.take("A", live(1, "a"), key="l")
    facts = gather(story.history())
    assert sum(delta for _, delta in deltas(facts)["A", "C"]) == 2
    assert pairs(facts, deltas(facts), 9 * SECOND) == ([("A", "B"), ("A", "C"), ("B", "C")], 0)


def test_of_many_pairs_those_that_were_apart_for_longest_are_kept() -> None:
    story = Story()
    nodes = [f"n{number}" for number in range(9)]
    story.header.nodes[:], story.header.replicas["k"] = nodes, nodes
    story.incarnations = {node: node for node in nodes}
    story.held = {node: {} for node in nodes}
    story.take("n8", live(1, "a"))  # at 0
    story.take("n7", live(1, "a"))
    facts = gather(story.history())
    chosen, left_out = pairs(facts, deltas(facts), 5 * SECOND)
    assert left_out == 36 - 21
    assert {(f"n{one}", other) for one in range(7) for other in ("n7", "n8")} | {("n7", "n8")} <= set(chosen)


def test_what_is_purgeable_is_a_tombstone_that_is_held_and_makes_no_difference() -> None:
    story = Story()
    for node in "ABC":
        story.take(node, tomb(1))
    story.take("A", marked(tomb(1)), "purgeable")  # at 3
    story.take("B", marked(tomb(1)), "purgeable")
    story.take("C", marked(tomb(1)), "purgeable")
    story.purge("A")
    facts = gather(story.history())
    assert all(sum(delta for _, delta in of_mark) == 0 for of_mark in deltas(facts).values())
    ends = {node: counted(steps)[-1] for node, steps in tombstones(facts).items()}
    assert ends == {"A": (6 * SECOND, 0), "B": (1 * SECOND, 1), "C": (2 * SECOND, 1)}
