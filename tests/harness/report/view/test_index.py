"""The list of runs: what it says of each, in which order, and of very many."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.report.view.index import Index
from harness.run import Report
from tests.harness.report import runs
from tests.harness.report.parsed import Parsed

MANY = 2_000


def cells(page: Parsed) -> list[list[str]]:
    """Row by row, without the head."""
    texts = [each.text() for each in page.elements if each.tag in ("th", "td")]
    width = len([each for each in page.all("th") if each.attributes.get("scope") == "col"])
    return [texts[at : at + width] for at in range(width, len(texts), width)]


def test_a_row_says_what_became_of_a_run(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    os.utime(tmp_path / report.id / "plan.json", (0, 1_700_000_000))
    size = sum(path.stat().st_size for path in (tmp_path / report.id).rglob("*"))
    broken = [name for name, it in report.promises.items() if it.verdict == "violated"]
    (row,) = cells(Parsed(Index(tmp_path).page()))
    assert row == [
        report.id,
        "violated",
        "purges-unconfirmed" if not report.scenario.startswith("demo:") else report.scenario,
        str(report.seed),
        "simulation",
        "flaw purges-unconfirmed",
        ", ".join(broken),
        "2023-11-14 22:13:20",
        "3",
        "3.1 s",
        str(-(-size // 1000)),
    ]


def test_the_policy_is_told_by_its_mechanisms_where_it_has_no_name(tmp_path: Path) -> None:
    report = runs.holding(tmp_path)
    (row,) = Index(tmp_path).rows()
    words = [report.drawn.get(f"policy.{name}", "none") for name in ("read_repair", "hints", "anti_entropy")]
    assert row.policy == " + ".join(word for word in words if word != "none")
    _change(report, drawn={**report.drawn, "policy": "dynamo"})
    (row,) = Index(tmp_path).rows()
    assert row.policy == "dynamo"


def _change(report: Report, **changes: object) -> None:
    path = Path(report.folder) / "verdict.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_newest_is_the_first(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    for number in (3, 1, 2):
        shutil.copytree(report.folder, tmp_path / f"run{number}")
        os.utime(tmp_path / f"run{number}" / "plan.json", (0, number))
    assert [row[0] for row in cells(Parsed(Index(tmp_path).page()))] == [report.id, "run3", "run2", "run1"]


def test_what_did_not_end_or_cannot_be_read_is_said(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    for name in ("unfinished", "odd", "odd-plan"):
        shutil.copytree(report.folder, tmp_path / name)
    (tmp_path / "unfinished" / "verdict.json").unlink()
    (tmp_path / "odd" / "verdict.json").write_bytes(b"\xff{")
    (tmp_path / "odd-plan" / "verdict.json").unlink()
    (tmp_path / "odd-plan" / "plan.json").write_text("[" * 100_000)
    (tmp_path / "no run").mkdir()
    (tmp_path / "a file").touch()
    found = {row.id: (row.verdict, row.policy) for row in Index(tmp_path).rows()}
    assert found == {
        report.id: ("violated", "flaw purges-unconfirmed"),
        "unfinished": ("unfinished", "flaw purges-unconfirmed"),
        "odd": ("unreadable", ""),
        "odd-plan": ("unreadable", ""),
    }


def test_a_history_that_was_cut_has_no_length(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    history = Path(report.folder) / "history.jsonl"
    history.write_bytes(history.read_bytes()[:-20])
    (row,) = Index(tmp_path).rows()
    assert (row.length, row.verdict) == ("", "violated")
    history.unlink()
    (row,) = Index(tmp_path).rows()
    assert row.length == ""


def test_a_run_that_goes_away_meanwhile_is_none(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    rows = Index(tmp_path).rows()
    shutil.copytree(report.folder, tmp_path / "later")
    first = next(rows)
    shutil.rmtree(tmp_path / "later")
    assert first.id == report.id
    assert list(rows) == []


def test_a_verdict_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = runs.broken(tmp_path)
    read: list[str] = []
    plain = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(path.name)
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    index = Index(tmp_path)
    assert [list(index.rows()), list(index.rows())][1][0].verdict == "violated"
    assert read == ["verdict.json"]
    _change(report, verdict="unknown")
    read.clear()
    assert next(index.rows()).verdict == "unknown"
    assert read == ["verdict.json"]


def test_of_a_history_no_more_than_its_end_is_read(tmp_path: Path) -> None:
    """What a hole in a file has is read as zeros: whoever read them would find no events."""
    report = runs.broken(tmp_path)
    history = Path(report.folder) / "history.jsonl"
    end = history.read_bytes()[-4_000:]
    with history.open("wb") as file:
        file.seek(50_000_000_000)
        file.write(end)
    (row,) = Index(tmp_path).rows()
    assert row.length == "3.1 s"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("many")
    report = runs.holding(folder)
    for number in range(MANY - 1):
        copy = folder / f"{number:08x}"
        copy.mkdir()
        for name in ("plan.json", "verdict.json"):
            os.link(Path(report.folder) / name, copy / name)
    yield folder
    shutil.rmtree(folder)


def test_two_thousand_runs_are_listed(many: Path) -> None:
    page = Parsed(Index(many).page())
    assert len(page.all("a")) == MANY
    assert page.named("count").text() == "2,000"


def test_names_are_text(tmp_path: Path) -> None:
    report = runs.hostile(tmp_path)
    Path(report.folder).rename(tmp_path / "<img src=x>#?")
    page = Parsed(Index(tmp_path).page())
    assert not page.all("img")
    assert page.links()["<img src=x>#?"] == "runs/%3Cimg%20src%3Dx%3E%23%3F/"
    assert cells(page)[0][2] == " ".join(runs.HOSTILE.split())


def test_an_empty_folder_says_how_to_get_a_run(tmp_path: Path) -> None:
    page = Parsed(Index(tmp_path).page())
    assert "There are no runs in this folder yet." in page.all("p", "note")[0].text()
