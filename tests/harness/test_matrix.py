"""Every cell of the promise matrix, in both stages: its flaws turn it red, its near misses stay green."""

from pathlib import Path

import msgspec
import pytest

from harness.demonstrations import PLANS
from harness.promises import MATRIX, Cell
from harness.run import Stage, run

STAGES = [
    pytest.param("simulation"),
    pytest.param("processes", marks=[pytest.mark.processes]),
]
RED = [pytest.param(cell, flaw, id=flaw) for cell in MATRIX for flaw in cell.flaws]
GREEN = [pytest.param(cell, name, id=name) for cell in MATRIX for name in cell.near_misses]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("cell", "flaw"), RED)
def test_a_flaw_breaks_its_promise(cell: Cell, flaw: str, stage: Stage, tmp_path: Path) -> None:
    plan = PLANS[flaw](flaw)
    assert plan.flaw == flaw
    report = run(plan, stage, runs=tmp_path)
    assert report.verdict == "violated", report.reasons
    assert report.promises[cell.property].verdict == "violated"
    assert all(fault.applied and fault.bit for fault in report.faults), "a fault that bit nothing shows nothing"
    story = next(story for story in report.stories if story.startswith(f"VIOLATED  {cell.property} "))
    assert f"flaw {flaw}" in story
    assert f"urushi replay {report.id}" in story
    assert "Rule broken:" in story
    for fault in plan.faults:
        assert fault.id in story, f"the story does not name fault {fault.id}:\n{story}"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("cell", "name"), GREEN)
def test_a_near_miss_keeps_its_promise(cell: Cell, name: str, stage: Stage, tmp_path: Path) -> None:
    plan = PLANS[name](name)
    report = run(plan, stage, runs=tmp_path)
    assert report.verdict == "holds", report.stories or report.reasons
    promise = report.promises[cell.property]
    assert promise.verdict == "holds"
    assert promise.checked > 0, "a verdict over nothing shows nothing"
    assert all(fault.applied for fault in report.faults)


@pytest.mark.parametrize("cell", MATRIX, ids=[cell.property for cell in MATRIX])
def test_without_the_flaw_the_same_plan_is_green(cell: Cell, tmp_path: Path) -> None:
    """What turns red is the flaw, not the plan."""
    for flaw in cell.flaws:
        report = run(msgspec.structs.replace(PLANS[flaw](flaw), flaw=None), "simulation", runs=tmp_path)
        assert report.verdict == "holds", report.stories
