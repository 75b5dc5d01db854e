"""`urushi shrink`, as a user sees it."""

import json
import signal
import time  # noqa: TID251 - waits for a process to begin its search
from pathlib import Path
from typing import Any

import msgspec
import pytest

from checkers import files
from harness.demonstrations import PLANS
from harness.plan import LOST, read, write
from harness.reproduce.witness import in_simulation, on_processes
from harness.run import perform, silent
from harness.wrong import Wrong
from tests.harness.commands import SIMULATED, living_in, stored, urushi, urushi_process, urushi_started

FAILING = ("default", "--seed", "8", "--flaw", "purges-unconfirmed", *SIMULATED)


def failing(folder: Path) -> dict[str, Any]:
    document = urushi(folder, "run", *FAILING, "--json").document
    assert isinstance(document, dict)
    return document


def test_a_failing_seed_is_shrunk_to_a_run_of_its_own(tmp_path: Path) -> None:
    before = failing(tmp_path)
    outcome = urushi(tmp_path, "shrink", before["id"], "--json")
    document = outcome.document
    assert outcome.code == 1, "the smallest plan breaks the promise"
    assert document["operations"] == len(document["plan"]["operations"]) <= 8
    assert document["faults"] == len(document["plan"]["faults"]) <= 2
    assert (document["operations_before"], document["faults_before"]) == (348, 5)
    assert (document["minimal"], document["stopped"]) == (True, None)
    assert document["tried"] > document["operations"] + document["faults"]
    assert before["promises"][document["property"]]["verdict"] == "violated"
    assert before["stories"][0].startswith(f"VIOLATED  {document['property']} "), "what went wrong first"
    folder = tmp_path / ".urushi/runs" / document["run"]
    plan = read(folder / "plan.json")
    assert json.loads((folder / "plan.json").read_text()) == document["plan"]
    assert in_simulation(document["property"])(plan) is not None
    assert urushi(tmp_path, "replay", document["run"], "--json").document["identical"] is True


def test_the_two_runs_know_each_other(tmp_path: Path) -> None:
    before = failing(tmp_path)
    document = urushi(tmp_path, "shrink", before["id"], "--json").document
    runs = tmp_path / ".urushi/runs"
    to = json.loads((runs / before["id"] / "shrunk-to.json").read_text())
    back = json.loads((runs / document["run"] / "shrunk-from.json").read_text())
    assert to == back
    assert (to["original"], to["run"]) == (before["id"], document["run"])
    assert to == {name: value for name, value in document.items() if name not in ("plan", "report")}
    again = urushi(tmp_path, "shrink", document["run"], "--json").document
    assert (again["operations"], again["faults"]) == (document["operations"], document["faults"])
    assert json.loads((runs / document["run"] / "shrunk-from.json").read_text()) == back, "its own origin stays"


def test_what_is_printed_is_the_story_and_the_plan(tmp_path: Path) -> None:
    before = failing(tmp_path)
    outcome = urushi(tmp_path, "shrink", before["id"])
    (run_id,) = {path.name for path in (tmp_path / ".urushi/runs").iterdir()} - {before["id"]}
    lines = outcome.out.splitlines()
    assert "   s left" not in lines[-1]
    assert any(line.startswith("leaving out   tried ") and line.endswith(" s left") for line in lines)
    story = lines.index(next(line for line in lines if line.startswith("VIOLATED  ")))
    smallest = next(line for line in lines if line.startswith("  Smallest plan: "))
    assert smallest.endswith(" (from 348 and 5).")
    assert lines.index(smallest) > story
    assert sum(line.startswith("  Reproduce:") for line in lines) == 1
    assert lines[-1] == f"  Reproduce:  urushi replay {run_id}"
    assert "Nothing in it can be left out: " in lines[-2]


def test_fates_and_chances_are_part_of_what_is_printed(tmp_path: Path) -> None:
    """Only because of them does the plan fail."""
    before = failing(tmp_path)
    path = tmp_path / before["folder"] / "plan.json"
    plan = msgspec.structs.replace(PLANS["acknowledges-on-send"]("acknowledges-on-send"), faults=[])
    lost = {f"r4/op 2/store/{plan.operations[0].key}/r{number}/0": LOST for number in (1, 2, 3)}
    write(msgspec.structs.replace(plan, fates={**lost, "r1/sync/77": 5}), path)
    history, _ = perform(read(path), "simulation", path.parent, "auto", silent)
    files.write(history, path.parent / "history.jsonl")
    outcome = urushi(tmp_path, "shrink", before["id"], "--as-test", "test_it.py")
    assert outcome.code == 1, outcome.err
    assert sum(line.strip().endswith(": lost") for line in outcome.out.splitlines()) == 3
    assert "sync/77" not in outcome.out
    assert (tmp_path / "test_it.py").read_text().count(": LOST,") == 3


def test_any_hash_seed_finds_the_same(tmp_path: Path) -> None:
    before = failing(tmp_path)
    plans = [
        urushi_process(tmp_path, "shrink", before["id"], "--json", PYTHONHASHSEED=seed).document["plan"]
        for seed in ("1", "2")
    ]
    assert plans[0] == plans[1]


def test_another_of_the_broken_promises(tmp_path: Path) -> None:
    before = failing(tmp_path)
    broken = [name for name, each in before["promises"].items() if each["verdict"] == "violated"]
    first = before["stories"][0]
    other = next(name for name in broken if f"VIOLATED  {name} " not in first)
    assert urushi(tmp_path, "shrink", before["id"], "--promise", other, "--json").document["property"] == other
    wrong = urushi(tmp_path, "shrink", before["id"], "--promise", other[:-1])
    assert wrong.code == 2
    assert f"--promise: the run did not break '{other[:-1]}'" in wrong.said
    assert f"did you mean '{other}'?" in wrong.said


def test_a_run_that_held_is_refused(tmp_path: Path) -> None:
    before = stored(tmp_path)
    outcome = urushi(tmp_path, "shrink", before["id"])
    assert (outcome.code, outcome.out) == (2, "")
    assert f"run {before['id']}: it held: no promise was broken, so there is nothing to shrink" in outcome.said


def test_a_run_that_did_not_end_is_refused(tmp_path: Path) -> None:
    before = failing(tmp_path)
    (tmp_path / before["folder"] / "verdict.json").unlink()
    outcome = urushi(tmp_path, "shrink", before["id"])
    assert outcome.code == 2
    assert "it did not end" in outcome.said


def test_a_plan_that_fails_no_more_is_said(tmp_path: Path) -> None:
    before = mended(tmp_path)
    outcome = urushi(tmp_path, "shrink", before["id"])
    assert outcome.code == 2
    assert "any more; has the store been mended?" in outcome.said
    assert len(list((tmp_path / ".urushi/runs").iterdir())) == 1


def test_what_fails_on_processes_alone_is_for_pin(tmp_path: Path) -> None:
    before = mended(tmp_path)
    path = tmp_path / before["folder"] / "verdict.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "stage": "processes"}))
    outcome = urushi(tmp_path, "shrink", before["id"], *SIMULATED)
    assert outcome.code == 2
    assert f"does not break in the simulation; `urushi pin {before['id']}` searches for it" in outcome.said


def mended(folder: Path) -> dict[str, Any]:
    """A run whose replicas are sound by now."""
    before = failing(folder)
    path = folder / before["folder"] / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "flaw": None}))
    return before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget", "soon"], "--budget: 'soon' is no time; write one such as 60s or 5min"),
        (["--budget", "0s"], "--budget: no time at all is too little"),
        (["--needed", "4"], "--needed: 4 of 3 tries; 1 to 3 (--tries) are possible"),
        (["--needed", "0"], "--needed: 0 of 3 tries"),
    ],
)
def test_wrong_options(words: list[str], said: str, tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "shrink", "whatever", *words)
    assert outcome.code == 2
    assert said in outcome.said


def test_a_budget_too_small_for_one_try_gives_the_plan_back(tmp_path: Path) -> None:
    before = failing(tmp_path)
    outcome = urushi(tmp_path, "shrink", before["id"], "--budget", "0.001s", "--json")
    document = outcome.document
    assert outcome.code == 1
    assert (document["stopped"], document["minimal"]) == ("budget", False)
    assert "It may be that something in it can be left out (" in outcome.err
    assert "; the budget was used up)." in outcome.err


def test_k_of_n_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more runs than it takes to know."""
    plan = _demonstration()
    for outcomes, needed, seen, performed in [
        ("xx", 2, True, 2),
        ("x.x", 2, True, 3),
        ("..", 2, False, 2),
        ("x..", 2, False, 3),
        ("...", 1, False, 3),
        ("x", 1, True, 1),
    ]:
        left = list(outcomes)
        monkeypatch.setattr("harness.reproduce.witness.run", lambda *_, left=left, **__: _Report(left.pop(0) == "x"))
        assert (on_processes("convergence", 3, needed, "auto")(plan) is not None) is seen
        assert len(outcomes) - len(left) == performed


def test_a_plan_that_a_stage_cannot_perform_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Wrong("--stage processes", "no", "never")

    monkeypatch.setattr("harness.reproduce.witness.run", refuse)
    assert on_processes("convergence", 1, 1, "auto")(_demonstration()) is None


class _Report:
    def __init__(self, violated: bool) -> None:  # noqa: FBT001 - as short as what it stands for
        self.promises = {"convergence": _Promise("violated" if violated else "holds")}


class _Promise:
    def __init__(self, verdict: str) -> None:
        self.verdict = verdict
        self.keys = ["k1"]


def _demonstration() -> Any:
    return PLANS["hashes-keys-only"]("hashes-keys-only")


@pytest.mark.processes
def test_on_processes_ctrl_c_keeps_the_best_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = tmp_path / "candidates"
    candidates.mkdir()
    monkeypatch.setenv("TMPDIR", str(candidates))
    before = urushi(tmp_path, "run", "demo:hides-repairs", "--proxy", "stand-in", "--json").document
    options = ("--tries", "1", "--needed", "1", "--proxy", "stand-in", "--budget", "300s", "--json")
    process = urushi_started(tmp_path, "shrink", before["id"], *options)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("settings   "):
            break
    time.sleep(1.0)  # in the middle of a run
    assert list(candidates.glob("urushi-shrink-*"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    document = json.loads(out)
    assert process.returncode in (0, 1), err
    assert document["stopped"] == "Ctrl-C"
    assert document["operations"] == 1 < document["operations_before"]
    assert document["faults"] == 1
    assert {path.name for path in (tmp_path / ".urushi/runs").iterdir()} == {before["id"], document["run"]}
    assert document["report"]["stage"] == "processes"
    assert living_in(tmp_path) == []
    assert list(candidates.iterdir()) == []
