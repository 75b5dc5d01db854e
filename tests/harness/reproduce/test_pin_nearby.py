"""Plans around one: each depends on its number alone, and can be performed."""

from itertools import islice
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers import files
from harness import plan as plans
from harness.plan import LOST, MS, Plan
from harness.reproduce.nearby import NEARBY, Around, Step, nearby, numbered
from harness.reproduce.recorded import as_recorded
from tests.harness.plans import plans as any_plans

DATA = Path(__file__).parent / "data/on-processes"
FAR_NS = 20 * MS


def around() -> Around:
    plan = plans.read(DATA / "plan.json")
    recorded = as_recorded(plan, files.read(DATA / "history.jsonl"))
    return Around(recorded, plan.network, plan.operations[0].key)


def built(around: Around, step: Step, many: int) -> list[Plan]:
    found = (nearby(around, each, number) for each, number in numbered() if each == step)
    return [plan for plan in islice(found, many) if plan is not None]


def test_all_have_a_number_of_their_own_step_by_step() -> None:
    each = list(numbered())
    assert [number for _, number in each] == list(range(1, sum(NEARBY.values()) + 1))
    assert [step for step, _ in each] == [step for step, many in NEARBY.items() for _ in range(many)]


def test_a_number_gives_one_plan_and_another_number_another() -> None:
    for step in NEARBY:
        one, again = built(around(), step, 40), built(around(), step, 40)
        assert one == again
        assert len({msgspec.json.encode(plan) for plan in one}) > 35


def test_message_fates_change_nothing_else_and_ever_more() -> None:
    base = around().plan
    changed: list[int] = []
    for plan in built(around(), "message fates", 120):
        assert plan.fates.keys() == base.fates.keys()
        assert msgspec.structs.replace(plan, fates=base.fates) == base
        changed.append(sum(fate != base.fates[cause] for cause, fate in plan.fates.items()))
    assert min(changed) < 3
    assert max(changed) > len(base.fates) * 3 // 4
    fates = [fate for plan in built(around(), "message fates", 120) for fate in plan.fates.values()]
    assert LOST in fates


def test_at_first_only_what_has_to_do_with_the_key() -> None:
    """On another key nothing has; every second six candidates are about everything."""
    other = around()._replace(key="another")
    counts = [sum(a != b for a, b in zip(plan.fates.values(), other.plan.fates.values(), strict=True))
              for plan in built(other, "message fates", 48)]  # fmt: skip
    assert counts[:5] == [0] * 5
    assert any(counts)


def test_shifts_are_small_and_of_operations_and_faults() -> None:
    base = around().plan
    moved = {"operations": 0, "faults": 0}
    times = sorted(operation.at_ns for operation in base.operations)
    for plan in built(around(), "small shifts", 60):
        for operation in plan.operations:
            nearest = min(abs(operation.at_ns - at) for at in times)  # two may have changed places
            assert nearest <= FAR_NS
            moved["operations"] += nearest > 0
        for fault, before in zip(plan.faults, base.faults, strict=True):
            assert max(abs(fault.start_ns - before.start_ns), abs(fault.end_ns - before.end_ns)) <= FAR_NS
            moved["faults"] += fault != before
        same = msgspec.structs.replace(plan, operations=base.operations, faults=base.faults, fates=base.fates)
        assert same == base
    assert min(moved.values()) > 20


def test_neighbours_change_places_now_and_then() -> None:
    base = around().plan
    before = [operation.id for operation in sorted(base.operations, key=lambda each: each.at_ns)]
    orders = [
        [operation.id for operation in sorted(plan.operations, key=lambda each: each.at_ns)]
        for plan in built(around(), "small shifts", 60)
    ]
    assert any(order != before for order in orders)


def test_wider_leaves_messages_to_chance() -> None:
    wide = built(around(), "wider", 60)
    assert not any(plan.fates for plan in wide)
    assert len({plan.seed for plan in wide}) == len(wide)
    longest = [plan.network.delay_max_ns for plan in wide]
    assert max(longest) > 4 * min(longest)
    assert len({plan.starts_ns["r1"] for plan in wide}) > 50


@settings(max_examples=100)
@given(plan=any_plans(), numbers=st.lists(st.sampled_from(list(numbered())), min_size=1, max_size=5))
def test_whatever_comes_out_can_be_performed(plan: Plan, numbers: list[tuple[Step, int]]) -> None:
    fates = {f"r1/op {operation.id}/store/{operation.key}/r2/0": 5 for operation in plan.operations}
    key = plan.operations[0].key if plan.operations else None
    around = Around(msgspec.structs.replace(plan, fates=fates), plan.network, key)
    for step, number in numbers:
        found = nearby(around, step, number)
        if found is not None:
            plans.check(found, "nearby")
        else:
            assert plan.faults, "only faults can come to stand in each other's way"
