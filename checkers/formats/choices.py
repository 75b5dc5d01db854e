"""What a file does not say of itself, and what follows from what was chosen."""

from typing import Any, Literal, NamedTuple

import msgspec

from checkers.calls import Call

Keys = Literal["auto", "tuples", "none"]
Nil = Literal["value", "unknown"]
Order = Literal["index", "time", "line"]


class Choices(NamedTuple):
    """What a file does not say of itself. `keys`: whether values are tuples of key and value. `nil`: whether a read of
    nil read that nothing is there, or does not tell what it read. `initial`: what each key holds before the first
    operation."""

    keys: Keys = "auto"
    nil: Nil = "value"
    initial: Any = None


class Foreign(NamedTuple):
    """The id of a call is the line of its invocation, or the next number that is free. `notes`: what was dropped and
    assumed, in words. The `first` so many calls are assumed, and were not recorded."""

    calls: list[Call]
    order: Order
    notes: list[str]
    first: int = 0


def chosen(found: Foreign, choices: Choices) -> Foreign:
    """By what was chosen of reads of nil, and of what is there at first."""
    if choices.nil == "unknown":
        found = _without_nil(found)
    return found if choices.initial is None else _with_first(found, choices.initial)


def _with_first(found: Foreign, value: Any) -> Foreign:
    """A write of each key, by nobody, that ends before all else starts."""
    keys: dict[str | None, None] = {}
    for call in found.calls:
        keys.update(dict.fromkeys(part[1] for part in call.value) if call.function == "txn" else {call.key: None})
    start = min(call.start for call in found.calls) - 2
    first = min(call.id for call in found.calls) - len(keys)
    writes = [
        Call(first + number, "initial", "write", key, value, None, "ok", start, start + 1)
        for number, key in enumerate(keys)
    ]
    return found._replace(calls=[*writes, *found.calls], first=len(writes))


def _without_nil(found: Foreign) -> Foreign:
    """A read that was told nil says nothing, and is left out."""
    calls = [_outspoken(call) for call in found.calls if call.function != "read" or not _was_told_nil(call)]
    silent = len(found.calls) - len(calls)
    return found._replace(calls=calls, notes=[*found.notes, f"reads of nil, which tell nothing: {silent:,} left out"])


def _was_told_nil(call: Call) -> bool:
    return call.outcome == "ok" and call.result is None


def _outspoken(call: Call) -> Call:
    """Of a txn, without the reads that tell nothing."""
    if call.function != "txn" or call.result is None:
        return call
    pairs = [(asked, told) for asked, told in zip(call.value, call.result, strict=True) if told[2] is not None]
    return msgspec.structs.replace(
        call, value=tuple(asked for asked, _ in pairs), result=tuple(told for _, told in pairs)
    )
