"""Temporary folders go with their owner, and what a killed one left goes with the next."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.scratch import scratch

OWNER = """
import time
from harness.scratch import scratch
with scratch("probe") as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_a_folder_goes_with_its_owner(tmp_path: Path) -> None:
    with scratch("probe") as folder:
        (folder / "deep").mkdir()
        assert folder.parent == tmp_path
    assert not list(tmp_path.iterdir())


def test_what_a_killed_owner_left_is_cleared_and_the_folder_of_a_living_one_is_not(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().strip())
        with scratch("probe") as ours:
            assert theirs.is_dir() and ours != theirs
        os.kill(owner.pid, signal.SIGKILL)
    assert theirs.is_dir()
    with scratch("other"):
        assert theirs.is_dir()
    with scratch("probe"):
        assert not theirs.exists()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_somebody_else_made_stays(tmp_path: Path) -> None:
    (tmp_path / "urushi-probe-mine").mkdir()
    with scratch("probe"):
        pass
    assert (tmp_path / "urushi-probe-mine").is_dir()
