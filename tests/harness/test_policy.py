"""Named policies: what they say is what the plan has, what they do not mention is off or the plan's, and nothing in
them is left to chance."""

from pathlib import Path

import msgspec
import pytest

from checkers import convergence
from harness import policy as policies
from harness.plan import Plan
from harness.policy import load, over
from harness.scenario import draw
from harness.scenario import load as load_scenario
from harness.stages.simulation.stage import perform
from harness.wrong import Wrong
from replicas.store.policy import OFF, Policy
from tests.harness.commands import urushi


def _plan(name: str = "default", seed: int = 1) -> Plan:
    return draw(load_scenario(name), name, seed)[0]


@pytest.mark.parametrize("name", policies.built_in())
def test_each_built_in_policy_can_be_put_over_a_plan(name: str) -> None:
    plan = _plan()
    changed = over(plan, load(name))
    assert load(name).about
    assert changed.operations == plan.operations
    assert changed.faults == plan.faults
    assert changed.network == plan.network


def test_a_mechanism_that_is_not_mentioned_is_off_and_a_figure_is_the_plans() -> None:
    plan = _plan()
    own = msgspec.structs.replace(plan, policy=msgspec.structs.replace(Policy(), hints_max=7, hints="handoff"))
    policy = over(own, load("merkle")).policy
    assert {name: getattr(policy, name) for name in OFF} == {**OFF, "anti_entropy": "merkle"}
    assert policy.hints_max == 7


def test_what_a_policy_uses_is_put_together_in_order(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('uses = ["sync", "async"]\nround_every = "70ms"\nround_jitter = "5%"\nr = "ALL"\n')
    plan = over(_plan(), load(str(path)))
    assert plan.policy.read_repair == "background"
    assert plan.policy.round_every_ns == 70_000_000
    assert plan.policy.round_jitter_ppm == 50_000
    assert plan.cluster.r == plan.cluster.n


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('read_repiar = "blocking"', "did you mean 'read_repair'?"),
        ('read_repair = ["none", "blocking"]', "is not one value"),
        ('round_every = "20..50ms"', "is not one value"),
        ('read_repair = "blokcing"', "did you mean 'blocking'?"),
        ("round_every = 5", """5 is no such value; write a duration, such as "300ms" (ns, us, ms, s)"""),
        (
            '[policy]\nr = "ALL"',
            "[policy]: a policy has no table but [cluster]; write what is below [policy]",
        ),
        ('uses = ["meerkle"]', "did you mean 'merkle'?"),
        ('uses = "merkle"', 'this is no list of policies; write uses = ["async", "merkle"]'),
        ("about = 5", "this is no text"),
        ("hints_max = 0", "is too little"),
        ('round_jitter = "60%"', "is too much"),
        ("r = ", "this is not TOML"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(Wrong) as raised:
        over(_plan(), load(str(path)))
    assert said in str(raised.value)
    assert str(path) in str(raised.value) or "policy" in str(raised.value)


def test_a_file_that_a_policy_uses_is_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "base.toml").write_text("hints_max = 7")
    (tmp_path / "deep/mine.toml").write_text('uses = ["../base.toml", "handoff"]')
    assert load(str(tmp_path / "deep/mine.toml")).given["hints_max"] == 7


@pytest.mark.parametrize("again", ["{path}", "mine.toml", "../{folder}/mine.toml"])
def test_a_policy_that_uses_itself_is_refused(tmp_path: Path, again: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'uses = ["{again.format(path=path, folder=tmp_path.name)}"]')
    with pytest.raises(Wrong, match="part of itself"):
        load(str(path))


def test_more_answers_than_copies_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("r = 9")
    with pytest.raises(Wrong, match=r"cluster\.r"):
        over(_plan(), load(str(path)))


def test_a_policy_can_be_named_for_a_run_and_a_plan(tmp_path: Path) -> None:
    plan = urushi(tmp_path, "plan", "default", "--seed", "3", "--policy", "three-lines").document
    assert (plan["policy"]["read_repair"], plan["policy"]["hints"]) == ("background", "handoff")
    ran = urushi(
        tmp_path, "run", "default", "--seed", "3", "--policy", "three-lines", "--stage", "simulation", "--json"
    )
    assert ran.document["drawn"]["policy"] == "three-lines"
    assert ran.code == 0
    refused = urushi(tmp_path, "run", "demo:skips-repair", "--policy", "sync")
    assert refused.code == 2
    assert "a demonstration has its own" in refused.err


def test_what_was_drawn_for_what_the_policy_sets_is_not_told(tmp_path: Path) -> None:
    asked = ("run", "default", "--seed", "3", "--policy", "read-heavy", "--stage", "simulation", "--json")
    drawn = urushi(tmp_path, *asked).document["drawn"]
    assert {"cluster.nodes", "cluster.n", "policy", "workload.mix"} <= set(drawn)
    assert not {"cluster.r", "cluster.w", "policy.read_repair"} & set(drawn)


def test_logs_are_read_whole_whatever_the_schedule() -> None:
    """A position in a log is of all partitions: after a fall-back of some, what the others missed stayed missed."""
    plan = _plan("wild", 1216)
    assert (plan.policy.anti_entropy, plan.policy.entropy_schedule) == ("log", "continuous")
    assert convergence.check(perform(plan)).outcome == "holds"
