"""What the view shows, from what a run has told: by hand, and against the checkers' own measure of divergence."""

import msgspec
import pytest

from checkers import divergence
from checkers.convergence import normal
from checkers.history import Change, Copy, History, Life, Phase
from checkers.history import Fault as FaultEvent
from harness.faults.kinds import MS
from harness.plan import Plan
from harness.progress import Mending, State, Tick
from harness.samples import Sample
from harness.scenario import draw, load
from harness.stages.simulation.stage import perform
from harness.watching.model import NEWS_MAX, Model, Shown
from harness.watching.trails import Held, Lost
from tests.harness.plans import small_plan

SECOND = 1000 * MS


def tick(at: int, ok: int = 0, links: list[str] | None = None, took: list[int] | None = None, **states: State) -> Tick:
    outcomes = {"ok": ok} if ok else {}
    return Tick(at, {"r1": "up", "r2": "up", "r3": "up", **states}, links or [], outcomes, took or [])


def after(*lines: Tick | Mending | Phase | FaultEvent) -> Shown:
    model = Model(small_plan())
    for line in lines:
        model.hear(line)
    return model.shown()


def test_before_anything_is_told_nothing_is_made_up() -> None:
    shown = after()
    assert (shown.phase, shown.done, shown.operations) == ("starting", 0, 4)
    assert (shown.rates, shown.p50_ms, shown.p99_ms) == (None, None, None)
    assert [(each.name, each.state, each.cpu) for each in shown.replicas] == [
        (name, None, None) for name in ("r1", "r2", "r3")
    ]


def test_rates_are_of_what_came_between_the_looks_of_the_last_seconds() -> None:
    """The 100 came before the first of them; what is older than five seconds counts only as done."""
    shown = after(tick(0, ok=7), tick(SECOND, ok=100), tick(2 * SECOND, ok=5), tick(6 * SECOND, ok=10))
    assert shown.rates == {"ok": 3.0, "failed": 0.0, "unknown": 0.0}
    assert shown.done == 122


def test_latencies_are_by_nearest_rank() -> None:
    shown = after(tick(0, took=list(range(1000, 51_000, 1000))), tick(SECOND, took=list(range(51_000, 101_000, 1000))))
    assert (shown.p50_ms, shown.p99_ms) == (50.0, 99.0)
    shown = after(tick(0, took=[900_000]), tick(6 * SECOND, took=[3000]))
    assert (shown.p50_ms, shown.p99_ms) == (3.0, 3.0)


def test_links_are_told_by_what_they_suffer_and_in_which_direction() -> None:
    links = ["block r1>r2", "block r2>r1", "refuse r1>r3", "delay r3>r1", "reset clients>r2"]
    shown = after(tick(0, links=links))
    assert shown.cut == ["clients>r2", "r1<>r2", "r1>r3"]
    assert shown.slowed == ["r3>r1"]
    assert after(tick(0, links=links), tick(SECOND)).cut == []


def test_a_fault_is_on_from_when_it_was_applied_until_it_is_healed() -> None:
    on = FaultEvent(at=60 * MS, fault="f1", kind="isolate", phase="applied", targets=["r3"])
    over = FaultEvent(at=400 * MS, fault="f1", kind="isolate", phase="healed", targets=["r3"])
    shown = after(tick(0), on, tick(300 * MS))
    (fault,) = shown.faults
    assert (fault.name, fault.targets, fault.applied) == ("f1", ["r3"], True)
    assert fault.left_s == pytest.approx(0.1)
    assert "nothing passes between one node and all others" in fault.does
    assert after(on, tick(450 * MS)).faults[0].left_s == 0.0, "it is late, and not in the past"
    assert after(on, over).faults == []
    assert not after(msgspec.structs.replace(on, phase="not applied")).faults[0].applied


def test_the_way_to_an_end_is_told() -> None:
    mend = Phase(at=SECOND, name="mend", down=["r2"])
    mending = Mending(2 * SECOND, 3, 25, "r1: 4 hints for r3 wait")
    shown = after(Phase(at=0, name="unrest"), mend, mending)
    assert (shown.phase, shown.mending) == ("mend", mending)
    settled = Phase(at=3 * SECOND, name="settled", pending="copies still change")
    shown = after(mend, mending, settled)
    assert (shown.phase, shown.mending, shown.pending) == ("settled", None, "copies still change")
    assert "mend: r2 stay down" in shown.news[0]


def test_news_are_few() -> None:
    faults = [FaultEvent(at=n, fault="f1", kind="isolate", phase="healed", targets=[]) for n in range(100)]
    assert len(after(*faults).news) == NEWS_MAX


def test_the_share_of_a_core_is_that_of_the_last_second_and_of_one_life() -> None:
    model = Model(small_plan())

    def shown_after(at: int, cpu_ms: int | None) -> float | None:
        model.sample(Sample(at * MS, "r1", cpu_ns=None if cpu_ms is None else cpu_ms * MS))
        return model.shown().replicas[0].cpu

    assert shown_after(0, 500) is None, "one sample says nothing"
    assert shown_after(200, 600) == pytest.approx(0.5)
    assert shown_after(1000, 600) == pytest.approx(0.1)
    assert shown_after(1400, 600) == 0.0
    assert shown_after(1600, None) is None
    assert shown_after(1800, 300) is None, "a new life"
    assert shown_after(2000, 340) == pytest.approx(0.2)
    model.sample(Sample(2200 * MS, "r1", 341 * MS, 30_000_000, 7))
    assert model.shown().replicas[0][3:] == (30_000_000, 7)


def test_memory_is_bounded() -> None:
    model = Model(small_plan())
    for n in range(5000):
        model.hear(tick(n * 200 * MS, ok=1, took=[1]))
        model.sample(Sample(n * 200 * MS, "r1", n))
    assert len(model._ticks) < 30
    assert len(model._samples["r1"]) < 10


def test_keys_are_apart_while_replicas_that_are_up_differ() -> None:
    model = Model(small_plan())

    def apart(told: Held | Lost | Tick) -> int | None:
        model.hear(told) if isinstance(told, Tick) else model.replica_told(told)
        return model.shown().apart

    assert apart(Held("r1", "k0", 1)) == 1
    assert apart(Held("r2", "k0", 1)) == 1
    assert apart(tick(0, r3="paused")) == 1, "it is there, and lacks it"
    assert apart(tick(1, r3="down")) == 0, "who is down does not count"
    assert apart(tick(2)) == 1
    assert apart(Held("r3", "k0", 1)) == 0
    assert apart(Lost("r1")) == 1
    assert apart(Held("r1", "k0", 1)) == 0
    assert [apart(Held(node, "k0", None)) for node in ("r1", "r2", "r3")] == [1, 1, 0], "a tombstone is purged"
    assert apart(Held("r1", "no key of the plan", 1)) == 0


@pytest.mark.parametrize("seed", range(1, 7))
def test_keys_apart_are_those_that_the_checkers_know_of(seed: int) -> None:
    """At moments all over a run with kills, wipes and cuts: `open` of the history up to there."""
    plan, _ = draw(load("wipes" if seed % 2 else "churn"), "wild", seed)
    history = perform(plan)
    model = _Fed(plan)
    step = len(history.events) // 40
    seen: set[int] = set()
    for count, event in enumerate(history.events, 1):
        model.event(event)
        if count % step == 0:
            measured = divergence.measure(History(history.header, history.events[:count]))
            assert measured is not None
            assert model.model.shown().apart == measured.open
            seen.add(measured.open)
    assert len(seen) > 3


class _Fed:
    """As tails and looks would tell of a history."""

    def __init__(self, plan: Plan) -> None:
        self.model = Model(plan)
        self.states: dict[str, State] = dict.fromkeys(plan.cluster.names(), "down")
        self.incarnations: dict[str, str] = {}

    def event(self, event: object) -> None:
        if isinstance(event, Change):
            self.model.replica_told(Held(event.node, event.key, _content(event.new)))
        elif isinstance(event, Life):
            self.states[event.node] = "up" if event.what == "started" else "down"
            if event.what == "started" and self.incarnations.get(event.node, event.incarnation) != event.incarnation:
                self.model.replica_told(Lost(event.node))
            self.incarnations[event.node] = event.incarnation
            self.model.hear(Tick(event.at, self.states, [], {}, []))


def _content(copy: Copy | None) -> int | None:
    kept = normal(copy)
    return None if kept is None else hash((kept.version.time, kept.version.by, kept.dead, kept.value))
