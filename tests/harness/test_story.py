"""What a failure reads like: by it alone one must be able to say what happened, in which order, and why."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from checkers import files
from checkers.history import Change, Message
from harness.demonstrations import PLANS
from harness.report.lines import fold
from harness.run import Report, run
from replicas.store.flaws import FLAWS


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """r3 has the value and misses its deletion; the tombstone is purged without asking it."""
    return run(PLANS["purges-unconfirmed"]("purges-unconfirmed"), "simulation", runs=tmp_path_factory.mktemp("runs"))


def story_of(report: Report, promise: str) -> str:
    (story,) = (story for story in report.stories if story.startswith(f"VIOLATED  {promise} "))
    return story


def test_what_went_wrong_first_is_told_first(report: Report) -> None:
    """The purge is the mistake. Then the value comes back, and in the final state the delete is lost."""
    promises = [story.removeprefix("VIOLATED  ").split("   ")[0] for story in report.stories]
    assert promises[0] == "purge soundness"
    fallout = {"no version regression", "no tombstone resurrection", "reads see acknowledged writes", "linearizability"}
    assert set(promises[1:-1]) == fallout
    assert promises[-1] == "acknowledged writes kept"
    assert set(promises) == {name for name, found in report.promises.items() if found.verdict == "violated"}


def test_the_title_names_the_configuration(report: Report) -> None:
    title = report.stories[0].splitlines()[0]
    for part in ("key k3 ", "purge confirmed", "r1 r2 r3", "N=3 R=2 W=2", "flaw purges-unconfirmed"):
        assert part in title


def test_the_story_of_a_resurrection(report: Report) -> None:
    """The key, what happened to it, why, the rule with its figures, the fault that was on."""
    story = story_of(report, "no tombstone resurrection")
    lines = story.splitlines()
    assert re.match("  key k3: r[12] ", lines[1])
    assert "✝ v2" in lines[1]
    assert '"w1" v1' in lines[1]
    assert lines[2].startswith("  Cause: r3 missed ✝ v2 (delete, op 2): ")
    assert lines[3] == "  Rule broken: what was deleted is not installed again (v1 < ✝ v2)."
    assert lines[4] == "  Faults before it: f1 isolate r3 from 0.300 s until 2.000 s."
    assert lines[-1] == f"  Reproduce:  urushi replay {report.id}"


def test_the_message_that_is_named_is_the_one_that_carried_the_bad_value(report: Report) -> None:
    story = story_of(report, "no tombstone resurrection")
    ((origin, to, name, at),) = re.findall(
        r"anti-entropy (round \S+) brought v1 r3 → (r[12]) \(message (\S+), (\S+) s\)", story
    )
    history = files.read(Path(report.folder) / "history.jsonl")
    (message,) = (each for each in history.events if isinstance(each, Message) and (each.id, each.to) == (name, to))
    assert (message.sender, message.key, message.kind, message.origin) == ("r3", "k3", "store", origin)
    changes = [each for each in history.events if isinstance(each, Change) and (each.message, each.node) == (name, to)]
    assert [(change.new.value, f"{change.at / 1e9:.3f}") for change in changes if change.new] == [("w1", at)]


def test_every_message_that_brought_something_changed_what_it_is_said_to(report: Report) -> None:
    """A message to several nodes has one id, and only the one that the evidence is about is named."""
    history = files.read(Path(report.folder) / "history.jsonl")
    changed = {(each.message, each.node) for each in history.events if isinstance(each, Change)}
    brought = r"brought [^;]* → (\S+) \(message (\S+),"
    named = [found for story in report.stories for found in re.findall(brought, story)]
    assert len(named) > 2
    assert {(name, to) for to, name in named} <= changed


def test_a_fault_is_still_on_when_its_end_came_after_what_went_wrong(report: Report) -> None:
    assert "  Faults before it: f1 isolate r3 from 0.300 s and still on." in report.stories[0].splitlines()


def test_the_table_has_a_column_a_replica_and_marks_the_evidence(report: Report) -> None:
    lines = story_of(report, "no tombstone resurrection").splitlines()
    head = next(line for line in lines if line.startswith("   t (s)"))
    assert head.split() == ["t", "(s)", "r1", "r2", "r3"]
    (back,) = (line for line in lines if "w1 v1 !" in line)
    node = next(node for node in ("r1", "r2") if back.index("w1") == head.index(node))
    assert re.search(rf"  anti-entropy, round {node}/\d+, via r3/\d+$", back)
    assert sum("  purge (purge)" in line for line in lines) == 2
    assert any("op 2 delete" in line for line in lines)
    assert any(line.endswith("  f1 off: isolate r3") for line in lines)
    times = [float(line.split()[0]) for line in lines if re.match(r" +\d+\.\d{3} ", line)]
    assert times == sorted(times)
    assert len(times) > 8


@pytest.mark.parametrize("name", sorted({name for name, flaw in FLAWS.items() if flaw.breaks} & PLANS.keys()))
def test_a_story_is_short_and_can_be_read_in_a_narrow_terminal(name: str, tmp_path: Path) -> None:
    told = run(PLANS[name](name), "simulation", runs=tmp_path)
    assert told.stories
    for story in told.stories:
        assert len(story.splitlines()) <= 30
        narrow = fold(story, 80)
        assert all(cell_len(line) <= 80 for line in narrow.splitlines())
        assert narrow.split() == story.split()


def test_only_the_first_violation_is_told_the_others_are_counted(report: Report) -> None:
    for name, promise in report.promises.items():
        if promise.verdict == "violated":
            story = story_of(report, name)
            more = re.search(r"And (\d+) more", story)
            assert (int(more[1]) if more else 0) + 1 == promise.violations
