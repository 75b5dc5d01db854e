"""What monotonic writes and writes that follow reads need of a plan and of a run."""

import pytest
from msgspec.structs import replace

from checkers import properties
from checkers.history import Header, Invoke, Message, ordered
from harness.faults.kinds import Fault
from harness.minting import (
    ABOVE_THE_PURGED,
    CLOCKS_AGREE,
    LATER_IS_LATER,
    NOBODY_SET_A_CLOCK,
    READ_IS_OLDER,
    SIBLINGS,
)
from harness.plan import MS, Network, Plan
from harness.promises import Promise, judge
from harness.sketch import SHORT, Step, sketch
from harness.stages.simulation.stage import perform
from replicas.store.settings import VersionKind

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


WALL_POLICY = replace(SHORT, hints="handoff")


def of_kind(kind: VersionKind, of: Plan, **cluster: int) -> Plan:
    return replace(of, cluster=replace(of.cluster, versions=kind, **cluster))


def test_a_wall_clock_learns_nothing_from_what_it_reads() -> None:
    expected: dict[VersionKind, bool] = {"hlc": False, "wall": True}
    for kind, missed in expected.items():
        found = of_kind(kind, plan(STAYING, LAGS))
        assert bool(READ_IS_OLDER.missed(found)) == missed
        assert LATER_IS_LATER.missed(found) is None
        assert READ_IS_OLDER.missed(of_kind(kind, plan(ROAMING))) is None


def test_a_wall_clock_may_date_below_what_it_has_confirmed() -> None:
    deletes = [*STAYING, Step(600, "c2", "r1", "delete")]
    for steps, faults, policy, missed in (
        (deletes, [LAGS], WALL_POLICY, True),
        (deletes, [], WALL_POLICY, False),
        (STAYING, [LAGS], WALL_POLICY, False),
        (deletes, [LAGS], SHORT, False),
    ):
        found = replace(of_kind("wall", plan(steps, *faults)), policy=policy)
        assert bool(ABOVE_THE_PURGED.missed(found)) == missed
        assert ABOVE_THE_PURGED.missed(of_kind("hlc", found)) is None


def test_a_count_needs_quorums_that_meet_and_forget_nothing() -> None:
    rot = Fault("f1", "rot", ["r1"], 200 * MS, 250 * MS)
    wipe = Fault("f1", "wipe", ["r1"], 200 * MS, 250 * MS)
    sound = of_kind("counter", plan(ROAMING, LAGS))
    for requirement in (LATER_IS_LATER, READ_IS_OLDER, CLOCKS_AGREE, ABOVE_THE_PURGED):
        assert requirement.missed(sound) is None
    for requirement in (LATER_IS_LATER, READ_IS_OLDER, CLOCKS_AGREE):
        assert "W + W = 2" in (requirement.missed(of_kind("counter", sound, w=1)) or "")
        assert "f1 (rot)" in (requirement.missed(replace(sound, faults=[rot])) or "")
        assert "f1 (wipe)" in (requirement.missed(replace(sound, faults=[wipe])) or "")
    deletes = of_kind("counter", plan([*ROAMING, Step(600, "c2", "r1", "delete")]))
    for requirement in (LATER_IS_LATER, READ_IS_OLDER, CLOCKS_AGREE, ABOVE_THE_PURGED):
        assert "starts anew" in (requirement.missed(deletes) or "")
        assert requirement.missed(replace(deletes, policy=replace(SHORT, purge="never"))) is None
    unrepaired = replace(sound, policy=replace(SHORT, read_repair="none"))
    assert "read repair is none" in (READ_IS_OLDER.missed(unrepaired) or "")
    assert LATER_IS_LATER.missed(unrepaired) is None


def test_of_writes_at_once_all_but_the_last_are_lost() -> None:
    kinds: list[VersionKind] = ["hlc", "wall", "counter"]
    for kind in kinds:
        assert kind in (SIBLINGS.missed(of_kind(kind, plan(STAYING))) or "")
