"""The guide to a system of one's own: its commands, as they are written there, do what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.commands import ROOT, living_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
GUIDE = ROOT / "docs/guides/your-own-system.md"
COMMANDS = re.findall(r"^    (urushi .*\S)\s+# exit code (\d)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_guide_leads_to_a_bug_and_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    said: list[str] = []
    for command, code in COMMANDS:
        done = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        assert (command, done.returncode) == (command, int(code)), done.stdout + done.stderr
        said.append(done.stdout)
    assert len(said) == 5
    calm, cut, again, smaller, careful = said
    assert "HOLDS" in calm
    assert "VIOLATED  convergence   key " in cut
    assert "its replicas differ when settled" in cut
    assert "of 2 replays broke the same promise" in again
    assert "Smallest plan: " in smaller
    assert "3 holds, 0 violated, 0 unknown" in careful
    assert living_in(tmp_path) == []


def test_the_file_in_the_guide_is_the_one_that_is_run() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for line in (ROOT / "examples/naive/store.toml").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            assert f"    {line}\n" in text
