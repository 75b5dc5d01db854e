"""The minimal format, as its guide has it; our own; and how a file is told to be of which."""

from pathlib import Path
from typing import Any

import pytest

from checkers import files
from checkers.calls import calls_of
from checkers.files import BrokenHistory
from checkers.formats import table
from checkers.formats.choices import Choices, Foreign
from checkers.formats.ops import PAUSE_EVERY
from tests.checkers.story import Story, live

MINIMAL = """\
{"process": 0, "type": "invoke", "f": "write", "key": "x", "value": 1, "time": 100}
{"process": "nemesis", "type": "info", "f": "kill", "value": "n1", "time": 101}
{"process": "b", "type": "invoke", "f": "read", "key": "x", "time": 101, "node": "n2"}

{"process": "b", "type": "ok", "f": "read", "key": "x", "value": {"a": [1, null]}, "time": 102}
{"process": 0, "type": "info", "f": "write", "time": 103}
"""


def read(folder: Path, text: str, name: table.Name = "minimal", functions: Any = ("read", "write")) -> Foreign:
    path = folder / "history"
    path.write_text(text, encoding="utf-8")
    return table.read(path, name, functions, Choices(), lambda: None)


def test_minimal(tmp_path: Path) -> None:
    found = read(tmp_path, MINIMAL)
    write, read_ = found.calls
    assert (write.process, write.function, write.key, write.value) == ("0", "write", "x", 1)
    assert (write.outcome, write.start, write.end, write.id) == ("unknown", 100, None, 1)
    assert (read_.process, read_.result, read_.outcome, read_.start, read_.end) == (
        "b",
        {"a": (1, None)},
        "ok",
        101,
        102,
    )
    assert hash(read_.result)
    assert found.order == "time"
    assert found.notes == ["operations of nemesis, which is no client, left out: 1"]
    assert read(tmp_path, f"\ufeff{MINIMAL}").calls == found.calls


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"type": "invoke", "f": "read"}', "missing required field `process`"),
        ('{"process": 0, "type": "invok", "f": "read"}', "Invalid enum value 'invok'"),
        ('{"process": 0.5, "type": "invoke", "f": "read"}', "Expected `int | str`, got `float`"),
        ('{"process": 0, "type": "invoke", "f": "read", "time": 1.5}', "Expected `int | null`, got `float`"),
        ("[]", "got `array`"),
        ("{", "Input data was truncated"),
        ('{"process": 0, "type": "invoke", "f": "read", "value": ' + "[" * 100_000, "depth"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenHistory) as caught:
        read(tmp_path, f"\n{line}\n")
    assert "line 2: no operation: " in str(caught.value)
    assert said in str(caught.value)


def test_our_own_files_are_read_too(tmp_path: Path) -> None:
    story = Story()
    story.write(live(1, "w1"), "A", "B")
    story.get(live(1, "w1"))
    files.write(story.history(), tmp_path / "history")
    text = (tmp_path / "history").read_text(encoding="utf-8")
    found = read(tmp_path, text[:-5], "urushi")
    assert [call.function for call in found.calls] == ["write", "read"]
    assert [call.outcome for call in found.calls] == ["ok", "unknown"]
    assert "cut off and dropped" in found.notes[0]
    assert read(tmp_path, text, "urushi").calls == calls_of(files.read(tmp_path / "history"))
    with pytest.raises(BrokenHistory, match="operation 2 is a read, which the model does not know: write, cas"):
        read(tmp_path, text, "urushi", ("write", "cas"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"event": "header", "format": 1}\n', "urushi"),
        ('{"format":1,"event":"header"}\n', "urushi"),
        (MINIMAL, "minimal"),
        ('\n\n { "process": 0}', "minimal"),
        ('[{"process": 0}]', "minimal"),
        ("{:type :ok}", "edn"),
        ("[{:type :ok}]", "edn"),
        ("\ufeff; from Jepsen\n[", "edn"),
        ("(\n", "edn"),
        ("#jepsen.history.Op{:type :ok}", "edn"),
        ("INFO  jepsen.util - 0\t:invoke\t:read\tnil\n", "text"),
        ("2024-02-03 10:11:12,345{GMT}\tINFO", "text"),
        ("0\t:invoke\t:read\tnil\n", "text"),
        ("", "text"),
    ],
)
def test_the_format_shows_in_how_a_file_begins(text: str, name: table.Name, tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text(text, encoding="utf-8")
    assert table.detect(path) == name


class Enough(Exception):
    pass


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("edn", "{:process 0 :type :info :f :read}\n"),
        ("edn", "{:process 0 :type :info :f :read} "),
        ("text", "0 :info :read nil\n"),
        ("minimal", '{"process": 0, "type": "info", "f": "read"}\n'),
    ],
)
def test_reading_can_be_ended(name: table.Name, line: str, tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text(line * (3 * PAUSE_EVERY), encoding="utf-8")
    asked = 0

    def pause() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise Enough

    with pytest.raises(Enough):
        table.read(path, name, ("read",), Choices(), pause)
