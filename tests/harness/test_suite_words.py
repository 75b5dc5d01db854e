"""What a suite says: while it runs, in its tables, and in the end."""

import io
import pickle
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from harness import suite
from harness.faults.table import KINDS
from harness.report.failures import words
from harness.report.suites import SEEDS_LISTED, STORIES_MAX, property_table, show_suite, suite_progress, verdict_table
from harness.result import Finished, Reports, Result
from harness.run import Report, run
from harness.worker import Job, work
from tests.harness.plans import small_plan


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
    result = Result(Reports(reports(tmp_path, *verdicts)), errors)
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

    monkeypatch.setattr("harness.run.run", fail)
    outcome, _ = work(Job(1, lambda _seed: (small_plan(), {}), "processes", "auto"))
    assert pickle.loads(pickle.dumps(outcome)) == "Awkward: r1: gone\nAwkward: r2: too"  # noqa: S301 - as above


def test_failures_in_words() -> None:
    assert words(ValueError("no")) == "ValueError: no"
    assert words(BaseExceptionGroup("g", [KeyboardInterrupt()])) == "KeyboardInterrupt: "


@pytest.mark.parametrize(("unknown", "share"), [(1, "1 of 20 inconclusive (5 %)"), (2, "2 of 20 inconclusive (10 %)")])
def test_inconclusive_runs_are_told_with_reason_and_share(unknown: int, share: str, tmp_path: Path) -> None:
    (report,) = reports(tmp_path, "holds")
    why = [f"fault f{number} (pause) was not applied: it runs" for number in (3, 4)]
    seeds = [
        msgspec.structs.replace(
            report, seed=seed, **({"verdict": "unknown", "reasons": why} if seed <= unknown else {})
        )
        for seed in range(1, 21)
    ]
    said = "\n".join(Result(Reports(seeds)).summary())
    assert share in said
    for seed in range(1, unknown + 1):
        assert f"seed {seed}: {why[0]}; {why[1]}" in said
    assert f"seed {unknown + 1}" not in said
    assert said.endswith(f"20 runs: {20 - unknown} holds, 0 violated, {unknown} unknown")


def test_seeds_that_were_not_run_leave_a_suite_inconclusive(tmp_path: Path) -> None:
    """They cannot be red, but a suite without them is not green either."""
    stopped = Result(Reports(reports(tmp_path, "holds")), not_run=[4, 5, 6, 9], stopped="Ctrl-C")
    assert stopped.verdict() == "unknown"
    assert "stopped by Ctrl-C; 4 of 5 seeds not run: 4..6,9" in stopped.summary()
    assert Result(Reports(reports(tmp_path, "violated")), not_run=[4], stopped="--fail-fast").exit_code() == 1


@given(st.integers(1, 12), st.integers(1, 60), st.integers(1, 100))
def test_the_estimate_is_right_for_runs_that_take_the_same_time(workers: int, seeds: int, took: int) -> None:
    """Against a schedule made by hand, after each run that ends, to within one run."""
    ends = [((number // workers) + 1) * took for number in range(seeds)]
    for over in range(1, seeds + 1):
        now = ends[over - 1]
        running = [
            0.0 if number // workers * took == now else float(took)
            for number in range(over, min(over + workers - 1, seeds))
        ]
        todo = seeds - over - len(running)
        assert abs(suite.left_s([float(took)] * over, running, todo, workers) - (ends[-1] - now)) <= took


def test_the_estimate_is_of_what_is_left_side_by_side() -> None:
    assert suite.left_s([6.0], [6.0], 18, 2) == 54
    assert suite.left_s([6.0, 6.0], [2.0], 0, 2) == 4
    assert suite.left_s([6.0, 6.0], [9.0], 0, 2) == 0


def shown(printed: RenderableType, width: int = 140) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(printed)
    return file.getvalue()


def test_the_table_has_a_row_a_seed(tmp_path: Path) -> None:
    held, broken = reports(tmp_path, "holds", "violated")
    bad = msgspec.structs.replace(held.promises["convergence"], verdict="violated", violations=2)
    spare = msgspec.structs.replace(
        held.promises["monotonic reads"], verdict="not promised", why="reads 1 of 3", measured="violated"
    )
    kills = [msgspec.structs.replace(held.faults[0], kind="kill", bit=bit) for bit in (5, 9)]
    broken = msgspec.structs.replace(
        broken,
        promises={**held.promises, "convergence": bad, "monotonic reads": spare},
        faults=[*kills, msgspec.structs.replace(kills[0], id="f9", kind="latency", bit=88, applied=False)],
        drawn={"cluster.nodes": "5", "policy.hints": "none", "workload.distribution": "zipf", "workload.keys": "9"},
        down=["r2"],
        folder="",
    )
    held = msgspec.structs.replace(
        held,
        drawn={"cluster.nodes": "3", "policy.hints": "none", "workload.distribution": "uniform", "workload.keys": "8"},
    )
    text = shown(verdict_table([held, broken]))
    first, second = re.split(r"^(?=1 )", text, flags=re.MULTILINE)[1:]
    assert first.split()[:3] == ["1", "holds", held.id]
    assert second.split()[:4] == ["1", "violated", "not", "kept"]
    assert "isolate(" in first
    assert "kill(" in first
    assert "kill×2(14) latency(88)" in second  # noqa: RUF001 - the sign is meant
    assert "nodes 3, uniform " in first
    assert "nodes 5, zipf " in second
    assert f"{held.operations['ok']}/{held.operations['failed']}/{held.operations['unknown']}" in first
    promised = len(held.promises) - 1  # where the last writer wins, some updates are lost
    assert f"{promised} of {promised} hold" in first
    words = " ".join(second.split())
    assert f"{promised - 2} of {promised - 1} hold; violated:" in words
    assert "r2" in second
    told = shown(verdict_table([broken]).columns[-1]._cells[0])
    assert " ".join(told.split()).endswith(
        "hold; violated: convergence; not promised: monotonic reads (violated), no lost update (holds); not applied: f9"
    )


@pytest.mark.parametrize("width", [120, 140])
def test_the_table_fits(width: int, tmp_path: Path) -> None:
    """With as many kinds of faults as a seed may draw, and every promise broken, not one letter is cut off."""
    (report,) = reports(tmp_path, "violated")
    faults = [msgspec.structs.replace(report.faults[0], kind=kind, bit=100) for kind in KINDS]
    promises = {name: msgspec.structs.replace(promise, verdict="violated") for name, promise in report.promises.items()}
    text = shown(verdict_table([msgspec.structs.replace(report, faults=faults, promises=promises)]), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert all(f"{kind}(100)" in text for kind in KINDS)


OUTCOMES = ("holds", "violated", "unknown")


def test_the_matrix_counts_each_property_over_all_seeds(tmp_path: Path) -> None:
    (report,) = reports(tmp_path, "holds")
    cells = [*((outcome, outcome) for outcome in OUTCOMES), *(("not promised", measured) for measured in OUTCOMES)]
    times = [3, 1, 2, 4, 5, 6]
    seeds: list[Report] = []
    for (verdict, measured), count in zip(cells, times, strict=True):
        promise = msgspec.structs.replace(report.promises["convergence"], verdict=verdict, measured=measured)
        seeds += [msgspec.structs.replace(report, promises={**report.promises, "convergence": promise})] * count
    rows = {line[:26].strip(): line[26:].split() for line in shown(property_table(seeds)).splitlines()}
    assert rows["convergence"] == [str(count) for count in times]
    assert rows["nothing invented"] == [str(len(seeds)), "·", "·", "·", "·", "·"]


def test_on_a_terminal_the_progress_is_one_line_and_what_did_not_hold(tmp_path: Path) -> None:
    held, broken = reports(tmp_path, "holds", "violated")
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=120, color_system=None)
    with suite_progress(console, 4) as watch:
        watch(Finished(1, held, 2.0), 125.0)
        watch(Finished(2, broken, 2.0), 65.0)
        watch(Finished(3, "TimeoutError: r1 [gone]", 2.0), 60.0)
    text = file.getvalue()
    assert "seed 1" not in text
    assert f"seed 2: violated   run {broken.id}" in text
    assert "seed 3: failed: TimeoutError: r1 [gone]" in text
    assert "3/4 1 holds, 1 violated, 1 failed about " in text


# Very many seeds.


def many(folder: Path, broken: int, held: int) -> list[Report]:
    red, green = reports(folder, "violated", "holds")
    bad = msgspec.structs.replace(red.promises["convergence"], verdict="violated", measured="violated")
    red = msgspec.structs.replace(red, promises={**red.promises, "convergence": bad}, stories=["VIOLATED  so it went"])
    seeds = range(1, broken + held + 1)
    return [msgspec.structs.replace(red if seed <= broken else green, seed=seed) for seed in seeds]


def told(made: list[Report], width: int = 140) -> str:
    file = io.StringIO()
    show_suite(Console(file=file, width=width), Result(Reports(made)), {})
    return file.getvalue()


def test_of_very_many_seeds_the_table_has_those_that_did_not_hold(tmp_path: Path) -> None:
    text = told(many(tmp_path, 3, SEEDS_LISTED))
    assert re.findall(r"^(\d+) +(\w+) ", text, re.MULTILINE)[:3] == [(str(seed), "violated") for seed in (1, 2, 3)]
    assert len(re.findall(r"^\d+ +holds ", text, re.MULTILINE)) == 0
    assert f"the table leaves out {SEEDS_LISTED} seeds that held\n" in text
    assert text.count("VIOLATED  so it went") == 3
    assert re.search(rf"^convergence +{SEEDS_LISTED} +3 ", text, re.MULTILINE)
    assert text.endswith(f"{SEEDS_LISTED + 3} runs: {SEEDS_LISTED} holds, 3 violated, 0 unknown\n")


def test_as_many_as_can_be_listed_are(tmp_path: Path) -> None:
    text = told(many(tmp_path, 1, SEEDS_LISTED - 1))
    assert len(re.findall(r"^\d+ +(?:holds|violated) ", text, re.MULTILINE)) == SEEDS_LISTED
    assert "leaves out" not in text


def test_a_suite_in_which_everything_fails_is_still_read(tmp_path: Path) -> None:
    text = told(many(tmp_path, 5 * SEEDS_LISTED, 7))
    assert f"the table leaves out 7 seeds that held, and {4 * SEEDS_LISTED} that did not" in text
    assert text.count("VIOLATED  so it went") == STORIES_MAX
    assert len(text.splitlines()) < 2 * SEEDS_LISTED + 100


@pytest.mark.parametrize("terminal", [True, False])
def test_the_progress_of_very_many_seeds_is_what_did_not_hold_and_now_and_then_a_count(
    terminal: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
) -> None:
    red, green = reports(tmp_path, "violated", "holds")
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=120, color_system=None)
    with suite_progress(console, 5000) as watch:
        for seed in range(1, 5001):
            watch(Finished(seed, red if seed in (17, 4711) else green, 0.1), float(5000 - seed))
    text = file.getvalue()
    assert re.findall(r"^.*?seed (\d+): (\w+)", text, re.MULTILINE) == [("17", "violated"), ("4711", "violated")]
    if not terminal:
        assert len(text.splitlines()) == 102
        assert "\n2,500 of 5,000 seeds: 2,499 holds, 1 violated   about 41 min 40 s left\n" in text


def test_a_dead_worker_does_not_fill_the_screen() -> None:
    """All seeds that are left fail at once, and for the same reason."""
    file, result = io.StringIO(), Result(not_run=list(range(1, 5001)))
    with suite_progress(Console(file=file, width=120), 5000) as watch:
        for seed in range(1, 5001):
            finished = Finished(seed, "BrokenProcessPool: a worker is gone", 0.0)
            result.add(finished)
            watch(finished, 0.0)
    assert file.getvalue().count("BrokenProcessPool") == SEEDS_LISTED
    assert result.summary() == [
        "seeds 1..5000 failed: BrokenProcessPool: a worker is gone",
        "0 runs: 0 holds, 0 violated, 0 unknown; 5000 failed",
    ]


def test_reasons_of_very_many_inconclusive_seeds_are_cut_short(tmp_path: Path) -> None:
    (report,) = reports(tmp_path, "unknown")
    seeds = [msgspec.structs.replace(report, seed=seed, reasons=[f"why {seed}"]) for seed in range(1, 1001)]
    said = Result(Reports(seeds)).summary()
    assert "1000 of 1000 inconclusive (1e+02 %):" in said or "1000 of 1000 inconclusive (100 %):" in said
    assert "  seed 20: why 20" in said
    assert "  and 980 more" in said
    assert len(said) < 40


def test_reports_come_back_as_they_were_in_the_order_of_their_seeds(tmp_path: Path) -> None:
    made = many(tmp_path, 2, 3)
    kept = Reports(reversed(made))
    kept.sort()
    assert list(kept) == made
    assert list(kept) == made, "and once more"
    assert len(kept) == 5
    assert kept.counts == {"holds": 3, "violated": 2, "unknown": 0}
