"""No needless repair: by hand, and against its definition on histories in which much is compared and sent."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkers import streaming
from checkers.history import Copy, Damage, History, Life, Message
from tests.checkers.measuring import needless
from tests.checkers.story import Story, live, marked, rules, tomb

RULE = "anti-entropy sends only what differs"


def say(story: Story, kind: str, sender: str, to: str, copy: Copy | None = None, number: int = 1) -> None:
    version = copy.version if copy else None
    key = "k" if copy else None
    origin = f"round {sender if kind == 'compare' else min(sender, to)}/{number}"
    story.add(
        Message(
            at=story.now, id=f"m{len(story.events)}", born=story.now, sender=sender, to=to, kind=kind, origin=origin,
            key=key, version=version, received=story.now,
        )
    )  # fmt: skip


@st.composite
def exchanges(draw: st.DrawFn) -> History:
    story, copies = Story(audited=draw(st.integers(0, 9)) > 0), [live(1, "a"), live(2, "b"), tomb(3), marked(tomb(3))]
    for _ in range(draw(st.integers(1, 14))):
        node, other = draw(st.permutations("AB"))
        deed = draw(st.sampled_from(["take", "take", "compare", "compare", "store", "store", "store", "life", "rot"]))
        if deed == "take":
            story.take(node, draw(st.sampled_from([*copies, None])), "anti-entropy")
        elif deed == "compare":
            say(story, "compare", "A", "B", number=draw(st.integers(1, 2)))
        elif deed == "store":
            held = story.held[story.incarnations[node]].get("k")
            say(
                story,
                "store",
                node,
                other,
                draw(st.sampled_from([held or copies[0], *copies])),
                draw(st.integers(1, 2)),
            )
        elif deed == "rot":
            story.add(Damage(at=story.now, node=node, what="rotted", key="k"))
        elif draw(st.booleans()):
            story.wipe(node)
        else:
            story.add(Life(at=story.now, node=node, incarnation=story.incarnations[node], what="killed"))
    return story.history()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exchanges())
def test_it_agrees_with_its_definition(history: History) -> None:
    verdict, expected = streaming.check(history), needless(history)
    assert verdict.outcome == expected.outcome, verdict
    assert {violation.key for violation in verdict.violations} == expected.keys


def test_what_both_held_since_they_began_to_compare_is_sent_in_vain() -> None:
    story = Story()
    story.take("A", live(1, "a"))
    story.take("B", live(1, "a"))
    say(story, "compare", "A", "B")
    say(story, "store", "A", "B", live(1, "a"))
    verdict = streaming.check(story.history())
    assert rules(verdict) == [RULE]
    assert verdict.violations[0].events == [3, 4]
    assert "carried v1.A from A to B" in verdict.reason


def test_what_the_other_took_meanwhile_differed_when_they_began() -> None:
    story = Story()
    story.take("A", live(1, "a"))
    say(story, "compare", "A", "B")
    story.take("B", live(1, "a"), "read repair")
    say(story, "store", "A", "B", live(1, "a"))
    assert streaming.check(story.history()).outcome == "holds"


def test_a_purgeable_tombstone_is_sent_in_vain_to_who_purged_it() -> None:
    """Scylla 1165: digests that include it find a difference for ever."""
    story = Story()
    for node in "AB":
        story.take(node, tomb(1))
    story.mark("A", "B")
    story.purge("A")
    say(story, "compare", "A", "B")
    say(story, "store", "B", "A", tomb(1))
    verdict = streaming.check(story.history())
    assert rules(verdict) == [RULE]
    assert "held nothing of it that counts" in verdict.reason


def test_a_tombstone_that_one_side_has_not_marked_differs() -> None:
    story = Story()
    for node in "AB":
        story.take(node, tomb(1))
    story.mark("A")
    say(story, "compare", "A", "B")
    say(story, "store", "B", "A", tomb(1))
    assert streaming.check(story.history()).outcome == "holds"


def test_what_comes_of_a_comparison_that_nobody_recorded_is_not_judged() -> None:
    story = Story()
    for node in "AB":
        story.take(node, live(1, "a"))
    say(story, "store", "A", "B", live(1, "a"))
    verdict = streaming.check(story.history())
    assert (verdict.outcome, verdict.checked) == ("holds", 0)
