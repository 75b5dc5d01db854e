"""A run, its folder, and what `check` and `replay` make of it; in simulation, where a plan is exact."""

import io
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from checkers import files
from checkers.history import Fault, Header, Metrics, Phase, ordered
from harness.faults.kinds import Fault as PlannedFault
from harness.plan import write
from harness.promises import MATRIX, faults_not_applied
from harness.report.terminal import show_run
from harness.run import assess, find_run, run
from harness.scenario import Scenario, draw, load
from harness.wrong import Wrong
from tests.harness.commands import BROKEN, SIMULATED, Outcome, nothing_started, stored, urushi
from tests.harness.plans import small_plan


def edited(folder: Path, name: str, old: str, new: str) -> None:
    """The first occurrence in a file of the one run that is there."""
    (path,) = folder.glob(f".urushi/runs/*/{name}")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_document_of_a_run(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "run", "default", "--seed", "3", *SIMULATED, "--json")
    document = outcome.document
    assert outcome.code == 0
    assert re.fullmatch("[0-9a-f]{8}", document["id"])
    assert (document["seed"], document["scenario"], document["stage"]) == (3, "default", "simulation")
    assert re.fullmatch("[0-9a-f]{64}", document["digest"])
    assert document["verdict"] == "holds"
    assert list(document["promises"]) == [cell.property for cell in MATRIX]
    for promise in document["promises"].values():
        assert promise["verdict"] in ("holds", "violated", "unknown", "not promised")
        assert promise["verdict"] == "holds" or promise["why"]
        assert promise["checked"] > 0
    plan = json.loads((tmp_path / document["folder"] / "plan.json").read_text())
    assert [fault["id"] for fault in document["faults"]] == [fault["id"] for fault in plan["faults"]]
    assert all(fault["applied"] for fault in document["faults"])
    assert sum(document["operations"].values()) == len(plan["operations"])
    assert document["drawn"]["workload.operations"] == str(len(plan["operations"]))
    assert json.loads((tmp_path / document["folder"] / "verdict.json").read_text()) == document


def test_what_is_not_promised_says_why(tmp_path: Path) -> None:
    promise = stored(tmp_path, "levels")["promises"]["monotonic reads"]
    assert promise["verdict"] == "not promised"
    assert "reads 1 of 3 copies" in promise["why"]
    assert promise["measured"] in ("holds", "violated", "unknown")


def test_exit_code_1_is_a_broken_promise(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "run", BROKEN, *SIMULATED, "--json")
    assert outcome.code == 1
    document = outcome.document
    assert document["verdict"] == "violated"
    broken = {name for name, promise in document["promises"].items() if promise["verdict"] == "violated"}
    assert "no tombstone resurrection" in broken
    for name in broken:
        assert document["promises"][name]["violations"] > 0
        assert len(document["promises"][name]["keys"]) == 1
    assert len(document["reasons"]) == len(document["stories"]) == len(broken)


def test_exit_code_3_is_a_fault_that_was_not_applied(tmp_path: Path) -> None:
    """Nothing is broken, but the run does not show what it was to show."""
    before = stored(tmp_path, "demo:confirms-twice")
    assert before["verdict"] == "holds"
    edited(tmp_path, "history.jsonl", '"phase":"applied"', '"phase":"not applied"')
    outcome = urushi(tmp_path, "check", before["id"], "--json")
    assert outcome.code == 3
    document = outcome.document
    assert document["verdict"] == "unknown"
    assert len(document["reasons"]) == 1
    assert document["reasons"][0].startswith("fault f1 (isolate) was not applied: ")
    assert [fault["applied"] for fault in document["faults"]] == [False]
    assert "unknown because: fault f1 (isolate) was not applied" in outcome.err


def test_a_run_in_which_nothing_was_done_shows_nothing(tmp_path: Path) -> None:
    write(msgspec.structs.replace(small_plan(), operations=[]), tmp_path / "idle.json")
    outcome = urushi(tmp_path, "replay", "idle.json", *SIMULATED, "--json")
    assert outcome.code == 3
    assert outcome.document["reports"][0]["reasons"] == ["not one operation succeeded"]


def test_a_broken_promise_outweighs_a_fault_that_was_not_applied(tmp_path: Path) -> None:
    """It was seen, whatever the fault did."""
    before = stored(tmp_path, BROKEN)
    edited(tmp_path, "history.jsonl", '"phase":"applied"', '"phase":"not applied"')
    assert urushi(tmp_path, "check", before["id"]).code == 1


def test_faults_that_were_not_applied_are_all_named() -> None:
    header = Header(1, "simulation", 1, "incarnation", ["r1"], {})
    marks = [("f1", "applied"), ("f2", "not applied"), ("f3", "not applied"), ("f3", "healed")]
    events = [Fault(at=1, fault=name, kind="kill", phase=phase, targets=["r1"]) for name, phase in marks]  # type: ignore[arg-type] # as given
    planned = [PlannedFault(f"f{number}", "kill", ["r1"], 1, 2) for number in (1, 2, 3, 4)]
    plan = msgspec.structs.replace(draw(load("calm"), "calm", 1)[0], faults=planned)
    told = faults_not_applied(plan, ordered(header, list(events)))
    assert [line.split()[1] for line in told] == ["f2", "f3", "f4"], "f4 has no event at all"


def test_a_history_from_which_something_is_missing_does_not_hold(tmp_path: Path) -> None:
    run = stored(tmp_path, "calm")
    history = tmp_path / run["folder"] / "history.jsonl"
    lines = history.read_bytes().splitlines(keepends=True)
    for left, what in ((lines[:100] + lines[101:], "events are missing"), (lines[:-1], "it has no end")):
        history.write_bytes(b"".join(left))
        outcome = urushi(tmp_path, "check", run["id"])
        assert outcome.code == 3
        assert what in outcome.out


@pytest.mark.parametrize("scenario", ["calm", "levels", BROKEN])
def test_check_judges_as_the_run_did(scenario: str, tmp_path: Path) -> None:
    before = stored(tmp_path, scenario)
    outcome = urushi(tmp_path, "check", before["id"], "--json")
    after = outcome.document
    assert outcome.code == {"holds": 0, "violated": 1}[before["verdict"]]
    assert after == before


def test_check_sees_what_was_changed(tmp_path: Path) -> None:
    """Its verdict comes from the history, not from the one that was stored."""
    before = stored(tmp_path)
    path = tmp_path / before["folder"] / "history.jsonl"
    changes = [line for line in path.read_text().splitlines() if '"event":"change"' in line]
    path.write_text(path.read_text().replace(changes[5] + "\n", ""))
    outcome = urushi(tmp_path, "check", before["id"], "--json")
    assert outcome.code == 1
    assert outcome.document["digest"] != before["digest"]
    assert outcome.document["promises"]["evidence agrees"]["verdict"] == "violated"


def test_a_run_without_anti_entropy_ends_and_says_what_it_does_not_promise(tmp_path: Path) -> None:
    """A tombstone that a replica missed then waits for its confirmation for ever."""
    text = b'about = "x"\n[policy]\nanti_entropy = "none"\nread_repair = "none"\n[faults]\ncount = 4\n'
    scenario = msgspec.toml.decode(text, type=Scenario)
    for seed in range(1, 5):
        report = run(draw(scenario, "x", seed)[0], "simulation", runs=tmp_path)
        assert report.verdict == "holds", report.reasons
        assert report.promises["convergence"].verdict == "not promised"
        assert "anti-entropy is off" in report.promises["convergence"].why


def test_what_the_nodes_counted_is_in_the_report_and_summed_for_the_reader(tmp_path: Path) -> None:
    plan = small_plan()
    run(plan, "simulation", runs=tmp_path)
    (folder,) = tmp_path.iterdir()
    history = files.read(folder / "history.jsonl")
    history.events = [event for event in history.events if not isinstance(event, Metrics)]
    counted = {
        "r1": {"repairs_done": 1_200, "hints_queued": 0, "grace_margin_ms": 1_500, "since_repair_of_range_7_ms": 10},
        "r2": {"repairs_done": 34, "hints_queued": 0, "grace_margin_ms": 2_500, "since_repair_of_range_12_ms": 3_210},
    }
    late = [Metrics(at=history.events[-1].at, node=node, values=values) for node, values in counted.items()]
    earlier = Metrics(at=0, node="r1", values={"repairs_done": 7})
    events = [earlier, *history.events, *late]
    for event in events:
        if isinstance(event, Phase) and event.name == "mend":
            event.down = ["r3"]
    report = assess(plan, ordered(history.header, events), folder, proxy=None, drawn={})
    assert report.metrics == counted
    assert report.down == ["r3"]
    file = io.StringIO()
    show_run(Console(file=file, width=140), report)
    text = file.getvalue()
    assert "replicas: repairs done 1,234, grace margin 1.5..2.5 s, since repair of range 0.0..3.2 s\n" in text
    assert "; stayed down: r3" in text


def test_a_verdict_of_an_older_version_is_read(tmp_path: Path) -> None:
    before = stored(tmp_path)
    path = tmp_path / before["folder"] / "verdict.json"
    for name in ("metrics", "down"):
        del before[name]
    for fault in before["faults"]:
        del fault["parameters"]
    path.write_text(json.dumps(before))
    assert urushi(tmp_path, "replay", before["id"]).code == 0
    assert urushi(tmp_path, "check", before["id"]).code == 0


# Finding runs, and what is not a whole one.


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("aa11", "aa12", "bb22"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").touch()
    (tmp_path / "cc33").mkdir()
    return tmp_path


def test_a_run_is_found_by_id_by_its_start_and_by_path(runs: Path) -> None:
    assert find_run("aa11", runs) == runs / "aa11"
    assert find_run("aa12", runs) == runs / "aa12"
    assert find_run("b", runs) == runs / "bb22"
    assert find_run(str(runs / "bb22"), Path("elsewhere")) == runs / "bb22"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("aa", "'aa' is the start of 2 ids; write more of it"),
        ("zz", "there is no run 'zz' in .*; the latest are: .*bb22"),
        ("cc33", "there is no run 'cc33'"),
        ("plan.json", "there is no run 'plan.json'"),
    ],
)
def test_what_is_not_one_run_is_told(name: str, said: str, runs: Path) -> None:
    with pytest.raises(Wrong, match=said):
        find_run(name, runs)


def test_where_nothing_was_run_there_is_none_yet(tmp_path: Path) -> None:
    for command in ("check", "replay"):
        outcome = urushi(tmp_path, command, "7f3a91c2")
        assert outcome.code == 2
        assert "there is no run '7f3a91c2' in .urushi/runs; the latest are: none yet" in outcome.err
    assert nothing_started(tmp_path)


@pytest.mark.parametrize("name", ["/tmp", "*", "?a11"])  # noqa: S108 - any absolute path that is no run
def test_a_path_or_a_pattern_is_no_id(name: str, runs: Path) -> None:
    with pytest.raises(Wrong, match="there is no run"):
        find_run(name, runs)


def after_a_failure(folder: Path, *lost: str) -> tuple[dict[str, Any], Outcome, Outcome]:
    """A run of which these files were never written."""
    before = stored(folder)
    for name in lost:
        (folder / before["folder"] / name).unlink()
    return before, urushi(folder, "check", before["id"]), urushi(folder, "replay", before["id"])


def test_a_run_that_did_not_end_cannot_be_checked_but_its_plan_replays(tmp_path: Path) -> None:
    before, checked, replayed = after_a_failure(tmp_path, "history.jsonl", "verdict.json")
    assert checked.code == replayed.code == 2
    assert "the run has no history: it did not end" in checked.err
    assert "the run has no verdict: it did not end" in replayed.err
    plan = f"{before['folder']}/plan.json"
    assert f"`urushi replay {plan}`" in checked.err
    assert urushi(tmp_path, "replay", plan, *SIMULATED).code == 0


def test_a_damaged_history_is_told_with_its_line(tmp_path: Path) -> None:
    before = stored(tmp_path)
    edited(tmp_path, "history.jsonl", '\n{"event":', "\n{,")
    outcome = urushi(tmp_path, "check", before["id"])
    assert outcome.code == 2
    assert f"{before['folder']}/history.jsonl, line 2: " in outcome.err


def test_a_plan_that_the_stage_cannot_perform_starts_nothing(tmp_path: Path) -> None:
    for command in ("run", "suite"):
        outcome = urushi(tmp_path, command, "lossy")
        assert outcome.code == 2
        assert "wrong: --stage processes: network.loss_ppm = " in outcome.said
        assert "needs the lever 'loss'" in outcome.said
        assert "run it with --stage simulation" in outcome.said
        assert nothing_started(tmp_path)
