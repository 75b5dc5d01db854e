"""The folders of runs that did not hold, copied to where a CI system picks them up, and not more than it takes."""

import shutil
from pathlib import Path
from typing import NamedTuple

from harness.result import Result


class Copied(NamedTuple):
    """By run, where it is now; and what to say."""

    runs: dict[str, Path]
    words: list[str]


def copy(result: Result, folder: Path, most: int) -> Copied:
    """Broken promises before what was inconclusive, and of each the smallest first: as many as fit. What the folder has
    already counts. Known failures are not among them."""
    room = most - _bytes(folder)
    copied: dict[str, Path] = {}
    left: list[Path] = []
    for _, bytes_, run in sorted(_failures(result)):
        if bytes_ > room:
            left.append(run)
            continue
        shutil.copytree(run, folder / run.name)
        copied[run.name] = folder / run.name
        room -= bytes_
    return Copied(copied, _words(copied, left, folder, most))


def _failures(result: Result) -> list[tuple[bool, int, Path]]:
    return [
        (report.verdict != "violated", _bytes(Path(report.folder)), Path(report.folder))
        for report in result.reports
        if report.verdict != "holds" and report.seed not in result.known and report.folder
    ]


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def _words(copied: dict[str, Path], left: list[Path], folder: Path, most: int) -> list[str]:
    taken = sum(map(_bytes, copied.values()))
    told = [f"artefacts: {_many(len(copied))} in {folder}, {taken / 1e6:.1f} MB"] if copied else []
    if left:
        names = ", ".join(run.name for run in left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        told.append(f"left out of the artefacts ({most / 1e6:,.1f} MB is the most): {_many(len(left))}: {names}")
    return told


def _many(runs: int) -> str:
    return f"{runs:,} runs" if runs > 1 else "one run"
