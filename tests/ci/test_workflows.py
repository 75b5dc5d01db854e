"""The workflows that users copy do what their comments and the guide say, as far as this machine has the parts."""

import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.cli import app
from harness.fresh import drawn
from tests.ci.workflows import BASH, COMMIT, GITHUB, GITLAB, commands, github_scripts, gitlab_scripts, perform, read

SCRIPTS = {**github_scripts(), **gitlab_scripts()}
VALUES = {
    "SCENARIO": "default", "SEEDS": "1..2", "FRESH": "3", "HOURS": "0.1", "day": "20260102",
    "GITHUB_SHA": COMMIT, "CI_COMMIT_SHA": COMMIT, "GITHUB_STEP_SUMMARY": "summary.md",
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_shell_takes_every_step(script: str) -> None:
    done = subprocess.run([BASH, "-n"], input=script, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_urushi_takes_every_command(script: str) -> None:
    assert len(commands(script, VALUES)) == len(re.findall(r"^urushi (?!toxi)", script, re.MULTILINE))
    for words in commands(script, VALUES):
        app.parse_args(words, exit_on_error=False, print_error=False)


def test_each_job_has_its_canary_and_its_suite() -> None:
    for workflow in (github_scripts(), gitlab_scripts()):
        told = [words for script in workflow.values() for words in commands(script, VALUES)]
        stages = [words[words.index("--stage") + 1] for words in told if words[0] == "suite"]
        assert stages == ["simulation", "processes"]
        assert sum(words[0] == "canary" for words in told) == 3
        assert sum(words[:2] == ["campaign", "--scenario"] for words in told) == 1
        for words in told:
            if words[0] == "suite":
                assert {"--junit", "--summary", "--artefacts", "--artefacts-max"} <= set(words)
                assert words[words.index("--seeds") + 1] == f"1..2,commit:{COMMIT}:3"
            if "processes" in words:
                assert words[words.index("--proxy") + 1] == "toxiproxy", "the stand-in must not step in unseen"


def test_each_event_has_its_job() -> None:
    workflow = read(GITHUB)
    assert set(workflow[True]) == {"push", "pull_request", "schedule"}  # YAML takes the word on for true
    asked = {name: job["if"].split("'")[1] for name, job in workflow["jobs"].items()}
    assert asked == {"seeds": "push", "processes": "pull_request", "campaign": "schedule"}
    rules = {name: job["rules"][0]["if"] for name, job in read(GITLAB).items() if "rules" in job}
    assert {name: rule.split('"')[1] for name, rule in rules.items()} == {
        "urushi seeds": "push",
        "urushi toxiproxy": "merge_request_event",
        "urushi processes": "merge_request_event",
        "urushi campaign": "schedule",
    }


def test_what_failed_is_kept_also_after_a_failure() -> None:
    """A folder whose name begins with a dot would be left out by GitHub's action without a word."""
    for job in read(GITHUB)["jobs"].values():
        upload = job["steps"][-1]
        assert upload["uses"].startswith("actions/upload-artifact@v")
        assert upload["if"] == "${{ !cancelled() }}"
        assert not upload["with"]["path"].startswith(".")
    jobs = {name: job for name, job in read(GITLAB).items() if name.startswith((".urushi", "urushi c"))}
    assert {job["artifacts"]["when"] for job in jobs.values()} == {"always"}


def test_actions_are_named_with_a_version_and_may_only_read() -> None:
    workflow = read(GITHUB)
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", each) for each in used)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] < 360 for job in workflow["jobs"].values())


@pytest.fixture
def push_job() -> dict[str, Any]:
    job: dict[str, Any] = read(GITHUB)["jobs"]["seeds"]
    return job


def on_github(folder: Path, **more: str) -> dict[str, str]:
    """What a runner sets."""
    summary = folder.parent / "step_summary.md"
    summary.touch()
    given = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": COMMIT, "GITHUB_STEP_SUMMARY": str(summary)}
    return {"SCENARIO": "default", **given, "SEEDS": "1..2", "FRESH": "1", **more}


def test_a_push_of_a_sound_store_is_green(tmp_path: Path, push_job: dict[str, Any]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = perform(push_job, folder, **on_github(folder))
    assert done.codes == {"Canary": 0, "Suite": 0}, done.log
    (fresh,) = drawn(COMMIT, 1)
    assert f"seeds 1..2,{fresh}\n" in done.log
    assert "::error" not in done.log
    summary = (tmp_path / "step_summary.md").read_text(encoding="utf-8")
    assert summary.startswith("## urushi default, simulation: all 3 seeds held\n")
    assert {path.name for path in (folder / "urushi").iterdir()} == {"junit.xml", "runs"}
    assert list((folder / "urushi/runs").iterdir()) == []


def test_a_push_of_a_flawed_store_is_red_and_says_why(tmp_path: Path, push_job: dict[str, Any]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = perform(push_job, folder, **on_github(folder, SCENARIO="demo:purges-unconfirmed"))
    assert done.codes == {"Canary": 0, "Suite": 1}, done.log
    (fresh,) = drawn(COMMIT, 1)
    errors = [line for line in done.log.splitlines() if line.startswith("::error ")]
    assert [line.partition(" broke")[0].rpartition(" ")[2] for line in errors] == ["1", "2", str(fresh)]
    again = f"urushi run demo:purges-unconfirmed --seed {fresh} --stage simulation"
    assert errors[-1].endswith(f"%0AReproduce: {again}")
    summary = (tmp_path / "step_summary.md").read_text(encoding="utf-8")
    assert "3 of 3 seeds broke a promise" in summary
    assert f"```text\n{again}\n```" in summary
    root = ET.parse(folder / "urushi/junit.xml").getroot()  # noqa: S314 - our own file
    assert root.get("failures") == "3"
    kept = list((folder / "urushi/runs").iterdir())
    assert len(kept) == 3
    for run in kept:
        assert {"plan.json", "history.jsonl", "verdict.json", "report.html"} <= {path.name for path in run.iterdir()}
        assert f"(artefact `urushi/runs/{run.name}`)" in summary


def test_a_deaf_pipeline_does_not_come_to_its_suite(tmp_path: Path, push_job: dict[str, Any]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    canary = next(step for step in push_job["steps"] if step.get("name") == "Canary")
    canary["run"] += " --artefacts-max 1KB"
    done = perform(push_job, folder, **on_github(folder))
    assert done.codes == {"Canary": 4}, done.log
