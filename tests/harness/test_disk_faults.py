"""How faults of disks are drawn, which of them cannot be on together, and what a plan with them is promised."""

from typing import Any

import msgspec
import pytest

from checkers import properties
from checkers.history import Damage, Life
from harness.demonstrations import PLANS
from harness.faults.check import overlapping
from harness.faults.disk import KINDS as DISK_KINDS
from harness.faults.kinds import Fault
from harness.plan import Plan
from harness.promises import MATRIX, judge, reason_against
from harness.reproduce.trial import trial
from harness.scenario import Scenario, draw, load
from replicas.store.flaws import FLAWS

NAMES = ["r1", "r2", "r3"]
MANY = range(1, 301)


def scenario(**faults: Any) -> Scenario:
    return msgspec.convert({"faults": faults, "workload": {"operations": 40}}, Scenario)


def drawn(made: Scenario) -> list[Plan]:
    return [draw(made, "x", seed)[0] for seed in MANY]


def fault(kind: str, *targets: str, start: int = 100, end: int = 200) -> Fault:
    parameters = {"rot": {"keys_ppm": 9}, "bad-sectors": {"keys_ppm": 9}, "full-disk": {"free_bytes": 9}}
    return Fault(f"{kind}{start}", kind, list(targets), start, end, parameters.get(kind, {}))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (fault("power-cut", "r1"), fault("kill", "r1", start=150), True),
        (fault("power-cut", "r1"), fault("kill", "r2", start=150), False),
        (fault("blackout", "r1", "r2"), fault("pause", "r2", start=150), True),
        (fault("failing-writes", "r1"), fault("pause", "r1", start=150), True),
        (fault("full-disk", "r1"), fault("bad-sectors", "r1", start=150), True),
        (fault("rot", "r1"), fault("kill", "r1", start=150), False),
        (fault("rot", "r1"), fault("pause", "r1", start=150), False),
        (fault("rot", "r1"), fault("bad-sectors", "r1", start=150), False),
    ],
)
def test_what_may_end_a_process_clashes_with_what_acts_on_it(one: Fault, other: Fault, clash: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A process that its disk has ended cannot be paused; damage that waits to be read ends nothing."""
    assert bool(overlapping([one, other], NAMES)) == clash


def test_a_plan_destroys_copies_once_at_most() -> None:
    plans = drawn(scenario(kinds=["rot", "wipe", "power-cut"], count=5))
    counts = [sum(each.kind in ("rot", "wipe") for each in plan.faults) for plan in plans]
    assert set(counts) == {1}
    assert {each.kind for plan in plans for each in plan.faults} == {"rot", "wipe", "power-cut"}


def test_nothing_rots_where_one_copy_is_enough_or_others_stay_down() -> None:
    for tables in ({"cluster": {"w": "ONE"}}, {"phases": {"down": 1}}):
        made = msgspec.convert(
            {"faults": {"kinds": ["rot", "kill"]}, "workload": {"operations": 40}, **tables}, Scenario
        )
        assert {each.kind for plan in drawn(made) for each in plan.faults} == {"kill"}


def test_a_blackout_is_of_a_majority_or_of_all() -> None:
    plans = drawn(msgspec.convert({"faults": {"kinds": ["blackout"]}, "cluster": {"nodes": 5}}, Scenario))
    assert {len(each.targets) for plan in plans for each in plan.faults} == {3, 5}


@pytest.mark.parametrize("kind", ["power-cut", "blackout", "failing-writes", "full-disk", "slow-disk"])
def test_what_may_catch_a_commit_begins_near_writes(kind: str) -> None:
    near = total = 0
    for plan in drawn(scenario(kinds=[kind], count=1)):
        writes = [each.at_ns for each in plan.operations if each.kind != "get"]
        for each in plan.faults:
            total += 1
            near += any(0 <= each.start_ns - at <= 3_000_000 for at in writes)
    assert near > 0.7 * total


def outcomes(plan: Plan) -> dict[str, tuple[str, str]]:
    found = trial(plan).history
    verdicts = {verdict.property: verdict for verdict in properties.judge(found)}
    return {promise.property: (promise.outcome, promise.why) for promise in judge(plan, found, verdicts)}


def rotten_quorum() -> Plan:
    """r1 and r2 hold the put; both copies rot and are found, and r3 never had one."""
    plan = PLANS["rot that a read finds"]("x")
    rot = msgspec.structs.replace(plan.faults[0], targets=["r2"], id="f2")
    cut = Fault("f3", "isolate", ["r3"], 1_000_000, 990_000_000, {})
    both = [msgspec.structs.replace(plan.operations[1], id=9, node="r2", client="c9", at_ns=650_000_000)]
    return msgspec.structs.replace(plan, faults=[*plan.faults, rot, cut], operations=[*plan.operations, *both])


def test_an_acknowledged_write_whose_every_copy_rotted_is_not_promised_and_says_which() -> None:
    plan = rotten_quorum()
    found = outcomes(plan)
    outcome, why = found["acknowledged writes kept"]
    assert outcome == "not promised"
    assert why.startswith("the rot of r")
    assert "destroyed the last copy" in why
    assert {outcome for outcome, _ in found.values()} <= {"holds", "not promised"}


def test_what_was_never_synced_is_no_excuse() -> None:
    """All copies are gone with the power, as with rot; but the store had said that they were durable."""
    plan = msgspec.structs.replace(PLANS["a blackout"]("x"), flaw="never-syncs")
    broken = [name for name, (outcome, _) in outcomes(plan).items() if outcome == "violated"]
    assert "no version regression" in broken


def test_rot_while_another_copy_stays_down_is_not_promised() -> None:
    plan = msgspec.structs.replace(PLANS["rot that nobody reads"]("x"), down=["r2"])
    cell = next(cell for cell in MATRIX if cell.property == "acknowledged writes kept")
    why = reason_against(cell, plan)
    assert why is not None
    assert "while copies on r1 rot" in why
    assert reason_against(cell, msgspec.structs.replace(plan, down=[])) is None


@pytest.mark.parametrize("seed", range(1, 25))
def test_the_sound_store_holds_its_promises_on_bad_disks(seed: int) -> None:
    plan = draw(load("disks"), "disks", seed)[0]
    assert trial(plan).broken == []


def test_seeds_of_the_scenario_bring_every_kind_of_damage() -> None:
    told = set()
    for seed in range(1, 61):
        events = trial(draw(load("disks"), "disks", seed)[0]).history.events
        told |= {event.what for event in events if isinstance(event, Damage | Life)}
    assert told >= {
        "rotted",
        "read rotten",
        "unreadable",
        "healed",
        "late",
        "failed",
        "lost",
        "powered off",
        "stopped by its disk",
    }


def test_the_flaws_of_disks_break_what_they_say() -> None:
    kinds = {kind.name for kind in DISK_KINDS}
    for name in ("never-syncs", "ignores-failed-commits", "serves-rot"):
        assert kinds & {each.kind for each in PLANS[name](name).faults}
        broken = [promise.property for promise in trial(PLANS[name](name)).broken]
        assert FLAWS[name].breaks in broken
