"""A run's folder as the view reads it: in pieces, at a pace, to the end."""

import io
from pathlib import Path

import msgspec
import psutil
import pytest
from rich.console import Console

from harness import plan as plans
from harness import samples
from harness.faults.kinds import MS
from harness.progress import Tick, Writer
from harness.samples import Sample
from harness.watching import follow as following
from harness.watching.follow import AT_LEISURE, BUSY, Sources, follow
from replicas.store.trail import Changed, Committed, Line, Started
from tests.harness.plans import small_plan

BATCHES = 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a run that is over: r2 and r3 lack what r1 has, but for the last of many batches."""
    plans.write(small_plan(), tmp_path / "plan.json")
    with Writer(tmp_path) as writer:
        writer.write(Tick(0, {"r1": "up", "r2": "up", "r3": "up"}, [], {"ok": 1}, [1500]))
        writer.write(Tick(900 * MS, {"r1": "up", "r2": "paused", "r3": "up"}, ["block r1>r2"], {"ok": 2}, [1500]))
    samples.write([Sample(900 * MS, "r1", 5 * MS, 30_000_000, 3)], tmp_path)
    for name in ("r1", "r2", "r3"):
        lines: list[Line] = [Started(1, f"{name}.1", 0)]
        for batch in range(1, BATCHES if name == "r1" else 2):
            lines += [
                Changed(1, batch, "k0", None, (batch, "r1.1", False, "w", False), "write", None, ""),
                Committed(1, batch),
            ]
        (tmp_path / name).mkdir()
        (tmp_path / name / "trail.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(lines))
    return tmp_path


def test_what_there_is_no_time_for_waits_and_is_said_to_be_old(folder: Path) -> None:
    sources = Sources(folder)
    sources.read(0.0)
    assert sources.model.shown().done == 3, "what is short is always read"
    assert sources.behind_s() > 1
    sources.read(60.0)
    assert sources.behind_s() == 0
    assert sources.model.shown().apart == 1


def test_a_busy_machine_has_better_things_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_percent", lambda: 99.0)
    assert following._pace() == BUSY
    monkeypatch.setattr(psutil, "cpu_percent", lambda: 20.0)
    assert following._pace() == AT_LEISURE
    assert AT_LEISURE.frame_s >= 0.25, "no more than four frames a second"
    assert BUSY.trails_s / BUSY.frame_s < 0.01


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_run_that_is_over_is_drawn_once_more(width: int, folder: Path) -> None:
    written = io.StringIO()
    follow(folder, Console(file=written, force_terminal=True, no_color=True, width=width, height=30))
    text = written.getvalue()
    assert "3 of 4 operations" in text
    assert "r1>r2" in text
    assert "1 of 1" in text
    assert "paused" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_a_run_that_never_begins_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PATIENCE_S", 0.1)
    written = io.StringIO()
    follow(tmp_path, Console(file=written, force_terminal=True))
    assert written.getvalue() == ""
