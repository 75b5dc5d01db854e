"""Odd words for every command and option: nothing is started, and the message is exit code 2 and no traceback."""

import re
from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wrong import Wrong
from tests.fuzz.effort import cases, no_hang, told
from tests.fuzz.spoil import damaged
from tests.harness.commands import urushi

OPTIONS = {  # by command: how many words it takes, and its options that take one
    "run": (1, ["--seed", "--stage", "--flaw", "--proxy"]),
    "suite": (1, ["--seeds", "--stage", "--flaw", "--proxy", "--jobs", "--keep", "--junit"]),
    "replay": (1, ["--times", "--stage", "--proxy"]),
    "check": (1, ["--model", "--format", "--nil", "--keys", "--initial", "--time-limit", "--memory-limit"]),
    "export": (2, []),
    "plan": (1, ["--seed", "--flaw"]),
    "list": (1, []),
    "doctor": (0, []),
}
FLAGS = [
    "--json",
    "--no-json",
    "--fail-fast",
    "--no-fail-fast",
    "--help",
    "--version",
    "-h",
    "--",
    "-",
    "---",
    "--x",
    "-x",
]
GOOD = ["default", "calm", "demo:takes-equal", "processes", "simulation", "auto", "stand-in", "skips-repair", "1..3",
        "1,2", "7", "all",
        "failures", "scenarios", "verdicts.xml"]  # fmt: skip
ODD = [
    "", " ", "\t", "-1", "0", "1.5", "1e9", "0x10", "٣", "+5", "1_0", "9" * 39, "9" * 41, "9" * 5_000, "-" + "9" * 30,
    "nan", "inf",
    "1..", "..2", "2..1", "1...3", "1..20001", "1,,2", ",", "1..9999999999999999999", "1,1", "a..b", "-3..3", "None",
    "null", "true",
    "[/]", "[bold]", "{}", "%s", "\\", "'", '"', "\x1b[31m", "\n", "\r", "é", "鍵", "\u202e", "\udcff", "a" * 300,
    "a" * 5_000,
    ".", "..", "/", "/dev/null", "/dev/full", "/dev/null/x", "~", "no.toml", "folder", "folder/x", "folder.toml",
    ".toml", "/.toml",
    "demo:", "demo:x", "demo:demo:", "a/b", "*", "**", "?", "[a", "x.json", "=", "--seed=", "--seed=x",
    "--json=maybe", "-vv",
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(GOOD),
    st.sampled_from(ODD),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
    damaged(st.sampled_from([word.encode() for word in GOOD])).map(
        lambda data: data.decode(errors="surrogateescape").replace("\x00", "")
    ),
)


@st.composite
def commands(draw: st.DrawFn) -> list[str]:
    command = draw(st.sampled_from(sorted(OPTIONS)))
    words, options = OPTIONS[command]
    found = [command, *draw(st.lists(WORDS, max_size=words))]
    for option in draw(st.lists(st.sampled_from(options), max_size=3)) if options else []:
        word = draw(WORDS)
        found += draw(st.sampled_from([[option, word], [option, word], [option], [f"{option}={word}"]]))
    found += draw(st.lists(st.sampled_from(FLAGS), max_size=1))
    if draw(st.integers(0, 19)) == 19:
        found.insert(draw(st.integers(0, len(found))), draw(WORDS))
    return found


def test_odd_words_are_refused_or_mean_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be started is not: whoever gets so far has said nothing wrong."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "x.json").write_text("[]")
    (tmp_path / "xml").mkdir()
    started = mock.Mock(side_effect=Wrong("here", "it would start", "say nothing"))
    monkeypatch.setattr("harness.run.run", started)
    monkeypatch.setattr("harness.reproduce.replay.run", started)
    monkeypatch.setattr("harness.suite.perform", started)
    seen: Counter[str] = Counter()

    @cases(250)
    @given(commands())
    def each(words: list[str]) -> None:
        started.reset_mock()
        with no_hang():
            outcome = urushi(tmp_path, *words)
        assert "Traceback" not in outcome.err
        if outcome.code == 0:
            seen["done"] += 1
            assert not started.called
        else:
            assert outcome.code == 2, outcome.err
            assert re.search(r"\w", outcome.err)
            assert outcome.out == "" or started.called
            seen["would start" if started.called else "refused"] += 1

    each()
    told("arguments", seen)
    assert seen["refused"] > 50
    assert seen["would start"] > 3
