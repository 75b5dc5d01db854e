"""What monotonic writes and writes that follow reads need of a plan and of a run."""

import pytest
from msgspec.structs import replace

from checkers import properties
from checkers.history import Header, Invoke, Message, ordered
from harness.faults.kinds import Fault
from harness.minting import LATER_IS_LATER, NOBODY_SET_A_CLOCK
from harness.plan import MS, Network, Plan
from harness.promises import Promise, judge
from harness.sketch import Step, sketch
from harness.stages.simulation.stage import perform

ROAMING = [Step(100, "c1", "r1", "put"), Step(300, "c1", "r4", "put"), Step(500, "c2", "r1", "get")]
STAYING = [Step(100, "c1", "r4", "put"), Step(300, "c1", "r4", "put"), Step(500, "c2", "r1", "get")]
LAGS = Fault("f1", "clock-offset", ["r4"], 200 * MS, 600 * MS, {"offset_ns": -250 * MS})


def plan(steps: list[Step], *faults: Fault) -> Plan:
    return replace(sketch("x", steps, [], 700, nodes=4), faults=list(faults))


def why(of: Plan) -> str:
    return LATER_IS_LATER.missed(of) or ""


def test_clocks_that_agree_are_enough() -> None:
    assert why(plan(ROAMING)) == ""
    assert why(plan(ROAMING, Fault("f1", "kill", ["r4"], 200 * MS, 250 * MS))) == ""


def test_one_node_that_stays_up_is_enough() -> None:
    assert why(plan(STAYING, LAGS)) == ""
    others = [Fault("f2", "kill", ["r2"], 200 * MS, 250 * MS), Fault("f3", "pause", ["r4"], 200 * MS, 250 * MS)]
    assert why(plan(STAYING, LAGS, *others)) == ""
    assert why(plan([*STAYING, Step(600, "c1", "r1", "put", key=1)], LAGS)) == ""  # another key


def test_several_nodes_need_clocks_that_agree() -> None:
    found = plan(ROAMING, LAGS)
    key = found.operations[0].key
    assert why(found) == f"wall clocks are set off by up to 250 ms, and c1 asks r1 and r4 for {key}"
    assert why(plan([*STAYING, Step(600, "c2", "r2", "get")], LAGS)).endswith(f"c2 asks r1 and r2 for {key}")


@pytest.mark.parametrize("kind", ["kill", "stop", "wipe", "power-cut", "bad-sectors", "full-disk"])
def test_a_node_that_may_go_down_forgets_what_it_has_read(kind: str) -> None:
    down = Fault("f2", kind, ["r4"], 200 * MS, 250 * MS)
    assert why(plan(STAYING, down)) == ""
    assert why(plan(STAYING, LAGS, down)).endswith(f"r4 forgets what it has read when it goes down (f2, {kind})")


def test_where_messages_may_take_no_time_two_writes_may_have_one_date() -> None:
    found = plan(ROAMING)
    for delay_ns, missed in ((0, True), (1, True), (2, False)):  # both ways, and two writes
        assert bool(why(replace(found, network=Network(delay_ns, MS)))) == missed
    assert why(replace(plan(STAYING), network=Network(0, MS))) == ""


def promises(of: Plan) -> dict[str, Promise]:
    history = perform(of)
    verdicts = {verdict.property: verdict for verdict in properties.judge(history)}
    return {promise.property: promise for promise in judge(of, history, verdicts)}


def test_without_them_a_sound_store_breaks_both() -> None:
    steps = [Step(300, "c1", "r1", "put"), Step(400, "c2", "r2", "get"), Step(420, "c2", "r4", "put")]
    found = promises(plan([*steps, Step(440, "c1", "r4", "put")], LAGS))
    for name in ("monotonic writes", "writes follow reads"):
        assert (found[name].outcome, found[name].measured.outcome) == ("not promised", "violated")
        assert "250 ms" in found[name].why


@pytest.mark.parametrize(("steps", "missed"), [(ROAMING, True), (STAYING, False)])
@pytest.mark.parametrize(("born_ms", "apart"), [(101, False), (90, True), (120, True)])
def test_who_sets_the_clock_of_the_machine_breaks_a_premise(
    steps: list[Step], born_ms: int, *, missed: bool, apart: bool
) -> None:
    """A message seems to be born before its cause was asked for, or after it was sent."""
    of = plan(steps)
    asked = Invoke(at=100 * MS, op=1, session="c1.1", node="r4", kind="put", key="k0", value="w1")
    sent = Message(at=102 * MS, id="m1", born=born_ms * MS, sender="r4", to="r1", kind="store", origin="op 1")
    for stage, looked_at in (("processes", True), ("simulation", False)):
        history = ordered(Header(1, stage, 1, "incarnation", ["r1"], {}), [asked, sent])
        said = NOBODY_SET_A_CLOCK.missed(of, history)
        assert bool(said) == (missed and apart and looked_at)
        assert said is None or "wall clocks were off by" in said
