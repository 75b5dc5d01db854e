"""Available with a quorum: against its definition, looked at in every moment, and by hand."""

from hypothesis import given
from hypothesis import strategies as st

from checkers import availability
from checkers.availability import CLIENTS, Terms, Trouble
from checkers.history import Invoke, Life, Outcome, Return, ordered
from checkers.verdict import Verdict
from tests.checkers.story import SECOND, Story, live, rules

NODES = "ABC"
LINKS = [(one, other) for one in [*NODES, CLIENTS] for other in [*NODES, CLIENTS] if one != other]
RULE = "an operation succeeds if a quorum can be reached"


def asked(outcome: Outcome = "unknown", *, start: int = 10, end: int = 12, op: int = 1, session: str = "c1") -> Story:
    """Through A, from one second to another."""
    story = Story()
    story.events.append(
        Invoke(at=start * SECOND, op=op, session=session, node="A", kind="put", key="k", value=f"w{op}")
    )
    story.events.append(Return(at=end * SECOND, op=op, session=session, outcome=outcome))
    story.now = (end + 1) * SECOND
    return story


def judged(story: Story, *troubles: Trouble, needed: int = 2, margin: int = 0) -> Verdict:
    ops = {event.op: needed for event in story.events if isinstance(event, Invoke)}
    return availability.check(story.history(), Terms(ops, list(troubles), margin * SECOND))


def trouble(start: int, end: int | None, *what: str | tuple[str, str]) -> Trouble:
    nodes = tuple(each for each in what if isinstance(each, str))
    links = tuple(each for each in what if not isinstance(each, str))
    return Trouble(start * SECOND, None if end is None else end * SECOND, nodes, links)


@st.composite
def _troubles(draw: st.DrawFn) -> Trouble:
    start = draw(st.integers(0, 20))
    end = draw(st.one_of(st.none(), st.integers(start, 20)))
    return trouble(start, end, *draw(st.lists(st.sampled_from([*NODES, *LINKS]), min_size=1, max_size=3)))


@given(st.lists(_troubles(), max_size=4), st.integers(1, 3))
def test_it_agrees_with_its_definition(troubles: list[Trouble], needed: int) -> None:
    """A replica counts if in no moment anything is the matter with it, or with a way to it or from it."""
    moments = [moment * SECOND // 2 for moment in range(20, 25)]
    on = [
        {*each.nodes, *each.links}
        for each in troubles
        if any(each.start <= moment and (each.end is None or moment <= each.end) for moment in moments)
    ]
    bad = set[object]().union(*on)
    alone = {"A", (CLIENTS, "A"), ("A", CLIENTS)} & bad
    reached = {"A", *(node for node in "BC" if not {node, ("A", node), (node, "A")} & bad)}
    must = not alone and len(reached) >= needed
    verdict = judged(asked(), *troubles, needed=needed)
    assert (verdict.outcome == "violated") == must, verdict


def test_an_operation_that_nothing_kept_from_a_quorum_must_succeed() -> None:
    verdict = judged(asked(), trouble(0, 30, "C"))
    assert rules(verdict) == [RULE]
    assert verdict.violations[0].events == [1, 2]
    assert "A could reach A B, where 2 would do" in verdict.reason
    assert judged(asked("failed")).outcome == "violated"
    assert judged(asked("ok")) == Verdict(availability.NAME, "holds", checked=1)


def test_what_is_excused_is_counted() -> None:
    verdict = judged(asked(), trouble(0, 10, "A"))
    assert (verdict.outcome, verdict.checked, verdict.reason) == ("holds", 0, "excused by faults: 1 (coordinator)")
    assert judged(asked(), trouble(12, None, (CLIENTS, "A"))).reason == "excused by faults: 1 (its clients)"
    assert judged(asked(), trouble(11, 11, "B", ("C", "A"))).reason == "excused by faults: 1 (no quorum)"


def test_what_is_over_before_or_begins_after_excuses_nothing() -> None:
    assert judged(asked(), trouble(0, 9, "A", "B", "C"), trouble(13, None, "A", "B", "C")).outcome == "violated"


def test_an_operation_of_which_nothing_is_asked_is_not_judged() -> None:
    assert availability.check(asked().history(), Terms({}, [], 0)) == Verdict(availability.NAME, "holds")


def test_a_node_that_ends_by_itself_cannot_be_counted_on() -> None:
    for what in ("killed", "stopped by its disk"):
        story = asked()
        for node in "BC":
            life = Life(at=4 * SECOND, node=node, incarnation=f"{node.lower()}1", what=what)
            story.events.insert(0, life)
        assert judged(story).outcome == "holds"
        for node in "BC":
            life = Life(at=9 * SECOND, node=node, incarnation=f"{node.lower()}1", what="started")
            story.events.insert(2, life)
        assert judged(story, margin=1).outcome == "holds"
        assert judged(story).outcome == "violated"


def test_a_connection_that_broke_since_its_last_use_may_show_now() -> None:
    """c1 was answered by A at 2 s; at 5 s A was away for a moment; at 10 s c1 finds out."""
    before, after = asked("ok", start=1, end=2), asked(op=2)
    story = Story()
    story.events = [*before.events, *after.events]
    assert judged(story, trouble(5, 6, "A")).outcome == "holds"
    assert judged(story, trouble(5, 6, "B", "C")).outcome == "violated"
    other = ordered(story.header, [*before.events, *asked(op=2, session="c2").events])
    assert availability.check(other, Terms({2: 2}, [trouble(5, 6, "A")], 0)).outcome == "violated"


def test_names_of_clients_change_nothing() -> None:
    story = asked()
    story.write(live(1, "a"))
    one = judged(story)
    for event in story.events:
        if isinstance(event, Invoke | Return):
            event.session = f"x{event.session}"
    assert judged(story).outcome == one.outcome == "violated"
