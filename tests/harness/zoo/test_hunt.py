"""Hunts: seeds in order until a promise is broken, and never more than was asked for."""

import math

import pytest

from harness.levers import STAGE_LEVERS
from harness.plan import levers_of
from harness.reproduce.trial import trial
from harness.run import require_levers
from harness.zoo.hunt import Hunt, hunt, plan_of

EASY = "hides-repairs"


def _hunt(flaw: str | None, seeds_max: int = 200, budget_s: float = math.inf) -> Hunt:
    return Hunt("wild", flaw, 1, seeds_max, budget_s)


def test_a_find_is_the_first_seed_that_breaks_a_promise() -> None:
    found = hunt(_hunt(EASY))
    assert found.find is not None and found.error is None
    assert found.find.seed == found.seeds
    broken = {seed: trial(plan_of("wild", seed, EASY)).broken for seed in range(1, found.seeds + 1)}
    assert [seed for seed, promises in broken.items() if promises] == [found.find.seed]
    assert set(found.find.broken) == {promise.property for promise in broken[found.find.seed]}


def test_it_ends_after_so_many_seeds() -> None:
    ended = hunt(_hunt(None, seeds_max=3))
    assert (ended.seeds, ended.find, ended.error) == (3, None, None)


def test_it_ends_when_its_cpu_time_is_used_up() -> None:
    """The seed that is under way is finished."""
    assert hunt(_hunt(None, budget_s=1e-3)).seeds == 1


def test_what_cannot_be_judged_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_plan: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("harness.zoo.hunt.trial", breaks)
    assert hunt(_hunt(None))[2:] == (None, "seed 1: RuntimeError: no")


@pytest.mark.parametrize("seed", range(1, 40))
def test_for_processes_a_plan_loses_what_they_lack_and_nothing_else(seed: int) -> None:
    whole, left = plan_of("wild", seed, None), plan_of("wild", seed, None, "processes")
    require_levers(left, "processes")
    assert set(levers_of(left)) == set(levers_of(whole)) & set(STAGE_LEVERS["processes"])
    assert left.operations == whole.operations
    assert left.policy == whole.policy
