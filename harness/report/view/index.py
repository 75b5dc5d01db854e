"""The list of all runs, from what each said when it ended: no history is read, so that thousands stay quick."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.report import html

TAIL_BYTES = 4_096  # of a history: its last line says when the run was over
_STYLES = ("shared/base.css", "view/index.css")
_SCRIPTS = ("view/index.js",)
_MECHANISMS = ("policy.read_repair", "policy.hints", "policy.anti_entropy")


class Row(NamedTuple):
    """`verdict` is also "unfinished" or "unreadable"; `begun` is the time of the plan's file."""

    id: str
    verdict: str
    scenario: str
    seed: str
    stage: str
    policy: str
    broken: str
    begun: float
    operations: str
    length: str
    bytes: int

    def when(self) -> str:
        return f"{datetime.fromtimestamp(self.begun, UTC):%Y-%m-%d %H:%M:%S}"


class _Promise(msgspec.Struct):
    verdict: str


class _Verdict(msgspec.Struct):
    verdict: str
    scenario: str
    seed: int
    stage: str
    flaw: str | None
    promises: dict[str, _Promise]
    operations: dict[str, int]
    drawn: dict[str, str]


class _Plan(msgspec.Struct):
    scenario: str
    seed: int
    flaw: str | None = None


class _Last(msgspec.Struct):
    at: int


class Index:
    """Remembers what it has read, as long as the file is the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[tuple[int, int], dict[str, str]]] = {}

    def page(self) -> str:
        rows = sorted(self.rows(), key=lambda row: (row.begun, row.id), reverse=True)
        values = {"rows": rows, "folder": str(self._folder.absolute())}
        return html.render("view/index.html", _STYLES, _SCRIPTS, values)

    def rows(self) -> Iterator[Row]:
        with os.scandir(self._folder) as found:
            names = sorted(each.name for each in found if each.is_dir(follow_symlinks=False))
        for name in names:
            plan = self._folder / name / "plan.json"
            with suppress(FileNotFoundError):  # no run, or one that is cleared away at this moment
                begun = plan.stat().st_mtime
                told = self._told(name, plan.parent)
                yield Row(id=name, begun=begun, bytes=_bytes(str(plan.parent)), **told)

    def _told(self, name: str, folder: Path) -> dict[str, str]:
        path = folder / "verdict.json"
        read = _finished if path.is_file() else _unfinished
        stamp = (path if path.is_file() else folder / "plan.json").stat()
        mark = stamp.st_mtime_ns, stamp.st_size
        known = self._known.get(name)
        if known is None or known[0] != mark:
            known = self._known[name] = mark, read(folder)
        return known[1]


_NOTHING = dict.fromkeys(("scenario", "seed", "stage", "policy", "broken", "operations", "length"), "")


def _finished(folder: Path) -> dict[str, str]:
    try:
        it = msgspec.json.decode((folder / "verdict.json").read_bytes(), type=_Verdict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {**_NOTHING, "verdict": "unreadable"}
    broken = [name for name, promise in it.promises.items() if promise.verdict == "violated"]
    return {
        "verdict": it.verdict,
        "scenario": it.scenario,
        "seed": str(it.seed),
        "stage": it.stage,
        "policy": f"flaw {it.flaw}" if it.flaw else _policy(it.drawn),
        "broken": ", ".join(broken),
        "operations": f"{sum(it.operations.values()):,}",
        "length": _length(folder / "history.jsonl"),
    }


def _unfinished(folder: Path) -> dict[str, str]:
    try:
        it = msgspec.json.decode((folder / "plan.json").read_bytes(), type=_Plan)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {**_NOTHING, "verdict": "unreadable"}
    policy = f"flaw {it.flaw}" if it.flaw else ""
    told = {"scenario": it.scenario, "seed": str(it.seed), "policy": policy}
    return {**_NOTHING, **told, "verdict": "unfinished"}


def _policy(drawn: dict[str, str]) -> str:
    """By its name, or by the mechanisms that were drawn."""
    words = [drawn[name] for name in _MECHANISMS if drawn.get(name, "none") != "none"]
    return drawn.get("policy", " + ".join(words))


def _length(history: Path) -> str:
    """From the last line alone."""
    try:
        with history.open("rb") as file:
            file.seek(max(0, history.stat().st_size - TAIL_BYTES))
            lines = file.read().rstrip().rsplit(b"\n", 1)
        return f"{msgspec.json.decode(lines[-1], type=_Last).at / 1e9:.1f} s"
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""  # it is not whole, which its page tells


def _bytes(folder: str) -> int:
    total = 0
    with os.scandir(folder) as found:
        for each in found:
            if each.is_dir(follow_symlinks=False):
                total += _bytes(each.path)
            elif each.is_file(follow_symlinks=False):
                total += each.stat(follow_symlinks=False).st_size
    return total
