"""What was measured, in lines."""

from checkers import divergence, staleness
from checkers.history import History
from checkers.statistics import quantiles, share
from harness.report.measures import lines
from tests.checkers.story import Story, live


def shown(history: History) -> list[str]:
    return lines(staleness.measure(history), divergence.measure(history))


def test_stale_reads_are_told_with_their_bounds_and_the_curves_where_they_rise() -> None:
    story = Story()
    for time in (1, 2, 3):
        story.write(live(time, f"w{time}"), "A")
    for time in (3, 3, 3, 2, 1):
        story.get(live(time, f"w{time}"))
    assert shown(story.history()) == [
        "stale reads: 2 of 5, 40 % (11.76..76.93), with 95 % confidence",
        "  their age: median 7.00 s, 99th 12.00 s, worst 12.00 s (key k, op 8)",
        "  versions behind, at most: 0 60 % (23.07..88.24), 1 80 % (37.55..96.38), 2 100 % (56.55..100)",
        (
            "  nothing missed that was acknowledged longer before than: 0 ms 60 % (23.07..88.24),"
            " 10,000 ms 80 % (37.55..96.38), 30,000 ms 100 % (56.55..100)"
        ),
        (
            "replicas differed on 1 of 1 keys, for: median 17.00 s, 99th 17.00 s, worst 17.00 s (key k),"
            " 17.00 s without a break; 1 still differ"
        ),
    ]


def test_fresh_reads_and_like_replicas_take_two_lines() -> None:
    story = Story()
    for node in "ABC":
        story.now = 0
        story.take(node, live(1, "a"))
    story.now = 0
    story.get(live(1, "a"))
    assert shown(story.history()) == [
        "stale reads: 0 of 1, 0 % (0..79.35), with 95 % confidence",
        "replicas differed on 0 of 1 keys, for: median 0.0 ms, 99th 0.0 ms, worst 0.0 ms, 0.0 ms without a break",
    ]


def test_one_in_very_many_is_not_rounded_away() -> None:
    measured = staleness.measure(Story().history())
    most = share(99_999, 100_000)
    ages, worst = quantiles([1]), staleness.Lag(1, "k", 1, 1)
    told = staleness.Staleness(
        100_000, 0, share(1, 100_000), ages, worst, [staleness.Point(0, most)], [staleness.Point(0, most)]
    )
    assert "at most: 0 >99.99 %" in "\n".join(lines(told, None))
    assert lines(measured, None) == []
