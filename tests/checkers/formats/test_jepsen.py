"""Jepsen's histories and log lines: excerpts in its style, made by hand, and what is wrong with a file."""

from pathlib import Path
from typing import Any

import pytest

from checkers.calls import Call, calls_of
from checkers.files import BrokenHistory
from checkers.formats import jepsen, table
from checkers.formats.choices import Choices, Foreign
from tests.checkers.story import Story, live

REGISTER = ("read", "write", "cas")
EDN = """\
{:type :invoke, :f :write, :value 1, :process 0, :time 10, :index 0}
{:type :info, :f :start-partition, :value nil, :process :nemesis, :time 11, :index 1}
#jepsen.history.Op{:index 2, :time 12, :type :invoke, :process 1, :f :read, :value nil}
{:type :ok, :f :read, :value nil, :process 1, :time 13, :index 3}
{:type :info, :f :write, :value 1, :process 0, :time 14, :index 4, :error [:timeout "no answer"]}
{:type :invoke, :f :cas, :value [1 2], :process 5, :time 15, :index 5}
{:type :info, :f :start-partition, :value {"n1" #{"n2"}}, :process :nemesis, :time 16, :index 6}
{:type :fail, :f :cas, :value [1 2], :process 5, :time 17, :index 7, :error :precondition}
{:type :invoke, :f :read, :value nil, :process 1, :time 18, :index 8}
"""
TEXT = """\
INFO  jepsen.os.debian - :n3 debian set up
INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 0	:invoke	:write	1
INFO  jepsen.util - :nemesis	:info	:start	"Cut off {:n1 #{:n2}}"
INFO  jepsen.util - 1   :invoke :read   nil
INFO  jepsen.util - 1   :ok     :read   nil
WARN  jepsen.core - Process 0 indeterminate
java.net.SocketTimeoutException: Read timed out
	at java.net.SocketInputStream.read(SocketInputStream.java:129)
INFO  jepsen.util - 0	:info	:write	:timed-out
2024-02-03 10:11:12,345{GMT}	INFO	[jepsen worker 0] jepsen.util: 5	:invoke	:cas	[1 2]
2024-02-03 10:11:12,346{GMT}	INFO	[jepsen worker 0] jepsen.util: 5	:fail	:cas	[1 2]	[2 "not {leader"]
2024-02-03 10:11:12,347{GMT}	INFO	[jepsen worker 1] jepsen.util: 1	:invoke	:read	nil
INFO  jepsen.core - Worker 1 done
"""


def read(folder: Path, text: str, name: table.Name = "edn", functions: Any = REGISTER, **choices: Any) -> Foreign:
    path = folder / "history"
    path.write_text(text, encoding="utf-8")
    return table.read(path, name, functions, Choices(**choices), lambda: None)


def briefly(calls: list[Call]) -> list[tuple[Any, ...]]:
    return [
        (call.process, call.function, call.key, call.value, call.result, call.outcome, call.start, call.end)
        for call in calls
    ]


def test_edn(tmp_path: Path) -> None:
    found = read(tmp_path, EDN)
    assert briefly(found.calls) == [
        ("0", "write", None, 1, None, "unknown", 0, None),
        ("1", "read", None, None, None, "ok", 2, 3),
        ("5", "cas", None, (1, 2), None, "failed", 5, 7),
        ("1", "read", None, None, None, "unknown", 8, None),
    ]
    assert [call.id for call in found.calls] == [1, 3, 6, 9], "the lines of their invocations"
    assert found.order == "index"
    assert found.notes == [
        "operations of :nemesis, which is no client, left out: 2",
        "operations without a completion, taken as unknown: 1",
    ]


@pytest.mark.parametrize("form", ["[{}]", "({})", "; a comment\n[\n{}\n]\n", "{}"])
def test_one_form_or_many(form: str, tmp_path: Path) -> None:
    assert briefly(read(tmp_path, form.replace("{}", EDN)).calls) == briefly(read(tmp_path, EDN).calls)


def test_order_is_that_of_the_field_and_not_of_the_file(tmp_path: Path) -> None:
    shuffled = "\n".join(reversed(EDN.splitlines()))
    assert briefly(read(tmp_path, shuffled).calls) == briefly(read(tmp_path, EDN).calls)
    by_time = read(tmp_path, shuffled.replace(":index", ":ignored"))
    assert by_time.order == "time"
    assert [(call.start, call.end) for call in by_time.calls] == [(10, None), (12, 13), (15, 17), (18, None)]


def test_text(tmp_path: Path) -> None:
    found = read(tmp_path, TEXT, "text")
    assert briefly(found.calls) == [
        ("0", "write", None, 1, None, "unknown", 3, None),
        ("1", "read", None, None, None, "ok", 5, 6),
        ("5", "cas", None, (1, 2), None, "failed", 11, 12),
        ("1", "read", None, None, None, "unknown", 13, None),
    ]
    assert found.order == "line"
    assert found.notes == [
        "operations of :nemesis, which is no client, left out: 1",
        "lines that are no operation, left out: 6",
        "operations without a completion, taken as unknown: 1",
    ]


def test_a_read_of_nil_may_tell_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, EDN, nil="unknown")
    assert [call.function for call in found.calls] == ["write", "cas", "read"]
    assert "reads of nil, which tell nothing: 1 left out" in found.notes
    txn = '{:process 0 :type :invoke :f :txn :value [[:r :x nil] [:w :y 1] [:r "z" nil]]}\n'
    told = txn.replace(":invoke", ":ok").replace('"z" nil', '"z" 3')
    call = read(tmp_path, txn + told, functions=("txn",), nil="unknown").calls[0]
    assert call.value == (("write", ":y", 1), ("read", "z", None))
    assert call.result == (("write", ":y", 1), ("read", "z", 3))


def ops(*lines: str) -> str:
    return "".join(f"{{:process {number}, :type {line}}}\n" for number, line in enumerate(lines))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (ops(":invoke :f :read :value [1 nil]", ":invoke :f :write :value [2 [3 4]]"), ["1", "2"]),
        (ops(":invoke :f :cas :value [:x [1 2]]", ":invoke :f :write :value [:y 2]"), [":x", ":y"]),
        (ops(":invoke :f :txn :value [7 [[:r :x nil]]]"), ["7"]),
        (ops(":invoke :f :txn :value [[:r :x nil] [:w :y 1]]"), [None]),
        (ops(":invoke :f :cas :value [1 2]", ":invoke :f :cas :value [0 2]"), [None, None]),
        (ops(":invoke :f :read :value nil", ":invoke :f :add :value [1 2]"), [None, None]),
        (ops(":invoke :f :read :value nil :key 5", ":invoke :f :add :value [1 2] :key [6]"), ["5", "[6]"]),
        (ops(":invoke :f :read :value [1 nil]", ':invoke :f :read :value ["1" nil]'), ["1", "1 (str)"]),
        (ops(":invoke :f :read :value [1 nil]", ":invoke :f :read :value [1.0 nil]"), ["1", "1.0"]),
    ],
)  # fmt: skip
def test_keys_are_found_by_what_operations_ask_with(text: str, keys: list[str | None], tmp_path: Path) -> None:
    found = read(tmp_path, text, functions=(*REGISTER, "add", "txn"))
    assert [call.key for call in sorted(found.calls, key=lambda call: call.process)] == keys


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no operation of a client is in this file"),
        ("{:process 0 :type :invoke\n{:process 0 :type :ok :f :read}", 1, "column 1: '{' is never closed by '}'"),
        ("[{:process 0 :type :invoke :f :read}\n)\n", 2, "column 1: ')' where ']' would close the '[' of line 1"),
        ("{:process 0 :type :invok :f :read}", 1, "the :type :invok: allowed are :invoke, :ok, :fail, :info"),
        ("{:type :invoke :f :read}", 1, "an operation with the :process nil"),
        ("{:process 0 :type :invoke}", 1, "an operation with the :f nil"),
        ("{:process 0 :type :invoke :f :read :index 1.5}", 1, ":index is 1.5: a whole number was expected"),
        ("5", 1, "5 is no operation"),
        (ops(":invoke :f :raed"), 1, "'raed'; it knows: read, write, cas; did you mean 'read'?"),
        (ops(":invoke :f :enqueue"), 1, "does not know the function 'enqueue'; it knows: read, write, cas"),
        (ops(":ok :f :read"), 1, "process 0 is told ok of read, which it did not ask"),
        (EDN.replace(":fail, :f :cas", ":fail, :f :write"), 8, "is told of write, and asked cas in line 6"),
        (EDN.replace(":index 7", ":index 5"), 8, "the index 5 is that of line 6 too"),
        (EDN.replace(", :index 7", "").replace(":time", ":at"), 8, "without index, which that of line 1 has"),
        (ops(":invoke :f :cas :value 3"), 1, "the value 3 of cas is no pair of an old and a new value"),
        (ops(":invoke :f :read :value [1 nil]", ":invoke :f :write :value 2"), 2, "the value 2 of write is no tuple"),
        (
            ops(":invoke :f :read :value [1 nil]") + "{:process 0 :type :ok :f :read :value 3}",
            2,
            "the value 3 is no tuple of a key and a value",
        ),
        (
            ops(":invoke :f :read :value [1 nil]") + "{:process 0 :type :ok :f :read :value [2 3]}",
            2,
            "read is told of key 2, and asked key 1 in line 1",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenHistory) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{:type :ok :f :txn :process 0 :value [[:r :x 1]]}", "did not ask"),
        (ops(":invoke :f :txn :value [[:append :x 1]]"), "is no list of reads [:r key nil] and writes [:w key value]"),
        (
            ops(":invoke :f :txn :value [[:r :x nil]]") + "{:process 0 :type :ok :f :txn :value [[:r :y 1]]}",
            "its parts must be the same",
        ),
        (
            ops(":invoke :f :contains :value 1") + "{:process 0 :type :ok :f :contains :value 1}",
            "neither true nor false",
        ),
    ],
)
def test_values_that_do_not_fit_their_function(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenHistory, match=said.replace("[", r"\[").replace("]", r"\]")):
        read(tmp_path, text, functions=("txn", "contains"))


def test_the_missing_end_of_a_vector_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "[" + EDN)
    assert briefly(found.calls) == briefly(read(tmp_path, EDN).calls)
    assert any("the end of the file is missing" in note for note in found.notes)
    cut = read(tmp_path, f"[{EDN}{{:type :ok, :value [1")
    assert briefly(cut.calls) == briefly(found.calls)
    assert "line 10 was cut off, and its operation left out" in cut.notes


def test_text_that_looks_like_an_operation_and_is_none(tmp_path: Path) -> None:
    with pytest.raises(BrokenHistory, match="line 1: an operation of the type :invok: allowed are :invoke, :ok"):
        read(tmp_path, "INFO  jepsen.util - 3\t:invok\t:read\tnil\n", "text")
    with pytest.raises(BrokenHistory, match=r"line 1: the value of write, '\[1', is no EDN"):
        read(tmp_path, "INFO  jepsen.util - 3\t:invoke\t:write\t[1\n", "text")
    found = read(tmp_path, TEXT.removesuffix("INFO  jepsen.core - Worker 1 done\n").removesuffix("\n"), "text")
    assert "line 13 has no line feed, so it may have been cut off, and is left out" in found.notes
    assert len(found.calls) == 3


def test_bytes_that_are_no_text_are_named_by_their_place(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b";\n; \xff\n")
    with pytest.raises(BrokenHistory, match="line 2: column 3: this is no text in UTF-8"):
        jepsen.read(path, lambda: None)


def test_a_run_reads_back_from_edn_as_the_same_calls(tmp_path: Path) -> None:
    """But for a delete, which is a write of nil, and for what Jepsen has no place for: node, level, version."""
    story = Story(keys="kl")
    a, b = story.ask("put", 'w"1', session="c1"), story.ask("get", session="c2", key="l")
    story.back(b, None)
    story.back(a, None, "unknown")
    c, d = story.ask("delete", session="c3"), story.ask("put", "w2", session="c1")
    story.back(d, None, "failed")
    e = story.ask("get", session="c2")
    story.back(e, live(3, "w2"))
    story.back(c, None)
    history = story.history()
    text = "\n".join(jepsen.lines_of(history))
    found = read(tmp_path, text)
    assert found.order == "index"
    names = {"c1": ["0", "3"], "c2": ["1"], "c3": ["2"]}
    theirs = sorted(briefly(found.calls), key=lambda call: call[6])
    for ours, their in zip(calls_of(history), theirs, strict=True):
        assert their[0] in names[ours.process]
        assert their[1] == ("write" if ours.function == "delete" else ours.function)
        assert their[2:6] == (ours.key, ours.value, ours.result, ours.outcome)
    assert [call[0] for call in theirs] == ["0", "1", "2", "3", "1"], "who crashed goes on under another number"
