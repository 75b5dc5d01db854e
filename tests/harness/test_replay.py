"""A run once more: identical in simulation, a measured rate on processes, and a count where there is no original."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from checkers.history import Fault, Header, ordered
from harness.header import RULES
from harness.plan import write
from harness.reproduce.replay import first_difference
from tests.harness.commands import BROKEN, SIMULATED, stored, urushi
from tests.harness.plans import small_plan

OLD_RUN = Path(__file__).parent / "reproduce" / "data" / "old-run"


def test_a_replay_in_simulation_is_identical(tmp_path: Path) -> None:
    before = stored(tmp_path, BROKEN)
    outcome = urushi(tmp_path, "replay", before["id"], "--times", "2", "--json")
    document = outcome.document
    assert outcome.code == 1
    assert document["identical"] is True
    assert document["original"] == before["id"]
    assert [report["digest"] for report in document["reports"]] == [before["digest"]] * 2
    assert len({report["id"] for report in document["reports"]} | {before["id"]}) == 3
    assert f"identical to run {before['id']}" in outcome.err


def test_a_replay_of_an_edited_plan_shows_the_first_event_that_differs(tmp_path: Path) -> None:
    before = stored(tmp_path)
    plan = json.loads((tmp_path / before["folder"] / "plan.json").read_text())
    place = next(index for index, operation in enumerate(plan["operations"]) if operation["kind"] == "put")
    changed = plan["operations"][place]
    changed["value"] = "changed"
    (tmp_path / before["folder"] / "plan.json").write_text(json.dumps(plan))
    outcome = urushi(tmp_path, "replay", before["id"], "--json")
    document = outcome.document
    assert outcome.code == 4, "both hold, but a simulation that does not repeat is no verdict"
    assert document["identical"] is False
    one, other = document["first_difference"].splitlines()
    assert '"event":"invoke"' in one
    assert f'"op":{changed["id"]},' in one
    assert f'"value":"w{changed["id"]}"' in one
    assert '"value":"changed"' in other
    assert f"not identical to run {before['id']}; the first event that differs:" in outcome.err


def test_a_run_of_an_earlier_version_is_replayed(tmp_path: Path) -> None:
    """This one was recorded by version 0.1, with rules 1 of the simulator. Whoever changes the rules sees here that
    its plan still breaks the same promise on the same key; until then it is identical."""
    shutil.copytree(OLD_RUN, tmp_path / "old")
    outcome = urushi(tmp_path, "replay", "old", "--json")
    assert outcome.code == 1
    assert outcome.document["identical"] is (True if RULES == 1 else None)
    assert outcome.document["same"] == (None if RULES == 1 else 1)


def test_a_run_of_other_rules_is_performed_and_not_compared_event_for_event(tmp_path: Path) -> None:
    shutil.copytree(OLD_RUN, tmp_path / "old")
    verdict = json.loads((tmp_path / "old" / "verdict.json").read_text())
    (tmp_path / "old" / "verdict.json").write_text(json.dumps({**verdict, "rules": 0, "digest": "another"}))
    outcome = urushi(tmp_path, "replay", "old", "--times", "2", "--json")
    document = outcome.document
    assert (outcome.code, document["identical"], document["same"], document["old_rules"]) == (1, None, 2, 0)
    assert "run c718494a was recorded by rules 0 of the simulator; this version has" in outcome.said
    assert "2 of 2 replays broke the same promise on the same key" in outcome.said


def test_a_run_whose_plan_is_of_a_later_format_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copytree(OLD_RUN, tmp_path / "old")
    plan = json.loads((tmp_path / "old" / "plan.json").read_text())
    (tmp_path / "old" / "plan.json").write_text(json.dumps({**plan, "format": 99, "new": True}))
    outcome = urushi(tmp_path, "replay", "old")
    assert outcome.code == 2
    assert "old/plan.json: format: the plan has format 99; this version of Urushi reads format 1" in outcome.said


def test_the_first_difference_is_the_first_and_may_be_the_length() -> None:
    header = Header(1, "simulation", 1, "incarnation", ["r1"], {})
    marks = [Fault(at=at, fault=f"f{at}", kind="kill", phase="applied", targets=["r1"]) for at in range(3)]
    longer, shorter = ordered(header, list(marks)), ordered(header, list(marks[:2]))
    assert first_difference(longer, shorter).split() == ["recorded:", "3", "events", "now:", "2"]
    changed = ordered(header, [marks[0], *(msgspec.structs.replace(mark, kind="pause") for mark in marks[1:])])
    assert "f1" in first_difference(longer, changed)
    assert "f2" not in first_difference(longer, changed)
    assert '"event":"header"' in first_difference(longer, ordered(msgspec.structs.replace(header, seed=2), list(marks)))


def test_a_replay_of_a_plan_file(tmp_path: Path) -> None:
    """There is no run to compare with, so it counts verdicts."""
    write(small_plan(), tmp_path / "mine.json")
    outcome = urushi(tmp_path, "replay", "mine.json", *SIMULATED, "--times", "3", "--json")
    document = outcome.document
    assert outcome.code == 0
    assert len(document["reports"]) == 3
    assert len({report["digest"] for report in document["reports"]}) == 1
    assert (document["original"], document["identical"], document["same"]) == (None, None, None)
    assert "replays: 3 holds, 0 violated, 0 unknown" in outcome.err


def test_the_plan_that_is_printed_is_the_one_that_runs(tmp_path: Path) -> None:
    printed = urushi(tmp_path, "plan", "default", "--seed", "5")
    (tmp_path / "mine.json").write_text(printed.out)
    replayed = urushi(tmp_path, "replay", "mine.json", *SIMULATED, "--json").document["reports"][0]
    ran = urushi(tmp_path, "run", "default", "--seed", "5", *SIMULATED, "--json").document
    assert replayed["digest"] == ran["digest"]


def test_replays_of_nothing_are_refused(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "replay", "whatever", "--times", "0")
    assert outcome.code == 2
    assert "wrong: --times: 0 replays are none; write 1 or more" in outcome.err


@pytest.mark.processes
def test_a_run_on_processes_is_checked_and_replayed_like_any_other(tmp_path: Path) -> None:
    """Its digest says what happened, not what will: a replay gives a rate, here on the other stage."""
    before = urushi(tmp_path, "run", BROKEN, "--proxy", "stand-in", "--json")
    document = before.document
    assert (before.code, document["verdict"], document["stage"]) == (1, "violated", "processes")
    assert document["proxy"] == "the stand-in, as asked for"
    checked = urushi(tmp_path, "check", document["id"], "--json")
    assert checked.code == 1
    for name in ("digest", "verdict", "promises", "faults", "operations", "stories"):
        assert checked.document[name] == document[name]
    replayed = urushi(tmp_path, "replay", document["id"], *SIMULATED, "--json")
    assert replayed.code == 1
    assert (replayed.document["identical"], replayed.document["same"]) == (None, 1)
    assert "1 of 1 replays broke the same promise on the same key" in replayed.err
