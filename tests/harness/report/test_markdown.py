"""The summary of a suite: what it has, what can not break it, and how long it may be."""

import re
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.known import let_through
from harness.report.artefacts import Copied
from harness.report.markdown import fenced, text
from harness.report.pipeline import Wanted, open_for, write
from harness.run import Report
from tests.harness.judged import broken, held, of, order_of, result_of, unknown
from tests.harness.test_known import known

NOTHING = Copied({}, [])


def tables(written: str) -> list[list[dict[str, str]]]:
    """As GitHub reads them: a row for each line, whatever has no bar before it."""
    found: list[list[dict[str, str]]] = []
    for block in written.split("\n\n"):
        lines = block.splitlines()
        if len(lines) > 1 and re.fullmatch(r"\|(---\|)+", lines[1]):
            rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
            assert len({len(row) for row in rows}) == 1
            titles = [cell.strip() for cell in rows[0]]
            found.append([dict(zip(titles, map(str.strip, row), strict=True)) for row in rows[2:]])
    return found


def blocks(written: str) -> list[str]:
    """What stands in fences: one ends at the first line that is as long a fence."""
    return [found[2] for found in re.finditer(r"^(`{3,})text\n(.*?)\n\1$", written, re.DOTALL | re.MULTILINE)]


def test_every_outcome_is_told() -> None:
    order = order_of(1, 2, 3, 4, 5, 6)._replace(known=partial(let_through, known(3)))
    outcomes: dict[int, Report | str] = {1: held(), 2: of(2, broken(), "aa"), 3: broken(), 4: unknown(), 5: "no proxy"}
    result = result_of(outcomes, order)
    result.stopped = "--fail-fast"
    written = text(order, result, Copied({"aa": Path("out/aa")}, ["artefacts: 1 runs in out, 0.1 MB"]))
    assert written.startswith("## urushi default, simulation: 1 of 6 seeds broke a promise\n\n")
    first, promises, faults = tables(written)
    assert first == [
        {
            "scenario": "default", "stage": "simulation", "seeds": "6", "held": "1", "broken": "1", "known": "1",
            "inconclusive": "1", "failed": "1", "not run": "1",
        }
    ]  # fmt: skip
    story, again = blocks(written)
    assert story.startswith("VIOLATED  purge soundness ")
    assert "Rule broken: a tombstone is purged only" in story
    assert "Reproduce:" not in story
    assert again == "urushi run default --seed 2 --stage simulation"
    for line in (
        "**seed 2**: purge soundness (artefact `out/aa`)",
        "- known failure, let through: purge soundness: a bug (issue 17): seeds 3",
        "- seed 5 failed: no proxy",
        "inconclusive (25 %): seed 4: fault f1 (kill) was not applied: it lives",
        "- stopped by --fail-fast; 1 of 6 seeds not run: 6",
        "- artefacts: 1 runs in out, 0.1 MB",
        "seeds 1..6; ",
    ):
        assert line in written
    purge = next(row for row in promises if row["promise"] == "purge soundness")
    assert purge == {"promise": "purge soundness", "held": "2", "broken": "2", "unknown": "0", "not promised": "0"}
    isolate = next(row for row in faults if row["fault"] == "isolate")
    assert (isolate["seeds"], isolate["times"]) == ("4", "4")


@pytest.mark.parametrize(
    ("outcomes", "fixed", "said"),
    [
        ({1: held(), 2: held()}, [], "all 2 seeds held"),
        ({1: held(), 2: held()}, ["x"], "a known failure did not happen: it must go from its file"),
        ({1: held(), 2: unknown()}, ["x"], "a known failure did not happen"),
        ({1: held(), 2: unknown()}, [], "inconclusive: 1 of 2 seeds show nothing"),
        ({1: held(), 2: "no proxy"}, ["x"], "1 of 2 seeds could not be performed"),
        ({1: broken(), 2: "no proxy"}, ["x"], "1 of 2 seeds broke a promise"),
    ],
)
def test_the_headline_is_of_the_exit_code(outcomes: dict[int, Report | str], fixed: list[str], said: str) -> None:
    order = order_of(1, 2)
    result = result_of(outcomes, order)
    result.fixed = fixed
    assert text(order, result, NOTHING).startswith(f"## urushi default, simulation: {said}")


@given(st.lists(st.sampled_from(["```", "````", "``` text", "~~~", "a `b`", ""])))
def test_nothing_ends_a_fence(lines: list[str]) -> None:
    assert blocks(fenced("\n".join(lines))) == ["\n".join(lines)]


@given(st.text(max_size=30))
def test_what_comes_from_outside_stays_in_its_cell_and_line(words: str) -> None:
    order = order_of(1, 2, scenario=words)
    result = result_of({1: held(), 2: words}, order)
    written = text(order, result, NOTHING)
    assert tables(written)[0][0]["failed"] == "1"
    (line,) = [line for line in written.split("\n") if line.startswith("- seed 2 failed:")]
    assert "<" not in line
    assert len(re.findall(r"^#+ ", written, re.MULTILINE)) == 3


def test_a_summary_is_bounded() -> None:
    """Of very many seeds, of which each tells very much."""
    long = "é" * 50_000
    report = msgspec.structs.replace(broken(), stories=[f"VIOLATED  purge soundness   {long}\n   t (s)"])
    odd = [msgspec.structs.replace(unknown(), reasons=[long])] * 100
    outcomes: dict[int, Report | str] = dict(
        enumerate([*[report] * 100, *odd, *(f"{long}{each}" for each in range(100))])
    )
    order = order_of(*(3 * seed for seed in range(300)), scenario="s" * 4_000)
    result = result_of({3 * seed: outcome for seed, outcome in outcomes.items()}, order)
    result.untold = result.fixed = [long] * 100
    written = text(order, result, NOTHING)
    assert len(written.encode()) < 400_000
    assert len(blocks(written)) == 40
    assert "\n\nand 80 more: see the log of the step\n\n" in written


def test_only_the_summary_of_the_step_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two suites in one step both are to be seen; elsewhere an older one must not be taken for this one."""
    order = order_of(1)
    result = result_of({1: held()}, order)
    for name, step, times in (("step.md", "step.md", 2), ("other.md", "step.md", 1), ("alone.md", "", 1)):
        monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        if step:
            monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / step))
        wanted = Wanted(summary=tmp_path / name)
        for _ in range(2):
            open_for(wanted)
            write(wanted, order, result)
        assert (tmp_path / name).read_text(encoding="utf-8").count("all 1 seeds held") == times
