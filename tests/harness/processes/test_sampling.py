"""What a run on processes writes down of its replicas while it goes on: samples, and how it goes."""

import os
from itertools import pairwise
from pathlib import Path

import msgspec
import psutil
import pytest

from checkers.history import Fault as FaultEvent
from checkers.history import Life, Phase, Return
from harness import samples
from harness.faults.kinds import MS, Fault
from harness.plan import Plan
from harness.progress import FILE, Mending, Tick, decoder, under_way
from harness.run import perform, silent
from harness.samples import Sample
from harness.scenario import draw, load
from harness.stages.processes import sampling
from harness.stages.processes.supervise import ChildEndedError
from replicas.store.policy import Policy
from replicas.system import Standing
from workloads.operations import Operation

pytestmark = pytest.mark.processes

KILLED = (500 * MS, 1500 * MS)
PAUSED = (1800 * MS, 2800 * MS)


def eventful() -> Plan:
    """r3 is killed, r2 paused; what both miss waits as hints on r1, which does not lose it to anti-entropy."""
    calm, _ = draw(load("calm"), "calm", seed=1)
    moments = [*range(100, 3000, 20)]
    return msgspec.structs.replace(
        calm,
        operations=[Operation(n, at * MS, "c1", "r1", "put", f"k{n % 9}", f"w{n}") for n, at in enumerate(moments)],
        faults=[
            Fault("f1", "kill", ["r3"], *KILLED),
            Fault("f2", "pause", ["r2"], *PAUSED),
            Fault("f3", "one-way", ["r1", "r3"], 1900 * MS, 2500 * MS),
        ],
        policy=Policy(hints="handoff", anti_entropy="none"),
        unrest_ns=3000 * MS,
        mend_rounds_max=20,
    )


def of(taken: list[Sample], node: str) -> list[Sample]:
    return [each for each in taken if each.node == node]


def during(taken: list[Sample], span: tuple[int, int]) -> list[Sample]:
    """Well within."""
    return [each for each in taken if span[0] + 300 * MS < each.at < span[1] - 50 * MS]


def test_samples_tell_how_each_replica_fared(tmp_path: Path) -> None:
    plan = eventful()
    history, _ = perform(plan, "processes", tmp_path, "auto", silent)
    taken = samples.read(tmp_path)
    assert [each.at for each in taken] == sorted(each.at for each in taken)
    end = next(event.at for event in history.events if isinstance(event, Phase) and event.name == "end")
    for node in plan.cluster.names():
        mine = of(taken, node)
        assert len(mine) > 0.6 * end / (sampling.EVERY_S * 1e9), "several times a second"
        assert mine[-1].at >= end - 100 * MS, "to the very end"
        lives = [each.at for each in history.events if isinstance(each, Life) and each.node == node and each.at > 0]
        for start, over in pairwise([-1, *lives, end + 10**9]):
            used = [each.cpu_ns for each in mine if start < each.at < over and each.cpu_ns is not None]
            assert used == sorted(used)
        sizes = [each.rss_bytes for each in mine if each.rss_bytes is not None]
        assert all(10_000_000 < size < 200_000_000 for size in sizes), "a small Python process"
    killed = during(of(taken, "r3"), KILLED)
    assert killed
    assert all((each.cpu_ns, each.rss_bytes, each.hints) == (None, None, None) for each in killed)
    paused = during(of(taken, "r2"), PAUSED)
    assert len({each.cpu_ns for each in paused}) == 1 and paused[0].cpu_ns, "it is there, and uses nothing"
    assert [each.hints for each in paused if each.at > PAUSED[0] + 700 * MS] == [None] * len(
        [each for each in paused if each.at > PAUSED[0] + 700 * MS]
    ), "it cannot say"
    waited = [each.hints or 0 for each in of(taken, "r1")]
    assert max(waited) >= 5
    assert waited[-1] == 0, "all were replayed"


def test_progress_tells_how_the_run_goes(tmp_path: Path) -> None:
    plan = eventful()
    history, _ = perform(plan, "processes", tmp_path, "auto", silent)
    lines = decoder.decode_lines((tmp_path / FILE).read_bytes())
    assert not under_way(tmp_path)
    told = [each for each in lines if isinstance(each, Phase | FaultEvent)]
    recorded = [each for each in history.events if isinstance(each, Phase | FaultEvent)]
    assert sorted((each.at, type(each).__name__) for each in told) == [
        (each.at, type(each).__name__) for each in recorded
    ]
    ticks = [each for each in lines if isinstance(each, Tick)]
    counted: dict[str, int] = {}
    for tick in ticks:
        for outcome, count in tick.outcomes.items():
            counted[outcome] = counted.get(outcome, 0) + count
    returns = [each for each in history.events if isinstance(each, Return)]
    assert sum(counted.values()) == len(returns) == len(plan.operations)
    planned = {operation.id: operation.at_ns for operation in plan.operations}
    took = [(each.at - planned[each.op]) // 1000 for each in returns if each.outcome == "ok"]
    assert sorted(each for tick in ticks for each in tick.latencies_us) == sorted(took)
    states = {node: [tick.states[node] for tick in ticks] for node in plan.cluster.names()}
    assert set(states["r1"]) == {"up"}
    assert {"up", "paused"} == set(states["r2"])
    assert {"up", "down"} <= set(states["r3"]) <= {"up", "down", "starting"}
    assert {link for tick in ticks for link in tick.links} == {"block r1>r3"}
    assert ticks[-1].links == []
    rounds = [each for each in lines if isinstance(each, Mending)]
    assert rounds[-1].pending is None
    assert all(each.of == 20 for each in rounds)


def test_a_node_without_its_disk_is_seen_to_be_bootstrapped(tmp_path: Path) -> None:
    """It is cut off from the others, so that it cannot join before the end of unrest."""
    calm, _ = draw(load("calm"), "calm", seed=1)
    faults = [Fault("f1", "wipe", ["r2"], 300 * MS, 900 * MS), Fault("f2", "isolate", ["r2"], 800 * MS, 2000 * MS)]
    plan = msgspec.structs.replace(calm, operations=[], faults=faults, unrest_ns=2000 * MS)
    perform(plan, "processes", tmp_path, "auto", silent)
    ticks = [each for each in decoder.decode_lines((tmp_path / FILE).read_bytes()) if isinstance(each, Tick)]
    seen = list(dict.fromkeys(tick.states["r2"] for tick in ticks))
    assert [state for state in seen if state != "starting"] == ["up", "wiped", "bootstrapping"]
    assert ticks[-1].states["r2"] == "up"


def test_memory_is_what_psutil_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside each sample, a look of the test's own at the process whose working directory is the node's."""
    beside: dict[str, list[tuple[int, int]]] = {}
    usual = sampling._sample

    def looked(at: int, name: str, usage: sampling.Usage | None, standing: Standing | None) -> Sample:
        sample = usual(at, name, usage, standing)
        for child in psutil.Process(os.getpid()).children(recursive=True):
            if child.cwd() == str(tmp_path / name) and sample.rss_bytes is not None:
                beside.setdefault(name, []).append((sample.rss_bytes, child.memory_info().rss))
        return sample

    monkeypatch.setattr(sampling, "_sample", looked)
    calm, _ = draw(load("calm"), "calm", seed=1)
    plan = msgspec.structs.replace(calm, operations=calm.operations[:5], faults=[], unrest_ns=600 * MS)
    perform(plan, "processes", tmp_path, "auto", silent)
    assert set(beside) == set(plan.cluster.names())
    for pairs in beside.values():
        for told, seen in pairs:
            assert told == pytest.approx(seen, rel=0.2)


def test_a_run_that_ends_badly_leaves_its_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """r1 is killed behind the harness's back."""
    calm, _ = draw(load("calm"), "calm", seed=1)
    plan = msgspec.structs.replace(calm, faults=[])
    usual = sampling.Sampler.look

    def looked(sampler: sampling.Sampler) -> list[Sample]:
        pid = sampler._cluster.nodes["r1"].pid
        if sampler._now() > 700 * MS and pid is not None:
            os.kill(pid, 9)
        return usual(sampler)

    monkeypatch.setattr(sampling.Sampler, "look", looked)
    with pytest.raises(ExceptionGroup) as caught:
        perform(plan, "processes", tmp_path, "auto", silent)
    assert caught.group_contains(ChildEndedError)
    taken = of(samples.read(tmp_path), "r2")
    assert taken[-1].at > 700 * MS
    assert taken[-1].cpu_ns
    assert not under_way(tmp_path)
