"""The smallest format: one JSON object a line, for each operation one when it is asked and one when it has returned.

`{"process": 0, "type": "invoke", "f": "write", "key": "x", "value": 1, "index": 0}`, where `type` is invoke, ok, fail
or info. `key` may be left out if there is one object. `index`, else `time`, says the order; without either, the lines.
"""

from pathlib import Path
from typing import Any

import msgspec

from checkers.files import BrokenHistory
from checkers.formats.ops import NEMESIS, Op, Pause, Type
from checkers.formats.source import Source
from checkers.formats.values import Map


class _Line(msgspec.Struct, gc=False):
    process: int | str
    type: Type
    f: str
    key: int | float | str | msgspec.UnsetType | None = msgspec.UNSET
    value: Any = None
    index: int | None = None
    time: int | None = None


_decoder = msgspec.json.Decoder(_Line)
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read(path: Path, pause: Pause) -> tuple[list[Op], list[str]]:
    """The operations of clients, and what was left out, in words."""
    source = Source(path, pause)
    ops: list[Op] = []
    notes: list[str] = []
    faults = 0
    for line in source:
        if not line.strip():
            continue
        try:
            it = _decoder.decode(line)
            value = _frozen(it.value)
        except _BROKEN as problem:
            if source.whole:
                meant = 'write {"process": 0, "type": "invoke", "f": "read"} and what else there is'
                raise BrokenHistory(path, source.number, f"no operation: {problem}; {meant}") from None
            notes.append(f"line {source.number} was cut off, and is left out")
            continue
        if it.process == NEMESIS:
            faults += 1
        else:
            ops.append(Op(source.number, it.process, it.type, it.f, value, it.key, it.index, it.time))
    if faults:
        notes.append(f"operations of {NEMESIS}, which is no client, left out: {faults:,}")
    return ops, notes


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, dict):
        return Map((key, _frozen(each)) for key, each in value.items())
    return value
