"""Many seeds: which are meant, what becomes of each, and what the suite says in the end."""

import io
import pickle
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness import suite
from harness.report.failures import words
from harness.report.terminal import verdict_table
from harness.run import Report, run
from harness.scenario import draw, load
from harness.suite import SEEDS_MAX, Job, Result, parse_seeds
from harness.wrong import Wrong
from tests.harness.commands import nothing_started, urushi, urushi_process, urushi_started
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
        (f"1..{SEEDS_MAX + 1}", "too many", "20,000 seeds are possible"),
        (f"1..{SEEDS_MAX},{SEEDS_MAX + 7}", "too many", "20,000 seeds are possible"),
    ],
)
def test_other_seeds_are_refused(text: str, what: str, remedy: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse_seeds(text)
    assert str(caught.value).startswith("--seeds: ")
    assert what in str(caught.value)
    assert remedy in str(caught.value)


def test_as_many_as_are_possible_are_taken() -> None:
    assert len(parse_seeds(f"1..{SEEDS_MAX}")) == SEEDS_MAX


def test_bad_seeds_start_nothing(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "suite", "calm", "--seeds", "5..1", "--stage", "simulation")
    assert outcome.code == 2
    assert outcome.err == "wrong: --seeds: '5..1' ends before it begins; write the smaller seed first\n"
    assert nothing_started(tmp_path)


# What becomes of a suite.


def reports(folder: Path, *verdicts: str) -> list[Report]:
    report = run(small_plan(), "simulation", runs=folder)
    return [msgspec.structs.replace(report, verdict=verdict) for verdict in verdicts]


@pytest.mark.parametrize(
    ("verdicts", "errors", "verdict", "code"),
    [
        (["holds", "holds"], {}, "holds", 0),
        (["holds", "unknown"], {}, "unknown", 3),
        (["unknown", "violated", "holds"], {}, "violated", 1),
        (["holds"], {3: "no proxy"}, "unknown", 4),
        (["unknown"], {3: "no proxy"}, "unknown", 4),
        ([], {3: "no proxy"}, "unknown", 4),
        (["violated"], {3: "no proxy"}, "violated", 1),
    ],
)
def test_the_worst_decides(
    verdicts: list[str], errors: dict[int, str], verdict: str, code: int, tmp_path: Path
) -> None:
    """A seed that failed is a seed of which nothing is known: it can make a suite neither green nor red."""
    result = Result(reports(tmp_path, *verdicts), errors)
    assert (result.verdict(), result.exit_code()) == (verdict, code)
    said = "\n".join(result.summary())
    assert f"{len(verdicts)} runs: {verdicts.count('holds')} holds, {verdicts.count('violated')} violated" in said
    assert all(f"seed {seed} failed: {error}" in said for seed, error in errors.items())


class Awkward(Exception):
    """Like some errors of ours: cannot be made again from its message alone."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")


def test_an_error_that_cannot_be_sent_between_processes_fails_its_own_seed_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(Awkward("r1", "gone")))  # noqa: S301 - our own bytes; this is what the pool would do

    def fail(*_: object, **__: object) -> Report:
        raise ExceptionGroup("tasks", [Awkward("r1", "gone"), ExceptionGroup("more", [Awkward("r2", "too")])])

    monkeypatch.setattr(suite, "run", fail)
    outcome = suite._work(Job(small_plan(), {}, "simulation", "auto"))
    assert pickle.loads(pickle.dumps(outcome)) == "Awkward: r1: gone\nAwkward: r2: too"  # noqa: S301 - as above


def test_failures_in_words() -> None:
    assert words(ValueError("no")) == "ValueError: no"
    assert words(BaseExceptionGroup("g", [KeyboardInterrupt()])) == "KeyboardInterrupt: "


def test_the_table_has_a_row_a_seed(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=160)
    rows = reports(tmp_path, "holds", "violated")
    console.print(verdict_table(rows))
    text = console.file.getvalue()  # type: ignore[attr-defined] # the file given above
    head, first, second = text.splitlines()
    assert head.split()[:3] == ["seed", "verdict", "run"]
    assert first.split()[:3] == ["1", "holds", rows[0].id]
    assert second.split()[:3] == ["1", "violated", rows[1].id]
    assert "isolate(" in first
    assert "kill(" in first
    assert f"{rows[0].operations['ok']}/{rows[0].operations['failed']}/{rows[0].operations['unknown']}" in first


# Whole suites, each in a process of its own.


def test_a_suite_that_holds(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, "suite", "calm", "--seeds", "4,2", "--stage", "simulation", "--json")
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
def many_seeds(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A suite that has just finished its first seed."""
    process = urushi_started(folder, "suite", "calm", "--seeds", "1..200", "--stage", "simulation")
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("seed ")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_suite_that_is_stopped_does_not_perform_the_rest(tmp_path: Path) -> None:
    with many_seeds(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "stopped by Ctrl-C; what was started has been ended\n"
    assert len(list(tmp_path.glob(".urushi/runs/*"))) < 100


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
    assert out.count(": failed: BrokenProcessPool") == out.count(" failed: BrokenProcessPool") // 2 == int(found[2])


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
    assert outcome.out.count("VIOLATED  purge soundness ") == 1
    assert "Reproduce:  urushi replay " in outcome.out
    assert "2 runs: 1 holds, 1 violated, 0 unknown" in outcome.out
