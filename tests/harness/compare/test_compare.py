"""The command `urushi compare`, from its words to its table."""

import csv
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest
from rich.cells import cell_len

from harness.compare import perform
from harness.compare.result import Comparison
from harness.report.console import WIDTH_ELSEWHERE
from harness.scenario import draw, load
from tests.harness.commands import left_in, living_in, urushi, urushi_process, urushi_started

pytestmark = pytest.mark.xdist_group("compare")  # what is made for the module is made once

SMALL = """
[cluster]
nodes = 4
n = 3
r = "TWO"
w = "ONE"

[policy]
round_every = "200ms"

[workload]
operations = 60
keys = 12

[faults]
kinds = ["kill", "isolate"]
count = 2
length = "200..500ms"
until = "60%"

[phases]
unrest = "1500ms"
"""
SCENARIO = ("--scenario", "small.toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(SMALL)
    (tmp_path / "also-async.toml").write_text('about = "The same again"\nuses = ["async"]\n')
    return tmp_path


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison, str]:
    folder = tmp_path_factory.mktemp("compared")
    (folder / "small.toml").write_text(SMALL)
    words = ("none", "async", "three-lines", *SCENARIO, "--seeds", "1..12", "--csv", "figures.csv", "--json")
    done = urushi_process(folder, "compare", *words)
    assert done.code == 0, done.err
    return folder, msgspec.json.decode(done.out, type=Comparison), done.err


def test_every_policy_has_every_figure_and_the_baseline_no_difference(compared: tuple[Path, Comparison, str]) -> None:
    _, it, _ = compared
    names = ["none", "async", "three-lines"]
    assert [subject.name for subject in it.policies] == names
    assert it.baseline == "none"
    assert it.seeds == list(range(1, 13))
    assert [(each.figure, each.policy) for each in it.values] == [
        (figure.name, name) for figure in it.figures for name in names
    ]
    assert {each.policy for each in it.differences} == {"async", "three-lines"}
    assert len(it.differences) == 2 * len(it.figures)
    assert all(each.low is None or each.value is None or each.low <= each.value for each in it.values)
    assert all(each.high is None or each.value is None or each.value <= each.high for each in it.values)
    assert set(it.front) <= set(names)
    assert it.front


def test_differences_are_those_of_the_values(compared: tuple[Path, Comparison, str]) -> None:
    _, it, _ = compared
    values = {(each.figure, each.policy): each for each in it.values}
    for each in it.differences:
        one, other = values[each.figure, each.policy], values[each.figure, "none"]
        if each.difference is not None and one.value is not None and other.value is not None:
            assert each.difference == pytest.approx(one.value - other.value, abs=1e-9)
            assert each.low is not None
            assert each.high is not None
            assert each.low <= each.difference <= each.high
            assert each.shown == (each.low > 0 or each.high < 0)
        else:
            assert not each.shown


def test_what_a_policy_does_is_seen(compared: tuple[Path, Comparison, str]) -> None:
    _, it, _ = compared
    values = {(each.figure, each.policy): each.value for each in it.values}
    never = [values["never converged", name] for name in ("none", "async", "three-lines")]
    assert never[2] == 0
    assert None not in never
    assert (never[0] or 0) > (never[1] or 0) > 0
    assert values["bytes, read repair", "none"] == 0
    assert (values["bytes, read repair", "async"] or 0) > 0
    assert "CPU" not in {figure.name for figure in it.figures}


def test_curves_are_within_their_bounds(compared: tuple[Path, Comparison, str]) -> None:
    _, it, _ = compared
    for name in ("none", "async", "three-lines"):
        for curve in (it.visibility[name], it.reads_ms[name], it.writes_ms[name], it.everywhere_ms[name]):
            assert len(curve.x) == len(curve.y) > 0
            assert curve.x == sorted(curve.x)
            assert curve.y == sorted(curve.y)
            assert all(0 <= share <= 1 for share in curve.y)
        assert it.visibility[name].y[-1] == it.reads_ms[name].y[-1] == 1
        assert it.divergent[name].x[0] == it.divergent[name].y[0] == 0
    assert it.divergent["three-lines"].y[-1] == 0 < it.divergent["none"].y[-1]
    assert it.everywhere_ms["none"].y[-1] < 1  # the rest never came to be
    assert len(it.examples) == 4
    for example in it.examples:
        assert example.faults
        assert example.divergent["three-lines"].y[-1] == 0
        assert all(band.end_s <= 0.9 for band in example.faults)


def test_the_table_fits_and_the_sentences_name_their_figures(compared: tuple[Path, Comparison, str]) -> None:
    _, it, told = compared
    assert max(map(cell_len, told.splitlines())) <= WIDTH_ELSEWHERE
    assert it.recommendation
    figures = {figure.name for figure in it.figures}
    flat = " ".join(told.split())
    for sentence in it.recommendation:
        assert set(sentence.figures) <= figures
        assert re.search(r"\d", sentence.text) or "in this order" in sentence.text
        assert " ".join(sentence.text.split()) in flat
    assert re.search(r"Take [\w-]+: promises broken 0", flat)
    assert "no difference shown" in flat


def test_the_file_has_the_same_figures(compared: tuple[Path, Comparison, str]) -> None:
    folder, it, _ = compared
    with (folder / "figures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["figure"], row["policy"]) for row in rows] == [(each.figure, each.policy) for each in it.values]
    for row, value in zip(rows, it.values, strict=True):
        assert (float(row["value"]) if row["value"] else None) == value.value
        assert row["word"] == value.word
    shown = {(row["figure"], row["policy"]) for row in rows if row["shown"] == "True"}
    assert shown == {(each.figure, each.policy) for each in it.differences if each.shown}


def test_the_same_command_gives_the_same_to_the_digit(compared: tuple[Path, Comparison, str]) -> None:
    """In other processes, with another order of work and another hash seed."""
    folder, it, _ = compared
    words = ("none", "async", "three-lines", *SCENARIO, "--seeds", "1..12", "--jobs", "1", "--json")
    again = urushi_process(folder, "compare", *words, PYTHONHASHSEED="4711")
    assert msgspec.json.decode(again.out, type=Comparison) == it
    assert living_in(folder) == []
    assert list(folder.glob(".urushi/runs/*")) == []


def test_a_policy_against_itself_differs_by_exactly_nothing(folder: Path) -> None:
    done = urushi_process(folder, "compare", "async", "also-async.toml", *SCENARIO, "--seeds", "1..6", "--json")
    assert done.code == 0, done.err
    it = msgspec.json.decode(done.out, type=Comparison)
    told = [each for each in it.differences if each.difference is not None]
    assert {(each.difference, each.low, each.high, each.shown) for each in told} == {(0.0, 0.0, 0.0, False)}
    assert len(told) > 30
    assert it.front == ["async", "also-async.toml"]
    assert "It is not shown to be better than also-async.toml in any of these" in " ".join(done.err.split())


def test_a_narrow_terminal_gets_one_policy_after_the_other(folder: Path) -> None:
    done = urushi_process(
        folder, "compare", "none", "async", "sync", *SCENARIO, "--seeds", "1,2", TTY_COMPATIBLE="1", COLUMNS="60",
        TERM="dumb", NO_COLOR="1",
    )  # fmt: skip
    assert "2 seeds are too few to choose by: take 6 or more." in " ".join(done.out.split())
    assert "it may still happen in up to 100 % of all seeds" in " ".join(done.out.split())
    lines = done.out.splitlines()
    assert max(cell_len(line.rstrip()) for line in lines) <= 60
    assert [line.split()[1:] for line in lines if line.startswith("figure ")] == [["none", "async"], ["none", "sync"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("async",), "one policy leaves nothing to compare; name two or more"),
        ((), "no policy leaves nothing to compare; name two or more"),
        (("async", "sync", "async"), "'async' is named twice; name each policy once"),
        (("async", "sink"), "did you mean 'sync'?"),
        (
            ("async", "sync", "--baseline", "asynk"),
            "--baseline: 'asynk' is not compared; allowed: async, sync; did you mean 'async'?",
        ),
        (("async", "sync", "--jobs", "0"), "0 runs cannot go side by side"),
        (("async", "sync", "--seeds", "9..1"), "'9..1' ends before it begins"),
        (("async", "sync", "--scenario", "nope"), "there is no 'nope'"),
        (("async", "sync", "--csv", "no/where.csv"), "no/where.csv: cannot be written"),
        (("async", "sync", "--stage", "processes", "--scenario", "disks", "--seeds", "1..9"), "needs the lever"),
        (("async", "nine.toml"), "9"),
        (("async", "sync", "--seeds", "1..10001"), "10,001 seeds under 2 policies; 10,000 seeds are possible"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_starts(
    words: tuple[str, ...], said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform, "perform", lambda *_: pytest.fail("something was run"))
    (folder / "nine.toml").write_text("w = 9")
    done = urushi(folder, "compare", *words)
    assert done.code == 2
    assert said in done.said
    assert list(folder.glob(".urushi/*")) == []


def test_a_seed_that_fails_under_one_policy_counts_under_none(folder: Path) -> None:
    """Some plans have fewer copies than the policy asks for: what is found late fails those seeds alone."""
    (folder / "uneven.toml").write_text(SMALL.replace("n = 3", "n = [3, 3, 3, 2]"))
    (folder / "three.toml").write_text('w = "THREE"')
    copies = {seed: draw(load(str(folder / "uneven.toml")), "uneven.toml", seed)[0].cluster.n for seed in range(1, 60)}
    enough = [seed for seed, n in copies.items() if n == 3][:20]
    too_few = [seed for seed, n in copies.items() if n == 2][:2]
    seeds = ",".join(map(str, [*enough, *too_few]))
    done = urushi_process(
        folder, "compare", "none", "three.toml", "--scenario", "uneven.toml", "--seeds", seeds, "--json"
    )
    assert done.code == 3
    it = msgspec.json.decode(done.out, type=Comparison)
    assert it.seeds == enough
    assert sorted(it.errors) == too_few
    assert all("w" in error for error in it.errors.values())
    assert f"2 seeds failed and count for nothing: {too_few[0]}" in " ".join(done.err.split())


def test_ctrl_c_ends_what_was_started_and_shows_what_there_is(folder: Path) -> None:
    process = urushi_started(folder, "compare", "none", "async", *SCENARIO, "--seeds", "1..5000")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "20 of 5,000 seeds under 2 policies" in line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert err == "stopped by Ctrl-C; what was started has been ended\n"
    found = re.search(r"Stopped by Ctrl-C: (\d+) of 5000 seeds were compared", " ".join(out.split()))
    assert found is not None
    assert 20 <= int(found[1]) < 5000
    assert left_in(folder) == []


def test_a_worker_that_is_killed_fails_the_seeds_that_are_left(folder: Path) -> None:
    process = urushi_started(folder, "compare", "none", "async", *SCENARIO, "--seeds", "1..200")
    try:
        assert process.stdout is not None
        process.stdout.readline()
        children = psutil.Process(process.pid).children()
        next(child for child in children if "spawn_main" in " ".join(child.cmdline())).kill()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 3, err
    told = " ".join(out.split())
    found = re.search(r"Every policy met the same (\d+) plans.* (\d+) seeds failed and count for nothing", told)
    assert found is not None
    assert int(found[1]) >= 20
    assert int(found[1]) + int(found[2]) == 200


def test_nothing_of_numpy_is_loaded_for_other_commands() -> None:
    """It takes a while to import."""
    script = "import sys, harness.cli; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
