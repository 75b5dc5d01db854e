"""Operations as they are logged, once when a process asks and once when it is told, made into calls.

A process does one thing at a time, so an operation ends with the next word of its process. One that ends in `info`, or
not at all, is unknown; then its process may ask again.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, cast, get_args

import msgspec

from checkers.calls import Call, Function, in_order
from checkers.files import BrokenHistory
from checkers.formats.choices import Choices, Foreign, Keys, Order, chosen
from checkers.formats.printed import printed
from checkers.history import Outcome

Type = Literal["invoke", "ok", "fail", "info"]
Pause = Callable[[], None]
"""Called every few thousand operations while a file is read; it raises what is to end the reading."""

TYPES: tuple[str, ...] = get_args(Type)
NEMESIS = "nemesis"
PAUSE_EVERY = 4096

_OUTCOMES: dict[str, Outcome] = {"ok": "ok", "fail": "failed", "info": "unknown"}
_PARTS = {"r": "read", "w": "write", "read": "read", "write": "write"}
_NEVER_A_PAIR = ("read", "generate", "cas", "txn")  # what they ask with is none, or was looked into


class Op(msgspec.Struct, gc=False):
    """`key` is unset where operations have no such field; `line` is where it was read, `number` the same unless another
    has it, and `place` where it is in the order of the history."""

    line: int
    process: int | str
    type: Type
    function: str
    value: Any
    key: Any = msgspec.UNSET
    index: int | None = None
    time: int | None = None
    number: int = 0
    place: int = 0


def calls_from(path: Path, ops: list[Op], functions: Sequence[str], choices: Choices, notes: list[str]) -> Foreign:
    """In the order of their starts. The file is named in what is raised, BrokenHistory."""
    _require(path, ops, functions)
    order = _give_places(path, ops)
    _give_keys(path, ops, choices.keys)
    name = _Names()
    calls: list[Call] = []
    open_ended = 0
    for ask, back in _pairs(path, _in_sequence(ops)):
        open_ended += back is None
        calls.append(_call(path, ask, back, name))
    if open_ended:
        notes.append(f"operations without a completion, taken as unknown: {open_ended:,}")
    return chosen(Foreign(in_order(calls), order, notes), choices)


def _require(path: Path, ops: list[Op], functions: Sequence[str]) -> None:
    """Of the functions that a model knows."""
    if not ops:
        raise BrokenHistory(path, 1, "no operation of a client is in this file: is it a history, and of this format?")
    for op in ops:
        if op.function not in functions:
            close = difflib.get_close_matches(op.function, functions, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            what = f"the model does not know the function {op.function!r}; it knows: {', '.join(functions)}{meant}"
            raise BrokenHistory(path, op.line, what)


def _give_places(path: Path, ops: list[Op]) -> Order:
    """By a field that all have, else by position if none has one. Sorts the operations."""
    order: Order = "line"
    if ops and all(op.index is not None for op in ops):
        order = "index"
    elif ops and all(op.time is not None for op in ops):
        order = "time"
    else:
        placed = next((op for op in ops if op.index is not None or op.time is not None), None)
        if placed:
            field = "index" if placed.index is not None else "time"
            bare = next(op for op in ops if getattr(op, field) is None)
            what = f"an operation without {field}, which that of line {placed.line} has: write it everywhere or nowhere"
            raise BrokenHistory(path, bare.line, what)
    number = 0
    for op in ops:
        op.number = number = max(op.line, number + 1)
        given = op.index if order == "index" else op.time if order == "time" else None
        op.place = number if given is None else given
    ops.sort(key=attrgetter("place"))
    if order == "index":
        for before, after in pairwise(ops):
            if before.place == after.place:
                what = f"the index {after.place} is that of line {before.line} too: each operation has its own"
                raise BrokenHistory(path, after.line, what)
    return order


def _in_sequence(ops: list[Op]) -> Iterator[Op]:
    """What happened at one time comes in the one order in which its process can have done it, whatever the file's."""
    waiting: set[int | str] = set()
    for _, group in groupby(ops, key=attrgetter("place")):
        together = list(group)
        if len(together) > 1:
            together.sort(key=lambda op: (str(op.process), op.type, op.function, repr(op.value), repr(op.key)))
        while together:
            fits = (n for n, op in enumerate(together) if (op.type == "invoke") != (op.process in waiting))
            op = together.pop(next(fits, 0))
            (waiting.add if op.type == "invoke" else waiting.discard)(op.process)
            yield op


def _pairs(path: Path, ops: Iterable[Op]) -> Iterator[tuple[Op, Op | None]]:
    """In no order of their own."""
    waiting: dict[int | str, Op] = {}
    for op in ops:
        ask = waiting.pop(op.process, None)
        if op.type == "invoke":
            if ask:
                yield ask, None
            waiting[op.process] = op
        elif ask is None:
            what = f"process {op.process} is told {op.type} of {op.function}, which it did not ask: record both"
            raise BrokenHistory(path, op.line, what)
        elif ask.function != op.function:
            what = f"process {op.process} is told of {op.function}, and asked {ask.function} in line {ask.line}"
            raise BrokenHistory(path, op.line, f"{what}: a process does one thing at a time")
        else:
            yield ask, op
    for ask in waiting.values():
        yield ask, None


def _give_keys(path: Path, ops: list[Op], keys: Keys) -> None:
    """From values that are tuples of a key and the value proper, as Jepsen's independent tests have them."""
    if not _keyed(path, [op for op in ops if op.type == "invoke"], keys):
        return
    for op in ops:
        if op.type == "invoke":
            op.key, op.value = op.value
        elif op.type == "ok":
            if not (isinstance(op.value, tuple) and len(op.value) == 2):
                raise BrokenHistory(path, op.line, f"the value {printed(op.value)} is no tuple of a key and a value")
            op.key, op.value = op.value


def _keyed(path: Path, asked: list[Op], keys: Keys) -> bool:
    if keys == "none" or any(op.key is not msgspec.UNSET for op in asked):
        return False
    plain = next((op for op in asked if not _is_tuple(op)), None)
    if plain is None:
        return bool(asked)
    certain = next((op for op in asked if op.function in _NEVER_A_PAIR and _is_tuple(op)), None)
    if keys == "auto" and certain is None:
        return False
    known = f", as line {certain.line} has" if certain else ""
    what = f"the value {printed(plain.value)} of {plain.function} is no tuple of a key and a value{known}"
    raise BrokenHistory(path, plain.line, f"{what}; if none is meant to be one, say --keys none")


def _is_tuple(op: Op) -> bool:
    value = op.value
    if not (isinstance(value, tuple) and len(value) == 2):
        return False
    if op.function == "cas":
        return isinstance(value[1], tuple) and len(value[1]) == 2
    if op.function == "txn":
        return isinstance(value[1], tuple) and not (isinstance(value[0], tuple) and _are_parts(value))
    return True


def _are_parts(value: Any) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(part, tuple) and len(part) == 3 and _word(part[0]) in _PARTS for part in value
    )


def _word(value: Any) -> str:
    return value.removeprefix(":") if isinstance(value, str) else ""


class _Names:
    """Of keys, as text: a string is its own name, unless a key of another type has taken it."""

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        self._taken: set[str] = set()

    def __call__(self, key: Any) -> str:
        typed = (type(key), key)
        name = self._names.get(typed)
        if name is None:
            name = key if isinstance(key, str) else printed(key)
            while name in self._taken:
                name = f"{name} ({type(key).__name__})"
            self._names[typed] = name
            self._taken.add(name)
        return name


def _call(path: Path, ask: Op, back: Op | None, name: _Names) -> Call:
    outcome: Outcome = _OUTCOMES[back.type] if back else "unknown"
    ended = back is not None and outcome != "unknown"
    return Call(
        ask.number,
        str(ask.process),
        cast("Function", ask.function),
        None if ask.key is msgspec.UNSET or ask.key is None else name(ask.key),
        _asked(path, ask, name),
        _told(path, ask, back, name) if back and outcome == "ok" else None,
        outcome,
        ask.place,
        back.place if back and ended else None,
    )


def _asked(path: Path, ask: Op, name: _Names) -> Any:
    if ask.function in ("read", "generate"):
        return None
    if ask.function == "txn":
        return _parts(path, ask, name)
    if ask.function == "cas" and not (isinstance(ask.value, tuple) and len(ask.value) == 2):
        what = f"the value {printed(ask.value)} of cas is no pair of an old and a new value"
        raise BrokenHistory(path, ask.line, what)
    return ask.value


def _told(path: Path, ask: Op, back: Op, name: _Names) -> Any:
    if back.key is not msgspec.UNSET and back.key != ask.key:
        what = f"{back.function} is told of key {printed(back.key)}, and asked {_key(ask)} in line {ask.line}"
        raise BrokenHistory(path, back.line, what)
    if ask.function == "txn":
        parts = _parts(path, back, name)
        if [part[:2] for part in parts] != [part[:2] for part in _parts(path, ask, name)]:
            what = f"txn is told {printed(back.value)}, and asked {printed(ask.value)} in line {ask.line}"
            raise BrokenHistory(path, back.line, f"{what}: its parts must be the same")
        return parts
    if ask.function == "contains" and not isinstance(back.value, bool):
        raise BrokenHistory(path, back.line, f"the value {printed(back.value)} of contains is neither true nor false")
    return back.value if ask.function in ("read", "contains", "generate") else None


def _key(op: Op) -> str:
    return "no key" if op.key is msgspec.UNSET else f"key {printed(op.key)}"


def _parts(path: Path, op: Op, name: _Names) -> tuple[tuple[str, str, Any], ...]:
    if not _are_parts(op.value):
        what = f"the value {printed(op.value)} of txn is no list of reads [:r key nil] and writes [:w key value]"
        raise BrokenHistory(path, op.line, what)
    return tuple((_PARTS[_word(part[0])], name(part[1]), part[2]) for part in op.value)
