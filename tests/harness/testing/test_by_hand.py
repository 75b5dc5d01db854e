"""A cluster driven by hand: the same on both stages, and on virtual time the same each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.testing.by_hand import Cluster as ByHand
from harness.testing.by_hand import NotMended, World
from harness.testing.clusters import plain_plan, plan_of
from harness.testing.in_simulation import Simulated
from harness.testing.marks import Asked
from harness.testing.on_processes import started
from harness.wrong import Wrong
from replicas.store.settings import Cluster, Node


def world(seed: int = 1, **asked: str) -> World:
    plan = plan_of(Asked(**asked), seed)  # type: ignore[arg-type] # names of a scenario, a policy and a flaw
    return World(plan, Simulated(plan))


@pytest.fixture(params=["simulation", pytest.param("processes", marks=pytest.mark.processes)])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ByHand]:
    if request.param == "simulation":
        yield world()
        return
    plan = plan_of(Asked(), seed=1)
    with started(plan, tmp_path) as stage:
        yield ByHand(plan, stage)


def test_what_is_cut_off_misses_a_write_and_is_mended(cluster: ByHand) -> None:
    cluster.cut("r3")
    assert cluster.write("k", "old", at="r1").outcome == "ok"
    assert cluster.values("k") == {"r1": "old", "r2": "old", "r3": None}
    assert cluster.write("k", "new", at="r2", level="ALL").outcome == "unknown"
    cluster.heal("r3")
    cluster.wait_until_mended()
    assert cluster.values("k") == dict.fromkeys(cluster.nodes, "new")
    cluster.kill("r2")
    assert cluster.read("k", at="r2").outcome == "failed"
    assert cluster.delete("k", at="r1").outcome == "ok"
    assert set(cluster.values("k")) == {"r1", "r3"}
    cluster.restart("r2")
    cluster.pause("r1")
    assert cluster.read("k", at="r3").dead
    cluster.resume("r1")
    cluster.wait_until_mended()
    assert cluster.values("k") == dict.fromkeys(cluster.nodes)


def test_two_cuts_of_one_link_are_healed_one_by_one() -> None:
    by_hand = world()
    by_hand.cut("r3")
    by_hand.cut("r1>r3")
    by_hand.heal("r3")
    by_hand.write("k", "v", at="r1")
    assert by_hand.values("k")["r3"] is None
    by_hand.heal()
    by_hand.write("k", "w", at="r1")
    by_hand.advance(0.1)
    assert by_hand.values("k")["r3"] == "w"


def test_a_door_that_is_cut_keeps_clients_out_and_not_its_peers() -> None:
    by_hand = world()
    by_hand.cut("clients>r1")
    assert by_hand.write("k", "v", at="r1").outcome != "ok"
    assert by_hand.write("k", "w", at="r2", level="ALL").outcome == "ok"
    assert by_hand.values("k")["r1"] == "w"


def test_what_cannot_mend_is_named() -> None:
    by_hand = world()
    by_hand.cut("r3")
    with pytest.raises(NotMended, match=r"no answer from r3.*; still cut: r3"):
        by_hand.wait_until_mended()
    with pytest.raises(NotMended, match=r"within 0.1 s"):
        by_hand.wait_until_mended(within_s=0.1)


def _steps(seed: int) -> list[str]:
    by_hand = world(seed, policy="none")
    by_hand.cut("r2>r3")
    for number in range(3):
        by_hand.write("k", f"v{number}", at="r2")
        by_hand.advance(0.05)
    by_hand.kill("r1")
    by_hand.read("k", at="r3", level="ONE")
    return [*by_hand.steps, str(by_hand.copies("r2")), str(by_hand.copies("r3"))]


def test_the_same_calls_make_the_same_world() -> None:
    assert _steps(7) == _steps(7)
    assert _steps(7) != _steps(8)


def test_a_flaw_shows_by_hand() -> None:
    """The sound store keeps a write that a coordinator acknowledged when it is killed at once."""
    held = []
    for flaw in (None, "commits-later"):
        by_hand = world(flaw=flaw) if flaw else world()
        by_hand.write("k", "v", at="r1", level="ALL")
        for node in by_hand.nodes:
            by_hand.kill(node)
        for node in by_hand.nodes:
            by_hand.restart(node)
        held.append("v" in by_hand.values("k").values())
    assert held == [True, False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda cluster: cluster.cut("r9"), "'r9' is not a node; allowed: r1, r2, r3"),
        (lambda cluster: cluster.cut("r1>r1"), "a node has no link to itself"),
        (lambda cluster: cluster.heal("r1"), "it is not cut; what is cut: nothing"),
        (lambda cluster: cluster.write("k", "v", at="r"), "'r' is not a node"),
        (lambda cluster: cluster.read("k", at="r1>r2"), "'r1>r2' is not a node"),
        (lambda cluster: cluster.read("k", at="r1", level="ANY"), "ANY is a level of writes"),
        (lambda cluster: cluster.read("k", at="r1", level="QUORM"), "'QUORM' is none; allowed: ANY, ONE"),
        (lambda cluster: cluster.restart("r1"), "it was not killed; killed are: none"),
        (lambda cluster: cluster.resume("r1"), "it was not paused; paused are: none"),
        (lambda cluster: (cluster.kill("r1"), cluster.pause("r1")), "it was killed; restart('r1') comes first"),
        (lambda cluster: (cluster.pause("r1"), cluster.copies("r1")), "it is paused; resume('r1') comes first"),
        (lambda cluster: (cluster.pause("r1"), cluster.wait_until_mended()), "r1 cannot mend; resume it first"),
        (lambda cluster: (cluster.cut("r1"), cluster.cut("r1")), "it is cut already; heal('r1') comes first"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_with_its_remedy(wrong, said: str) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with pytest.raises(Wrong) as raised:
        wrong(world())
    assert said in str(raised.value)


def test_the_cluster_of_a_scenario_comes_without_what_the_scenario_does() -> None:
    by_hand = world(scenario="five")
    assert len(by_hand.nodes) == 5
    assert not by_hand.plan.operations
    assert not by_hand.plan.faults


def test_a_level_that_cannot_be_met_is_refused() -> None:
    two = replace(plain_plan(1), cluster=Cluster([Node("r1"), Node("r2")], 2, 1, 1))
    with pytest.raises(Wrong, match="level: THREE with 2 copies; take a lower one"):
        World(two, Simulated(two)).write("k", "v", at="r1", level="THREE")
