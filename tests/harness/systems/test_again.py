"""A run of one's own system, looked at, performed and shrunk once more."""

from pathlib import Path

import pytest

from harness import samples
from harness.plan import read
from harness.progress import FILE, Tick, decoder
from harness.watching.model import Model
from tests.harness.commands import urushi, urushi_process
from tests.harness.systems.odd import describe, run

pytestmark = pytest.mark.processes


def broken(folder: Path) -> str:
    """The nodes know nothing of each other, and yet it is claimed that they agree."""
    describe(folder, promises=["convergence"])
    outcome = run(folder, "--json")
    assert outcome.code == 1, outcome.err
    return str(outcome.document["id"])


def test_it_is_replayed_and_judged_by_the_claims_of_the_run(tmp_path: Path) -> None:
    name = broken(tmp_path)
    describe(tmp_path)  # which claims nothing any more
    again = urushi(tmp_path, "replay", name)
    assert again.code == 1
    assert "1 of 1 replays broke the same promise on the same key" in again.out


def test_it_is_told_without_its_code(tmp_path: Path) -> None:
    name = broken(tmp_path)
    (tmp_path / "odd.toml").unlink()
    assert urushi(tmp_path, "check", name).code == 1
    assert "its replicas differ when settled" in urushi(tmp_path, "explain", name).out
    assert urushi(tmp_path, "report", name).code == 0
    replayed = urushi(tmp_path, "replay", name)
    assert replayed.code == 2
    assert "there is no file odd.toml in" in replayed.said


def test_its_nodes_are_sampled(tmp_path: Path) -> None:
    """From outside: what waits on them nobody knows."""
    folder = tmp_path / ".urushi/runs" / broken(tmp_path)
    taken = samples.read(folder)
    assert {each.node for each in taken if each.cpu_ns is not None and each.rss_bytes} == {"r1", "r2"}
    assert {each.hints for each in taken} == {None}
    ticks = [each for each in decoder.decode_lines((folder / FILE).read_bytes()) if isinstance(each, Tick)]
    assert sum(sum(tick.outcomes.values()) for tick in ticks) > 10
    model = Model(read(folder / "plan.json"))
    for tick in ticks:
        model.hear(tick)
    assert model.shown().apart is None


def test_it_is_shrunk_on_processes(tmp_path: Path) -> None:
    name = broken(tmp_path)
    shrunk = urushi(tmp_path, "shrink", name, "--tries", "1", "--needed", "1", "--budget", "15s", "--json")
    assert shrunk.code == 1, shrunk.err
    assert shrunk.document["operations"] < 20
    assert shrunk.document["report"]["system"] == "odd.toml"


def test_what_needs_the_simulation_is_refused(tmp_path: Path) -> None:
    name = broken(tmp_path)
    for words in (["pin", name], ["replay", name, "--stage", "simulation"], ["shrink", name, "--stage", "simulation"]):
        outcome = urushi(tmp_path, *words)
        assert outcome.code == 2, outcome.out
        assert "our own store alone" in outcome.said
    outcome = urushi(tmp_path, "shrink", name, "--as-test", "test_it.py")
    assert outcome.code == 2
    assert "--as-test: such a test runs in the simulation" in outcome.said


def test_a_suite_of_it(tmp_path: Path) -> None:
    describe(tmp_path)
    outcome = urushi_process(tmp_path, "suite", "short.toml", "--system", "odd.toml", "--seeds", "1..2", "--jobs", "1")
    assert outcome.code == 0, outcome.err
    assert "2 holds" in outcome.out
