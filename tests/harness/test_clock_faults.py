"""Faults of clocks as data: how far apart they set the clocks of a plan, and which promises rest on that."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from checkers import properties
from checkers.history import Header, Invoke, Message, Return, ordered
from harness import premises as on
from harness import requirements as needs
from harness import requirements_grace as grace
from harness.demonstrations.clocks import SKEWED
from harness.faults import clocks
from harness.faults.check import check_faults, overlapping
from harness.faults.clocks import spread_ns
from harness.faults.draw import draw_parameters
from harness.faults.kinds import BEAT_OFF, BEAT_ON, MS, Fault, touched
from harness.faults.table import KINDS
from harness.levers import Action
from harness.plan import Disk, Network, Plan
from harness.promises import MATRIX, judge
from harness.scenario import Scenario, draw
from harness.sketch import SHORT, Step, sketch
from harness.stages.simulation.clocks import Clock
from harness.stages.simulation.faults import Faults, Levers
from harness.stages.simulation.stage import perform
from harness.stages.simulation.world import WALL_AT_START_NS, World
from harness.wrong import Wrong
from tests.harness.simulation.worlds import S

NODES = ["r1", "r2", "r3"]
ON_CLOCKS = {
    "no version regression", "monotonic reads", "reads see acknowledged writes", "no tombstone resurrection",
    "purge soundness", "acknowledged writes kept", "read your writes", "no lost update",
}  # fmt: skip


def jump(ms: int, start_ms: int = 100, end_ms: int = 500, node: str = "r1", name: str = "f1") -> Fault:
    return Fault(name, "clock-jump", [node], start_ms * MS, end_ms * MS, {"offset_ns": ms * MS})


# How far apart clocks are.


class OnlyClocks(Levers):
    """Of the simulation, without nodes to run: many moments are looked at."""

    def __init__(self, clocks: dict[str, Clock]) -> None:
        self.clocks = clocks

    def pull(self, action: Action) -> None:
        self.clocks[action.target].pull(action)

    def let_go(self, action: Action) -> None:
        self.clocks[action.target].let_go(action)

    def is_pulled(self, action: Action) -> bool:
        return self.clocks[action.target].is_pulled(action)


def readings(faults: list[Fault]) -> Iterator[int]:
    """By how much the clocks of the simulation are off, at and around every moment at which one changes."""
    world = World()
    clocks_of = {node: Clock(world) for node in NODES}
    Faults(faults, NODES, OnlyClocks(clocks_of), world, [])
    turns = {moment for fault in faults for moment in (fault.start_ns, fault.end_ns)}
    moments = {0, *(max(0, turn + step) for turn in turns for step in (-1, 0, 1)), *range(0, 210 * MS, MS)}
    for moment in sorted(moments):
        world.run_until(moment)
        for clock in clocks_of.values():
            now = clock.read()
            yield now.wall - now.mono - WALL_AT_START_NS


@st.composite
def crowds(draw: st.DrawFn) -> list[Fault]:
    """Few numbers, so that some have the same."""
    faults = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(clocks.KINDS))
        start = draw(st.integers(0, 150))
        targets = draw(st.permutations(NODES))[: draw(st.integers(1, 3)) if kind.name == "clock-offset" else 1]
        numbers = {
            "offset_ns": draw(st.sampled_from([-90, -30, 10, 30])) * MS,
            "drift_ppm": draw(st.sampled_from([-900_000, 1_000, 333_333])),
            BEAT_ON: draw(st.integers(1, 5)) * MS,
            BEAT_OFF: draw(st.integers(1, 5)) * MS,
        }
        parameters = {name: numbers[name] for name in kind.parameters}
        end = draw(st.integers(start + 1, 200))
        faults.append(Fault(f"f{number}", kind.name, targets, start * MS, end * MS, parameters))
    return faults


@given(crowds())
def test_no_two_readings_are_farther_apart_than_the_spread(faults: list[Fault]) -> None:
    """And some are as far apart, but where it is open whether they meet: in beats, and where one fault begins in the
    moment in which another ends. Drifts are rounded."""
    offs, rounded = list(readings(faults)), 2 * len(faults)
    assert max(offs) - min(offs) <= spread_ns(faults) + rounded
    turns = {moment for fault in faults for moment in (fault.start_ns, fault.end_ns)}
    if len(turns) == 2 * len(faults) and all(fault.kind != "clock-strobe" for fault in faults):
        assert max(offs) - min(offs) >= spread_ns(faults) - rounded


@pytest.mark.parametrize(
    ("faults", "ms"),
    [
        ([], 0),
        ([Fault("f1", "kill", ["r1"], 0, MS)], 0),
        ([jump(40)], 40),
        ([jump(-40)], 40),
        ([jump(40), jump(-30, node="r2", name="f2")], 70),
        ([jump(40), jump(-30, 600, 700, name="f2")], 70),
        ([jump(40), jump(-30, name="f2")], 10),
        ([jump(40), jump(30, 200, 300, name="f2")], 70),
        ([Fault("f1", "clock-offset", NODES, 0, MS, {"offset_ns": 25 * MS})], 25),
        ([Fault("f1", "clock-drift", ["r3"], 0, 400 * MS, {"drift_ppm": -100_000})], 40),
        ([jump(40), Fault("f2", "clock-drift", ["r1"], 0, 1000 * MS, {"drift_ppm": 10_000})], 45),
        ([Fault("f1", "clock-strobe", ["r1"], 0, S, {"offset_ns": 9 * MS, BEAT_ON: MS, BEAT_OFF: MS})], 9),
    ],
    ids=[
        "none", "a kill", "leads", "lags", "two nodes", "one after the other", "both at once, on one clock",
        "on top of one another", "all alike", "drift", "jump and drift", "strobe",
    ],
)  # fmt: skip
def test_how_far_off(faults: list[Fault], ms: int) -> None:
    assert spread_ns(faults) == ms * MS


# As data.


def test_faults_of_one_clock_may_overlap() -> None:
    check_faults([jump(40), jump(-30, name="f2"), jump(40, name="f3")], NODES, S, "here")
    assert overlapping([jump(40), Fault("f2", "kill", ["r1"], 0, S)], NODES) == []


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({"offset_ns": -3_600_001 * MS}, "is not possible"),
        ({"offset_ns": -MS // 2}, "write -1000000 or 0"),
        ({}, "this key is missing"),
        ({"offset_ns": 0, "drift_ppm": 1}, "no such parameter"),
    ],
)
def test_what_no_clock_can_be_is_refused(parameters: dict[str, int], what: str) -> None:
    with pytest.raises(Wrong, match=what):
        check_faults([Fault("f1", "clock-jump", ["r1"], 0, 1, parameters)], NODES, 1, "here")


@pytest.mark.parametrize("kind", clocks.KINDS, ids=[kind.name for kind in clocks.KINDS])
def test_clocks_are_set_forth_and_back_alike(kind: Any) -> None:
    random = Random(1)
    signed = next(name for name in ("drift_ppm", "offset_ns") if name in kind.parameters)
    numbers = [draw_parameters(random, kind)[signed] for _ in range(1000)]
    assert 400 < sum(number < 0 for number in numbers) < 600
    least, most, step = kind.parameters[signed]
    assert least == -most
    assert all(least <= number <= most and number % step == 0 for number in numbers)


def test_a_clock_bites_all_that_carries_its_reading() -> None:
    def message(at: int, sender: str) -> Message:
        return Message(at=at, id="1", born=at, sender=sender, to="r3", kind="store", origin="", received=at)

    def asked(at: int, node: str, kind: Any) -> Invoke:
        return Invoke(at=at, op=at, session="c1.1", node=node, kind=kind, key="k")

    events: list[Any] = [
        message(5, "r1"), message(12, "r1"), message(13, "r2"), message(21, "r1"),
        asked(14, "r1", "put"), asked(15, "r1", "get"), asked(16, "r2", "put"), asked(17, "r1", "delete"),
        *(Return(at=18, op=op, session="c1.1", outcome="ok") for op in (14, 15, 16, 17)),
    ]  # fmt: skip
    history = ordered(Header(1, "simulation", 1, "incarnation", ["r1", "r2", "r3"], {}), events)
    clock = Action("clock", "r1", (("drift_ppm", 0), ("offset_ns", 1)))
    assert touched([clock], 10, 20, history) == 3


# Which promises rest on clocks.


def plan(faults: list[Fault], **policy: Any) -> Plan:
    calm, _ = draw(msgspec.convert({"faults": {"count": 0}}, Scenario), "x", 1)
    return structs.replace(calm, policy=structs.replace(calm.policy, **policy), faults=faults)


def not_promised_for_clocks(of: Plan) -> set[str]:
    return {
        cell.property
        for cell in MATRIX
        for requirement in cell.requirements
        if "skew budget" in str(requirement.missed(of))
    }


@pytest.mark.parametrize("purge", ["confirmed", "grace"])
def test_the_promises_that_rest_on_clocks_are_kept_within_the_budget(purge: str) -> None:
    of = plan([jump(40), jump(-30, node="r2", name="f2")], purge=purge, skew_budget_ns=70 * MS, grace_ns=60 * S)
    assert not_promised_for_clocks(of) == set()
    tighter = structs.replace(of, policy=structs.replace(of.policy, skew_budget_ns=70 * MS - 1))
    assert not_promised_for_clocks(tighter) == ON_CLOCKS
    why = str(needs.CLOCKS.missed(tighter))
    assert "set off by up to 70 ms" in why
    assert "skew budget of 70 ms" in why


def test_without_a_purge_nothing_rests_on_clocks() -> None:
    """Versions rise whatever a clock does, and what nobody drops cannot come back."""
    assert not_promised_for_clocks(plan([jump(3_000)], purge="never", skew_budget_ns=0)) == set()


def test_without_a_deletion_neither() -> None:
    of = plan([jump(3_000)])
    kept = [operation for operation in of.operations if operation.kind != "delete"]
    assert 0 < len(kept) < len(of.operations)
    assert not_promised_for_clocks(structs.replace(of, operations=kept)) == set()


def test_what_was_dated_ahead_takes_as_much_longer_to_mend() -> None:
    def rounds(of: Plan) -> int:
        tried = (structs.replace(of, mend_rounds_max=rounds) for rounds in range(1, 1000))
        return next(each.mend_rounds_max for each in tried if needs.ENOUGH_ROUNDS.missed(each) is None)

    every = plan([]).policy.round_every_ns
    assert rounds(plan([jump(3 * every // MS)])) == rounds(plan([])) + 3
    assert rounds(plan([jump(3 * every // MS)], purge="never")) == rounds(plan([], purge="never"))


def test_a_clock_that_is_off_is_an_outage_only_if_messages_look_too_old_by_it() -> None:
    of = plan([jump(30, 0, 3_000)], purge="grace", grace_ns=2 * S, skew_budget_ns=S, message_lifetime_ns=400 * MS)
    of = structs.replace(of, policy=structs.replace(of.policy, round_every_ns=100 * MS, exchange_timeout_ns=100 * MS))
    assert grace.LONG_GRACE.missed(of) is None
    assert "outages 3 s" in str(grace.LONG_GRACE.missed(structs.replace(of, faults=[jump(400, 0, 3_000)])))


# Beyond the budget those promises do break, each of them: none is withdrawn without need.


def judged(of: Plan) -> dict[str, tuple[str, str]]:
    history = perform(of)
    verdicts = {verdict.property: verdict for verdict in properties.judge(history)}
    return {each.property: (each.outcome, each.measured.outcome) for each in judge(of, history, verdicts)}


def deleted_ahead_of_time(purge: Any) -> Plan:
    """r1, three seconds ahead, deletes; when that is purged, r4, which holds no copy, has never heard of it."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(300, "c1", "r1", "delete"),
        Step(350, "c3", "r2", "get"),
        Step(1300, "c2", "r4", "put"),
        Step(1450, "c3", "r2", "get"),
    ]
    of = sketch("x", steps, [], 3000, nodes=4, policy=structs.replace(SHORT, purge=purge), mend_rounds_max=100)
    return structs.replace(of, faults=[jump(3_000, 200, 2_800)])


def test_a_deletion_that_is_dated_ahead_and_purged_breaks_them() -> None:
    found = judged(deleted_ahead_of_time("confirmed"))
    broken = {name for name, outcomes in found.items() if outcomes == ("not promised", "violated")}
    assert broken == ON_CLOCKS - {"purge soundness", "read your writes", "no lost update"}
    others = found.keys() - ON_CLOCKS - {"linearizability"}  # which asks for clocks that agree
    assert {found[name] for name in others} == {("holds", "holds")}


def test_a_deletion_that_is_dated_ahead_and_stays_breaks_nothing() -> None:
    found = judged(deleted_ahead_of_time("never"))
    assert {found[name] for name in ON_CLOCKS - {"no lost update"}} == {("holds", "holds")}


def forth_and_back(faults: list[Fault]) -> Plan:
    """r4 is stopped between the commit of its put and the sends; the key is deleted meanwhile."""
    steps = [Step(300, "c1", "r4", "put"), Step(320, "c2", "r1", "delete"), Step(900, "c3", "r3", "get")]
    policy = structs.replace(SKEWED, round_every_ns=20 * MS)
    of = sketch("x", steps, [], 1000, nodes=4, policy=policy, mend_rounds_max=600)
    pause = Fault("f0", "pause", ["r4"], 307 * MS, 500 * MS)
    return structs.replace(of, faults=[pause, *faults], network=Network(MS, MS), disk=Disk(10 * MS, 10 * MS))


def test_clocks_that_go_forth_and_back_together_are_as_far_apart_as_that() -> None:
    """At each moment all show the same, and all purge before the time is up: then the late put is young again."""
    together = Fault("f1", "clock-offset", ["r1", "r2", "r3", "r4"], 400 * MS, 480 * MS, {"offset_ns": 3_000 * MS})
    assert judged(forth_and_back([]))["no tombstone resurrection"] == ("holds", "holds")
    assert judged(forth_and_back([together]))["no tombstone resurrection"] == ("not promised", "violated")


# The premise, on what was observed.


def observed(*events: Any, **policy: Any) -> str | None:
    return on.CLOCKS.missed(plan([], **policy), ordered(Header(1, "x", 1, "incarnation", NODES, {}), list(events)))


def said(at: int, born: int, origin: str = "round r1/1") -> Message:
    return Message(at=at * MS, id="1", born=born * MS, sender="r1", to="r2", kind="store", origin=origin)


def asked(at: int, op: int) -> Invoke:
    return Invoke(at=at * MS, op=op, session="c1.1", node="r1", kind="put", key="k", value="w")


def test_a_clock_is_seen_to_lead_by_what_is_born_after_it_was_sent() -> None:
    assert observed(said(100, 150)) is None
    assert "led by 51 ms" in str(observed(said(100, 151)))


def test_a_clock_is_seen_to_lag_by_what_is_born_before_it_was_asked_for() -> None:
    assert observed(asked(100, 7), said(103, 50, "op 7")) is None
    assert "lagged by 51 ms" in str(observed(asked(100, 7), said(103, 49, "op 7")))


def test_a_message_that_waited_long_is_not_a_clock_that_lags() -> None:
    assert observed(asked(100, 7), said(3_000, 101, "op 7"), said(3_000, 0)) is None


def test_one_that_leads_and_one_that_lags_are_apart_by_both() -> None:
    assert "led by 30 ms and lagged by 30 ms" in str(observed(asked(100, 7), said(103, 70, "op 7"), said(200, 230)))


def test_what_was_seen_does_not_count_where_nothing_is_purged() -> None:
    assert observed(said(100, 3_000), purge="never") is None


@settings(max_examples=25)
@given(st.integers(1, 10**6))
def test_no_more_is_seen_than_was_planned(seed: int) -> None:
    """So the premise never takes away what the requirement has granted; and much of what was planned is seen."""
    kinds = [kind.name for kind in clocks.KINDS]
    scenario = msgspec.convert({"faults": {"kinds": [*kinds, "pause", "kill"], "count": "1..4"}}, Scenario)
    of, _ = draw(scenario, "x", seed)
    of = structs.replace(of, policy=structs.replace(of.policy, skew_budget_ns=spread_ns(of.faults)))
    assert on.CLOCKS.missed(of, perform(of)) is None


@pytest.mark.parametrize(("ms", "seen"), [(60, r"led by (59|60) ms"), (-60, r"lagged by (5\d) ms")])
def test_a_jump_beyond_the_budget_is_seen(ms: int, seen: str) -> None:
    """But for the time that a request or a commit takes."""
    of = structs.replace(plan([jump(ms, 100, 3_000)]), network=Network(MS, MS))
    assert re.search(seen, str(on.CLOCKS.missed(of, perform(of))))


def test_every_kind_is_in_the_table() -> None:
    assert all(KINDS[kind.name] is kind for kind in clocks.KINDS)
