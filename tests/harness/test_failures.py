"""When the harness itself fails: exit code 4, never a verdict; the folder is kept, and the message says what to do."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkers.history import History
from harness import run as runs
from harness.plan import Plan
from harness.run import Prefer, Say, Stage
from tests.harness.commands import Outcome, urushi, urushi_process

SMALL = "demo:takes-equal"


def the_folder(folder: Path) -> Path:
    (found,) = folder.glob(".urushi/runs/*")
    return found


def is_a_failure(outcome: Outcome) -> bool:
    return outcome.code == 4 and "HOLDS" not in outcome.out and "Traceback" not in outcome.err.splitlines()[0]


def test_a_missing_proxy_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URUSHI_TOXIPROXY", "/nowhere/toxiproxy")
    outcome = urushi(tmp_path, "run", SMALL, "--proxy", "toxiproxy")
    assert is_a_failure(outcome)
    for part in ("'/nowhere/toxiproxy'", "no program that can be run", "ci/toxiproxy", "--proxy stand-in"):
        assert part in outcome.said
    assert "what was recorded" not in outcome.said, "nothing was"


def test_a_missing_proxy_with_json_prints_no_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URUSHI_TOXIPROXY", "/nowhere/toxiproxy")
    outcome = urushi(tmp_path, "run", SMALL, "--proxy", "toxiproxy", "--json")
    assert (outcome.code, outcome.out) == (4, "")


@pytest.mark.processes
def test_a_replica_that_dies_at_start_is_told_with_its_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """r2 finds a database on its disk that is none."""
    perform = runs.perform

    def on_a_bad_disk(
        plan: Plan, stage: Stage, folder: Path, proxy: Prefer, say: Say, **also: Any
    ) -> tuple[History, str | None]:
        (folder / "r2").mkdir()
        (folder / "r2" / "copies.db").write_bytes(b"this is no database " * 500)
        return perform(plan, stage, folder, proxy, say, **also)

    monkeypatch.setattr(runs, "perform", on_a_bad_disk)
    outcome = urushi(tmp_path, "run", SMALL, "--proxy", "stand-in")
    assert is_a_failure(outcome)
    log = the_folder(tmp_path) / "r2" / "log.txt"
    last = log.read_text().splitlines()[-1]
    assert "file is not a database" in last
    assert last in outcome.err
    assert "waiting for r2 to answer" in outcome.said
    assert "r2/log.txt" in outcome.said
    assert "has what was recorded" in outcome.said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """1 MB: enough to start on, too little for a run."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = ["mount", "-t", "tmpfs", "-o", "size=1M", "urushi-test"], ["umount", "--lazy"]
    done = subprocess.run([*mount, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run([*umount, str(folder)], check=True)


@pytest.mark.processes
def test_a_full_disk_keeps_the_folder_and_says_so(small_disk: Path) -> None:
    outcome = urushi_process(small_disk, "run", "calm", "--proxy", "stand-in")
    assert is_a_failure(outcome)
    found = re.search(
        rf"the disk of {small_disk}/.urushi/runs is full: ([\d,]+) bytes are free; free some", outcome.said
    )
    assert found is not None
    assert int(found[1].replace(",", "")) < 100_000
    kept = {path.name for path in the_folder(small_disk).iterdir()}
    assert {"plan.json", "r1", "r2", "r3", "proxy.log"} <= kept
    assert (the_folder(small_disk) / "r1" / "trail.jsonl").stat().st_size > 0


def test_a_full_disk_is_told_in_simulation_too(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(950_000))
    outcome = urushi(small_disk, "run", "default", "--stage", "simulation")
    assert is_a_failure(outcome)
    assert "No space left on device" in outcome.said
    assert "is full: " in outcome.said
    assert the_folder(small_disk).is_dir()


def test_a_place_where_no_folder_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / ".urushi").write_text("a file where a folder should be")
    outcome = urushi(tmp_path, "run", "calm", "--stage", "simulation")
    assert outcome.code == 2
    for part in (".urushi/runs/", "no folder can be made there: Not a directory", "run Urushi elsewhere"):
        assert part in outcome.said
    assert "is full" not in outcome.said


def test_an_error_of_ours_is_no_broken_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that fail side by side are all named, and what looks like markup is left as it is."""

    def fail(*_: object, **__: object) -> tuple[History, str | None]:
        raise ExceptionGroup("tasks", [ValueError("[r1] is [/gone]"), OSError(5, "Input/output error")])

    monkeypatch.setattr(runs, "perform", fail)
    outcome = urushi(tmp_path, "run", "calm", "--stage", "simulation")
    assert is_a_failure(outcome)
    assert "ValueError: [r1] is [/gone]" in outcome.err
    assert "OSError: [Errno 5] Input/output error" in outcome.err
    assert (the_folder(tmp_path) / "plan.json").is_file()
