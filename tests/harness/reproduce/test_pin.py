"""A failure on processes, pinned in the simulation: from a recorded run, and from one that is made here."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from checkers import files
from checkers.history import AnyEvent, Change, Dump, Message, Return
from tests.harness.commands import ROOT, SIMULATED, Outcome, living_in, stored, urushi, urushi_process, urushi_started

DATA = Path(__file__).parent / "data/on-processes"
RUN = "recorded"
PROPERTY, KEY = "no version regression", "k3"  # what that run broke
REPAIR = "r1/op 3/store/k3/r2"  # the message that broke it


def recorded(folder: Path, change: Callable[[list[AnyEvent]], list[AnyEvent]] | None = None, **plan: object) -> Path:
    """The run's folder, with other events, and with other parts of its plan."""
    run = folder / ".urushi/runs" / RUN
    run.mkdir(parents=True)
    history = files.read(DATA / "history.jsonl")
    events = history.events if change is None else change(history.events)
    files.write(msgspec.structs.replace(history, events=events), run / "history.jsonl")
    (run / "plan.json").write_text(json.dumps(json.loads((DATA / "plan.json").read_text()) | plan))
    return run


def without(*kinds: type) -> Callable[[list[AnyEvent]], list[AnyEvent]]:
    return lambda events: [event for event in events if not isinstance(event, kinds)]


def pin_among(folder: Path, **nearby: int) -> Outcome:
    """With so few candidates of each step, in a process of its own."""
    counts = {step.replace("_", " "): many for step, many in nearby.items()}
    code = f"from harness.reproduce import nearby; nearby.NEARBY = {counts}; from harness.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "pin", RUN, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def repair_unheard(events: list[AnyEvent]) -> list[AnyEvent]:
    """As if nobody had recorded that the message arrived which broke the promise."""
    for event in events:
        if (
            isinstance(event, Message)
            and f"{event.sender}/{event.origin}/{event.kind}/{event.key}/{event.to}" == REPAIR
        ):
            event.received = None
    return events


def test_a_pinned_run_breaks_the_same_promise_and_replays_identical(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    pinned = urushi(tmp_path, "pin", RUN, "--json")
    document = pinned.document
    assert pinned.code == 0
    assert (document["end"], document["property"], document["key"]) == ("found", PROPERTY, KEY)
    assert document["tries"] == {"recorded times": 1}
    report = document["report"]
    assert (report["stage"], report["promises"][PROPERTY]["keys"]) == ("simulation", [KEY])
    assert f"pinned: run {report['id']} breaks {PROPERTY} on key {KEY}" in pinned.err
    assert f"urushi shrink {report['id']}" in pinned.err
    link = {"from": RUN, "to": report["id"], "property": PROPERTY, "key": KEY, "likeness": "same key"}
    for folder in (run, tmp_path / report["folder"]):
        assert json.loads((folder / "pinned.json").read_text()) == {**link, "step": "recorded times", "tries": 1}
    replayed = urushi(tmp_path, "replay", report["id"], "--json")
    assert (replayed.code, replayed.document["identical"]) == (1, True)
    assert urushi(tmp_path, "pin", RUN, "--json").document["report"]["digest"] == report["digest"]


def test_the_plan_that_was_run_is_left_as_it_was(tmp_path: Path) -> None:
    run = recorded(tmp_path)
    before = (run / "plan.json").read_text()
    outcome = urushi_process(tmp_path, "pin", RUN)
    assert (run / "plan.json").read_text() == before
    assert "VIOLATED  no version regression   key k3" in outcome.out, outcome
    assert "found by: recorded times, after 1 try in " in outcome.out


def test_what_the_recorded_times_do_not_show_is_searched_for_around_them(tmp_path: Path) -> None:
    """By workers, which are gone afterwards; and the same again, try by try."""
    recorded(tmp_path, repair_unheard)
    documents = []
    for _ in range(2):
        outcome = urushi_process(tmp_path, "pin", RUN, "--json")
        assert outcome.code == 0, outcome.err
        documents.append(outcome.document)
    one, other = documents
    assert one["link"]["step"] == "message fates"
    assert one["tries"] == other["tries"]
    assert one["report"]["digest"] == other["report"]["digest"]
    assert one["report"]["promises"][PROPERTY]["keys"] == [KEY]
    assert not living_in(tmp_path)


def test_what_cannot_happen_in_the_simulation_is_not_pinned(tmp_path: Path) -> None:
    """The replicas of this plan have no flaw. The budget is kept."""
    recorded(tmp_path, flaw=None)
    outcome = urushi_process(tmp_path, "pin", RUN, "--budget", "2s", "--json")
    document = outcome.document
    assert outcome.code == 3
    assert (document["end"], document["link"], document["report"]) == ("time is up", None, None)
    assert document["took_s"] >= 2
    assert document["tries"]["recorded times"] == 16
    assert f"not pinned: no plan in the simulation broke {PROPERTY} on key {KEY} (the budget was used up" in outcome.err
    assert [path.name for path in (tmp_path / ".urushi/runs").iterdir()] == [RUN]
    assert not (tmp_path / ".urushi/runs" / RUN / "pinned.json").exists()


def test_all_tried_is_said(tmp_path: Path) -> None:
    recorded(tmp_path, flaw=None)
    outcome = pin_among(tmp_path, message_fates=3, small_shifts=2, wider=1)
    assert outcome.code == 3
    assert outcome.document["end"] == "all tried"
    tries = {"recorded times": 16, "message fates": 3, "small shifts": 2, "wider": 1}
    assert outcome.document["tries"] == tries
    assert "16 of recorded times, 3 of message fates, 2 of small shifts, 1 of wider" in outcome.err


def test_another_key_is_better_than_nothing_and_is_said(tmp_path: Path) -> None:
    """The history tells of key k3 what the plan, and so the simulation, does to k9."""
    plan: Any = json.loads((DATA / "plan.json").read_text())
    for operation in plan["operations"]:
        operation["key"] = "k9"  # also on r1, r2 and r3: all keys are, of three nodes
    recorded(tmp_path, operations=plan["operations"])
    outcome = pin_among(tmp_path, message_fates=4, small_shifts=4, wider=40)
    document = outcome.document
    assert outcome.code == 0
    assert (document["key"], document["link"]["likeness"]) == (KEY, "another key")
    assert document["report"]["promises"][PROPERTY]["keys"] == ["k9"]
    assert f"breaks {PROPERTY} on another key, as run {RUN} did on processes on key {KEY}" in outcome.err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_it_is_stopped(how: signal.Signals, tmp_path: Path) -> None:
    recorded(tmp_path, flaw=None)
    searching = urushi_started(tmp_path, "pin", RUN, "--json")
    assert searching.stderr is not None
    assert searching.stdout is not None
    told = iter(searching.stderr.readline, "")
    assert any(line.startswith("message fates") for line in told)
    workers = psutil.Process(searching.pid).children(recursive=True)
    assert len(workers) > 1
    searching.send_signal(how)
    out, err = searching.communicate(timeout=30)
    if how == signal.SIGINT:
        assert searching.returncode == 3
        assert json.loads(out)["end"] == "Ctrl-C"
        assert "stopped by Ctrl-C; tried: 16 of recorded times" in err
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    assert not living_in(tmp_path)


def test_a_simulated_run_needs_no_pin(tmp_path: Path) -> None:
    run_id = stored(tmp_path, "demo:purges-unconfirmed")["id"]
    outcome = urushi(tmp_path, "pin", run_id)
    assert outcome.code == 2
    assert "it is exact already" in outcome.said
    assert f"urushi replay {run_id}" in outcome.said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without(Message), "no message is recorded in it"),
        (without(Change, Dump, Return), "no promise was broken in this run: there is nothing to pin"),
    ],
)
def test_what_cannot_be_pinned_is_refused(
    change: Callable[[list[AnyEvent]], list[AnyEvent]], said: str, tmp_path: Path
) -> None:
    recorded(tmp_path, change)
    outcome = urushi(tmp_path, "pin", RUN)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.said


def test_a_run_that_did_not_end_is_refused(tmp_path: Path) -> None:
    (recorded(tmp_path) / "history.jsonl").unlink()
    outcome = urushi(tmp_path, "pin", RUN)
    assert outcome.code == 2
    assert "the run has no history: it did not end" in outcome.said


@pytest.mark.processes
@pytest.mark.parametrize("flaw", ["repairs-by-arrival", "purges-unconfirmed"])
def test_a_run_on_processes_is_pinned(flaw: str, tmp_path: Path) -> None:
    ran = urushi_process(tmp_path, "run", f"demo:{flaw}", "--json")
    assert ran.code == 1, ran.err
    pinned = urushi_process(tmp_path, "pin", ran.document["id"], "--json", deadline_s=110)
    assert pinned.code == 0, pinned.err
    link, report = pinned.document["link"], pinned.document["report"]
    assert link["from"] == ran.document["id"]
    assert link["likeness"] == "same key"
    assert link["key"] in report["promises"][link["property"]]["keys"]
    assert link["key"] in ran.document["promises"][link["property"]]["keys"]
    assert urushi(tmp_path, "replay", report["id"], *SIMULATED, "--json").document["identical"] is True
