"""The guide to CI: what it tells to type is taken, and its file of known failures is one."""

import re
from pathlib import Path

import pytest

from harness.cli import app
from harness.known import load
from tests.ci.workflows import COMMIT, ROOT, commands

GUIDE = (ROOT / "docs/guides/in-ci.md").read_text(encoding="utf-8")
TOML = re.search(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
CODE = "\n".join(line.strip() for line in GUIDE.splitlines() if line.startswith("    "))


@pytest.mark.parametrize("words", commands(CODE.replace("$(git rev-parse HEAD)", COMMIT), {}), ids=" ".join)
def test_urushi_takes_what_it_says(words: list[str]) -> None:
    plain = words[: words.index("#")] if "#" in words else words
    app.parse_args(plain, exit_on_error=False, print_error=False)


def test_there_is_something_to_type() -> None:
    assert {words[0] for words in commands(CODE.replace("$(git rev-parse HEAD)", COMMIT), {})} == {
        "suite",
        "canary",
        "campaign",
        "run",
        "replay",
        "shrink",
    }


def test_its_known_failures_are_taken(tmp_path: Path) -> None:
    assert TOML is not None
    path = tmp_path / "known-failures.toml"
    path.write_text(TOML[1], encoding="utf-8")
    ((entry, seeds),) = load(path, frozenset(range(1, 30)), "default", "simulation")
    assert entry.promise == "convergence"
    assert seeds == {1, 2, 3, 4, 5, 17}
