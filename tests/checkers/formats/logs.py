"""Histories as others would write them down, and the calls that they are: drawn together, so that one can be told from
the other. No code of the readers is used."""

import json
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from checkers.calls import Call, Function
from checkers.history import Outcome

KEYS: list[Any] = ["x", "y", "a b", '"', "é", "1", 1, 2, -3]
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.integers(-3, 3),
    st.integers(-(2**63), 2**63),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(['"', "\\", "\n", "\t", ":x", "nil", "{", "}", "a;b", "#_", "\u2028", "鍵"]),
)
VALUES = st.one_of(SCALARS, SCALARS, st.lists(SCALARS, min_size=3, max_size=4).map(tuple))
_OUTCOMES: dict[str, Outcome] = {"ok": "ok", "fail": "failed", "info": "unknown"}


class Entry(NamedTuple):
    """One line of a log, before it is written in any format."""

    process: int
    type: str
    function: str
    key: Any
    value: Any
    place: int


class Log(NamedTuple):
    """`calls` have their processes, but no ids: those depend on how the entries are written."""

    keyed: bool
    entries: list[Entry]
    calls: list[Call]


class _Asked(NamedTuple):
    entry: Entry
    value: Any  # what is asked with, of a txn its parts


def sorted_calls(calls: list[Call]) -> list[Call]:
    bare = [msgspec.structs.replace(call, id=0) for call in calls]
    return sorted(bare, key=lambda call: (call.start, call.process, str(call.end), repr(call)))


@st.composite
def logs(draw: st.DrawFn, *, ties: bool = False) -> Log:
    """With `ties` several things may happen at one place in the order, as with times: also of one process two, as long
    as there is but one order in which it can have done them."""
    keyed = draw(st.booleans())
    functions: list[Function] = draw(
        st.sampled_from(
            [["read", "write", "cas"], ["read", "add", "remove", "contains"], ["txn"], ["generate"], ["read", "add"]]
        )
    )
    entries: list[Entry] = []
    calls: list[Call] = []
    asked: dict[int, _Asked] = {}
    last: dict[int, list[tuple[int, bool]]] = {}  # of each process, where it asked, or was told of what it asked
    place = draw(st.sampled_from([0, 1, 10**15]))
    for _ in range(draw(st.integers(1, 14))):
        process = draw(st.integers(0, 3))
        waits = asked.pop(process, None)
        asks = waits is None or draw(st.integers(0, 9)) == 0
        here = [word for word in last.get(process, []) if word[0] == place]
        may_tie = ties and (not here or (len(here) == 1 and here[0][1] != asks and (waits is None or not asks)))
        place += draw(st.integers(0, 2)) if may_tie else draw(st.integers(1, 3))
        given_up = asks and waits is not None
        last.setdefault(process, []).extend([(place, asks)] * (2 if given_up else 1))  # so that nothing more fits here
        if asks:
            if waits:
                calls.append(_call(waits, None, None))
            asked[process] = _ask(draw, process, functions, keyed, place)
            entries.append(asked[process].entry)
        elif waits:
            entry, result = _answer(draw, waits, place)
            entries.append(entry)
            calls.append(_call(waits, entry, result))
    calls += [_call(waits, None, None) for waits in asked.values()]
    return Log(keyed, entries, sorted_calls(calls))


def _ask(draw: st.DrawFn, process: int, functions: list[Function], keyed: bool, place: int) -> _Asked:  # noqa: FBT001 - of a log
    function = draw(st.sampled_from(functions))
    key = draw(st.sampled_from(KEYS)) if keyed else None
    value: Any = None
    if function == "cas":
        value = (draw(VALUES), draw(VALUES))
    elif function == "txn":
        parts = draw(st.lists(st.tuples(st.booleans(), st.sampled_from(KEYS), VALUES), min_size=1, max_size=3))
        value = tuple(("w", part, it) if writes else ("r", part, None) for writes, part, it in parts)
    elif function not in ("read", "generate"):
        value = draw(VALUES)
    return _Asked(Entry(process, "invoke", function, key, value, place), value)


def _answer(draw: st.DrawFn, waits: _Asked, place: int) -> tuple[Entry, Any]:
    """What is logged, and the result that the call then has."""
    asked = waits.entry
    kind = draw(st.sampled_from(["ok", "ok", "ok", "fail", "info"]))
    result, logged = None, waits.value
    if kind == "ok" and asked.function in ("read", "generate"):
        result = logged = draw(st.none() | VALUES)
    elif kind == "ok" and asked.function == "contains":
        result = logged = draw(st.booleans())
    elif kind == "ok" and asked.function == "txn":
        logged = tuple((f, key, draw(st.none() | VALUES) if f == "r" else it) for f, key, it in waits.value)
        result = _parts(logged)
    return Entry(asked.process, kind, asked.function, asked.key, logged, place), result


def _parts(value: Any) -> Any:
    return tuple(({"r": "read", "w": "write"}[f], _name(key), it) for f, key, it in value)


def _name(key: Any) -> str:
    """The string "1" and the number 1 are two keys; which gets the plain name depends on which came first."""
    return f"{type(key).__name__} {key}"


def _call(waits: _Asked, back: Entry | None, result: Any) -> Call:
    asked = waits.entry
    outcome = _OUTCOMES[back.type] if back else "unknown"
    value = _parts(waits.value) if asked.function == "txn" else waits.value
    key = None if asked.key is None else _name(asked.key)
    end = back.place if back and outcome != "unknown" else None
    function: Any = asked.function
    return Call(0, str(asked.process), function, key, value, result, outcome, asked.place, end)


def edn_value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return "[" + ", ".join(edn_value(each) for each in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'
    return repr(value)


def edn_parts(value: Any, function: str) -> str:
    if function != "txn":
        return edn_value(value)
    return "[" + " ".join(f"[:{f} {edn_value(key)} {edn_value(it)}]" for f, key, it in value) + "]"


def tupled(entry: Entry, *, keyed: bool) -> str:
    written = edn_parts(entry.value, entry.function)
    return f"[{edn_value(entry.key)} {written}]" if keyed else written


def minimal_line(entry: Entry, field: str | None) -> str:
    fields: dict[str, Any] = {"process": entry.process, "type": entry.type, "f": entry.function, "value": entry.value}
    if entry.key is not None:
        fields["key"] = entry.key
    if field:
        fields[field] = entry.place
    return json.dumps(fields, ensure_ascii=entry.place % 2 == 0)
