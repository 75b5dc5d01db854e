"""What becomes of a message is drawn from its cause: to take an operation or a fault out of a plan leaves the delay,
the loss and the doubling of every message with the same cause as they were. And the test can fail."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from checkers.history import Life, Message
from harness.faults.check import overlapping
from harness.faults.kinds import Fault
from harness.faults.table import KINDS
from harness.levers import ends
from harness.plan import LOST, Plan, check
from harness.plan import Network as Model
from harness.stages.simulation import fate, network
from harness.stages.simulation.stage import Simulation
from replicas.store.messages import PeerMessage
from replicas.store.policy import Policy
from replicas.store.settings import Cluster, Node
from tests.harness.plans import faults, small_plan
from tests.harness.simulation.worlds import MS, S
from workloads.operations import Operation

NAMES = ["r1", "r2", "r3", "r4"]
NEVER = None

Ways = dict[str, int | None]  # by cause; NEVER: it did not arrive


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Capacities are left out: a queue is no chance, and shorter if there is less to say."""
    low, reorder_ppm = draw(st.integers(0, 5 * MS)), draw(st.sampled_from([0, 100_000]))
    return Model(
        delay_min_ns=low,
        delay_max_ns=low + draw(st.integers(0, 20 * MS)),
        loss_ppm=draw(st.sampled_from([0, 50_000, 300_000])),
        distribution=draw(st.sampled_from(["uniform", "exponential", "pareto", "bimodal"])),
        duplicate_ppm=draw(st.sampled_from([0, 200_000])),
        reorder_ppm=reorder_ppm,
        reorder_ns=30 * MS if reorder_ppm else 0,
        last_words_ppm=draw(st.sampled_from([0, 500_000])),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """With at least one operation and one fault."""
    found: list[Fault] = []
    for number in range(draw(st.integers(1, 4))):
        fault = draw(faults(f"f{number}", NAMES, S))
        found += [] if overlapping([*found, fault], NAMES) else [fault]
    kinds = draw(st.lists(st.sampled_from(["get", "put", "delete"]), min_size=1, max_size=8))
    operations = [
        Operation(
            number,
            draw(st.integers(0, S)),
            draw(st.sampled_from(["c1", "c2", "c3"])),
            draw(st.sampled_from(NAMES)),
            kind,  # type: ignore[arg-type] # drawn from its values
            draw(st.sampled_from(["k1", "k2", "k3"])),
            f"w{number}" if kind == "put" else None,
        )
        for number, kind in enumerate(kinds)
    ]
    plan = structs.replace(
        small_plan(),
        seed=draw(st.integers(0, 2**32)),
        cluster=Cluster([Node(name) for name in NAMES], 3, 2, 2),
        policy=Policy(hints="handoff", round_every_ns=100 * MS, message_lifetime_ns=300 * MS),
        network=draw(models()),
        operations=operations,
        faults=found,
    )
    check(plan, "drawn")
    return plan


def ways_of(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> tuple[Ways, set[str]]:
    """How long each message was on its way in unrest, and the causes of those with whose connection or sender a fault
    may have done away."""
    arrivals: dict[int, int] = {}

    def listening(self: network.Network, node: str, deliver: network.Deliver) -> None:
        def hear(sender: str, message: PeerMessage, record: Message) -> None:
            arrivals[id(record)] = self.world.now
            deliver(sender, message, record)

        attach(self, node, hear)

    attach = network.Network.attach
    with monkeypatch.context() as patch:
        patch.setattr(network.Network, "attach", listening)
        simulation = Simulation(plan)
        simulation.world.run_until(plan.unrest_ns + S)
    ways: Ways = {}
    excused: set[str] = set()
    for cause, record in _by_cause([event for event in simulation.events if isinstance(event, Message)]):
        arrival = arrivals.get(id(record))
        ways[cause] = NEVER if arrival is None else arrival - record.at
        if _may_be_touched(record, plan, [event for event in simulation.events if isinstance(event, Life)]):
            excused.add(cause)
    return ways, excused


def _by_cause(records: list[Message]) -> Iterator[tuple[str, Message]]:
    """Written as harness/stages/simulation/fate.py says: the second record with an id to one node is of a copy."""
    seen: dict[str, int] = {}
    before: Message | None = None
    for record in records:
        cause = f"{record.sender}/{record.origin}/{record.kind}/{record.key}/{record.to}"
        if before is not None and (before.id, before.to) == (record.id, record.to):
            yield f"{cause}/{seen[cause]}/copy", record
        else:
            seen[cause] = seen.get(cause, -1) + 1
            yield f"{cause}/{seen[cause]}", record
        before = record


def _may_be_touched(record: Message, plan: Plan, lives: list[Life]) -> bool:
    levers = [action for fault in plan.faults for action in KINDS[fault.kind].actions(fault, plan.cluster.names())]
    if any(ends(action.target) == (record.sender, record.to) for action in levers):
        return True
    under_way = range(record.at, record.at + plan.network.slowest_ns() + 1)
    return any(life.at in under_way and life.node in (record.sender, record.to) for life in lives)


def compare(one: tuple[Ways, set[str]], other: tuple[Ways, set[str]]) -> int:
    """How many messages were compared."""
    (ways, excused), (there, excused_there) = one, other
    shared = (ways.keys() & there.keys()) - excused - excused_there
    assert {cause: ways[cause] for cause in shared} == {cause: there[cause] for cause in shared}
    for cause in shared:
        copy = f"{cause}/copy"
        assert (copy in ways) == (copy in there), cause
    return len(shared)


def each_less(plan: Plan) -> Iterator[Plan]:
    """Without any one operation, and without any one fault."""
    for operation in plan.operations:
        yield structs.replace(plan, operations=[each for each in plan.operations if each is not operation])
    for fault in plan.faults:
        yield structs.replace(plan, faults=[each for each in plan.faults if each is not fault])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans(), data=st.data())
def test_less_of_a_plan_leaves_the_rest_as_it_was(
    plan: Plan, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = data.draw(st.sampled_from(list(each_less(plan))))
    compare(ways_of(plan, monkeypatch), ways_of(less, monkeypatch))


def odd_plan(model: Model) -> Plan:
    plan = small_plan()
    more = [Operation(number, number * 50 * MS, "c3", "r2", "put", "k1", f"w{number}") for number in range(5, 15)]
    policy = Policy(hints="handoff", round_every_ns=100 * MS, message_lifetime_ns=300 * MS)
    return structs.replace(plan, operations=[*plan.operations, *more], policy=policy, network=model)


ODD = Model(
    MS, 20 * MS, loss_ppm=100_000, distribution="exponential", duplicate_ppm=200_000, reorder_ppm=200_000,
    reorder_ns=30 * MS, last_words_ppm=500_000,
)  # fmt: skip
LOSSY = Model(MS, 20 * MS, loss_ppm=100_000)


@pytest.mark.parametrize("model", [ODD, LOSSY], ids=["odd", "lossy"])
def test_every_one_operation_and_every_one_fault(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = odd_plan(model)
    whole = ways_of(plan, monkeypatch)
    compared = [compare(whole, ways_of(less, monkeypatch)) for less in each_less(plan)]
    assert len(compared) == 16
    assert min(compared) > 30
    assert NEVER in whole[0].values()
    assert any(cause.endswith("/copy") for cause in whole[0]) == (model is ODD)


@pytest.mark.parametrize("model", [ODD, LOSSY], ids=["odd", "lossy"])
def test_draws_one_after_the_other_would_be_seen(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a network does that asks one stream for each message's fate: every plan without one thing differs."""
    numbers = count()

    def next_of_one_stream(_cause: bytes) -> int:
        return next(numbers) * 0x9E3779B97F4A7C15 % 2**64

    def in_turn(plan: Plan) -> tuple[Ways, set[str]]:
        nonlocal numbers
        numbers = count(1)
        return ways_of(plan, monkeypatch)

    for each in (fate, network):
        monkeypatch.setattr(each, "xxh3_64_intdigest", next_of_one_stream)
    plan = odd_plan(model)
    whole = in_turn(plan)
    assert compare(whole, in_turn(plan)) > 30, "the same plan is the same run"
    for less in each_less(plan):
        with pytest.raises(AssertionError):
            compare(whole, in_turn(less))


def test_the_next_with_the_same_cause_has_a_fate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a hint that is lost once would be lost each time that it is sent."""
    plan = structs.replace(
        odd_plan(Model(MS, 9 * MS, loss_ppm=500_000)),
        cluster=structs.replace(small_plan().cluster, operation_timeout_ns=20 * MS),
    )
    ways, excused = ways_of(plan, monkeypatch)
    hints = [
        way for cause, way in ways.items() if "/hint for " in cause and "/store/" in cause and cause not in excused
    ]
    assert len(hints) > 10
    assert 0 < hints.count(NEVER) < len(hints)


@pytest.mark.parametrize("model", [ODD, LOSSY], ids=["odd", "lossy"])
def test_a_run_whose_fates_are_all_ruled_is_the_same_run(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message as it was on its way by chance, and no network that would do anything to it by itself: so every
    cause is written as fate.py says. Link faults aside, whose part in a delay is theirs."""
    drawn = structs.replace(odd_plan(model), faults=[Fault("f1", "kill", ["r3"], 300 * MS, 500 * MS)])
    ways, _ = ways_of(drawn, monkeypatch)
    fates = {cause: LOST if way is NEVER else way for cause, way in ways.items()}
    calm = Model(model.delay_min_ns, model.delay_max_ns, distribution=model.distribution)
    one, other = Simulation(drawn), Simulation(structs.replace(drawn, fates=fates, network=calm))
    for simulation in (one, other):
        simulation.world.run_until(drawn.unrest_ns)
    assert sum(isinstance(event, Message) for event in one.events) > 50
    assert any(cause.endswith("/copy") for cause in fates) == (model is ODD)
    assert one.events == other.events
