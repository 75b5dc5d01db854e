"""The page on models says what there is, and its example does what it says."""

import re
import subprocess
import sys
from pathlib import Path

from checkers.models.table import MODELS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/concepts/models.md").read_text(encoding="utf-8")


def test_every_model_and_each_of_its_properties_is_on_the_page() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    for name, model in MODELS.items():
        assert any(f"`{name}`" in row.split("|")[1] for row in rows)
        for each in model.checks:
            assert any(each in row.split("|")[2] for row in rows), f"{name}: {each}"


def test_the_example_prints_what_the_page_says() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (printed,) = re.findall(r"prints\n\n```\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", printed)
