"""Whatever calls there were, a log of them in any format reads as the same calls."""

import random
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.calls import Call
from checkers.files import BrokenHistory
from checkers.formats import table
from checkers.formats.choices import Choices, Foreign
from checkers.history import OddHistory
from tests.checkers.formats.logs import Entry, Log, logs, minimal_line, sorted_calls, tupled
from tests.fuzz.spoil import damaged

ALL = ("read", "write", "delete", "cas", "txn", "add", "remove", "contains", "generate")


def read(text: str | bytes, name: table.Name, **choices: Any) -> Foreign:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return table.read(path, name, ALL, Choices(**choices), lambda: None)


def plain_names(calls: list[Call]) -> list[Call]:
    """Keys by what they are in a log of one key type, where no name is taken twice."""
    return sorted_calls([msgspec.structs.replace(call, key=_bare(call.key), **_bare_parts(call)) for call in calls])


def _bare(key: str | None) -> str | None:
    return (
        key
        if key is None
        else key.removeprefix("str ").removeprefix("int ").removesuffix(" (int)").removesuffix(" (str)")
    )


def _bare_parts(call: Call) -> dict[str, Any]:
    if call.function != "txn":
        return {}
    parts = {"value": call.value, "result": call.result}
    return {name: it and tuple((f, _bare(key), each) for f, key, each in it) for name, it in parts.items()}


def keys_of(log: Log) -> str:
    return "tuples" if log.keyed else "none"


def edn_line(entry: Entry, log: Log, place: str | None, style: random.Random) -> str:
    fields = [
        f":type :{entry.type}",
        f":f :{entry.function}",
        f":value {tupled(entry, keyed=log.keyed)}",
        f":process {entry.process}",
    ]
    if place:
        fields.append(f"{place} {entry.place}")
    if entry.type in ("fail", "info"):
        fields.append(
            style.choice([":error :timed-out", ':error [1 "not } here"]', ':exception #error{:via [{:a "\\n"}]}'])
        )
    style.shuffle(fields)
    tag = style.choice(["", "", "#jepsen.history.Op", "#jepsen.history.Op "])
    return f"{tag}{{{style.choice([', ', ' ', ', ; more' + chr(10)]).join(fields)}}}"


@given(logs(), st.sampled_from([":index", None]), st.booleans(), st.randoms())
def test_edn(log: Log, place: str | None, in_a_vector: bool, style: random.Random) -> None:  # noqa: FBT001 - drawn
    lines = [edn_line(entry, log, place, style) for entry in log.entries]
    if place:
        style.shuffle(lines)
    text = "\n".join(lines) + "\n"
    found = read(f"[{text}]" if in_a_vector else text, "edn", keys=keys_of(log))
    assert found.order == ("index" if place else "line")
    _assert_same(found, log, places=place is not None)


@given(logs(ties=True), st.randoms())
def test_edn_by_time(log: Log, style: random.Random) -> None:
    """Also where several processes do something at one time, and a call takes none."""
    lines = [edn_line(entry, log, ":time", style) for entry in log.entries]
    style.shuffle(lines)
    _assert_same(read("\n".join(lines), "edn", keys=keys_of(log)), log, places=True)


@given(
    logs(),
    st.sampled_from(
        ["INFO  jepsen.util - ", "", "2024-02-03 10:11:12,013{GMT}\tINFO\t[jepsen worker 1] jepsen.util: "]
    ),
)
def test_text(log: Log, prefix: str) -> None:
    lines = []
    for entry in log.entries:
        value = {"fail": "nil\t:conflict", "info": ":timed-out"}.get(entry.type, tupled(entry, keyed=log.keyed))
        lines.append(f"{prefix}{entry.process}\t:{entry.type}\t:{entry.function}\t{value}\n")
    found = read("".join(lines), "text", keys=keys_of(log))
    assert found.order == "line"
    _assert_same(found, log, places=False)


@given(logs(ties=True), st.sampled_from(["index", "time", None]), st.randoms())
def test_minimal(log: Log, field: str | None, style: random.Random) -> None:
    places = [entry.place for entry in log.entries]
    if field != "time" and len(set(places)) < len(places):
        return
    lines = [minimal_line(entry, field) for entry in log.entries]
    if field:
        style.shuffle(lines)
    _assert_same(read("\n".join(lines), "minimal"), log, places=field is not None)


def _assert_same(found: Foreign, log: Log, *, places: bool) -> None:
    """If the lines are all that tells the order, places are counted from 1, or by lines."""
    calls = plain_names(found.calls)
    expected = plain_names(log.calls)
    if not places:
        calls, expected = _ranked(calls), _ranked(expected)
    assert calls == expected
    assert [repr(call.value) for call in calls] == [repr(call.value) for call in expected], "1, 1.0 and true differ"
    assert len({call.id for call in found.calls}) == len(found.calls)


def _ranked(calls: list[Call]) -> list[Call]:
    used = sorted({place for call in calls for place in (call.start, call.end) if place is not None})
    rank = {place: number for number, place in enumerate(used)}
    ranked = [
        msgspec.structs.replace(call, start=rank[call.start], end=None if call.end is None else rank[call.end])
        for call in calls
    ]
    return sorted_calls(ranked)


@st.composite
def _written(draw: st.DrawFn) -> tuple[table.Name, bytes]:
    log, style = draw(logs()), draw(st.randoms())
    texts: dict[table.Name, str] = {
        "edn": "\n".join(edn_line(entry, log, ":index", style) for entry in log.entries),
        "text": "".join(
            f"INFO  jepsen.util - {entry.process}\t:{entry.type}\t:{entry.function}\t{tupled(entry, keyed=log.keyed)}\n"
            for entry in log.entries
        ),
        "minimal": "\n".join(minimal_line(entry, "index") for entry in log.entries),
    }
    name = draw(st.sampled_from(sorted(texts)))
    return name, texts[name].encode()


@given(st.data(), st.sampled_from([*table.FORMATS]), st.sampled_from(["auto", "tuples", "none"]))
def test_damaged_files_are_read_or_refused(data: st.DataObject, other: table.Name, keys: str) -> None:
    """And nothing else is raised."""
    name, whole = data.draw(_written())
    text = data.draw(st.one_of(damaged(st.just(whole)), st.binary(max_size=80), st.just(whole)))
    for each in (name, other):
        try:
            found = read(text, each, keys=keys, nil="unknown")
        except (BrokenHistory, OddHistory) as problem:
            assert str(problem)
        else:
            assert found.calls or found.notes


@given(st.data())
@pytest.mark.parametrize("name", ["edn", "text", "minimal"])
def test_a_file_that_ends_too_soon_loses_its_last_operation_at_most(name: table.Name, data: st.DataObject) -> None:
    log, style = data.draw(logs()), data.draw(st.randoms())
    writers = {
        "edn": lambda entry: edn_line(entry, log, None, style).replace("\n", " ").replace("; more", ""),
        "text": lambda entry: f"{entry.process}\t:{entry.type}\t:{entry.function}\t{tupled(entry, keyed=log.keyed)}",
        "minimal": lambda entry: minimal_line(entry, None),
    }
    lines = [writers[name](entry) + "\n" for entry in log.entries]
    cut = data.draw(st.integers(1, len(lines[-1].encode()) - 2))
    whole = "".join(lines[:-1]).encode()
    choices = {} if name == "minimal" else {"keys": keys_of(log)}
    if len(lines) == 1:
        with pytest.raises(BrokenHistory, match="no operation of a client"):
            read(whole + lines[-1].encode()[:cut], name, **choices)
        return
    found = read(whole + lines[-1].encode()[:cut], name, **choices)
    assert found.calls == read(whole, name, **choices).calls
    assert any(f"line {len(lines)} " in note for note in found.notes)
