"""The regression test that is written for a smallest plan: red with the bug, green without, and fit for this house."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from harness.demonstrations import PLANS
from harness.plan import LOST, Plan
from harness.reproduce import as_test
from harness.reproduce.regression import outcome_of
from harness.reproduce.shrink import Shrunk
from harness.run import run
from harness.wrong import Wrong
from tests.harness.commands import BROKEN, ROOT, stored, urushi
from tests.harness.plans import plans

FLAW = BROKEN.removeprefix("demo:")


def shrunk(plan: Plan, folder: Path) -> Shrunk:
    """As if nothing could be left out of it."""
    report = run(plan, "simulation", runs=folder)
    sizes = len(plan.operations), len(plan.faults)
    broken = next((name for name, each in report.promises.items() if each.verdict == "violated"), "convergence")
    return Shrunk(report.id, "7f3a91c2", broken, *sizes, *sizes, True, 1, None, plan, report)  # noqa: FBT003 - minimal


def in_process(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def written(folder: Path) -> Path:
    before = stored(folder, BROKEN)
    outcome = urushi(folder, "shrink", before["id"], "--as-test", "test_it.py")
    assert outcome.code == 1, outcome.err
    assert outcome.out.rstrip().endswith("wrote test_it.py")
    return folder / "test_it.py"


def test_it_is_red_with_the_bug_and_green_without(tmp_path: Path) -> None:
    file = written(tmp_path)
    text = file.read_text()
    assert f'    flaw="{FLAW}",\n' in text
    red = in_process("pytest", "-q", "-p", "no:cacheprovider", "test_it.py", folder=tmp_path)
    assert red.returncode == 1, red.stdout + red.stderr
    assert "VIOLATED  " in red.stdout, "the story is the assertion's message"
    assert "Rule broken: " in red.stdout
    file.write_text(text.replace(f'    flaw="{FLAW}",\n', ""))
    green = in_process("pytest", "-q", "-p", "no:cacheprovider", "test_it.py", folder=tmp_path)
    assert green.returncode == 0, green.stdout + green.stderr
    assert "1 passed" in green.stdout


def test_it_can_be_read(tmp_path: Path) -> None:
    """One line an operation, one line a fault, times in milliseconds, and nothing that is so by default."""
    text = written(tmp_path).read_text()
    lines = [line.strip() for line in text.splitlines()]
    assert sum(line.startswith("Operation(") for line in lines) == text.count("Operation(")
    assert sum(line.startswith("Fault(") for line in lines) == text.count("Fault(")
    assert " * MS, " in text
    assert "loss_ppm" not in text
    assert "from run " in lines[0]
    assert any(line.startswith("Rule broken: ") for line in lines)


@pytest.mark.parametrize("name", ["purges-unconfirmed", "keeps-old-hints", "commits-later", "purges-early"])
def test_it_passes_lint_and_format(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_it.py").write_text(as_test.text(shrunk(PLANS[name](name), tmp_path)))
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for words in (["check"], ["format", "--diff"]):
        done = in_process("ruff", *words, "--no-cache", "tests", folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_passes_strict_types(tmp_path: Path) -> None:
    file = written(tmp_path)
    done = in_process(
        "mypy", "--strict", "--follow-imports=silent", "--cache-dir", str(ROOT / ".mypy_cache"), str(file), folder=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


@settings(max_examples=50)
@given(plan=plans())
def test_what_is_written_is_the_plan(plan: Plan) -> None:
    """Whatever is in it: names in any letters, levels, parameters, nodes that stay down."""
    report = _report_without_story()
    plan = msgspec.structs.replace(
        plan, fates={"r1/sync/1": 5, "r1/op 1/store/k6/r2/0": LOST}, starts_ns={plan.cluster.names()[0]: -5}
    )
    names: dict[str, Any] = {}
    text = as_test.text(Shrunk("a", "b", "convergence", 0, 0, 0, 0, True, 1, None, plan, report))  # noqa: FBT003 - minimal
    exec(text, names)  # noqa: S102 - it is what was just written
    assert names["PLAN"] == plan


def _report_without_story() -> Any:
    class Report:
        stories: tuple[str, ...] = ()

    return Report()


def test_a_story_with_quotes_and_backslashes_stays_in_its_string(tmp_path: Path) -> None:
    result = shrunk(PLANS[FLAW](FLAW), tmp_path)
    odd = f'VIOLATED  {result.property} \n  it read """\\n" and \\"""'
    report = msgspec.structs.replace(result.report, stories=[odd])
    names: dict[str, Any] = {}
    exec(as_test.text(msgspec.structs.replace(result, report=report)), names)  # noqa: S102 - likewise
    assert "it read '''\\n\" and \\'''" in names["__doc__"]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    before = stored(tmp_path, BROKEN)
    (tmp_path / "test_it.py").write_text("mine")
    outcome = urushi(tmp_path, "shrink", before["id"], "--as-test", "test_it.py")
    assert outcome.code == 2
    assert "--as-test: test_it.py is there already; take another name, or remove it" in outcome.said
    assert (tmp_path / "test_it.py").read_text() == "mine"
    assert len(list((tmp_path / ".urushi/runs").iterdir())) == 1, "refused before anything was tried"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("test_it.txt", "pytest would not collect test_it.txt"),
        ("it.py", "pytest would not collect it.py"),
        ("nowhere/test_it.py", "there is no folder nowhere"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(name: str, said: str, tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "shrink", stored(tmp_path, BROKEN)["id"], "--as-test", name)
    assert outcome.code == 2
    assert f"--as-test: {said}" in outcome.said


def test_a_promise_that_the_plan_does_not_have_does_not_hold() -> None:
    """Or the test would turn green when the promise is dropped, and not when the bug is mended."""
    plan = PLANS["skips-repair"]("skips-repair")
    sound = msgspec.structs.replace(plan, flaw=None)
    assert outcome_of(sound, "monotonic reads").holds
    assert not outcome_of(plan, "monotonic reads").holds
    unpromised = outcome_of(sound, "convergence")
    assert not unpromised.holds
    assert unpromised.story.startswith("convergence: not promised: anti-entropy is off")
    with pytest.raises(Wrong, match="did you mean 'convergence'"):
        outcome_of(sound, "convergance")
