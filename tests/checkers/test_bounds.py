"""Limits kept: the rate of repairs against its definition over every stretch of time, hints by hand."""

from hypothesis import given
from hypothesis import strategies as st

from checkers import bounds
from checkers.bounds import Limits
from checkers.history import Message
from checkers.verdict import Verdict
from tests.checkers.story import Story, live, rules

MS = 1_000_000
SIZES = {1: 10, 2: 40, 3: 100}  # bytes, by version: a key of one letter and a value


def story_of() -> Story:
    story = Story()
    for time, size in SIZES.items():
        story.take("A", live(time, "x" * (size - 1)))
    return story


def send(story: Story, at_ms: int, origin: str, *, time: int = 1, key: str = "k", born_ms: int | None = None) -> None:
    at = story.now = at_ms * MS
    story.events.append(
        Message(
            at=at, id=f"m{len(story.events)}", born=at if born_ms is None else born_ms * MS, sender="A", to="B",
            kind="store", origin=origin, key=key, version=live(time, "").version, received=at,
        )
    )  # fmt: skip


def judged(story: Story, **limits: int) -> Verdict:
    return bounds.check(story.history(), Limits(**limits))  # type: ignore[arg-type]  # numbers alone


@given(st.lists(st.tuples(st.sampled_from([0, 0, 1, 100, 400, 1500]), st.sampled_from(sorted(SIZES))), max_size=12))
def test_no_stretch_of_time_has_more_than_its_length_and_a_second_allow(sends: list[tuple[int, int]]) -> None:
    story, at, sent = story_of(), 4000, list[tuple[int, int]]()
    for wait_ms, time in sends:
        at += wait_ms
        send(story, at, "round A/1", time=time)
        sent.append((at, SIZES[time]))
    rate = 100  # bytes a second; a twentieth of a second's worth more is forgiven
    too_fast = any(
        sum(size for _, size in sent[first : last + 1])
        > rate + rate / 20 + (sent[last][0] - sent[first][0]) * rate / 1000
        for first in range(len(sent))
        for last in range(first, len(sent))
    )
    verdict = judged(story, repair_bytes_per_s=rate)
    assert (verdict.outcome == "violated") == too_fast
    assert verdict.checked == len(sent)


def test_each_message_counts_with_what_is_beside_its_copy() -> None:
    story = story_of()
    for at_ms in (4000, 4001):
        send(story, at_ms, "round A/1")
    assert judged(story, repair_bytes_per_s=30).outcome == "holds"
    assert rules(judged(story, repair_bytes_per_s=30, copy_bytes=64)) == [
        "anti-entropy sends no more bytes a second than the policy allows"
    ]


def test_a_copy_larger_than_the_limit_goes_once_all_is_saved() -> None:
    story = story_of()
    send(story, 4000, "round A/1", time=3)
    send(story, 6000, "round A/1", time=1)
    assert judged(story, repair_bytes_per_s=50).outcome == "holds"
    send(story, 6001, "round A/1", time=3)
    assert judged(story, repair_bytes_per_s=50).outcome == "violated"


def test_what_counts_is_when_the_sender_decided() -> None:
    """A slow disk let both messages go at once."""
    story = story_of()
    send(story, 6000, "round A/1", time=2, born_ms=4000)
    send(story, 6000, "round A/2", time=2, born_ms=5000)
    assert judged(story, repair_bytes_per_s=40).outcome == "holds"


def test_a_node_that_starts_may_spend_a_second_again() -> None:
    story = story_of()
    send(story, 4000, "round A/1", time=2)
    story.start("A")
    send(story, 4001, "round A/1", time=2)
    assert judged(story, repair_bytes_per_s=40).outcome == "holds"


def test_a_message_that_the_network_doubles_was_sent_once() -> None:
    story = story_of()
    send(story, 4000, "round A/1", time=2)
    send(story, 4000, "round A/1", time=2)
    first, second = [event for event in story.events if isinstance(event, Message)]
    second.id = first.id
    verdict = judged(story, repair_bytes_per_s=40)
    assert (verdict.outcome, verdict.checked) == ("holds", 1)


def test_a_node_whose_clock_is_off_is_not_judged() -> None:
    story = story_of()
    for _ in range(5):
        send(story, 4000, "round A/1", time=2)
    limits = Limits(repair_bytes_per_s=40, odd_clocks=("A",))
    assert bounds.check(story.history(), limits) == Verdict(bounds.NAME, "holds", checked=0)


def hints(*sent: tuple[int, str]) -> Story:
    story = story_of()
    for at_ms, key in sent:
        send(story, at_ms, "hint for B", key=key)
    return story


def test_hints_that_are_sent_at_once_were_all_kept() -> None:
    story = hints((4000, "k"), (4000, "l"), (4000, "m"))
    assert rules(judged(story, hints_max=2)) == ["a node keeps no more hints for another than the policy allows"]
    assert rules(judged(story, hints_per_replay=2)) == ["no more hints are sent at a time than the policy allows"]
    assert judged(story, hints_max=3, hints_per_replay=3).outcome == "holds"
    verdict = judged(story, hints_per_replay=2)
    assert verdict.violations[0].events == [4, 5, 6]


def test_hints_that_a_commit_held_up_were_not_sent_with_those_that_came_after() -> None:
    story = story_of()
    for key, born_ms in (("k", 4000), ("l", 4000), ("m", 4100)):
        send(story, 4100, "hint for B", key=key, born_ms=born_ms)
    limits = {"hints_per_replay": 2, "hint_every_ns": 100 * MS}
    assert judged(story, **limits).outcome == "holds"


def test_hints_come_in_their_time() -> None:
    story = hints((4000, "k"), (4050, "l"), (4150, "m"))
    assert [violation.events for violation in judged(story, hint_every_ns=100 * MS).violations] == [[4, 5]]
    assert judged(story, hint_every_ns=50 * MS).outcome == "holds"


def test_no_hint_outlives_its_lifetime() -> None:
    story = hints((4000, "k"), (5000, "k"), (5001, "k"))
    assert rules(judged(story, hint_lifetime_ns=1000 * MS)) == ["no hint outlives its lifetime"]
    assert judged(story, hint_lifetime_ns=1001 * MS).outcome == "holds"
