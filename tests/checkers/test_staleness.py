"""Staleness against its definition, hand-written histories, and the published figures of PBS."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from checkers import staleness
from checkers.history import FORMAT, AnyEvent, Header, History, Invoke, Return, Version, ordered
from checkers.staleness import Lag
from tests.checkers.measuring import behind
from tests.checkers.story import SECOND, Story, live, tomb
from tests.checkers.strategies import histories

MS = 1_000_000


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_it_agrees_with_its_definition(history: History) -> None:
    found = sorted((lag.op, lag.versions, lag.age_ns) for lag in staleness.lags(history))
    assert found == sorted(behind(history))
    measured = staleness.measure(history)
    assert measured.stale.count == len(found)
    assert measured.worst is None or measured.worst.age_ns == max(age for _, _, age in found)
    for curve, place in ((measured.versions, 1), (measured.visible, 2)):
        for point in curve:
            assert point.share.count == measured.reads - sum(each[place] > point.at for each in found)


def test_a_read_is_behind_by_what_was_acknowledged_before_it_began() -> None:
    story = Story()
    story.write(live(1, "a"), "A")
    story.write(live(2, "b"), "A")
    at = story.now - SECOND  # when b was acknowledged
    story.write(live(3, "c"), "A")
    story.write(live(9, "d"), "A", outcome="unknown")
    op = story.ask("get")
    asked_at = story.asked[op].at
    story.write(live(4, "e"), "A")
    story.back(op, live(1, "a"))
    measured = staleness.measure(story.history())
    assert measured.worst == Lag(op, "k", versions=2, age_ns=asked_at - at)
    assert (measured.stale.count, measured.stale.of) == (1, 1)
    assert [(point.at, point.share.count) for point in measured.versions] == [(0, 0), (1, 0), (2, 1)]


def test_an_acknowledgement_that_comes_with_the_question_is_not_before_it() -> None:
    story = Story()
    op = story.ask("get")
    story.write(live(2, "b"), "A")
    story.back(op, None)
    assert staleness.measure(story.history()).stale.count == 0


def test_nothing_is_fresh_once_its_tombstone_was_purged() -> None:
    story = Story()
    story.write(live(1, "a"), "A", "B", "C")
    story.write(tomb(2), "A", "B", "C")
    story.get(None)
    story.purge("A")
    story.get(None)
    assert [lag.op for lag in staleness.lags(story.history())] == [3]


def test_what_no_version_is_known_of_is_left_out() -> None:
    story = Story(audited=False)
    story.write(live(1, "a"))
    story.write(tomb(2))
    story.get(None)
    measured = staleness.measure(story.history())
    assert (measured.reads, measured.skipped, measured.ages, measured.versions[0].share.of) == (0, 1, None, 0)


def test_the_order_of_the_file_and_the_names_of_clients_change_nothing() -> None:
    story = Story()
    story.write(live(1, "a"), "A")
    story.write(live(2, "b"), "A")
    story.get(live(1, "a"))
    history = story.history()
    measured = staleness.measure(history)
    for event in history.events:
        if isinstance(event, Invoke | Return):
            event.session = f"someone else {event.session}"
    assert staleness.measure(history) == measured
    assert measured.stale.count == 1


# --- PBS: Bailis et al., "Probabilistically Bounded Staleness for Practical Partial Quorums", VLDB 2012 ---

N = 3
HEADER = Header(FORMAT, "simulation", 1, "incarnation", ["A", "B", "C"], {"k": ["A", "B", "C"]})


def told(trials: list[tuple[int, list[bool]]]) -> History:
    """Each trial is a key of its own: a write, and a read so many nanoseconds after its acknowledgement; whether the
    read saw it. A read that did not returns what there was before."""
    events: list[AnyEvent] = []
    op = 0
    for number, (wait_ns, seen) in enumerate(trials):
        key, at = f"k{number}", number * SECOND
        for place in (1, 2):
            op += 1
            events.append(Invoke(at=at, op=op, session="w", node="A", kind="put", key=key, value=f"{number}/{place}"))
            events.append(Return(at=at, op=op, session="w", outcome="ok", version=Version(place, "A")))
        for each in seen:
            op += 1
            value, version = f"{number}/{1 + each}", Version(1 + each, "A")
            events.append(Invoke(at=at + wait_ns, op=op, session="r", node="A", kind="get", key=key))
            events.append(Return(at=at + wait_ns, op=op, session="r", outcome="ok", value=value, version=version))
    return ordered(HEADER, events)


def wars(random: Random, model: str, r: int, w: int, wait_ms: float) -> bool:
    """One write and one read of Dynamo: whether the read meets the write. W, A, R and S are one-way delays."""

    def ssd() -> float:
        return 0.235 * random.paretovariate(10) if random.random() < 0.9122 else random.expovariate(1.66)

    def write() -> float:
        if model == "SSD":
            return ssd()
        return 1.05 * random.paretovariate(1.51) if random.random() < 0.38 else random.expovariate(0.183)

    arrivals = [write() for _ in range(N)]
    acknowledged = sorted(arrival + ssd() for arrival in arrivals)[w - 1]
    reads = [(ask := ssd(), ask + ssd()) for _ in range(N)]
    first = sorted(range(N), key=lambda replica: reads[replica][1])[:r]
    return any(arrivals[replica] <= acknowledged + wait_ms + reads[replica][0] for replica in first)


@pytest.mark.parametrize(
    ("model", "r", "w", "wait_ms", "published"),
    [("SSD", 1, 1, 0.0, 0.974), ("DISK", 1, 1, 0.0, 0.439), ("SSD", 1, 1, 1.85, 0.999), ("DISK", 2, 1, 13.6, 0.999),
     ("DISK", 2, 2, 0.0, 1.0)],
)  # fmt: skip
def test_the_share_of_fresh_reads_is_that_of_pbs(model: str, r: int, w: int, wait_ms: float, published: float) -> None:
    random, count = Random(f"{model}/{r}/{w}/{wait_ms}"), 20_000
    trials = [(round(wait_ms * MS), [wars(random, model, r, w, wait_ms)]) for _ in range(count)]
    measured = staleness.measure(told(trials))
    fresh = measured.reads - measured.stale.count
    assert measured.reads == count
    assert fresh / count == pytest.approx(published, abs=0.007 if wait_ms == 0 else 0.0007)
    assert all(lag.age_ns == round(wait_ms * MS) for lag in staleness.lags(told(trials)))


@pytest.mark.parametrize(("r", "w", "missed"), [(1, 1, 2 / 3), (1, 2, 1 / 3), (2, 1, 1 / 3)])
def test_versions_behind_are_those_of_pbs(r: int, w: int, missed: float) -> None:
    """Of partial quorums that nothing repairs a read misses the last k versions with (C(N - W, R) / C(N, R))^k."""
    random, held, events = Random(f"{r}/{w}"), {"A": 0, "B": 0, "C": 0}, list[AnyEvent]()
    for number in range(1, 8001):
        at, value = number * MS, f"w{number}"
        for node in random.sample("ABC", w):
            held[node] = number
        events.append(Invoke(at=at, op=2 * number, session="w", node="A", kind="put", key="k", value=value))
        events.append(Return(at=at, op=2 * number, session="w", outcome="ok", version=Version(number, "A")))
        shown = max(held[node] for node in random.sample("ABC", r))
        version = Version(shown, "A") if shown else None
        value_read = f"w{shown}" if shown else None
        events.append(Invoke(at=at, op=2 * number + 1, session="r", node="A", kind="get", key="k"))
        events.append(Return(at=at, op=2 * number + 1, session="r", outcome="ok", value=value_read, version=version))
    curve = {point.at: point.share for point in staleness.measure(ordered(HEADER, events)).versions}
    for behind_by in (0, 1, 2, 3):
        published = 1 - missed ** (behind_by + 1)
        share = curve[behind_by]
        assert share.low - 0.004 <= published <= share.high + 0.004, (behind_by, share, published)
