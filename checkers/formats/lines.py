"""Jepsen's log lines: `INFO  jepsen.util - 3 :invoke :cas [4 2]`, with what stands before them, or bare as in
history.txt. Of other lines there may be any number. They have no order but that of the file."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from checkers.files import BrokenHistory
from checkers.formats import edn
from checkers.formats.ops import TYPES, Op, Pause, Type
from checkers.formats.source import Source

_OPERATION = re.compile(
    r"""(?: .*? [\w\]] (?: \s-\s | :\s ) )? \s*    # when, how loud, in which thread, by which part
        (?P<process> \d+ | :[\w.-]+ ) \s+
        :(?P<type> [\w-]+ ) \s+
        (?P<function> :?[\w./?!*+-]+ )
        (?: \s+ (?P<rest> .* ) )?""",
    re.VERBOSE | re.ASCII,
)


def read(path: Path, pause: Pause) -> tuple[list[Op], list[str]]:
    """The operations of clients, and what was left out, in words."""
    source = Source(path, pause)
    ops: list[Op] = []
    others, unread = dict[str, int](), 0
    notes: list[str] = []
    for line in source:
        if not source.whole:
            notes.append(f"line {source.number} has no line feed, so it may have been cut off, and is left out")
            continue
        found = _OPERATION.fullmatch(line.strip())
        if found is None:
            unread += bool(line.strip())
        elif not found["process"].isdigit():
            name = found["process"]
            others[name] = others.get(name, 0) + 1
        else:
            ops.append(_op(path, source.number, found))
    notes += [f"operations of {name}, which is no client, left out: {count:,}" for name, count in others.items()]
    if unread:
        notes.append(f"lines that are no operation, left out: {unread:,}")
    return ops, notes


def _op(path: Path, line: int, found: re.Match[str]) -> Op:
    word, function = found["type"], found["function"].removeprefix(":")
    if word not in TYPES:
        known = ", ".join(f":{each}" for each in TYPES)
        raise BrokenHistory(path, line, f"an operation of the type :{word}: allowed are {known}")
    forms = () if word in ("fail", "info") else _values(found["rest"] or "")
    if forms is None:
        raise BrokenHistory(path, line, f"the value of {function}, {found['rest']!r}, is no EDN")
    return Op(line, int(found["process"]), cast("Type", word), function, forms[0] if forms else None)


@lru_cache(maxsize=100_000)
def _values(text: str) -> tuple[Any, ...] | None:
    """The value, and the error if there is one."""
    try:
        return tuple(edn.read(text))
    except edn.BadEdn:
        return None
