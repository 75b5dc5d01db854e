"""What fates and distributions do between clients and their node, and what is on its way when a node dies."""

import pytest
from msgspec import structs

from checkers.history import Change, Message, Return
from harness.faults.kinds import Fault
from harness.plan import LOST, Distribution
from harness.plan import Network as Model
from harness.reproduce.trial import trial
from harness.stages.simulation.clients import GREETING_DEADLINE_NS
from harness.stages.simulation.stage import Simulation, perform
from tests.harness.plans import small_plan
from tests.harness.simulation.worlds import (
    CONNECT,
    MS,
    READ,
    SYNC,
    TIMEOUT,
    WAY,
    WRITE,
    S,
    Stage,
    asked,
    plan_of,
    pull,
)

OUTCOMES = {
    "connect": ("failed", GREETING_DEADLINE_NS),
    "greeting": ("failed", GREETING_DEADLINE_NS),
    "ask": ("unknown", CONNECT + TIMEOUT),
    "answer": ("unknown", CONNECT + TIMEOUT),
}


@pytest.mark.parametrize("step", OUTCOMES)
def test_what_is_ruled_lost_is_lost_without_a_word(step: str) -> None:
    """Before the greeting nothing was asked; after it nobody knows. The next operation connects anew."""
    plan = plan_of([asked(1, 100 * MS, "put"), asked(2, S)])
    stage = Stage(structs.replace(plan, fates={f"c1/r1/op 1/{step}": LOST}))
    assert stage.run() == {1: OUTCOMES[step], 2: ("ok", CONNECT + READ)}
    written = [event for event in stage.simulation.events if isinstance(event, Change)]
    assert bool(written) == (step == "answer"), "what was asked is done, whether or not the answer arrives"


@pytest.mark.parametrize("step", OUTCOMES)
@pytest.mark.parametrize("way_ns", [0, 7 * MS])
def test_what_is_ruled_takes_so_long(step: str, way_ns: int) -> None:
    plan = structs.replace(plan_of([asked(1, 100 * MS), asked(2, S)]), fates={f"c1/r1/op 1/{step}": way_ns})
    assert Stage(plan).run() == {1: ("ok", CONNECT + READ - WAY + way_ns), 2: ("ok", READ)}


def test_levers_touch_what_has_a_fate() -> None:
    stage = Stage(structs.replace(plan_of([asked(1, 100 * MS)]), fates={"c1/r1/op 1/ask": 0}))
    stage.on(0, pull("delay", "clients>r1", delay_ns=30 * MS, jitter_ns=0))
    assert stage.run() == {1: ("ok", CONNECT + WAY + 30 * MS)}


@pytest.mark.parametrize(("distribution", "share"), [("uniform", 0.5), ("pareto", 0.01), ("bimodal", 0.1)])
def test_clients_have_the_whole_range_by_the_distribution(distribution: Distribution, share: float) -> None:
    """A read through one node that holds the copy itself is a request and an answer: which of them took more than half
    of the range is seen by fixing the other. Six standard deviations."""
    operations = [asked(number, number * 25 * MS) for number in range(1, 2001)]
    plan = structs.replace(
        plan_of(operations),
        unrest_ns=60 * S,
        network=Model(2 * MS, 12 * MS, distribution=distribution),
        fates={f"c1/r1/op {number}/answer": 0 for number in range(1, 2001)},
    )
    took = [time for number, (_, time) in Stage(plan).run(60 * S).items() if number > 1]
    assert min(took) >= 2 * MS
    assert max(took) <= 12 * MS
    late = sum(time > 7 * MS for time in took)
    assert abs(late - share * len(took)) < 6 * (share * (1 - share) * len(took)) ** 0.5


def dies(after_ns: int, last_words_ppm: int, how: str = "kill") -> tuple[dict[int, tuple[str, int]], Stage]:
    """A put that is asked for at 100 ms is answered at 103.1 ms, and the answer takes 1 ms."""
    plan = plan_of([asked(1, 100 * MS, "put"), asked(2, 110 * MS), asked(3, S)])
    stage = Stage(structs.replace(plan, network=structs.replace(plan.network, last_words_ppm=last_words_ppm)))
    stage.on(100 * MS + CONNECT + WAY + SYNC + after_ns, pull(how, "r1"))  # type: ignore[arg-type] # a lever
    stage.off(500 * MS, pull(how, "r1"))  # type: ignore[arg-type] # likewise
    return stage.run(), stage


@pytest.mark.parametrize("how", ["kill", "stop", "wipe", "power"])
def test_by_chance_an_answer_outlives_its_node(how: str) -> None:
    """The client hears it, and then that its connection has ended: so its next operation on that one is unknown."""
    died = 100 * MS + CONNECT + WAY + SYNC + MS // 2
    without, _ = dies(MS // 2, 0, how)
    assert without[1] == ("unknown", died - 100 * MS)
    outcomes, stage = dies(MS // 2, 1_000_000, how)
    assert outcomes[1] == ("ok", CONNECT + WRITE)
    assert outcomes[2] == ("unknown", 0)
    assert outcomes[3] == ("ok", CONNECT + READ)
    assert [event.session for event in stage.simulation.events if isinstance(event, Return)] == ["c1.1", "c1.1", "c1.2"]


def test_what_was_not_said_yet_dies_in_any_case() -> None:
    """Killed in the middle of its commit."""
    for ppm in (0, 1_000_000):
        outcomes, _ = dies(-SYNC // 2, ppm)
        assert outcomes[1] == ("unknown", CONNECT + WAY + SYNC // 2)


def test_what_a_node_said_last_dies_with_it_in_a_whole_run() -> None:
    """r1 is killed 0.4 ms after it has sent its copies: by chance they arrive or not, and nowhere else."""
    operations = [asked(1, 100 * MS, "put", "r1")]
    whole = structs.replace(plan_of(operations, nodes=3), faults=[])
    plan = structs.replace(whole, cluster=structs.replace(whole.cluster, n=3, r=2, w=2))
    sent = 100 * MS + CONNECT + WAY + SYNC
    killed = structs.replace(plan, faults=[Fault("f1", "kill", ["r1"], sent + 4 * SYNC, 2 * S)])
    arrived: dict[int, list[bool]] = {}
    for ppm in (0, 1_000_000):
        simulation = Simulation(structs.replace(killed, network=structs.replace(killed.network, last_words_ppm=ppm)))
        simulation.world.run_until(S)
        said = [
            event
            for event in simulation.events
            if isinstance(event, Message) and event.origin == "op 1" and event.sender == "r1"
        ]
        arrived[ppm] = [event.received is not None for event in said]
    assert arrived == {0: [True, True], 1_000_000: [False, False]}


def test_a_doubled_message_is_handled_twice_and_answered_twice() -> None:
    """Each store has two records, each with its own time; the answers to both are messages of their own."""
    plan = structs.replace(small_plan(), faults=[], network=Model(MS, 9 * MS, duplicate_ppm=1_000_000))
    history = perform(plan)
    stores = [event for event in history.events if isinstance(event, Message) and event.kind == "store"]
    first = [event for event in stores if event.origin == "op 1" and event.to == "r2"]
    assert len(first) == 2
    assert first[0].id == first[1].id
    assert all(event.received is not None for event in first)
    assert first[0].received != first[1].received
    answers = [event for event in history.events if isinstance(event, Message) and event.kind == "stored"]
    acknowledged = {event.id for event in answers if event.origin == "op 1" and event.sender == "r2"}
    assert len(acknowledged) == 2
    assert not trial(plan).broken


def test_in_the_mend_phase_no_message_is_lost_or_doubled() -> None:
    model = Model(
        MS, 9 * MS, loss_ppm=300_000, duplicate_ppm=300_000, reorder_ppm=300_000, reorder_ns=20 * MS,
        bytes_per_s=5_000, queue_max=5, last_words_ppm=500_000, distribution="bimodal",
    )  # fmt: skip
    history = perform(structs.replace(small_plan(), network=model))
    mend = next(event.at for event in history.events if getattr(event, "name", "") == "mend")
    end = history.events[-1].at
    said = [event for event in history.events if isinstance(event, Message)]
    unrest = [event for event in said if event.at < mend]
    late = [event for event in said if mend <= event.at < end - 20 * MS]
    assert len({event.id + event.to for event in unrest}) < len(unrest)
    assert any(event.received is None for event in unrest)
    assert len({event.id + event.to for event in late}) == len(late) > 20
    assert all(event.received is not None and event.received - event.at <= 9 * MS + MS for event in late)


def test_a_doubled_acknowledgement_is_one() -> None:
    """r3 is dead, and a write needs all three: r2's word, twice, does not stand for r3's."""
    plan = plan_of([asked(1, 100 * MS, "put", "r1")], [Fault("f1", "kill", ["r3"], 0, 2 * S)], nodes=3)
    plan = structs.replace(
        plan,
        cluster=structs.replace(plan.cluster, n=3, r=1, w=3, operation_timeout_ns=50 * MS),
        network=Model(WAY, WAY, duplicate_ppm=1_000_000),
    )
    assert Stage(plan).run(S) == {1: ("unknown", CONNECT + 2 * WAY + 50 * MS)}
