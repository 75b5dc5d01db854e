"""The same cause in other names is the same mechanism."""

import re

import msgspec
import pytest

from harness.campaign.mechanism import mechanism_of, shape_of, without_names
from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.reproduce.trial import trial

DEMONSTRATIONS = ("hints-by-arrival", "purges-unconfirmed", "decides-on-one", "skips-repair")


def mechanisms(plan: Plan) -> dict[str, str]:
    performed = trial(plan)
    return {
        each.property: mechanism_of(plan, performed.history, each.property, each.measured.violations[0])
        for each in performed.broken
    }


def renamed(plan: Plan) -> Plan:
    """What may have another name without anything else becoming of it: clients, values, and faults."""
    operations = [
        msgspec.structs.replace(each, client=f"x{each.client}", value=each.value and f"{each.value}; 7 (on r1)")
        for each in plan.operations
    ]
    faults = [msgspec.structs.replace(each, id=f"trouble{each.id}") for each in plan.faults]
    return msgspec.structs.replace(plan, operations=operations, faults=faults)


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_no_name_and_no_number_is_left(name: str) -> None:
    plan = PLANS[name](name)
    found = mechanisms(plan)
    assert found
    for text in found.values():
        assert text
        assert not re.search(r"\d", text), text
        assert not any(re.search(rf"\b{node}\b", text) for node in plan.cluster.names()), text


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_other_names_make_no_other_mechanism(name: str) -> None:
    plan = PLANS[name](name)
    assert mechanisms(renamed(plan)) == mechanisms(plan)


def test_what_differs_from_run_to_run_is_left_out() -> None:
    plan = PLANS["hints-by-arrival"]("hints-by-arrival")
    node, other, *_ = plan.cluster.names()
    fault = plan.faults[0].id
    text = (
        f"{node} missed ✝ v3 (delete, op 98): message {node}/1000000097 {node} → {other} was lost at 1.630 s, while "
        f"{fault} (black-hole {other}) was on, and so were 3 later ones; {fault} ended at 2.1 s; op 188 was decided at "
        f"3.099 s on {node} (nothing) and {other} (v2); the answer of {node} came later (3.099 s, message r1/7)."
    )
    assert without_names(plan, text) == "… missed …: message … was lost; op … was decided on …"


def test_where_nothing_else_is_told_why_others_were_not_heard_is_the_cause() -> None:
    plan = PLANS["hints-by-arrival"]("hints-by-arrival")
    assert without_names(plan, "the answer of r1 came later (3.099 s).") == "the answer of … came later"


def test_a_shape_counts_kinds() -> None:
    plan = PLANS["hints-by-arrival"]("hints-by-arrival")
    kinds = [each.kind for each in plan.operations]
    shape = shape_of(plan)
    for kind in kinds:
        assert f"{kinds.count(kind)} {kind}" in shape
    assert shape.endswith(f"; {len(plan.faults)} {plan.faults[0].kind}")
    assert shape_of(renamed(plan)) == shape
