"""Every cell of the promise matrix, in each stage that has the levers for it: its flaws turn it red, its near misses
stay green."""

from pathlib import Path

import msgspec
import pytest

from harness.demonstrations import PLANS
from harness.levers import STAGE_LEVERS
from harness.plan import levers_of
from harness.promises import MATRIX, Cell
from harness.run import Stage, run

MARKS: dict[str, list[pytest.MarkDecorator]] = {"simulation": [], "processes": [pytest.mark.processes]}

TRIES = {"simulation": 1, "processes": 3}  # a busy machine may be late for the moment that a plan is about


def stages_of(name: str) -> list[str]:
    """Those that have every lever which the plan needs."""
    return [stage for stage in MARKS if set(levers_of(PLANS[name](name))) <= set(STAGE_LEVERS[stage])]


RED = [
    pytest.param(cell, flaw, stage, id=f"{flaw}-{stage}", marks=MARKS[stage])
    for cell in MATRIX
    for flaw in cell.flaws
    for stage in stages_of(flaw)
]
GREEN = [
    pytest.param(cell, name, stage, id=f"{name}-{stage}", marks=MARKS[stage])
    for cell in MATRIX
    for name in cell.near_misses
    for stage in stages_of(name)
]


@pytest.mark.parametrize("cell", MATRIX, ids=[cell.property for cell in MATRIX])
def test_what_processes_cannot_show_the_simulation_does(cell: Cell) -> None:
    """A lever that processes lack keeps single plans from them, and no promise as a whole."""
    for names in (cell.flaws, cell.near_misses):
        assert all("simulation" in stages_of(name) for name in names)
        assert any("processes" in stages_of(name) for name in names)


@pytest.mark.parametrize(("cell", "flaw", "stage"), RED)
def test_a_flaw_breaks_its_promise(cell: Cell, flaw: str, stage: Stage, tmp_path: Path) -> None:
    plan = PLANS[flaw](flaw)
    assert plan.flaw == flaw
    for _ in range(TRIES[stage]):
        report = run(plan, stage, runs=tmp_path)
        if report.promises[cell.property].verdict == "violated" and all(fault.bit for fault in report.faults):
            break
    assert report.verdict == "violated", report.reasons
    assert report.promises[cell.property].verdict == "violated"
    assert all(fault.applied and fault.bit for fault in report.faults), "a fault that bit nothing shows nothing"
    story = next(story for story in report.stories if story.startswith(f"VIOLATED  {cell.property} "))
    assert f"flaw {flaw}" in story
    assert f"urushi replay {report.id}" in story
    assert "Rule broken:" in story
    for fault in plan.faults:
        assert fault.id in story, f"the story does not name fault {fault.id}:\n{story}"


@pytest.mark.parametrize(("cell", "name", "stage"), GREEN)
def test_a_near_miss_keeps_its_promise(cell: Cell, name: str, stage: Stage, tmp_path: Path) -> None:
    """A run that left nothing to check shows nothing, and is tried again; none may break it."""
    for _ in range(TRIES[stage]):
        report = run(PLANS[name](name), stage, runs=tmp_path)
        promise = report.promises[cell.property]
        assert report.verdict == "holds", report.stories or report.reasons
        assert promise.verdict == "holds"
        assert all(fault.applied for fault in report.faults)
        if promise.checked:
            break
    assert promise.checked > 0, "a verdict over nothing shows nothing"


@pytest.mark.parametrize("cell", MATRIX, ids=[cell.property for cell in MATRIX])
def test_without_the_flaw_the_same_plan_is_green(cell: Cell, tmp_path: Path) -> None:
    """What turns red is the flaw, not the plan."""
    for flaw in cell.flaws:
        report = run(msgspec.structs.replace(PLANS[flaw](flaw), flaw=None), "simulation", runs=tmp_path)
        assert report.verdict == "holds", report.stories
