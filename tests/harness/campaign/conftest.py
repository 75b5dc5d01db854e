"""One campaign that nothing disturbed: what others are compared with."""

from pathlib import Path

import pytest

from tests.harness.commands import urushi_process

FLAW = "hints-by-arrival"
ORDER = ("campaign", "--seeds", "1..12", "--flaw", FLAW)


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    outcome = urushi_process(folder, *ORDER, "--out", "c.sqlite", deadline_s=110)
    assert outcome.code == 1, outcome.err
    return folder / "c.sqlite"
