"""Samples of a simulated run: what waits on each node, and nothing else changes."""

from pathlib import Path

import msgspec

from checkers import files
from harness import samples
from harness.faults.kinds import MS, Fault
from harness.plan import Plan
from harness.run import run
from harness.samples import Sample
from harness.scenario import draw, load
from harness.stages.simulation.stage import SAMPLE_EVERY_NS, perform


def killed() -> Plan:
    plan, _ = draw(load("handoff"), "handoff", seed=1)
    names = plan.cluster.names()
    faults = [Fault("f1", "kill", [names[0]], 200 * MS, plan.unrest_ns - 100 * MS)]
    return msgspec.structs.replace(plan, faults=faults, down=[])


def test_hints_wait_while_their_target_is_down() -> None:
    plan = killed()
    taken: list[Sample] = []
    perform(plan, samples=taken)
    first, *others = plan.cluster.names()
    while_down = [each for each in taken if 500 * MS < each.at < plan.unrest_ns - 100 * MS]
    assert {each.hints for each in while_down if each.node == first} == {None}
    assert max(each.hints or 0 for each in while_down if each.node in others) > 0
    assert sum(each.hints or 0 for each in taken[-len(plan.cluster.names()) :]) == 0
    assert {each.at % SAMPLE_EVERY_NS for each in taken} == {0}
    assert all(each.cpu_ns is None and each.rss_bytes is None for each in taken)


def test_a_run_that_is_sampled_is_the_same(tmp_path: Path) -> None:
    plan = killed()
    taken: list[Sample] = []
    digest = files.digest(perform(plan))
    assert files.digest(perform(plan, samples=taken)) == digest
    report = run(plan, "simulation", runs=tmp_path)
    assert report.digest == digest
    assert samples.read(tmp_path / report.id) == taken
