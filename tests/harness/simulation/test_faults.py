"""Faults on virtual time: beats, levers that several faults hold, and what the mend phase leaves down."""

import pytest

from checkers.history import Dump, Fault, Life, Metrics, Phase, Rounds
from harness.faults.kinds import BEAT_OFF, BEAT_ON, Kind
from harness.faults.kinds import Fault as Planned
from harness.faults.table import KINDS
from harness.stages.simulation.stage import Simulation, perform
from tests.harness.simulation.plans import every_kind, with_parameters
from tests.harness.simulation.worlds import MS, S, asked, plan_of


def slow(name: str, start_ms: int, end_ms: int, on_ms: int, off_ms: int) -> Planned:
    beat = {BEAT_ON: on_ms * MS, BEAT_OFF: off_ms * MS}
    return Planned(name, "slow", ["r1"], start_ms * MS, end_ms * MS, beat)


def paused_ms(faults: list[Planned], end_ms: int = 300) -> list[int]:
    """Every half of a millisecond at which r1 is paused, rounded down."""
    simulation = Simulation(plan_of([], faults))
    found = []
    for moment in range(end_ms):
        simulation.world.run_until(moment * MS + MS // 2)
        if simulation.nodes["r1"].paused:
            found.append(moment)
    assert [event.phase for event in simulation.events if isinstance(event, Fault)].count("applied") == len(faults)
    assert [event.phase for event in simulation.events if isinstance(event, Fault)].count("healed") == len(faults)
    return found


@pytest.mark.parametrize(
    ("end_ms", "beats"),
    [
        (200, [(100, 130), (140, 170), (180, 200)]),
        (175, [(100, 130), (140, 170)]),
        (180, [(100, 130), (140, 170)]),
        (170, [(100, 130), (140, 170)]),
        (120, [(100, 120)]),
    ],
)
def test_a_beat_pulls_and_lets_go_until_the_fault_ends(end_ms: int, beats: list[tuple[int, int]]) -> None:
    expected = [moment for begin, end in beats for moment in range(begin, end)]
    assert paused_ms([slow("f1", 100, end_ms, 30, 10)]) == expected


def test_two_faults_on_one_lever_hold_it_while_either_does() -> None:
    one, other = slow("f1", 100, 200, 30, 10), slow("f2", 115, 215, 20, 20)
    assert paused_ms([one, other]) == sorted({*paused_ms([one]), *paused_ms([other])})


def test_a_beat_leaves_one_record_of_its_start_and_one_of_its_end() -> None:
    plan = plan_of([asked(1, 0)], [slow("f1", 100, 200, 30, 10)])
    events = [event for event in perform(plan).events if isinstance(event, Fault)]
    assert [(event.at, event.phase, event.evidence) for event in events] == [
        (100 * MS, "applied", "pause r1"),
        (200 * MS, "healed", "pause r1"),
    ]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_of_fault_is_applied_and_names_its_levers(kind: Kind) -> None:
    nodes = ["r1", "r2", "r3", "r4"]
    fault = with_parameters("f1", kind, nodes, 100 * MS, 900 * MS)
    plan = plan_of([asked(1, 0)], [fault], nodes=4)
    applied, healed = (event for event in perform(plan).events if isinstance(event, Fault))
    assert (applied.phase, healed.phase) == ("applied", "healed")
    assert (applied.at, healed.at) == (100 * MS, 900 * MS)
    words = [action.words() for action in kind.actions(fault, nodes)]
    assert words
    assert applied.evidence.split(", ") == words


def test_nodes_that_stay_down_are_killed_when_the_mend_phase_begins() -> None:
    plan = every_kind(1, down=["r2"])
    events = perform(plan).events
    (mend,) = (event for event in events if isinstance(event, Phase) and event.name == "mend")
    assert mend.down == ["r2"]
    last = [event for event in events if isinstance(event, Life) and event.node == "r2"][-1]
    assert (last.what, last.at) == ("killed", mend.at)
    assert last.seq > mend.seq
    living = {"r1", "r3", "r4"}
    assert {event.node for event in events if isinstance(event, Dump)} == living
    assert {event.node for event in events if isinstance(event, Rounds)} == living
    assert [event for event in events if isinstance(event, Phase)][-1].at < mend.at + 60 * S


def test_each_living_node_hands_in_what_it_counted() -> None:
    for down in ([], ["r2"]):
        events = perform(every_kind(1, down=down)).events
        metrics = [event for event in events if isinstance(event, Metrics)]
        assert [event.node for event in metrics] == [node for node in ("r1", "r2", "r3", "r4") if node not in down]
        assert all(event.values for event in metrics)
        assert isinstance(events[-1], Phase)
        assert events[-1].name == "end"
