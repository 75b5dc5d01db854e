"""The command line: help with an example that works, one message for wrong usage, one document for --json."""

import json
import os
import re
from importlib import metadata
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from harness.cli import app
from harness.faults.table import KINDS
from harness.report.lists import quantity
from replicas.store.policy import Policy
from tests.harness.commands import nothing_started, urushi, urushi_process

COMMANDS = [
    "run",
    "suite",
    "study",
    "replay",
    "shrink",
    "explain",
    "pin",
    "watch",
    "report",
    "view",
    "check",
    "plan",
    "export",
    "list",
    "doctor",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_works(command: str, tmp_path: Path) -> None:
    outcome = urushi(tmp_path, command, "--help")
    assert outcome.code == 0
    examples = re.findall(r"^Example: urushi (.*?)\s*$", outcome.out, re.MULTILINE)
    assert len(examples) == 1
    words = examples[0].partition(">")[0].split()
    assert words[0] == command
    found, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert getattr(found, "__name__", "").rstrip("_") == command
    assert bound is not None
    assert nothing_started(tmp_path)


def test_help_of_all_names_every_command(tmp_path: Path) -> None:
    for words in ([], ["--help"]):
        outcome = urushi(tmp_path, *words)
        assert outcome.code == 0
        assert "Example: urushi run default --seed 7 --stage simulation" in outcome.out
        assert all(re.search(rf"^│ {command} ", outcome.out, re.MULTILINE) for command in COMMANDS)


def test_the_version_is_the_one_that_is_installed(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "--version")
    assert (outcome.code, outcome.out.strip()) == (0, metadata.version("urushi"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("runn", ['"runn"', 'Did you mean "run"?', "run, suite, canary, campaign, compare, zoo, study, replay, ..."]),
        ("run --sed 3", ["--sed", "Did you mean --seed?"]),
        ("run --seed x", ["--seed", "'x' is no whole number"]),
        ("run --seed 1.5", ["--seed", "'1.5' is no whole number"]),
        ("plan --seed 1e3", ["--seed", "'1e3' is no whole number"]),
        ("run --seed", ["--seed", "requires an argument"]),
        ("run --stage simulaton", ["--stage", '"processes", "simulation"', 'Did you mean "simulation"?']),
        ("run --proxy toxi", ["--proxy", '"auto", "toxiproxy", "stand-in"', 'Did you mean "toxiproxy"?']),
        ("run calm default", ["default"]),
        ("run calm --flaw skip-repair", ["--flaw", "'skip-repair'", "did you mean 'skips-repair'?"]),
        ("run demo:skips-repair --flaw skip-repair", ["--flaw", "'skip-repair'", "did you mean 'skips-repair'?"]),
        (f"run calm --seed {2**64}", ["seed", str(2**64), str(2**63 - 1)]),
        ("suite --seed 1..3", ["--seed", "Did you mean --seeds?"]),
        ("suite --jobs 0", ["--jobs", "0 runs cannot go side by side", "1 to 256 are possible"]),
        ("suite --jobs 257", ["--jobs", "257 runs cannot go side by side"]),
        ("suite --jobs two", ["--jobs", "'two' is no whole number"]),
        ("suite --keep none", ["--keep", '"all", "failures"']),
        ("suite --failfast", ["--failfast", "Did you mean --fail-fast?"]),
        ("suite --junit", ["--junit", "requires an argument"]),
        ("replay", ["WHAT"]),
        ("replay x --times y", ["--times", "'y' is no whole number"]),
        ("check", ["WHAT"]),
        ("check x --stage simulation", ["--stage"]),
        ("export x", ["FILE"]),
        ("list flows", ['"flows"', '"flaws"', "Did you mean"]),
        ("doctor now", ["now"]),
        ("plan --jsn", ["--jsn", "Did you mean --json?"]),
    ],
)
def test_wrong_usage_names_the_option_and_the_near_miss(words: str, said: list[str], tmp_path: Path) -> None:
    outcome = urushi(tmp_path, *words.split())
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    for part in said:
        assert part in outcome.said
    assert nothing_started(tmp_path)


def test_json_is_one_document_on_standard_output(tmp_path: Path) -> None:
    ran = urushi(tmp_path, "run", "calm", "--stage", "simulation", "--json")
    run_id = ran.document["id"]
    others = [
        urushi(tmp_path, "replay", run_id, "--json"),
        urushi(tmp_path, "check", run_id, "--json"),
        urushi(tmp_path, "plan", "calm", "--json"),
        urushi(tmp_path, "list", "--json"),
        urushi(tmp_path, "list", "faults", "--json"),
        urushi(tmp_path, "doctor", "--json"),
    ]  # and of a suite, in test_suite
    for outcome in [ran, *others]:
        assert outcome.code == 0, outcome.err
        assert json.loads(outcome.out)
    assert f"HOLDS   run {run_id}" in ran.err, "the rest is on standard error"
    assert [row["name"] for row in others[4].document["faults"]] == list(KINDS)
    assert {"what", "ok", "said"} == set(others[5].document[0])


def test_wrong_usage_with_json_leaves_standard_output_empty(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "run", "nowhere", "--json")
    assert (outcome.code, outcome.out) == (2, "")


def test_what_is_promised_is_said_before_the_run(tmp_path: Path) -> None:
    out = urushi(tmp_path, "run", "levels", "--stage", "simulation").out
    assert out.startswith("seed 1   scenario levels   stage simulation\n")
    before, _, after = out.partition("fault  kind")
    assert "promised: convergence" in before
    assert "not promised: monotonic reads (" in before
    assert "HOLDS   run" in after


def test_a_demonstration_takes_a_seed_and_a_flaw(tmp_path: Path) -> None:
    """Neither may be ignored in silence."""
    plan = urushi(tmp_path, "plan", "demo:killed while writing", "--seed", "9", "--flaw", "commits-later").document
    assert (plan["seed"], plan["flaw"], plan["scenario"]) == (9, "commits-later", "demo:killed while writing")
    assert urushi(tmp_path, "plan", "demo:commits-later").document["flaw"] == "commits-later"


@pytest.mark.parametrize(
    "name",
    [
        "scenarios",
        "faults",
        "workloads",
        "checkers",
        "policies",
        "mechanisms",
        "versions",
        "flaws",
        "promises",
        "studies",
    ],
)
def test_lists_have_rows_of_one_shape(name: str, tmp_path: Path) -> None:
    rows = urushi(tmp_path, "list", name, "--json").document[name]
    assert rows
    assert len({tuple(row) for row in rows}) == 1
    assert all(isinstance(cell, str) and cell for row in rows for cell in row.values())
    shown = urushi(tmp_path, "list", name)
    assert shown.code == 0
    assert all(next(iter(row.values())) in shown.out for row in rows)


def test_each_choice_of_a_mechanism_is_listed(tmp_path: Path) -> None:
    """A choice without a word on what it does fails here, before a user meets it."""
    rows = urushi(tmp_path, "list", "mechanisms", "--json").document["mechanisms"]
    hints = get_type_hints(Policy)
    choices = {(name, str(choice)) for name, hint in hints.items() for choice in get_args(hint)}
    assert {(row["mechanism"], row["choice"]) for row in rows} == choices
    assert ("hints", "handoff") in choices


def test_what_a_fault_draws_is_listed_with_its_unit(tmp_path: Path) -> None:
    rows = urushi(tmp_path, "list", "faults", "--json").document["faults"]
    for row in rows:
        drawn = KINDS[row["name"]].parameters
        assert row["drawn"] == "nothing" if not drawn else row["drawn"].count("..") == len(drawn)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("delay_ns", (5_000_000, 150_000_000), "delay 5..150 ms"),
        ("gap_ns", (100_000,), "gap 0.1 ms"),
        ("beat_on_ns", (20_000_000,), "beat on 20 ms"),
        ("bytes_per_s", (2_000, 50_000), "2,000..50,000 bytes/s"),
        ("repair_bytes_per_s", (1,), "repair 1 bytes/s"),
        ("after_bytes", (100,), "after 100 bytes"),
        ("times", (3,), "times 3"),
    ],
)
def test_quantities_in_words(name: str, values: tuple[int, ...], said: str) -> None:
    assert quantity(name, *values) == said


def test_the_doctor_says_how_to_get_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URUSHI_TOXIPROXY", "/nowhere/[toxiproxy]")
    outcome = urushi(tmp_path, "doctor")
    assert outcome.code == 0
    (line,) = (line for line in outcome.out.splitlines() if "Toxiproxy server" in line)
    assert line.startswith("no ")
    assert "/nowhere/[toxiproxy]" in outcome.out
    assert "ci/toxiproxy" in " ".join(outcome.out.split())


def test_nobody_who_reads_on_is_no_broken_promise(tmp_path: Path) -> None:
    """`urushi run … | head -1`: the run is performed, and its own verdict is the exit code."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        outcome = urushi_process(tmp_path, "run", "calm", "--stage", "simulation", stdout=writing)
    finally:
        os.close(writing)
    assert outcome.code == 0, outcome.err
    assert len(list(tmp_path.glob(".urushi/runs/*/verdict.json"))) == 1


def test_a_document_that_cannot_be_written_is_a_failure_and_no_verdict(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        outcome = urushi_process(tmp_path, "run", "calm", "--stage", "simulation", "--json", stdout=full.fileno())
    assert outcome.code == 4
    assert "No space left on device" in outcome.err
