"""The formats by name, and how a file of any of them becomes calls."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from checkers import files
from checkers.calls import Call, calls_of
from checkers.files import BrokenHistory
from checkers.formats import jepsen, lines, minimal
from checkers.formats.choices import Choices, Foreign, chosen
from checkers.formats.ops import Op, Pause, calls_from

Name = Literal["urushi", "edn", "text", "minimal"]


class Format(NamedTuple):
    legend: str
    read: Callable[[Path, Pause], tuple[list[Op], list[str]]] | None
    memory_per_byte: float
    """Of the file: what reading it takes, as measured where its lines are short."""


FORMATS: dict[Name, Format] = {
    "urushi": Format("our own history.jsonl", None, 7),
    "edn": Format("Jepsen's history.edn", jepsen.read, 12),
    "text": Format("Jepsen's log lines", lines.read, 16),
    "minimal": Format("JSON lines, one when an operation is asked and one when it has returned", minimal.read, 8),
}
_HEAD = 4096


def detect(path: Path) -> Name:
    """By how the file begins."""
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    packed = head.replace(b" ", b"")
    if packed.startswith((b'{"', b'[{"', b"{}")):
        return "urushi" if b'"event":"header"' in packed.partition(b"\n")[0] else "minimal"
    return "edn" if head.startswith((b"{", b"[", b"(", b"#", b";")) else "text"


def read(path: Path, name: Name, functions: Sequence[str], choices: Choices, pause: Pause) -> Foreign:
    """The calls of a file, for a model that knows these functions. Raises BrokenHistory, OddHistory, and what pause
    raises."""
    reader = FORMATS[name].read
    if reader is None:
        return _own(path, functions, choices, pause)
    ops, notes = reader(path, pause)
    return calls_from(path, ops, functions, choices, notes)


def _own(path: Path, functions: Sequence[str], choices: Choices, pause: Pause) -> Foreign:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", files.TruncatedHistory)
        history = files.read(path)
    pause()
    calls = calls_of(history)
    notes = [str(each.message) for each in warned]
    for call in calls:
        _require(path, call, functions)
    return chosen(Foreign(calls, "index", notes), choices)


def _require(path: Path, call: Call, functions: Sequence[str]) -> None:
    if call.function not in functions:
        what = f"operation {call.id} is a {call.function}, which the model does not know: {', '.join(functions)}"
        raise BrokenHistory(path, 1, what)
