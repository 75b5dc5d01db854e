"""What a suite leaves for the pipeline that it runs in: a JUnit file, a summary, artefacts and annotations."""

import os
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from harness.report import annotations, artefacts, failures, junit, markdown
from harness.report.artefacts import Copied
from harness.result import Result
from harness.suite import Order
from harness.wrong import Wrong


class Wanted(NamedTuple):
    junit: Path | None = None
    summary: Path | None = None
    artefacts: Path | None = None
    artefacts_max: int = 200_000_000


def open_for(wanted: Wanted) -> None:
    """Before anything runs: a path that cannot be written is refused, and no older file stays to be taken for ours."""
    if wanted.junit:
        _open(wanted.junit, "--junit", "wb")
    if wanted.summary:
        _open(wanted.summary, "--summary", _mode(wanted.summary))
    if wanted.artefacts:
        try:
            wanted.artefacts.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            what = f"cannot make {wanted.artefacts}: {problem.strerror}"
            raise Wrong("--artefacts", what, "choose another folder") from None


def _open(path: Path, option: str, mode: str) -> None:
    try:
        with path.open(mode):
            pass
    except OSError as problem:
        remedy = f"make the folder {path.parent} first" if not path.parent.exists() else "choose another path"
        raise Wrong(option, f"cannot write {path}: {problem.strerror}", remedy) from None


def _mode(summary: Path) -> str:
    """GitHub's file has what earlier commands of the same step have to say."""
    given = os.environ.get("GITHUB_STEP_SUMMARY")
    return "ab" if given and Path(given).absolute() == summary.absolute() else "wb"


def write(wanted: Wanted, order: Order, result: Result) -> list[str]:
    """All but annotations, which are printed. Returns what to say. What cannot be copied, as on a full disk, is said
    and hides nothing of what the suite found."""
    copied = Copied({}, [])
    if wanted.artefacts:
        try:
            copied = artefacts.copy(result, wanted.artefacts, wanted.artefacts_max)
        except OSError as problem:
            copied = Copied({}, [f"artefacts are missing: {failures.words(problem)}"])
    if wanted.junit:
        junit.write(order, result, wanted.junit)
    if wanted.summary:
        with wanted.summary.open(_mode(wanted.summary)) as file:
            file.write(markdown.text(order, result, copied).encode())
    return copied.words


def annotate(console: Console, order: Order, result: Result) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations.lines(order, result):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
