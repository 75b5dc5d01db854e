"""Workflow commands, read back as GitHub's runner reads them."""

import re
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.known import let_through
from harness.report import annotations
from harness.run import Report
from tests.harness.judged import broken, held, order_of, result_of, unknown
from tests.harness.test_known import known


def read(line: str) -> tuple[str, str, str]:
    """The level, the title and the message. A property ends at a comma, the properties at two colons."""
    found = re.fullmatch(r"::(error|warning|notice) title=([^,:\r\n]*)::([^\r\n]*)", line)
    assert found, line
    return found[1], _plain(found[2]), _plain(found[3])


def _plain(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


@given(st.text(), st.text() | st.text("%0AaD:,\r\n"))
def test_any_text_is_one_command(title: str, message: str) -> None:
    assert read(annotations.command("error", title, message)) == ("error", title, message)


def test_each_outcome_has_its_level() -> None:
    order = order_of(1, 2, 3, 4, 5, 6)._replace(known=partial(let_through, known(3)))
    result = result_of({1: held(), 2: broken(), 3: broken(), 4: unknown(), 5: "no proxy"}, order)
    result.stopped = "--fail-fast"
    result.fixed = ["known failure 'x' did not happen in its one seed: remove it"]
    told = [read(line) for line in annotations.lines(order, result)]
    assert [(level, title.removeprefix("urushi default: ")) for level, title, _ in told] == [
        ("error", "seed 2 broke purge soundness"),
        ("error", "a known failure is fixed"),
        ("error", "the harness failed"),
        ("warning", "inconclusive"),
        ("warning", "not run"),
        ("notice", "known failure"),
    ]
    messages = [message for _, _, message in told]
    assert messages[0].startswith("VIOLATED  purge soundness ")
    assert "\n  Cause: r3 missed" in messages[0]
    assert "t (s)" not in messages[0]
    assert messages[0].endswith("\nReproduce: urushi run default --seed 2 --stage simulation")
    assert "no proxy" in messages[2]
    assert "was not applied" in messages[3]


def test_a_suite_that_holds_says_nothing() -> None:
    order = order_of(1, 2)
    assert annotations.lines(order, result_of({1: held(), 2: held()}, order)) == []


@pytest.mark.parametrize("count", [10, 11, 40])
def test_what_github_would_drop_is_said_to_be_elsewhere(count: int) -> None:
    order = order_of(*range(1, count + 1))
    told = annotations.lines(order, result_of({seed: broken() for seed in order.seeds}, order))
    assert len(told) == 10
    assert ("the summary and the log" in told[-1]) == (count > 10)


def test_a_value_cannot_give_commands() -> None:
    """Stories have keys and values of whatever system was tested."""
    story = broken().stories[0].replace("w1", "\n::stop-commands::x\r\n::error::y")
    report: Report = msgspec.structs.replace(broken(), stories=[story])
    order = order_of(1)
    (line,) = annotations.lines(order, result_of({1: report}, order))
    assert len(line.splitlines()) == 1
