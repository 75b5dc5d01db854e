"""Whole runs on real processes, through both proxies. What is left of one that is broken off: see test_cleanup."""

import re
from pathlib import Path

import msgspec
import pytest

from checkers import files
from checkers.history import Change, Dump, Fault, History, Life, Message, Metrics, Phase, Rounds
from harness.compare.measures import measure
from harness.faults.kinds import MS
from harness.faults.kinds import Fault as PlannedFault
from harness.run import Prefer, perform, run, silent
from harness.scenario import draw, load
from harness.stages.processes.links.server import NoServer, find
from harness.wrong import Wrong

pytestmark = pytest.mark.processes


def wanted(proxy: Prefer) -> Prefer:
    try:
        find(proxy)
    except NoServer as problem:
        pytest.skip(str(problem))
    return proxy


@pytest.mark.parametrize("proxy", ["toxiproxy", "stand-in"])
def test_a_default_seed_holds(proxy: Prefer, tmp_path: Path) -> None:
    plan, drawn = draw(load("default"), "default", seed=8)
    report = run(plan, "processes", proxy=wanted(proxy), runs=tmp_path, drawn=drawn)
    assert report.verdict == "holds", report.stories or report.reasons
    assert all(fault.applied for fault in report.faults)
    assert sum(fault.bit for fault in report.faults) > 0
    history = files.read(tmp_path / report.id / "history.jsonl")
    kinds = {type(event) for event in history.events}
    assert {Change, Fault, Life, Message} <= kinds
    for name in plan.cluster.names():
        left = {path.name for path in (tmp_path / report.id / name).iterdir()}
        assert {"copies.db", "trail.jsonl", "log.txt", "spec.json"} <= left


def test_faults_that_begin_together_on_one_link_are_both_proven(tmp_path: Path) -> None:
    """The second finds the lever being pulled by the first, and must wait until it is: a probe would still get
    through. Twelve times, since it is a race."""
    plan, _ = draw(load("calm"), "calm", seed=1)
    faults = []
    for number in range(12):
        start = (100 + 150 * number) * MS
        faults.append(PlannedFault(f"all{number}", "black-hole", ["r1", "r2"], start, start + 100 * MS))
        faults.append(PlannedFault(f"one{number}", "isolate", ["r1"], start + number * MS // 4, start + 100 * MS))
    report = run(msgspec.structs.replace(plan, faults=faults), "processes", runs=tmp_path)
    assert [fault.evidence for fault in report.faults if not fault.applied] == []


def test_overlapping_faults_on_one_link_are_both_seen_and_healed(tmp_path: Path) -> None:
    """The link opens when the last fault that holds it ends."""
    plan, _ = draw(load("calm"), "calm", seed=1)
    faults = [
        PlannedFault("f1", "isolate", ["r1"], 300 * MS, 900 * MS),
        PlannedFault("f2", "one-way", ["r1", "r2"], 600 * MS, 1500 * MS),
    ]
    report = run(msgspec.structs.replace(plan, faults=faults), "processes", runs=tmp_path)
    assert report.verdict == "holds", report.stories or report.reasons
    history = files.read(tmp_path / report.id / "history.jsonl")
    cut = [
        message.at
        for message in history.events
        if isinstance(message, Message) and (message.sender, message.to) == ("r1", "r2") and message.received is None
    ]
    assert [at for at in cut if 900 * MS < at < 1500 * MS], "the one-way cut did not outlast the isolation"


BEATS = {"beat_on_ns": 40 * MS, "beat_off_ns": 20 * MS}
EVENTFUL = [
    PlannedFault("f1", "slow", ["r1"], 200 * MS, 800 * MS, BEATS),
    PlannedFault("f2", "flapping", ["r2", "r3"], 300 * MS, 900 * MS, BEATS),
    PlannedFault("f3", "wipe", ["r2"], 1000 * MS, 1300 * MS),
    PlannedFault("f4", "stop", ["r1"], 1400 * MS, 1700 * MS),
    PlannedFault("f5", "isolate", ["r1"], 1600 * MS, 1601 * MS),
    PlannedFault(
        "f6", "latency", ["r1", "r2", "r3"], 1650 * MS, 2000 * MS, {"delay_ns": 30 * MS, "jitter_ns": 10 * MS}
    ),
    PlannedFault("f7", "kill", ["r3"], 1990 * MS, 2000 * MS),
]


@pytest.mark.parametrize("proxy", ["toxiproxy", "stand-in"])
def test_an_eventful_plan_leaves_one_node_down(proxy: Prefer, tmp_path: Path) -> None:
    """Beats, a wipe, faults that end before they are fully applied or exactly with unrest: all is healed, r3 goes."""
    calm, _ = draw(load("calm"), "calm", seed=1)
    operations = [each for each in calm.operations if each.at_ns < 2000 * MS]
    plan = msgspec.structs.replace(
        calm, operations=operations, faults=EVENTFUL, unrest_ns=2000 * MS, down=["r3"], mend_rounds_max=30
    )
    report = run(plan, "processes", proxy=wanted(proxy), runs=tmp_path)
    history = files.read(tmp_path / report.id / "history.jsonl")
    marks = {(event.fault, event.phase): event for event in history.events if isinstance(event, Fault)}
    assert {fault for fault, phase in marks if phase == "applied"} == {fault.id for fault in EVENTFUL}
    assert {fault for fault, phase in marks if phase == "healed"} == {fault.id for fault in EVENTFUL}
    assert len(marks) == 2 * len(EVENTFUL)
    for beating in ("f1", "f2"):
        beats = re.fullmatch(r"let go after (\d+) beats", marks[beating, "healed"].evidence)
        assert beats is not None
        assert int(beats[1]) >= 2, "pulled, let go, and pulled again"
    assert marks["f4", "applied"].evidence == "r1: stop: gone, in order"

    phases = {event.name: event for event in history.events if isinstance(event, Phase)}
    assert phases["mend"].down == ["r3"]
    assert max(event.at for event in marks.values()) < phases["mend"].at
    lives = [event for event in history.events if isinstance(event, Life) and event.node != "r3"]
    assert [(life.incarnation, life.what) for life in lives if life.node == "r2"] == [
        ("r2.1", "started"),
        ("r2.1", "wiped"),
        ("r2.2", "started"),
    ]
    assert [life.what for life in lives if life.node == "r1"] == ["started", "stopped", "started"]
    last = [event for event in history.events if isinstance(event, Life) and event.node == "r3"][-1]
    assert last.what == "killed"
    assert last.at > phases["mend"].at

    dumps = [event for event in history.events if isinstance(event, Dump)]
    assert {(dump.node, dump.incarnation) for dump in dumps} == {("r1", "r1.1"), ("r2", "r2.2")}
    assert {event.node for event in history.events if isinstance(event, Rounds)} == {"r1", "r2"}
    counted = {event.node: event.values for event in history.events if isinstance(event, Metrics)}
    assert set(counted) == {"r1", "r2"}
    assert all(counted.values())
    after = history.events[history.events.index(phases["end"]) + 1 :]
    assert all(isinstance(event, Message | Change) for event in after), "the replicas go on until they are stopped"
    assert report.verdict == "holds", report.stories or report.reasons


def test_the_stand_in_is_taken_for_a_plan_in_which_toxiproxy_could_hang(tmp_path: Path) -> None:
    """And the run says so, and why."""
    wanted("toxiproxy")
    calm, _ = draw(load("calm"), "calm", seed=1)
    large = "x" * 500_000
    operations = [
        msgspec.structs.replace(each, value=f"{each.value} {large}") if each.value else each
        for each in calm.operations[:40]
    ]
    faults = [
        PlannedFault("f1", "pause", ["r2"], 300 * MS, 900 * MS),
        PlannedFault("f2", "isolate", ["r2"], 500 * MS, 700 * MS),
    ]
    plan = msgspec.structs.replace(calm, operations=operations, faults=faults)
    said: list[str] = []
    report = run(plan, "processes", runs=tmp_path, say=said.append)
    assert report.proxy is not None
    assert report.proxy.startswith("the stand-in, Toxiproxy could hang: f1 (pause) stops r2")
    assert report.proxy in said[0]
    assert report.verdict == "holds", report.stories or report.reasons
    with pytest.raises(Wrong, match="--proxy toxiproxy: Toxiproxy could hang"):
        run(plan, "processes", proxy="toxiproxy", runs=tmp_path)


def test_a_measured_run_knows_how_long_messages_are_and_what_was_spent(tmp_path: Path) -> None:
    """As the simulation has it of the same plan, but for some wider numbers; CPU time goes on after a restart."""
    plan, _ = draw(load("calm"), "calm", seed=1)
    plan = msgspec.structs.replace(plan, faults=[PlannedFault("f1", "kill", ["r1"], 1_000 * MS, 1_500 * MS)])
    history, _ = perform(plan, "processes", tmp_path / "run", "auto", silent, measured=True)
    simulated, _ = perform(plan, "simulation", tmp_path / "none", "auto", silent, measured=True)
    lengths = [_length_by_kind(each) for each in (history, simulated)]
    for kind in ("store", "stored", "fetch", "fetched", "compare"):
        assert lengths[0][kind] == pytest.approx(lengths[1][kind], abs=30)
    looks = [event for event in history.events if isinstance(event, Metrics) and "cpu_us" in event.values]
    assert {event.node for event in looks} == set(plan.cluster.names())
    counts = measure(plan, history).counts
    assert counts["operations timed"] == len(plan.operations)
    last = {event.node: event.values["cpu_us"] for event in looks}
    before_the_kill = max(event.values["cpu_us"] for event in looks if event.node == "r1" and event.at < 1_000 * MS)
    assert counts["cpu us"] >= sum(last.values()) + before_the_kill > 0
    assert "cpu us" not in measure(plan, simulated).counts
    plain, _ = perform(plan, "processes", tmp_path / "plain", "auto", silent)
    assert all(event.bytes is msgspec.UNSET for event in plain.events if isinstance(event, Message))
    assert "looked" not in (tmp_path / "plain" / "r1" / "trail.jsonl").read_text()


def _length_by_kind(history: History) -> dict[str, float]:
    lengths: dict[str, list[int]] = {}
    for event in history.events:
        if isinstance(event, Message):
            assert event.bytes is not msgspec.UNSET
            lengths.setdefault(event.kind, []).append(event.bytes)
    return {kind: sum(of_kind) / len(of_kind) for kind, of_kind in lengths.items()}
