"""Recorded runs with something wrong in their files, for `urushi check` and `replay`: a message or a verdict."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import plan as plans
from harness.demonstrations import PLANS
from harness.run import run
from harness.wrong import Wrong
from tests.fuzz.effort import cases, no_hang, told
from tests.fuzz.spoil import damaged, spoilt
from tests.fuzz.test_plans import WORDS, is_small
from tests.harness.commands import Outcome, urushi

pytestmark = pytest.mark.filterwarnings("ignore::checkers.files.TruncatedHistory")  # it is meant to be cut off
FILES = ("plan.json", "verdict.json", "history.jsonl")
EVENT_WORDS = [
    *WORDS,
    "r1.1",
    "r3.2",
    "put",
    "get",
    "ok",
    "unknown",
    "mend",
    "settled",
    "wiped",
    "applied",
    "purge",
    [1, "r1.1"],
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run that broke a promise, so that there is a story to tell as well."""
    folder = tmp_path_factory.mktemp("recorded")
    report = run(PLANS["purges-unconfirmed"]("purges-unconfirmed"), "simulation", runs=folder)
    assert report.verdict == "violated"
    return Path(report.folder)


def judge(folder: Path, *words: str) -> Outcome:
    """Without a traceback; wrong input is exit code 2 and one line, and no verdict comes with it. The one failure of
    ours that may be said: a simulation is not as it was recorded, for its record or its plan is another one now."""
    with no_hang():
        outcome = urushi(folder, *words)
    assert outcome.code in (0, 1, 2, 3) or "not identical to run" in outcome.out, outcome.err
    assert "Traceback" not in outcome.err
    if outcome.code == 2:
        assert outcome.err.startswith("wrong: ")
        assert not re.search("HOLDS|VIOLATED", outcome.out)
    return outcome


def copy_of(recorded: Path, folder: Path) -> Path:
    place = folder / "run"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(recorded, place)
    return place


class Lines(list[Any]):
    """Of a history; shown as what became of another."""

    def __init__(self, lines: list[Any], before: list[Any]) -> None:
        super().__init__(lines)
        self.before = before

    def __repr__(self) -> str:
        new = [(number, line) for number, line in enumerate(self, 1) if line not in self.before]
        gone = [(number, line) for number, line in enumerate(self.before, 1) if line not in self]
        return f"{len(self)} lines for {len(self.before)}, new: {new}, gone: {gone}"


@st.composite
def spoilt_lines(draw: st.DrawFn, lines: list[Any]) -> Lines:
    """One event with something wrong, or events that are missing, twice, or in another's place."""
    found = list(lines)
    for _ in range(draw(st.sampled_from([1, 1, 2, 5]))):
        at = draw(st.integers(0, len(found) - 1))
        edit = draw(st.sampled_from(["spoil", "spoil", "spoil", "spoil", "delete", "double", "cut", "swap"]))
        if edit == "spoil":
            found[at] = draw(spoilt([found[at]], EVENT_WORDS))[:1] or {}
            found[at] = found[at][0] if found[at] else {}
        elif edit == "delete" and len(found) > 1:
            del found[at]
        elif edit == "double":
            found.insert(at, found[at])
        elif edit == "cut":
            del found[max(at, 1) :]
        else:
            found[0], found[at] = found[at], found[0]
    return Lines(found, lines)


def test_a_spoilt_history_is_judged_or_refused(recorded: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (recorded / "history.jsonl").read_bytes().splitlines()]
    place = copy_of(recorded, tmp_path)
    seen: Counter[str] = Counter()

    @cases(120)
    @given(spoilt_lines(lines))
    def each(lines: list[Any]) -> None:
        (place / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        seen[f"exits with {judge(tmp_path, 'check', 'run').code}"] += 1

    each()
    told("histories", seen)
    assert seen["exits with 1"] > 10
    assert seen["exits with 2"] > 10


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_judged_or_refused(name: str, recorded: Path, tmp_path: Path) -> None:
    whole = (recorded / name).read_bytes()
    nested = st.integers(0, len(whole)).map(lambda at: whole[:at] + b"[" * 12_000)
    place = copy_of(recorded, tmp_path)

    @cases(30, share=0.1)
    @given(damaged(st.just(whole)) | nested | st.binary(max_size=20))
    def each(data: bytes) -> None:
        (place / name).write_bytes(data)
        judge(tmp_path, "check", "run")

    each()


@pytest.mark.parametrize("name", ["plan.json", "verdict.json"])
def test_a_spoilt_run_is_replayed_or_refused(name: str, recorded: Path, tmp_path: Path) -> None:
    whole = json.loads((recorded / name).read_bytes())
    place = copy_of(recorded, tmp_path)

    @cases(30, share=0.1)
    @given(spoilt(whole, [*WORDS, "simulation", "holds", "violated", "unknown"]))
    def each(document: Any) -> None:
        (place / name).write_text(json.dumps(document))
        try:
            small = is_small(plans.read(place / "plan.json"))
        except Wrong:
            small = True
        if small:
            judge(tmp_path, "check", "run")
            judge(tmp_path, "replay", "run", "--stage", "simulation")
        shutil.rmtree(tmp_path / ".urushi", ignore_errors=True)

    each()
