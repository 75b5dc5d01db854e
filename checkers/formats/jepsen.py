"""Jepsen's histories in EDN: one operation a line, or all in one vector; and ours, written as one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from checkers.files import BrokenHistory
from checkers.formats import edn
from checkers.formats.ops import TYPES, Op, Pause, Type
from checkers.formats.printed import printed
from checkers.formats.source import Source
from checkers.formats.values import Keyword, Map, Symbol, Tagged
from checkers.history import History, Invoke, Return

_TYPES = {f":{word}": cast("Type", word) for word in TYPES}
_MEANT = "write them as {:type :invoke, :process 0, :f :read, :value nil}"


def read(path: Path, pause: Pause) -> tuple[list[Op], list[str]]:
    """The operations of clients, and what was left out, in words."""
    source = Source(path, pause)
    ops: list[Op] = []
    others: dict[str, int] = {}
    notes: list[str] = []
    try:
        for form in edn.forms(source, within=True, pause=pause):
            fields = form.value.value if isinstance(form.value, Tagged) else form.value
            if not isinstance(fields, Map):
                raise BrokenHistory(path, form.line, f"{_brief(fields)} is no operation: {_MEANT}")
            process = fields.get(":process")
            if isinstance(process, Keyword | Symbol):
                others[process] = others.get(process, 0) + 1
            else:
                ops.append(_op(path, form.line, process, fields))
    except edn.BadEdn as problem:
        notes.append(_cut(source, problem))
    notes += [f"operations of {name}, which is no client, left out: {count:,}" for name, count in others.items()]
    return ops, notes


def _cut(source: Source, problem: edn.BadEdn) -> str:
    """What was dropped as the file ends too soon. An operation that swallows others is no such end."""
    if isinstance(problem, edn.Unclosed) and problem.outermost:
        return f"the end of the file is missing, {problem.what}: every operation in it was whole"
    swallowed = isinstance(problem, edn.Unclosed) and any(map(_is_operation, problem.held))
    ends_there = isinstance(problem, edn.Unclosed) or (problem.line == source.number and not source.whole)
    if swallowed or not ends_there:
        raise BrokenHistory(source.path, problem.line, str(problem)) from None
    return f"line {problem.line} was cut off, and its operation left out"


def _is_operation(form: Any) -> bool:
    fields = form.value if isinstance(form, Tagged) else form
    return isinstance(fields, Map) and ":process" in fields


def _op(path: Path, line: int, process: Any, fields: Map) -> Op:
    if not isinstance(process, int | str) or isinstance(process, bool):
        raise BrokenHistory(path, line, f"an operation with the :process {_brief(process)}: {_MEANT}")
    word, function = fields.get(":type"), fields.get(":f")
    if word not in _TYPES:
        what = f"an operation with the :type {_brief(word)}: allowed are {', '.join(_TYPES)}"
        raise BrokenHistory(path, line, what)
    if not isinstance(function, str):
        raise BrokenHistory(path, line, f"an operation with the :f {_brief(function)}: {_MEANT}")
    return Op(
        line,
        process,
        _TYPES[word],
        function.removeprefix(":"),
        fields.get(":value"),
        fields.get(":key", msgspec.UNSET),
        _whole(path, line, fields, ":index"),
        _whole(path, line, fields, ":time"),
    )


def _whole(path: Path, line: int, fields: Map, name: str) -> int | None:
    value = fields.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise BrokenHistory(path, line, f"{name} is {_brief(value)}: a whole number was expected")


def _brief(value: Any) -> str:
    text = printed(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def lines_of(history: History) -> Iterator[str]:
    """The operations of its clients as Jepsen would have recorded them.

    Values are tuples of key and value, a delete is a write of nil, and a client whose operation is unknown goes on as a
    process of another number.
    """
    asked = {event.op: event for event in history.events if isinstance(event, Invoke)}
    sessions = list(dict.fromkeys(event.session for event in asked.values()))
    process = {session: number for number, session in enumerate(sessions)}
    waiting: set[str] = set()
    events = (event for event in history.events if isinstance(event, Invoke | Return))
    for index, event in enumerate(events):
        session = asked[event.op].session
        if isinstance(event, Invoke) and session in waiting:
            process[session] += len(sessions)
        if isinstance(event, Invoke) or event.outcome == "unknown":
            waiting.add(session)
        else:
            waiting.discard(session)
        fields = {**_fields(asked[event.op], event), "process": process[session], "time": event.at, "index": index}
        if isinstance(event, Return) and event.error:
            fields["error"] = event.error
        yield printed(Map((Keyword(f":{name}"), value) for name, value in fields.items()))


def _fields(ask: Invoke, event: Invoke | Return) -> dict[str, Any]:
    words = {"ok": ":ok", "failed": ":fail", "unknown": ":info"}
    word = ":invoke" if isinstance(event, Invoke) else words[event.outcome]
    read = ask.kind == "get"
    value = event.value if read and isinstance(event, Return) and event.outcome == "ok" else ask.value
    return {"type": Keyword(word), "f": Keyword(":read" if read else ":write"), "value": (ask.key, value)}
