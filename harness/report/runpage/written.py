"""The page of a run as a file, and where in it to look first."""

from collections.abc import Iterable
from pathlib import Path

from checkers.facts import Facts
from checkers.history import Invoke, Return
from harness.report.runpage import subject as subjects
from harness.report.runpage.subject import Subject
from harness.reproduce import replay as replays
from harness.wrong import Wrong

PAGE = "report.html"


def write(folder: Path, out: Path | None = None) -> str:
    """Beside what it is about, or elsewhere. Returns its address."""
    from harness.report.runpage import page  # noqa: PLC0415 - Jinja2 is for pages alone

    path = folder / PAGE if out is None else out
    _require_room(path)
    subject = read(folder)
    page.write(subject, path)
    evidence = [violation.events for promise in subject.broken() for violation in promise.measured.violations]
    return address(path, subject.facts, evidence)


def read(folder: Path) -> Subject:
    report = replays.stored(folder)
    if report is None:
        remedy = f"`urushi replay {folder}/plan.json` performs its plan again"
        raise Wrong(str(folder), "the run has no verdict: it did not end", remedy)
    return subjects.read(folder, report)


def address(path: Path, facts: Facts, evidence: Iterable[list[int]]) -> str:
    """With the first operation that shows what is wrong: the last of its evidence. Not all evidence has one."""
    operations = {event.seq: event.op for event in facts.events if isinstance(event, Invoke | Return)}
    shown = ([operations[seq] for seq in events if seq in operations] for events in evidence)
    return next((f"{path}#op{found[-1]}" for found in shown if found), str(path))


def _require_room(path: Path) -> None:
    """Before much is read."""
    if path.is_dir():
        raise Wrong(str(path), "this is a folder", f"name a file in it, such as {path / PAGE}")
    if not path.parent.is_dir():
        raise Wrong(str(path), f"there is no folder {path.parent}", "make it first, or choose another path")
