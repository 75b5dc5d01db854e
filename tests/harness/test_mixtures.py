"""Mixtures of delays: against closed forms in floating point, the same on every platform, and refused in words."""

import math
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs
from xxhash import xxh3_64_intdigest

from harness import mixtures
from harness import requirements as needs
from harness.levers import STAGE_LEVERS
from harness.mixtures import CHANCES, Constant, Delays, Exponential, Pareto, Part, Uniform, drawing_of, mixture
from harness.plan import Network, check, levers_of
from harness.reproduce.plainer import settings
from harness.stages.simulation.stage import perform
from harness.wrong import Wrong
from tests.harness.plans import small_plan
from tests.harness.simulation.test_delays import distance
from tests.harness.simulation.test_network_plans import drawn
from tests.harness.simulation.worlds import MS, Net

ALL = 1_000_000
SSD = "91.22% pareto(0.235ms, 10) + 8.78% exponential(1.66/ms)"
DISK = "38% pareto(1.05ms, 1.51) + 62% exponential(0.183/ms)"


def longer(part: Part, ns: float) -> float:
    """The chance of a longer delay, from a textbook."""
    if isinstance(part, Pareto):
        return min(1.0, (part.least_ns / ns) ** (part.shape_milli / 1000)) if ns else 1.0
    if isinstance(part, Exponential):
        return math.exp(-part.rate_per_s * ns / 1e9)
    if isinstance(part, Uniform):
        return min(1.0, max(0.0, (part.most_ns - ns) / (part.most_ns - part.least_ns)))
    return float(ns < part.delay_ns)


def closed(parts: list[Part]) -> Callable[[float], float]:
    return lambda ns: 1 - sum(part.share_ppm / ALL * longer(part, ns) for part in parts)


PARETOS = st.builds(Pareto, st.just(ALL), st.integers(1000, 10**9), st.integers(1000, 100_000))
EXPONENTIALS = st.builds(Exponential, st.just(ALL), st.integers(1, 10**6))


@given(st.one_of(PARETOS, EXPONENTIALS), st.integers(0, CHANCES - 1))
@example(Pareto(ALL, 235_000, 10_000), CHANCES - 1)
@example(Exponential(ALL, 1660), CHANCES - 1)
def test_each_chance_is_where_the_closed_form_has_it(part: Part, chance: int) -> None:
    """Between steps of 1/256 of a doubling the curves are all but straight: 4 millionths of the mean, or of the delay;
    and a nanosecond is lost to rounding."""
    found, rarity = drawing_of([part])(chance), 1 - chance / CHANCES
    if isinstance(part, Pareto):
        exact = part.least_ns * rarity ** (-1000 / part.shape_milli)
        assert found == pytest.approx(exact, rel=4e-6, abs=1.001)
    elif isinstance(part, Exponential):
        mean = 1e9 / part.rate_per_s
        assert found == pytest.approx(-math.log(rarity) * mean, rel=1e-9, abs=4e-6 * mean + 1.001)


@given(st.one_of(PARETOS, EXPONENTIALS), st.lists(st.integers(0, CHANCES - 1), min_size=2, max_size=20))
def test_more_chance_is_no_less_delay(part: Part, chances: list[int]) -> None:
    draw = drawing_of([part])
    assert all(draw(low) <= draw(high) for low, high in pairwise(sorted(chances)))


@pytest.mark.parametrize(
    "text", [SSD, DISK, "uniform(1ms, 5ms)", "25% uniform(0ns, 1ms) + 50% exponential(3/s) + 25% pareto(7us, 0.9)"]
)
def test_many_draws_are_spread_as_their_shares_say(text: str) -> None:
    """Of one sample in a million the distance is more than 2.7 / sqrt(n) (Kolmogorov's limit); these are fixed."""
    parts = mixture(text, "here")
    draw = drawing_of(parts)
    draws = [float(draw(xxh3_64_intdigest(f"{n}".encode()) & 0xFFFF_FFFF)) for n in range(20_000)]
    assert distance(draws, closed(parts)) < 2.7 / math.sqrt(20_000)
    other = mixture("pareto(0.1ms, 4)", "here")
    assert distance(draws, closed(other)) > 0.1, "and as no other one"


@given(st.integers(0, CHANCES - 1), st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_plain_ones_stay_within_their_ends(chance: int, least: int, width: int) -> None:
    assert drawing_of([Constant(ALL, least)])(chance) == least
    draw = drawing_of([Uniform(ALL, least, least + width)])
    assert least <= draw(chance) <= least + width
    assert (draw(0), draw(CHANCES - 1)) == (least, least + width)


def test_the_same_on_every_platform() -> None:
    """Written down once: the tests above say that they are right."""
    chances = [0, CHANCES // 3, CHANCES - 5000, CHANCES - 1]
    assert [drawing_of(mixture(SSD, ""))(chance) for chance in chances] == SAME[SSD]
    assert [drawing_of(mixture(DISK, ""))(chance) for chance in chances] == SAME[DISK]


SAME = {SSD: [235000, 245934, 6765551, 11864941], DISK: [1050000, 4210685, 72051480, 117418374]}


def test_a_mixture_is_read_as_it_is_written() -> None:
    assert mixture(SSD, "") == [Pareto(912_200, 235_000, 10_000), Exponential(87_800, 1660)]
    assert mixture("exponential(5/s)", "") == [Exponential(ALL, 5)]
    assert mixture("constant(2ms)", "") == [Constant(ALL, 2 * MS)]
    assert mixture(" 50%uniform( 1us,2us )+50 % constant(0ns)", "") == [
        Uniform(500_000, 1000, 2000),
        Constant(500_000, 0),
    ]


@pytest.mark.parametrize(
    ("given_text", "said"),
    [
        ('all = "paretto(1ms, 2)"', "network.delays.all: there is no distribution 'paretto'"),
        ('all = "paretto(1ms, 2)"', "did you mean 'pareto'?"),
        ('stored = "pareto(1ms)"', "network.delays.stored: pareto(1ms) cannot be read; write pareto(0.235ms, 10)"),
        ('all = "pareto(1, 2)"', "pareto(1, 2) cannot be read"),
        ('all = "pareto(1..2ms, 2)"', "pareto(1..2ms, 2) cannot be read"),
        ('all = "pareto(1ms, 0.05)"', "all[0].shape_milli: 50 is not possible; 100 to 1000000 are"),
        ('all = "pareto(1ms, 0.5)"', "cannot be counted in nanoseconds; take a larger shape"),
        ('all = "exponential(2ms)"', "exponential(2ms) cannot be read; write exponential(1.66/ms)"),
        ('all = "exponential(0.5/s)"', "exponential(0.5/s) cannot be read"),
        ('all = "exponential(0/s)"', "all[0].rate_per_s: 0 is not possible; 1 to"),
        ('all = "uniform(5ms, 1ms)"', "all[0].most_ns: 1000000 is below least_ns = 5000000; swap them"),
        ('all = "50% constant(1ms) + 40% constant(2ms)"', "all: the shares are 90 % in all; make them 100 %"),
        ('all = "50% constant(1ms)"', "all: the shares are 50 % in all; make them 100 %"),
        ('all = "constant(1ms) + constant(2ms)"', "'constant(1ms)' is no part of a mixture; write "),
        ('all = ["constant(1ms)", "constant"]', "'constant' is no part of a mixture"),
        ("all = []", "network.delays.all: a choice of nothing"),
        ("all = 5", "'5' is no part of a mixture"),
        ('stor = "constant(1ms)"', "odd: network.delays.stor: no kind of message; allowed: all, store, stored"),
    ],
)
def test_what_is_wrong_in_a_scenario_is_refused(given_text: str, said: str) -> None:
    with pytest.raises(Wrong) as refused:
        drawn(f"[network.delays]\n{given_text}")
    assert said in str(refused.value)


@given(st.text(alphabet="0123456789.%+ ()mnus/,partoxenilf", max_size=40))
def test_any_text_is_a_mixture_or_refused(text: str) -> None:
    try:
        parts = mixture(text, "here")
    except Wrong as wrong:
        assert wrong.place.startswith("here")
    else:
        assert sum(part.share_ppm for part in parts) == ALL


@pytest.mark.parametrize(
    ("delays", "said"),
    [
        ({"store": []}, "p: network.delays.store: the shares are 0 % in all"),
        ({"all": [Constant(ALL, -1)]}, "p: network.delays.all[0].delay_ns: -1 is not possible"),
        ({"all": [Constant(ALL + 1, 1)]}, "p: network.delays.all[0].share_ppm: 1000001 is not possible"),
    ],
)
def test_what_is_wrong_in_a_plan_is_refused(delays: Delays, said: str) -> None:
    with pytest.raises(Wrong, match=re.escape(said)):
        check(structs.replace(small_plan(), network=Network(delays=dict(delays))), "p")


def test_a_seed_draws_one_of_a_choice_and_says_which() -> None:
    texts = ["constant(1ms)", "constant(2ms)"]
    found = [drawn(f"[network.delays]\nstore = {texts}", seed) for seed in range(20)]
    assert {said["network.delays.store"] for _, said in found} == set(texts)
    for plan, said in found:
        assert plan.network.delays == {"store": mixture(said["network.delays.store"], "")}


def test_a_plan_with_mixtures_needs_the_simulation() -> None:
    plan = structs.replace(small_plan(), network=Network(delays={"store": mixture(DISK, "")}))
    assert levers_of(plan)["mixtures"] == "network.delays of store"
    assert "mixtures" in STAGE_LEVERS["simulation"]
    assert "mixtures" not in STAGE_LEVERS["processes"]


def test_each_kind_of_message_has_its_own_delays_and_clients_keep_theirs() -> None:
    delays: dict[mixtures.Kind, list[Part]] = {
        "all": [Constant(ALL, 7 * MS)],
        "store": [Constant(ALL, 3 * MS)],
        "fetched": [Constant(ALL, 5 * MS)],
    }
    plan = structs.replace(small_plan(), faults=[], network=Network(MS, MS, delays=delays))
    took: dict[str, set[int]] = {}
    for event in perform(plan).events:
        if event.__class__.__name__ == "Message" and event.received is not None:  # type: ignore[union-attr]
            took.setdefault(event.kind, set()).add(event.received - event.at)  # type: ignore[union-attr]
    known = {"store": 3 * MS, "fetched": 5 * MS}
    assert {"store", "stored", "fetch", "fetched", "compare"} <= took.keys()
    for kind, ways in took.items():
        assert min(ways) == known.get(kind, 7 * MS)
        assert max(ways) <= known.get(kind, 7 * MS) + 2 * plan.disk.sync_max_ns, "a receiver may be busy"


def test_a_mixture_is_drawn_for_each_message_by_itself_and_stays_when_all_is_healed() -> None:
    parts = mixture(SSD, "")
    net = Net(Network(delays={"all": parts}))
    for number in range(4000):
        net.say(0, f"k{number}", to="r2" if number % 2 else "r3")
    net.world.at(1, net.network.heal)
    for number in range(4000, 8000):
        net.say(2, f"k{number}")
    times = net.run()
    first = [float(times[f"k{number}"]) for number in range(4000)]
    later = [float(times[f"k{number}"] - 2) for number in range(4000, 8000)]
    for draws in (first, first[::2], later):
        assert distance(draws, closed(parts)) < 2.7 / math.sqrt(len(draws))


def test_a_shrunk_plan_may_do_without_mixtures() -> None:
    plan = structs.replace(small_plan(), network=Network(delays={"all": mixture(SSD, "")}))
    plainer = list(settings(plan))
    assert any(each == structs.replace(plan, network=Network()) for each in plainer)


def test_promises_count_with_the_longest_delay() -> None:
    plan = structs.replace(small_plan(), faults=[])
    for text, missed in ((SSD, False), ("uniform(1ms, 900ms)", True), (DISK, True)):
        network = Network(delays={"store": mixture(text, "")})
        assert bool(needs.IN_TIME.missed(structs.replace(plan, network=network))) == missed
    assert Network(delays={"all": mixture("exponential(1/ms)", "")}).slowest_ns() == pytest.approx(22.18 * MS, rel=1e-3)
