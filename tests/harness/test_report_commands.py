"""Pages by the command line: `urushi report`, `--report`, the pages of a suite, and where they are said to be."""

import io
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from harness.report import suitepages
from harness.suite import Reports, Result
from tests.harness.commands import BROKEN, ROOT, SIMULATED, nothing_started, stored, urushi, urushi_process
from tests.harness.report import runs

SUITE = ("suite", BROKEN, *SIMULATED, "--seeds", "1..3", "--jobs", "1", "--json")


def test_a_page_is_written_beside_the_run_and_its_address_printed(tmp_path: Path) -> None:
    run = stored(tmp_path, BROKEN)
    for what in (run["id"], run["id"][:5], run["folder"], "last"):
        outcome = urushi(tmp_path, "report", what)
        assert (outcome.code, outcome.err) == (0, "")
        path, _, operation = outcome.out.strip().partition("#")
        assert path == f"{run['folder']}/report.html"
        assert operation == "op3"
    page = (tmp_path / path).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert f"run {run['id']}" in page


def test_a_run_that_holds_has_no_operation_to_look_at_first(tmp_path: Path) -> None:
    run = stored(tmp_path)
    assert urushi(tmp_path, "report", run["id"]).out == f"{run['folder']}/report.html\n"


def test_a_page_goes_where_it_is_asked_for(tmp_path: Path) -> None:
    stored(tmp_path)
    assert urushi(tmp_path, "report", "last", "--out", "page.html").out == "page.html\n"
    assert (tmp_path / "page.html").is_file()
    assert not list(tmp_path.glob(".urushi/runs/*/report.html"))


def test_the_last_run_is_the_one_that_was_begun_last(tmp_path: Path) -> None:
    """Not the one whose folder a page was written to."""
    first, second = stored(tmp_path), stored(tmp_path)
    urushi(tmp_path, "report", first["id"])
    assert urushi(tmp_path, "report", "last").out.startswith(second["folder"])


def test_what_cannot_be_shown_is_refused_with_the_remedy(tmp_path: Path) -> None:
    run = stored(tmp_path)
    near = run["id"][:-1] + ("0" if run["id"][-1] != "0" else "1")
    wrong = {
        ("report", near): f"there is no run '{near}' in .urushi/runs; did you mean '{run['id']}'? the latest are",
        ("report", "last", "--out", "no/page.html"): "no/page.html: there is no folder no; make it first",
        ("report", "last", "--out", "."): ".: this is a folder; name a file in it, such as report.html",
    }
    for words, said in wrong.items():
        outcome = urushi(tmp_path, *words)
        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("verdict.json", "the run has no verdict: it did not end; `urushi replay"),
        ("history.jsonl", "the run has no history: it did not end; `urushi replay"),
    ],
)
def test_a_run_that_did_not_end_has_no_page(name: str, said: str, tmp_path: Path) -> None:
    run = stored(tmp_path)
    (tmp_path / run["folder"] / name).unlink()
    outcome = urushi(tmp_path, "report", "last")
    assert (outcome.code, said in outcome.said) == (2, True)
    assert not (tmp_path / run["folder"] / "report.html").exists()


def test_a_history_that_is_cut_is_shown_with_a_note(tmp_path: Path) -> None:
    run = stored(tmp_path)
    history = tmp_path / run["folder"] / "history.jsonl"
    history.write_bytes(history.read_bytes()[:-100])
    outcome = urushi_process(tmp_path, "report", "last")
    assert (outcome.code, "note: " in outcome.err) == (0, True)


def test_without_a_run_it_says_so(tmp_path: Path) -> None:
    assert "there is no run 'last' in .urushi/runs; the latest are: none yet" in urushi(tmp_path, "report", "last").said
    assert nothing_started(tmp_path)


def test_run_writes_it_at_once(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "run", BROKEN, *SIMULATED, "--report")
    (page,) = tmp_path.glob(".urushi/runs/*/report.html")
    lines = outcome.out.splitlines()
    place = lines.index(f"  Report:     {page.relative_to(tmp_path)}#op3")
    assert lines[place - 1].startswith("  Reproduce:  urushi replay ")
    outcome = urushi(tmp_path, "run", "calm", *SIMULATED, "--report")
    assert f"report .urushi/runs/{outcome.out.split()[-1]}/report.html\n" in outcome.out


def test_replay_writes_one_for_each(tmp_path: Path) -> None:
    run = stored(tmp_path, BROKEN)
    outcome = urushi(tmp_path, "replay", run["id"], "--times", "2", "--report")
    assert len(list(tmp_path.glob(".urushi/runs/*/report.html"))) == outcome.out.count("  Report:     ") == 2


def test_explain_names_a_page_only_where_there_is_one(tmp_path: Path) -> None:
    run = stored(tmp_path, BROKEN)
    assert "Report: " not in urushi(tmp_path, "explain", run["id"]).out
    address = urushi(tmp_path, "report", run["id"]).out
    assert urushi(tmp_path, "explain", run["id"]).out.endswith(f"\nReport: {address}")


def test_the_failing_runs_of_a_suite_get_one(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, *SUITE)
    failed = {run["id"]: run["folder"] for run in outcome.document["runs"] if run["verdict"] != "holds"}
    pages = outcome.document["pages"]
    assert len(failed) == 3
    assert pages == {run: f"{folder}/report.html#op3" for run, folder in failed.items()}
    for address in pages.values():
        assert (tmp_path / address.partition("#")[0]).is_file()
        assert f"  Report:     {address}\n" in outcome.err


def test_a_suite_writes_none_when_told_so(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, *SUITE, "--no-reports")
    assert (outcome.code, outcome.document["pages"]) == (1, {})
    assert not list(tmp_path.glob(".urushi/runs/*/report.html"))


def test_a_suite_writes_no_more_than_so_many_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of broken promises first, and none of what was not kept, or held."""
    monkeypatch.setattr(suitepages, "PAGES_MAX", 2)
    unknown, one, other = runs.unknown(tmp_path), runs.broken(tmp_path), runs.broken(tmp_path)
    gone = msgspec.structs.replace(runs.broken(tmp_path), folder="")
    result, out = Result(Reports([unknown, one, gone, other, runs.holding(tmp_path)])), io.StringIO()
    pages = suitepages.write(Console(file=out), result)
    assert pages.keys() == {one.id, other.id}
    suitepages.show(Console(file=out, width=200), result, pages)
    said = "2 of the 3 runs that did not hold have a page; `urushi report RUN` writes any other\n"
    assert out.getvalue() == said


def test_a_page_that_fails_is_said_and_the_others_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = runs.broken(tmp_path), runs.broken(tmp_path)
    (Path(one.folder) / "history.jsonl").write_text("[no history]\n")
    pages = suitepages.write(Console(file=io.StringIO()), Result(Reports([one, other])))
    assert pages.keys() == {other.id}
    assert f"no page of run {one.id}: BrokenHistory" in capsys.readouterr().err


def test_an_inconclusive_run_of_a_suite_has_its_page_named(tmp_path: Path) -> None:
    """It has no story that would end with it."""
    report = runs.unknown(tmp_path)
    result, out = Result(Reports([report])), io.StringIO()
    pages = suitepages.write(Console(file=out), result)
    assert pages == {report.id: f"{report.folder}/report.html"}
    suitepages.show(Console(file=out, width=80), result, pages)
    assert out.getvalue() == f"report of seed {report.seed}: {report.folder}/report.html\n"


def test_a_run_without_a_page_does_not_pay_for_one(tmp_path: Path) -> None:
    code = (
        "import sys; from harness.cli import app; app(sys.argv[1:], exit_on_error=False, print_error=True);"
        "sys.exit('jinja2' in sys.modules)"
    )
    words = [sys.executable, "-c", code, "run", "calm", *SIMULATED]
    done = subprocess.run(words, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False, capture_output=True)
    assert done.returncode == 0
