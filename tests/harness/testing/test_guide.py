"""The guide for pytest, done as it says."""

import re
import shutil
from pathlib import Path

from tests.harness.testing.sessions import ROOT, session

GUIDE = (ROOT / "docs/guides/pytest.md").read_text(encoding="utf-8")


def test_its_examples_run_and_fail_as_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)\n```$", GUIDE, re.DOTALL | re.MULTILINE)
    for number, example in enumerate(text for kind, text in blocks if kind == "python"):
        name = "test_store.py" if number == 0 else f"test_{number}.py"
        (tmp_path / name).write_text(example, encoding="utf-8")
    for file in (ROOT / "examples/naive").iterdir():
        shutil.copy(file, tmp_path)
    shutil.copy(tmp_path / "careful.toml", tmp_path / "store.toml")
    done = session(tmp_path)
    assert done.counts() == {"failed": 1, "passed": 10}, done.out
    for shown in (text for kind, text in blocks if not kind):
        assert shown in done.out


def test_it_names_every_option() -> None:
    source = (ROOT / "harness/testing/options.py").read_text(encoding="utf-8")
    for option in re.findall(r'"(--urushi-[a-z]+)",', source):
        assert option in GUIDE
