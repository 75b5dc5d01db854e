"""Seeds of the sound store: what is counted, what is an alarm, and where to go on after a stop."""

from collections import Counter

import pytest

from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.zoo import alarms
from harness.zoo.alarms import Block, Looked, Tally, look


def _looked(holds: int, alarms_: list[str] | None = None, errors: list[str] | None = None) -> Looked:
    return Looked(1.0, Counter(holds=holds, promises=10 * holds), alarms_ or [], errors or [])


def test_seeds_are_judged_as_runs_are() -> None:
    looked = look(Block("calm", [1, 2]))
    assert (looked.counts["holds"], looked.alarms, looked.errors) == (2, [], [])
    assert looked.counts["promises"] > 10


def test_a_broken_promise_is_an_alarm_with_the_line_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a store that has a flaw."""
    monkeypatch.setattr(alarms, "plan_of", lambda *_: PLANS["hides-repairs"]("hides-repairs"))
    looked = look(Block("calm", [7]))
    assert looked.alarms == ["evidence agrees: urushi run calm --seed 7 --stage simulation"]
    assert looked.counts["violated"] == 1


def test_a_seed_that_fails_is_told_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = alarms._judged

    def fails_once(plan: Plan) -> tuple[str, int, list[str]]:
        if plan.seed == 1:
            raise RuntimeError("no")
        return judged(plan)

    monkeypatch.setattr(alarms, "_judged", fails_once)
    looked = look(Block("calm", [1, 2]))
    assert looked.errors == ["calm, seed 1: RuntimeError: no"]
    assert looked.counts["holds"] == 1


def test_one_goes_on_where_some_scenario_has_seeds_left() -> None:
    """Blocks are done in any order."""
    tally = Tally(list(range(1, 51)), ["calm", "five"])
    assert [len(block) for block in tally.blocks] == [20, 20, 10]
    first, second, third = tally.blocks
    for scenario, block in (("calm", second), ("five", second), ("calm", first), ("five", third)):
        tally.add(Block(scenario, block), _looked(len(block)))
    assert tally.next_seed() == 1
    tally.add(Block("five", first), _looked(20))
    assert tally.next_seed() == 41
    tally.add(Block("calm", third), _looked(10))
    assert tally.next_seed() is None
    assert tally.words().startswith("0 alarms in 100 simulated seeds of the sound store (1..50 of 2 scenarios)")


@pytest.mark.parametrize(
    ("looked", "code"),
    [(_looked(1), 0), (_looked(1, ["x"]), 1), (_looked(1, [], ["y"]), 4), (_looked(1, ["x"], ["y"]), 1)],
)
def test_exit_codes(looked: Looked, code: int) -> None:
    tally = Tally([1], ["calm"])
    tally.add(Block("calm", [1]), looked)
    assert tally.exit_code() == code
