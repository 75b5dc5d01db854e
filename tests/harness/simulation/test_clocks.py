"""Wall clocks on virtual time: what a lever makes of the readings, and what versions make of clocks that go back."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers.history import Return
from harness.faults.kinds import BEAT_OFF, BEAT_ON, Fault
from harness.plan import Plan, check
from harness.reproduce.trial import trial
from harness.stages.simulation.clocks import Clock
from harness.stages.simulation.stage import Simulation, perform
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.placement import Placement
from tests.harness.simulation.worlds import MS, S, Stage, asked, plan_of, pull, stage_of
from workloads.operations import Operation


def offset(ms: int) -> dict[str, int]:
    return {"drift_ppm": 0, "offset_ns": ms * MS}


def off_ms(faults: list[Fault], node: str = "r1", end_ms: int = 60) -> list[float]:
    """By how many milliseconds the clock is off, half a millisecond after each."""
    simulation = Simulation(plan_of([], faults, nodes=3))
    found = []
    for moment in range(end_ms):
        simulation.world.run_until(moment * MS + MS // 2)
        now = simulation.nodes[node].clock.read()
        assert now.mono == simulation.world.now, "timers run on true time"
        found.append((now.wall - now.mono - WALL_AT_START_NS) / MS)
    return found


def test_a_clock_that_nothing_touches_is_right() -> None:
    jump = Fault("f1", "clock-jump", ["r2"], 10 * MS, 30 * MS, {"offset_ns": 40 * MS})
    assert set(off_ms([jump])) == {0.0}


@pytest.mark.parametrize("kind", ["clock-offset", "clock-jump"])
@pytest.mark.parametrize("ms", [40, -40])
def test_an_offset_comes_at_once_and_goes_at_once(kind: str, ms: int) -> None:
    fault = Fault("f1", kind, ["r1"], 10 * MS, 30 * MS, {"offset_ns": ms * MS})
    assert off_ms([fault]) == [0.0] * 10 + [float(ms)] * 20 + [0.0] * 30


@pytest.mark.parametrize("ppm", [100_000, -100_000, -1_000_000])
def test_a_drift_grows_with_the_time_that_passes_and_is_set_right(ppm: int) -> None:
    fault = Fault("f1", "clock-drift", ["r1"], 10 * MS, 30 * MS, {"drift_ppm": ppm})
    grown = [(moment + 0.5) * ppm / 1e6 for moment in range(20)]
    assert off_ms([fault]) == pytest.approx([0.0] * 10 + grown + [0.0] * 30)


def test_a_strobe_goes_to_and_fro() -> None:
    beats = {BEAT_ON: 4 * MS, BEAT_OFF: 2 * MS, "offset_ns": -7 * MS}
    found = off_ms([Fault("f1", "clock-strobe", ["r1"], 10 * MS, 25 * MS, beats)])
    assert found == [0.0] * 10 + ([-7.0] * 4 + [0.0] * 2) * 2 + [-7.0] * 3 + [0.0] * 35


def test_what_several_faults_do_to_one_clock_adds_up() -> None:
    faults = [
        Fault("f1", "clock-offset", ["r1", "r2"], 0, 40 * MS, {"offset_ns": 5 * MS}),
        Fault("f2", "clock-jump", ["r1"], 10 * MS, 30 * MS, {"offset_ns": -50 * MS}),
        Fault("f3", "clock-drift", ["r1"], 20 * MS, 60 * MS, {"drift_ppm": 200_000}),
    ]
    found = off_ms(faults)
    assert found[5] == 5
    assert found[15] == 5 - 50
    assert found[25] == pytest.approx(5 - 50 + 1.1)
    assert found[35] == pytest.approx(5 + 3.1)
    assert found[45] == pytest.approx(5.1)
    assert off_ms(faults, "r2")[35] == 5


def test_faults_with_the_same_numbers_are_one_lever() -> None:
    faults = [Fault(f"f{start}", "clock-jump", ["r1"], start * MS, 30 * MS, {"offset_ns": MS}) for start in (10, 20)]
    assert off_ms(faults) == [0.0] * 10 + [1.0] * 20 + [0.0] * 30


def test_a_lever_is_shown_to_be_pulled_as_long_as_it_is() -> None:
    clock, far, farther = Clock(World()), pull("clock", "r1", **offset(7)), pull("clock", "r1", **offset(8))
    clock.pull(far)
    assert (clock.is_pulled(far), clock.is_pulled(farther)) == (True, False)
    clock.let_go(far)
    assert not clock.is_pulled(far)


def test_no_timeout_and_no_delay_is_counted_by_a_wall_clock() -> None:
    right, wrong = stage_of(100, 300, 900), stage_of(100, 300, 900)
    wrong.on(50 * MS, pull("clock", "r1", **offset(3_000)))
    wrong.on(200 * MS, pull("clock", "r1", drift_ppm=-500_000, offset_ns=0))
    assert wrong.run() == right.run()


def test_a_clock_stays_off_while_its_node_is_down() -> None:
    stage = Stage(plan_of([asked(1, 400 * MS, "put")]))
    stage.on(100 * MS, pull("clock", "r1", **offset(500)))
    stage.on(200 * MS, pull("kill", "r1"))
    stage.off(300 * MS, pull("kill", "r1"))
    assert stage.run()[1][0] == "ok"
    (back,) = (event for event in stage.simulation.events if isinstance(event, Return))
    assert back.version
    assert 900 * MS <= back.version.time - WALL_AT_START_NS <= 910 * MS


@st.composite
def clocks_that_go_back(draw: st.DrawFn) -> Plan:
    """Puts through r1, one after the other, while its clock jumps, forth and back, and it is killed at times."""
    operations = [asked(number, 40 * number * MS, "put", client="c1") for number in range(1, 30)]
    cuts = sorted(draw(st.lists(st.integers(2, 60), min_size=2, max_size=8, unique=True)))
    faults = [
        Fault(f"kill{start}", "kill", ["r1"], start * 20 * MS, start * 20 * MS + 30 * MS)
        for start in draw(st.lists(st.sampled_from(range(2, 60, 2)), max_size=3, unique=True))
    ]
    for number, (start, end) in enumerate(zip(cuts[::2], cuts[1::2], strict=False)):
        numbers = {"offset_ns": draw(st.sampled_from([-2_000, -160, -40, 40, 900])) * MS}
        faults.append(Fault(f"jump{number}", "clock-jump", ["r1"], start * 20 * MS, end * 20 * MS, numbers))
    plan = plan_of(operations, faults, nodes=3)
    check(plan, "drawn")
    old = msgspec.structs.replace(plan.policy, message_lifetime_ns=10 * S)  # else what lags is refused
    return msgspec.structs.replace(plan, policy=old)


@settings(max_examples=40)
@given(clocks_that_go_back())
def test_no_version_is_minted_twice_and_none_goes_back(plan: Plan) -> None:
    """Whatever the clock does, and with restarts in between: in the order in which they were acknowledged, one
    node's versions rise."""
    backs = [event for event in perform(plan).events if isinstance(event, Return) and event.outcome == "ok"]
    times = [event.version.time for event in backs if event.version]
    assert len(times) == len(backs) > 10
    assert times == sorted(set(times))
    assert trial(plan).broken == []


def through_one_node(seed: int, flaw: str | None) -> Plan:
    """A coordinator without copies of its own, with a clock that is set back by as much as it was down."""
    random = Random(f"{seed}/clocks")
    plan = plan_of([], nodes=4)
    keys = [key for key in map("k{}".format, range(40)) if Placement(plan.cluster).replicas_of(key) != ("r1",)]
    operations = [
        Operation(number, number * 3 * MS, f"c{number % 5}", "r1", "put", random.choice(keys), f"w{number}")
        for number in range(1, 300)
    ]
    down = random.randrange(100, 300)
    faults = [
        Fault("f1", "kill", ["r1"], down * MS, (down + 50) * MS),
        Fault("f2", "clock-jump", ["r1"], (down + 20) * MS, 900 * MS, {"offset_ns": -random.randrange(60, 200) * MS}),
    ]
    return msgspec.structs.replace(plan, seed=seed, operations=operations, faults=faults, flaw=flaw)


def minted_twice(plan: Plan) -> int:
    """Versions that two writes were acknowledged with, whichever their keys."""
    times = [event.version for event in perform(plan).events if isinstance(event, Return) and event.version]
    return len(times) - len(set(times))


def test_a_node_that_forgets_what_it_minted_mints_it_again() -> None:
    """So this load would show it: the durable mark is what keeps the sound store from it."""
    seeds = range(1, 9)
    assert all(minted_twice(through_one_node(seed, None)) == 0 for seed in seeds)
    assert sum(minted_twice(through_one_node(seed, "forgets-its-clock")) > 0 for seed in seeds) > len(seeds) // 2


def test_a_write_may_be_lost_under_an_earlier_one_by_a_clock_that_led() -> None:
    """Measured, and promised by nobody: the last writer is who has the latest clock. Neither of the two holds the key,
    so that nobody tells the one what the other wrote."""
    [owner] = Placement(plan_of([], nodes=3).cluster).replicas_of("k0")
    one, other = (node for node in ("r1", "r2", "r3") if node != owner)
    asks = [
        asked(1, 100 * MS, "put", one, "c1"),
        asked(2, 300 * MS, "put", other, "c2"),
        asked(3, 500 * MS, "get", owner, "c3"),
    ]
    found = trial(plan_of(asks, [Fault("f1", "clock-jump", [one], 50 * MS, 200 * MS, {"offset_ns": 2 * S})], nodes=3))
    assert found.broken == []
    backs = {event.op: event for event in found.history.events if isinstance(event, Return)}
    assert {op: back.outcome for op, back in backs.items()} == {1: "ok", 2: "ok", 3: "ok"}
    assert backs[3].value == "w1"
