"""Many seeds: which are meant, what becomes of each, and what is left when a suite is stopped."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import suite
from harness.demonstrations import PLANS
from harness.plan import Plan, read
from harness.result import write_seeds
from harness.run import run
from harness.scenario import draw, load
from harness.suite import SEEDS_MAX, parse_seeds
from harness.worker import Job, work
from harness.wrong import Wrong
from tests.harness.commands import (
    ROOT,
    SIMULATED,
    left_in,
    living_in,
    nothing_started,
    urushi,
    urushi_process,
    urushi_started,
)
from tests.harness.plans import small_plan


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("1..4", [1, 2, 3, 4]),
        ("0..0", [0]),
        ("3,7,12", [3, 7, 12]),
        ("9, 1..3 ,5", [9, 1, 2, 3, 5]),
        ("2,2,1..3,3", [2, 1, 3]),
    ],
)
def test_seeds_that_are_meant(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 20)), min_size=1, max_size=5))
def test_ranges_are_inclusive_and_each_seed_is_run_once(parts: list[tuple[int, int]]) -> None:
    seeds = parse_seeds(",".join(f"{low}..{low + width}" for low, width in parts))
    assert set(seeds) == {seed for low, width in parts for seed in range(low, low + width + 1)}
    assert len(seeds) == len(set(seeds))


FORMS = "write a range such as 1..20, or seeds such as 3,7,12"


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("", "'' is no seed", FORMS),
        ("a", "'a' is no seed", FORMS),
        ("1,", "'' is no seed", FORMS),
        ("-3", "'-3' is no seed", FORMS),
        ("1-20", "'1-20' is no seed", FORMS),
        ("1.5", "'1.5' is no seed", FORMS),
        ("1...3", "'1...3' is no seed", FORMS),
        ("٣", "is no seed", FORMS),
        ("9" * 5000, "is no seed", FORMS),
        ("5..1", "'5..1' ends before it begins", "write the smaller seed first"),
        (f"1..{SEEDS_MAX + 1}", "too many", "50,000 seeds are possible"),
        (f"1..{SEEDS_MAX},{SEEDS_MAX + 7}", "too many", "50,000 seeds are possible"),
    ],
)
def test_other_seeds_are_refused(text: str, what: str, remedy: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse_seeds(text)
    assert str(caught.value).startswith("--seeds: ")
    assert what in str(caught.value)
    assert remedy in str(caught.value)


@given(st.sets(st.integers(0, 40), min_size=1))
def test_seeds_are_written_as_they_are_read(seeds: set[int]) -> None:
    """So that what a suite says it has not run can be given to the next one."""
    text = write_seeds(seeds)
    assert parse_seeds(text) == sorted(seeds)
    assert text.count(",") == sum(seed - 1 not in seeds for seed in seeds) - 1


def test_as_many_as_are_possible_are_taken() -> None:
    assert len(parse_seeds(f"1..{SEEDS_MAX}")) == SEEDS_MAX


def test_bad_seeds_start_nothing(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "suite", "calm", "--seeds", "5..1", "--stage", "simulation")
    assert outcome.code == 2
    assert outcome.err == "wrong: --seeds: '5..1' ends before it begins; write the smaller seed first\n"
    assert nothing_started(tmp_path)


# Whole suites, each in a process of its own.


def test_a_suite_that_holds(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, "suite", "calm", "--seeds", "4,2", *SIMULATED, "--keep", "all", "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.document
    assert (document["verdict"], document["errors"]) == ("holds", {})
    assert [report["seed"] for report in document["runs"]] == [2, 4]
    assert {report["verdict"] for report in document["runs"]} == {"holds"}
    for report in document["runs"]:
        assert (tmp_path / report["folder"] / "verdict.json").is_file()
        assert f"seed {report['seed']}: holds   run {report['id']}" in outcome.err
    assert outcome.err.rstrip().endswith("2 runs: 2 holds, 0 violated, 0 unknown")


@contextmanager
def many_seeds(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A suite that has just finished its first seed."""
    process = urushi_started(folder, "suite", "calm", "--seeds", "1..200", *SIMULATED, "--keep", "all", *words)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("seed ")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_suite_that_is_stopped_does_not_perform_the_rest(tmp_path: Path) -> None:
    with many_seeds(tmp_path, "--junit", "a.xml") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "stopped by Ctrl-C; what was started has been ended\n"
    assert len(list(tmp_path.glob(".urushi/runs/*"))) < 100
    found = re.search(r"^stopped by Ctrl-C; (\d+) of 200 seeds not run: .*\n(\d+) runs: \2 holds", out, re.MULTILINE)
    assert found is not None
    assert int(found[1]) + int(found[2]) == 200
    root = ET.parse(tmp_path / "a.xml").getroot()  # noqa: S314 - our own file
    assert (root.get("tests"), root.get("skipped")) == ("200", found[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_suite_that_is_killed_leaves_no_worker(number: signal.Signals, tmp_path: Path) -> None:
    """The pool's own workers wait for ever for a parent that is gone."""
    with many_seeds(tmp_path) as process:
        assert len(living_in(tmp_path)) > 1
        process.send_signal(number)
        process.wait(timeout=60)
        assert left_in(tmp_path) == []


def test_a_worker_that_is_killed_fails_the_seeds_that_are_left(tmp_path: Path) -> None:
    """By the system, say, when memory runs out. What has ended before is still told."""
    with many_seeds(tmp_path) as process:
        children = psutil.Process(process.pid).children()
        next(child for child in children if "spawn_main" in " ".join(child.cmdline())).kill()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 4, err
    found = re.search(r"(\d+) runs: \1 holds, 0 violated, 0 unknown; (\d+) failed", out)
    assert found is not None
    assert int(found[1]) > 0
    assert int(found[1]) + int(found[2]) == 200
    assert out.count(": failed: BrokenProcessPool") == int(found[2])
    assert 1 <= len(re.findall(r"^seeds? [\d,.]+ failed: BrokenProcessPool", out, re.MULTILINE)) <= 2, "told together"


def test_one_broken_seed_makes_a_suite_red(tmp_path: Path) -> None:
    flaw = "purges-after-quorum"
    verdicts = {
        seed: run(draw(load("default"), "default", seed, flaw)[0], "simulation", runs=tmp_path / "alone").verdict
        for seed in range(1, 9)
    }
    green = next(seed for seed, verdict in verdicts.items() if verdict == "holds")
    red = next(seed for seed, verdict in verdicts.items() if verdict == "violated")
    seeds = f"{green},{red}"
    outcome = urushi_process(tmp_path, "suite", "--flaw", flaw, "--seeds", seeds, "--stage", "simulation")
    assert outcome.code == 1, outcome.err
    rows = re.findall(r"^(\d+) +(holds|violated|unknown) ", outcome.out, re.MULTILINE)
    assert dict(rows) == {str(green): "holds", str(red): "violated"}
    assert outcome.out.count("VIOLATED  ") == 1
    assert "Reproduce:  urushi replay " in outcome.out
    assert "2 runs: 1 holds, 1 violated, 0 unknown" in outcome.out


def test_fail_fast_begins_no_seed_after_the_first_broken_promise(tmp_path: Path) -> None:
    words = (
        "suite",
        "--flaw",
        "purges-after-quorum",
        "--seeds",
        "1..60",
        *SIMULATED,
        "--fail-fast",
        "--jobs",
        "1",
        "--keep",
        "all",
    )
    outcome = urushi_process(tmp_path, *words, "--junit", "a.xml", "--json")
    assert outcome.code == 1, outcome.err
    document = outcome.document
    assert document["verdict"] == "violated"
    verdicts = [report["verdict"] for report in document["runs"]]
    assert verdicts.count("violated") == 1
    assert verdicts[-1] == "violated"
    assert [report["seed"] for report in document["runs"]] == list(range(1, len(verdicts) + 1))
    left = list(range(len(verdicts) + 1, 61))
    assert left
    assert document["not_run"] == left
    assert f"stopped by --fail-fast; {len(left)} of 60 seeds not run: {write_seeds(left)}\n" in outcome.err
    assert {path.name for path in tmp_path.glob(".urushi/runs/*")} == {report["id"] for report in document["runs"]}
    root = ET.parse(tmp_path / "a.xml").getroot()  # noqa: S314 - our own file
    assert (root.get("tests"), root.get("failures")) == ("60", "1")
    assert len([skip for skip in root.iter("skipped") if "not run" in str(skip.get("message"))]) == len(left)


def two_runs(seed: int) -> tuple[Plan, dict[str, str]]:
    """One run shows its flaw after some seconds, the other would take a minute."""
    red = PLANS["purges-unconfirmed"]("purges-unconfirmed")
    long = msgspec.structs.replace(red, seed=2, flaw=None, unrest_ns=60_000_000_000)
    return [red, long][seed - 1], {}


TWO_RUNS = """
from harness import suite
from tests.harness.test_suite import two_runs
order = suite.Order("two", [1, 2], two_runs, "processes", "auto")
result = suite.perform(order, lambda finished, left_s: None, workers=2, fail_fast=True)
print(*(report.verdict for report in result.reports), *result.errors.values(), "not run:", *result.not_run)
"""


def script(folder: Path, text: str) -> str:
    """In a process of its own: a pool leaves a tracker that lives as long as its process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.check_output([sys.executable, "-c", text], cwd=folder, env=environment, text=True, timeout=100)


@pytest.mark.processes
def test_fail_fast_ends_the_run_that_is_under_way_and_all_that_it_started(tmp_path: Path) -> None:
    out = script(tmp_path, TWO_RUNS)
    left = living_in(tmp_path)
    assert out == "violated not run: 2\n"
    assert len(list(tmp_path.glob(".urushi/runs/*"))) == 2, "the long run was under way"
    assert left == []


def test_a_simulated_run_that_holds_leaves_nothing_and_any_other_its_folder(tmp_path: Path) -> None:
    words = ("suite", "--flaw", "purges-after-quorum", "--seeds", "1..8", *SIMULATED)
    document = urushi_process(tmp_path, *words, "--json").document
    kept = {report["id"] for report in document["runs"] if report["verdict"] != "holds"}
    assert 0 < len(kept) < 8
    assert {path.name for path in tmp_path.glob(".urushi/runs/*")} == kept
    assert {report["folder"] for report in document["runs"] if report["verdict"] == "holds"} == {""}


def test_a_folder_of_a_suite_is_one_of_a_run(tmp_path: Path) -> None:
    """Made in memory and written after: not a byte is another, but for the run's name."""
    (tmp_path / "suite").mkdir()
    (tmp_path / "run").mkdir()
    demo = "demo:purges-unconfirmed"
    words = ("--seeds", "1", *SIMULATED, "--no-reports", "--json")
    [in_suite] = urushi_process(tmp_path / "suite", "suite", demo, *words).document["runs"]
    alone = urushi(tmp_path / "run", "run", demo, *SIMULATED, "--json").document
    assert alone["digest"] == in_suite["digest"]
    one, other = tmp_path / "suite" / in_suite["folder"], tmp_path / "run" / alone["folder"]
    assert {path.name for path in one.iterdir()} == {path.name for path in other.iterdir()}
    for path in one.iterdir():
        assert path.read_text().replace(in_suite["id"], alone["id"]) == (other / path.name).read_text()


@pytest.mark.processes
def test_with_keep_failures_the_folder_of_a_real_run_that_holds_is_deleted(tmp_path: Path) -> None:
    words = ("suite", "demo:takes-equal", "--seeds", "1", "--keep", "failures")
    [report] = urushi_process(tmp_path, *words, "--json").document["runs"]
    assert (report["verdict"], report["folder"]) == ("holds", "")
    assert list(tmp_path.glob(".urushi/runs/*")) == []


def calm_but_for_one(seed: int) -> tuple[Plan, dict[str, str]]:
    if seed == 3:
        raise Wrong("x: faults", "cannot be drawn", "draw others")
    return draw(load("calm"), "calm", seed)


ONE_LATE = """
from harness import suite
from tests.harness.test_suite import calm_but_for_one
suite.DRAWN_FIRST = 2
order = suite.Order("x", [1, 2, 3, 4], calm_but_for_one, "simulation", "auto", "failures")
suite.check(order, None)
result = suite.perform(order, lambda finished, left_s: print(finished.seed), workers=2)
print(result.errors, [report.seed for report in result.reports], result.exit_code())
"""


def test_what_only_a_late_seed_finds_wrong_fails_that_seed(tmp_path: Path) -> None:
    order = suite.Order("x", [1, 2, 3, 4], calm_but_for_one, "simulation", "auto", "failures")
    with pytest.raises(Wrong, match="cannot be drawn"):
        suite.check(order, None)
    *seeds, result = script(tmp_path, ONE_LATE).splitlines()
    assert sorted(seeds) == ["1", "2", "3", "4"]
    assert result == "{3: 'Wrong: x: faults: cannot be drawn; draw others'} [1, 2, 4] 4"
    assert list(tmp_path.glob(".urushi/runs/*")) == []


def test_few_plans_are_drawn_before_the_first_run_starts() -> None:
    drawn: list[int] = []

    def counted(seed: int) -> tuple[Plan, dict[str, str]]:
        drawn.append(seed)
        return small_plan(), {}

    suite.check(suite.Order("x", list(range(1, 10_001)), counted, "processes", "auto"), None)
    assert drawn == list(range(1, suite.DRAWN_FIRST + 1))


def test_runs_that_could_not_be_kept_are_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".urushi").write_text("in the way")
    order = suite.Order("calm", [1], calm_but_for_one, "simulation", "auto", "failures")
    with pytest.raises(Wrong, match="cannot be made: Not a directory"):
        suite.perform(order, lambda finished, _left_s: pytest.fail(f"{finished} was run"))


def test_of_a_simulation_that_fails_the_plan_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of the harness")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.run.perform", fail)
    outcome, _ = work(Job(1, calm_but_for_one, "simulation", "auto", "failures"))
    assert outcome == "RuntimeError: a fault of the harness"
    [plan] = tmp_path.glob(".urushi/runs/*/*")
    assert read(plan) == calm_but_for_one(1)[0]


def test_one_job_is_one_run_at_a_time(tmp_path: Path) -> None:
    """The workers are the processes with a run of their own; the tracker of the pool and the suite itself have none."""
    with many_seeds(tmp_path, "--jobs", "1"):
        workers = [command for command in living_in(tmp_path) if "spawn_main" in command]
        assert len(workers) == 1
