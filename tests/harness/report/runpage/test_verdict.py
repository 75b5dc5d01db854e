"""The head of a run's page: what it says of a run that broke promises, of one that holds, of one that shows nothing."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.runpage.verdict import Names
from harness.run import Report, write_report
from tests.harness.report import runs
from tests.harness.report.parsed import Parsed


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return runs.broken(tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="module")
def page(broken: Report) -> Parsed:
    return runs.shown(broken)


def test_the_first_promise_that_broke_is_the_title(page: Parsed) -> None:
    assert page.named("h-verdict").text() == "Broken: purge soundness, on key k3"
    assert [each.text() for each in page.all("p", "badge")] == ["violated"]


def test_the_story_is_that_of_the_run_line_by_line(page: Parsed, broken: Report) -> None:
    happened, *others = (" ".join(line.split()) for line in broken.stories[0].split("\n")[1:5])
    told = page.all("dl", "story")[0].text()
    assert told == " ".join([f"What happened {happened}", *(other.replace(": ", " ", 1) for other in others)])


def test_the_whole_of_each_story_is_there(page: Parsed, broken: Report) -> None:
    tables = ["".join(each.parts) for each in page.all("pre", "whole")]
    assert len(tables) == len(broken.stories) > 1
    for table, story in zip(tables, broken.stories, strict=True):
        assert story.endswith(table)
        assert table.startswith("   t (s)")


def test_other_broken_promises_are_listed_with_their_counts(page: Parsed, broken: Report) -> None:
    (summary,) = [each.text() for each in page.all("summary") if "more promises are broken" in each.text()]
    others = [(name, it.violations) for name, it in broken.promises.items() if it.verdict == "violated"]
    assert summary.startswith(f"{len(others) - 1} more")
    for name, violations in others:
        assert (f"{name} ({violations})" in summary) == (name != "purge soundness")


def test_the_line_that_reproduces_it(page: Parsed, broken: Report) -> None:
    assert page.named("reproduce").text() == f"urushi replay {broken.id}"


def test_operations_and_faults_of_the_story_lead_into_the_page(page: Parsed) -> None:
    links = page.links()
    assert {links["op 1"], links["op 2"], links["op 3"], links["f1"]} == {"#op1", "#op2", "#op3", "#fault-f1"}


@given(st.text(alphabet="op 12f<&\n", max_size=40))
def test_links_change_no_letter(text: str) -> None:
    """Each is one that is there; what only looks like one stays text."""
    pieces = Names([1, 12], ["f1", "f"]).linked(text)
    assert "".join(piece.text for piece in pieces) == text
    for piece in pieces:
        if piece.link.startswith("op"):
            assert piece.text in ("op 1", "op 12")
        elif piece.link:
            assert piece.text in ("f1", "f")
    words = re.findall(r"(?<!\w)op (?:1|12)(?!\w)", text)
    assert [piece.text for piece in pieces if piece.link.startswith("op")] == words


def test_a_run_that_holds_says_what_was_promised_measured_and_bitten(tmp_path: Path) -> None:
    report = runs.holding(tmp_path)
    page = runs.shown(report)
    text = page.named("verdict").text()
    assert page.named("h-verdict").text() == "Every promise held"
    for name, promise in report.promises.items():
        assert name in text
        if promise.verdict == "not promised":
            assert promise.why in text
    assert f"{report.operations['ok']} ok" in text
    assert f"p99 {report.latency_ms['p99']:.1f} ms" in text
    assert "stale reads: " in text
    assert re.search(r"replicas differed on \d+ of \d+ keys", text)
    for fault in report.faults:
        assert re.search(rf"\b{fault.id} {fault.kind} {' '.join(fault.targets)}", text)
    assert {"They bit"} <= {each.text() for each in page.all("h3")}


def test_of_an_unknown_run_the_reasons_come_first(tmp_path: Path) -> None:
    report = runs.unknown(tmp_path)
    page = runs.shown(report)
    assert [each.text() for each in page.all("ul", "reasons")] == report.reasons
    text = page.named("verdict").text()
    assert f"Not applied {report.faults[0].id} {report.faults[0].kind}" in text
    assert f"touched nothing {report.faults[1].id} {report.faults[1].kind}" in text
    assert text.index("What to do") < text.index("urushi replay")


def test_a_configuration_that_promises_nothing_says_so(tmp_path: Path) -> None:
    report = runs.holding(tmp_path)
    unmade = {name: msgspec.structs.replace(it, verdict="not promised") for name, it in report.promises.items()}
    report = msgspec.structs.replace(report, promises=unmade, faults=[], metrics={}, latency_ms={})
    write_report(report, Path(report.folder))
    text = runs.shown(report).named("verdict").text()
    assert "This configuration promises nothing." in text
    assert "There were none." in text


def test_what_comes_from_outside_is_text(tmp_path: Path) -> None:
    """Keys, values, scenarios: none ends an element, or begins one."""
    report = runs.hostile(tmp_path)
    page = runs.shown(report)
    assert not page.all("img")
    assert len(page.all("script")) == 2
    assert page.all("title")[0].text() == f"violated: run {report.id} of {' '.join(runs.HOSTILE.split())}"
    assert runs.HOSTILE[:20] in page.named("h-verdict").text()
    assert f"scenario {runs.HOSTILE}" in page.named("verdict").text().replace("scenario: ", "scenario ")
