"""What a suite writes for others: refused before anything runs, or written, whatever else goes wrong."""

from pathlib import Path

import pytest

from harness.report import artefacts
from harness.report.pipeline import Wanted, write
from tests.harness.commands import SIMULATED, nothing_started, urushi
from tests.harness.judged import broken, of, order_of, result_of


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--summary", "nowhere/a.md"),
            "--summary: cannot write nowhere/a.md: No such file or directory; make the folder",
        ),
        (("--summary", "."), "--summary: cannot write .: Is a directory; choose another path"),
        (("--artefacts", "file"), "--artefacts: cannot make file: File exists; choose another folder"),
        (("--artefacts", "file/deep"), "--artefacts: cannot make file/deep: Not a directory; choose another folder"),
        (("--artefacts-max", "0"), "--artefacts-max: '0' is no amount of bytes; write bytes, or one such as 500MiB"),
        (("--artefacts-max", "much"), "--artefacts-max: 'much' is no amount of bytes"),
    ],
)
def test_what_cannot_be_written_starts_nothing(words: tuple[str, str], said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = urushi(tmp_path, "suite", "calm", "--seeds", "1", *SIMULATED, *words)
    assert (outcome.code, nothing_started(tmp_path)) == (2, True)
    assert f"wrong: {said}" in outcome.err


def test_a_full_disk_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artefacts, "copy", full)
    order = order_of(1)
    result = result_of({1: of(1, broken())}, order)
    wanted = Wanted(tmp_path / "a.xml", tmp_path / "a.md", tmp_path / "runs")
    (said,) = write(wanted, order, result)
    assert said == "artefacts are missing: OSError: [Errno 28] No space left on device"
    assert f"- {said}" in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert 'failures="1"' in (tmp_path / "a.xml").read_text(encoding="utf-8")
