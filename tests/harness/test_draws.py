"""Values in scenarios: every form that may be written; for any other, one message with the place and the form."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.draws import Drawing, Spec
from harness.wrong import Wrong

SEEDS = range(60)
MS = 1_000_000
NS = {"ns": 1, "us": 1_000, "ms": MS, "s": 1_000 * MS}

Method = Callable[[Drawing, Spec], object]


def count(drawing: Drawing, spec: Spec) -> int:
    return drawing.count("a.name", spec)


def duration(drawing: Drawing, spec: Spec) -> int:
    return drawing.duration_ns("a.name", spec)


def share(drawing: Drawing, spec: Spec) -> int:
    return drawing.share_ppm("a.name", spec)


def choice(drawing: Drawing, spec: Spec) -> str:
    return drawing.choice("a.name", spec, ["none", "blocking"])


def span(drawing: Drawing, spec: Spec) -> tuple[int, int]:
    return drawing.span_ns("a.name", spec)


def level(drawing: Drawing, spec: Spec) -> int:
    return drawing.count("a.name", spec, 1, {"ONE": 1, "QUORUM": 2})


def few(drawing: Drawing, spec: Spec) -> int:
    return drawing.count("a.name", spec, most=9)


def half(drawing: Drawing, spec: Spec) -> int:
    return drawing.share_ppm("a.name", spec, 500_000)


def count_span(drawing: Drawing, spec: Spec) -> tuple[int, int]:
    return drawing.span("a.name", spec, 100)


def bounds(drawing: Drawing, spec: Spec) -> tuple[int, int]:
    return drawing.bounds("a.name", spec)


def all_drawn(method: Method, spec: Spec) -> set[object]:
    return {method(Drawing(seed, "here.toml"), spec) for seed in SEEDS}


@pytest.mark.parametrize(
    ("method", "spec", "possible"),
    [
        (count, 5, {5}),
        (count, "5", {5}),
        (count, " 5 ", {5}),
        (count, "2..5", {2, 3, 4, 5}),
        (count, "0..1", {0, 1}),
        (count, "3..3", {3}),
        (count, [7], {7}),
        (count, [1, "3..4"], {1, 3, 4}),
        (level, "QUORUM", {2}),
        (level, ["ONE", "QUORUM", 3], {1, 2, 3}),
        (duration, 0, {0}),
        (duration, "0", {0}),
        (duration, "300ms", {300 * MS}),
        (duration, "0.5s", {500 * MS}),
        (duration, "7us", {7_000}),
        (duration, "1..3ns", {1, 2, 3}),
        (duration, ["1ms", "2ms"], {MS, 2 * MS}),
        (share, "15%", {150_000}),
        (share, "0.5%", {5_000}),
        (share, "0", {0}),
        (share, "100%", {1_000_000}),
        (share, "0.0001..0.0002%", {1, 2}),
        (choice, "none", {"none"}),
        (choice, ["none", "blocking"], {"none", "blocking"}),
        (span, "0.2..2ms", {(200_000, 2 * MS)}),
        (span, "5ms", {(5 * MS, 5 * MS)}),
        (span, ["1..2ns", "3..4ns"], {(1, 2), (3, 4)}),
        (few, "8..9", {8, 9}),
        (half, "50%", {500_000}),
        (count_span, "10..100", {(10, 100)}),
        (count_span, 0, {(0, 0)}),
        (count_span, [5, "6..7"], {(5, 5), (6, 7)}),
        (bounds, 5, {(5, 5)}),
        (bounds, "2..5", {(2, 5)}),
        (bounds, [3, "2..5", "4..9"], {(2, 9)}),
    ],
)
def test_every_form_draws_all_that_it_names_and_nothing_else(method: Method, spec: Spec, possible: set[object]) -> None:
    assert all_drawn(method, spec) == possible


A_COUNT = 'write a count, such as 5 or "2..5"'
A_DURATION = 'write a duration, such as "300ms" or "0.5..2s" (ns, us, ms, s)'
A_SHARE = 'write a share, such as "15%" or "0..30%"'


@pytest.mark.parametrize(
    ("method", "spec", "what", "remedy"),
    [
        (count, "five", "'five' is no such value", A_COUNT),
        (count, -5, "-5 is no such value", A_COUNT),
        (count, "2...5", "'2...5'", A_COUNT),
        (count, "..5", "'..5'", A_COUNT),
        (count, "", "''", A_COUNT),
        (count, "5ms", "'5ms'", A_COUNT),
        (count, "2.5", "fraction too small", A_COUNT),
        (count, "٣", "'٣'", A_COUNT),
        (count, "9" * 5000, "is no such value", A_COUNT),
        (count, "5..2", "'5..2' ends before it begins", "write the smaller number first"),
        (count, [], "a choice of nothing", "name at least one value"),
        (count, [1, "x"], "'x' is no such value", A_COUNT),
        (count, "99999999999999999999", "is no such value", A_COUNT),
        (level, "QUORM", "'QUORM' is no such value", "allowed: ONE, QUORUM; did you mean 'QUORUM'?"),
        (level, 0, "0 is too little", "1 is the least"),
        (level, "0..3", "'0..3' is too little", "1 is the least"),
        (duration, 300, "300 is no such value", A_DURATION),
        (duration, "300", "'300'", A_DURATION),
        (duration, "300 ms", "'300 ms'", A_DURATION),
        (duration, "1ms..2ms", "'1ms..2ms'", A_DURATION),
        (duration, "5min", "'5min'", A_DURATION),
        (duration, "10%", "'10%'", A_DURATION),
        (duration, "0.5ns", "fraction too small", A_DURATION),
        (duration, "999999999999999999s", "is too much", "is the most"),
        (share, 50, "50 is no such value", A_SHARE),
        (share, "0.5", "'0.5'", A_SHARE),
        (share, "101%", "'101%' is too much", "100 % is the most"),
        (share, "50..150%", "'50..150%' is too much", "100 % is the most"),
        (share, "-5%", "'-5%'", A_SHARE),
        (choice, "blockin", "'blockin' is not possible here", "allowed: none, blocking; did you mean 'blocking'?"),
        (choice, 3, "'3' is not possible here", "allowed: none, blocking"),
        (choice, [], "a choice of nothing", "name at least one value"),
        (span, "2..0.2ms", "'2..0.2ms' ends before it begins", "write the smaller number first"),
        (span, "2", "'2' is no such value", A_DURATION),
        (few, 10, "10 is too much", "9 is the most"),
        (few, "1..10", "'1..10' is too much", "9 is the most"),
        (half, "0..51%", "'0..51%' is too much", "50 % is the most"),
        (count_span, "10..101", "'10..101' is too much", "100 is the most"),
        (count_span, "1ms", "'1ms' is no such value", A_COUNT),
        (bounds, [], "a choice of nothing", "name at least one value"),
        (bounds, [1, "x"], "'x' is no such value", A_COUNT),
    ],
)
def test_every_other_form_is_one_message_with_the_place_and_what_is_allowed(
    method: Method, spec: Spec, what: str, remedy: str
) -> None:
    with pytest.raises(Wrong) as caught:
        method(Drawing(1, "here.toml"), spec)
    message = str(caught.value)
    assert message.startswith("here.toml: a.name: ")
    assert what in message
    assert remedy in message
    assert "\n" not in message


@pytest.mark.parametrize(("method", "spec"), [(count, [1, "x"]), (choice, ["none", "blockin"]), (span, ["1ms", "2"])])
def test_a_wrong_choice_is_found_by_every_seed(method: Method, spec: Spec) -> None:
    """Not only by the seeds that would draw it: a suite must not find it half-way."""
    for seed in SEEDS:
        with pytest.raises(Wrong):
            method(Drawing(seed, "here.toml"), spec)


@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(0, 2**63 - 1))
def test_a_range_is_inclusive(low: int, width: int, seed: int) -> None:
    spec = f"{low}..{low + width}"
    assert low <= count(Drawing(seed, "x"), spec) <= low + width
    assert all_drawn(count, spec) == set(range(low, low + width + 1))


@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 10, 100, 1000]),
    st.sampled_from(["us", "ms", "s"]),
)
def test_a_decimal_is_exact(number: int, parts: int, unit: str) -> None:
    """No float comes in between: 0.3 s are 300,000,000 ns, to the last one."""
    whole, rest = divmod(number, parts)
    text = f"{whole}.{rest:0{len(str(parts)) - 1}}" if parts > 1 else f"{whole}"
    assert duration(Drawing(1, "x"), f"{text}{unit}") == Fraction(number, parts) * NS[unit]


@given(st.integers(0, 2**63 - 1))
def test_the_same_seed_draws_the_same_whatever_else_is_drawn(seed: int) -> None:
    alone, after = Drawing(seed, "x"), Drawing(seed, "y")
    after.count("other", "1..1000")
    after.choice("another", ["none", "blocking"], ["none", "blocking"])
    assert alone.count("name", "1..1000") == after.count("name", "1..1000")
    assert alone.duration_ns("time", "1..1000ms") == after.duration_ns("time", "1..1000ms")


def test_names_have_streams_of_their_own() -> None:
    drawing = Drawing(1, "x")
    assert len({drawing.count(f"name{number}", "1..1000000") for number in range(20)}) == 20


def test_all_that_is_drawn_is_noted() -> None:
    drawing = Drawing(1, "x")
    drawing.count("n", 3)
    drawing.count("r", "QUORUM", 1, {"QUORUM": 2})
    drawing.duration_ns("time", "1.5s")
    drawing.share_ppm("loss", "0.25%")
    drawing.choice("how", "none", ["none"])
    drawing.span_ns("delay", "0.2..2ms")
    drawing.span("bytes", "1..9", 10)
    drawing.bounds("other", "1..9")
    assert drawing.drawn == {
        "n": "3", "r": "2", "time": "1500 ms", "loss": "0.25 %", "how": "none", "delay": "0.2..2 ms", "bytes": "1..9",
    }  # fmt: skip
