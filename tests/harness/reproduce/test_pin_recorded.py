"""What was recorded, kept by the simulation. The oracle is the simulation itself: a history of it, taken for one of
processes, can be followed with every chance drawn otherwise."""

from pathlib import Path

import msgspec
import pytest

from checkers import files
from checkers.history import AnyEvent, Header, History, Life, Message, Phase, ordered
from checkers.history import Fault as FaultEvent
from harness import plan as plans
from harness.demonstrations import PLANS
from harness.faults.kinds import Fault
from harness.plan import LOST, MS, Plan
from harness.reproduce.following import follow, keeping_pace
from harness.reproduce.recorded import Moments, as_recorded, moments
from harness.scenario import draw, load
from harness.stages.simulation.stage import perform
from tests.harness.plans import small_plan

DATA = Path(__file__).parent / "data/on-processes"


def otherwise(plan: Plan) -> Plan:
    """The same plan, all of its chances drawn anew."""
    return msgspec.structs.replace(plan, seed=plan.seed + 1)


def share_kept(recorded: Moments, found: Moments) -> float:
    kept = sum(found.ways.get(cause) == way for cause, way in recorded.ways.items())
    return kept / len(recorded.ways)


@pytest.mark.parametrize("name", ["repairs-by-arrival", "joins-at-once", "skips-repair", "decides-on-one"])
def test_each_message_arrives_when_it_did(name: str) -> None:
    plan = PLANS[name](name)
    recorded = moments(perform(plan))
    led = follow(as_recorded(otherwise(plan), perform(plan)), recorded)
    found = moments(led.history)
    assert {cause: way.received for cause, way in found.ways.items()} == {
        cause: way.received for cause, way in recorded.ways.items()
    }
    assert {op: event.at for op, event in found.returned.items()} == {
        op: event.at for op, event in recorded.returned.items()
    }
    assert share_kept(recorded, moments(perform(otherwise(plan)))) < 0.5, "chance alone does not bring it about"


@pytest.mark.parametrize(("scenario", "least"), [("calm", 0.9), ("partitions", 0.95), ("default", 0.9)])
def test_so_do_most_of_a_drawn_run(scenario: str, least: float) -> None:
    """Not all: the simulation commits in no time, so that a digest may be taken before a write where it was after."""
    plan, _ = draw(load(scenario), scenario, 1, None)
    recorded = moments(perform(plan))
    found = moments(follow(as_recorded(otherwise(plan), perform(plan)), recorded).history)
    arrived = sum(
        cause in found.ways and found.ways[cause].received == way.received for cause, way in recorded.ways.items()
    )
    assert arrived / len(recorded.ways) > least


@pytest.mark.parametrize("order", [0, 3])
def test_the_plan_does_again_what_the_simulation_was_led_to_do(order: int) -> None:
    plan, _ = draw(load("default"), "default", 2, None)
    history = perform(plan)
    led = follow(as_recorded(otherwise(plan), history), moments(history), order)
    plans.check(led.plan, "led")
    assert files.digest(perform(led.plan)) == files.digest(led.history)


def test_orders_differ_only_in_what_was_handled_in_one_go() -> None:
    history = files.read(DATA / "history.jsonl")
    plan, recorded = plans.read(DATA / "plan.json"), moments(history)
    plain = moments(follow(as_recorded(plan, history), recorded).history)
    other = moments(follow(as_recorded(plan, history), recorded, 1).history)
    late = [way.received - plain.ways[cause].received for cause, way in other.ways.items() if way.received is not None]  # type: ignore[operator]
    assert any(late)
    assert all(0 <= each < 10_000 for each in late)


def test_a_run_on_processes_is_followed_to_the_message() -> None:
    history = files.read(DATA / "history.jsonl")
    recorded = moments(history)
    found = moments(follow(as_recorded(plans.read(DATA / "plan.json"), history), recorded).history)
    assert found.ways.keys() == recorded.ways.keys()
    received = {cause: way.received for cause, way in recorded.ways.items()}
    assert {cause: way.received for cause, way in found.ways.items()} == received
    assert sum(each is None for each in received.values()) == 4


def message(at: int, sender: str, to: str, origin: str, received: int | None) -> Message:
    return Message(
        at=at, id="m", born=at, sender=sender, to=to, kind="fetch", origin=origin, key="k0", received=received
    )


def recorded_by_hand() -> tuple[Plan, History]:
    """r3 is cut off, then killed and started again; one more message is lost for no reason that the plan knows."""
    events: list[AnyEvent] = [
        *(Life(at=at, node=node, incarnation=f"{node}.1", what="started") for node, at in [("r1", -70), ("r3", -50)]),
        Life(at=5, node="r2", incarnation="r2.1", what="started"),
        Phase(at=0, name="unrest"),
        message(60 * MS, "r1", "r3", "op 1", None),
        message(61 * MS, "r2", "r3", "op 1", 62 * MS),
        FaultEvent(at=70 * MS, fault="f1", kind="isolate", phase="applied", targets=["r3"]),
        message(100 * MS, "r1", "r3", "op 1", None),
        message(100 * MS, "r1", "r2", "op 1", None),
        message(395 * MS, "r1", "r3", "op 1", 396 * MS),
        FaultEvent(at=405 * MS, fault="f1", kind="isolate", phase="healed", targets=["r3"]),
        message(601 * MS, "r3", "r1", "op 2", 602 * MS),
        Life(at=604 * MS, node="r3", incarnation="r3.1", what="killed"),
        FaultEvent(at=604 * MS, fault="f2", kind="kill", phase="applied", targets=["r3"]),
        message(700 * MS, "r1", "r3", "op 2", None),
        Life(at=830 * MS, node="r3", incarnation="r3.1", what="started"),
        FaultEvent(at=850 * MS, fault="f2", kind="kill", phase="healed", targets=["r3"]),
        Phase(at=1002 * MS, name="mend"),
        message(1100 * MS, "r1", "r3", "op 2", None),
    ]
    header = Header(1, "processes", 1, "incarnation", ["r1", "r2", "r3"], {"k0": ["r1", "r2", "r3"]})
    return small_plan(), ordered(header, events)


def test_faults_begin_and_end_where_messages_show_that_they_did() -> None:
    """A probe finds a lever pulled after it was; the order to let go returns after it is."""
    plan = as_recorded(*recorded_by_hand())
    bounds = [(fault.id, fault.start_ns, fault.end_ns) for fault in plan.faults]
    assert bounds == [
        ("f1", 61 * MS + 1_000, 384 * MS),  # after what got through before, in time to connect for what did after
        ("f2", 601 * MS + 1_000, 830 * MS),  # after the node was last seen at work, until it started
    ]
    assert plan.starts_ns == {"r1": -70, "r3": -50, "r2": 0}
    assert plan.unrest_ns == 1002 * MS
    plans.check(plan, "recorded")


def test_faults_stay_as_planned_where_their_moments_would_clash() -> None:
    """A pause that is healed late cannot reach into the kill that was planned after it."""
    plan, history = recorded_by_hand()
    faults = [Fault("f1", "pause", ["r3"], 50 * MS, 400 * MS), Fault("f2", "kill", ["r3"], 401 * MS, 800 * MS)]
    late = [event for event in history.events if not (isinstance(event, Message) and event.at > 390 * MS)]
    for event in late:
        if isinstance(event, FaultEvent) and event.fault == "f2" and event.phase == "applied":
            event.at = 403 * MS
    planned = msgspec.structs.replace(plan, faults=faults)
    found = as_recorded(planned, msgspec.structs.replace(history, events=late))
    assert found.faults == faults
    plans.check(found, "recorded")


def test_what_a_fault_loses_needs_no_fate() -> None:
    """Else to take the fault out of the plan would change nothing, and it would look needless."""
    plan = as_recorded(*recorded_by_hand())
    lost = [cause for cause, fate in plan.fates.items() if fate == LOST]
    assert lost == ["r1/op 1/fetch/k0/r3/0", "r1/op 1/fetch/k0/r2/0"], (
        "the one was lost before the fault, the other beside"
    )
    assert "r1/op 1/fetch/k0/r3/1" not in plan.fates, "the fault"
    assert "r1/op 2/fetch/k0/r3/1" not in plan.fates, "the end of the run"
    assert plan.fates["r1/op 1/fetch/k0/r3/2"] == MS


@pytest.mark.parametrize("kind", ["pause", "flapping", "latency"])
def test_other_faults_stay_where_they_were_seen(kind: str) -> None:
    parameters = {
        "flapping": {"beat_on_ns": 20 * MS, "beat_off_ns": 20 * MS},
        "latency": {"delay_ns": 5 * MS, "jitter_ns": MS},
        "pause": {},
    }[kind]
    targets = ["r3", "r1"] if kind == "flapping" else ["r3"]
    plan, history = recorded_by_hand()
    faults = [Fault("f1", kind, targets, 50 * MS, 400 * MS, parameters)]
    moved = as_recorded(msgspec.structs.replace(plan, faults=faults), history).faults[0]
    assert moved.start_ns == {"pause": 62 * MS + 1_000}.get(kind, 70 * MS)
    assert moved.end_ns == {"pause": 396 * MS - 1_000}.get(kind, 405 * MS)


def test_rounds_keep_the_recorded_pace() -> None:
    """Started earlier, and 1 ms slower from round to round: both are found from the rounds alone."""
    plan = small_plan()
    truth = msgspec.structs.replace(
        plan,
        starts_ns={"r1": -60 * MS, "r2": -30 * MS, "r3": 0},
        policy=msgspec.structs.replace(plan.policy, round_every_ns=plan.policy.round_every_ns + MS),
    )
    recorded = moments(perform(truth))
    guess = msgspec.structs.replace(plan, starts_ns=dict.fromkeys(["r1", "r2", "r3"], 0))
    found = keeping_pace(guess, recorded, perform(guess))
    assert found.policy.round_every_ns == truth.policy.round_every_ns
    assert found.starts_ns == truth.starts_ns
    assert moments(perform(found)).rounds == recorded.rounds
