"""Each study of the seeds' claims, whole: what it confirms it would not confirm of a store without the mechanism."""

import pytest

from checkers.convergence import normal
from harness.plan import Plan
from harness.stages.simulation.stage import perform
from harness.studies import graces, outages, plans, skews, storms, trees
from harness.studies.looks import apart
from harness.studies.plans import QUIET
from harness.studies.study import Order, Part, Seen
from harness.studies.table import STUDIES
from tests.harness.studies.held import final_copies

FAST = ("cold-keys", "one-read", "expired-hints", "compaction", "short-grace", "skew", "merging-types")


@pytest.mark.parametrize("name", FAST)
def test_the_claim_is_confirmed_with_figures(name: str) -> None:
    found = STUDIES[name].perform(Order())
    assert isinstance(found, Seen)
    assert found.confirmed, found.why
    assert all(row.figures for row in found.rows)
    assert STUDIES[name].source


def test_what_is_apart_is_what_replicas_hold_differently() -> None:
    """Against the dumps themselves, of a plan in which half of the keys differ in the end."""
    names = plans.keys(6)
    operations = [
        *plans.asked("put", names, ["r1", "r2", "r3"], 0, 100),
        *plans.asked("put", names[:3], ["r1", "r2"], 300, 500),
    ]
    plan = plans.plan("x", 1, QUIET, operations, [plans.outage("isolate", ["r3"], 200, 700)])
    history = perform(plan)
    held = final_copies(history)
    differing = {key for key in names if len({repr(normal(copies.get(key))) for copies in held.values()}) > 1}
    assert apart(history) == differing == set(names[:3])


def test_a_grace_that_purges_nothing_brings_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The study does not confirm what it does not see: with graces that all outlast the outage, none is too short."""
    monkeypatch.setattr(graces, "GRACES_MS", (4_500, 5_500))
    found = STUDIES["short-grace"].perform(Order())
    assert isinstance(found, Seen)
    assert not found.confirmed


def test_clocks_that_agree_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skews, "SKEWS_MS", (0, 20))
    found = STUDIES["skew"].perform(Order())
    assert isinstance(found, Seen)
    assert not found.confirmed


def test_a_storm_needs_something_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one seed; and of a partition in which nothing is written."""
    monkeypatch.setattr(storms, "SEEDS", range(1, 2))
    found = STUDIES["storm"].perform(Order())
    assert isinstance(found, Seen)
    assert found.confirmed, found.why
    monkeypatch.setattr(storms, "KEYS", 21)
    nothing = STUDIES["storm"].perform(Order())
    assert isinstance(nothing, Seen)
    assert not nothing.confirmed


def test_trees_of_few_leaves_cost_by_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "SIZES", (500, 10_000))
    found = STUDIES["merkle-cost"].perform(Order())
    assert isinstance(found, Seen)
    assert found.confirmed, found.why
    shallow = [row.figures["bytes for 10"] for row in found.rows if row.name.startswith(trees.SHALLOW)]
    assert isinstance(shallow[0], int)
    assert isinstance(shallow[1], int)
    assert shallow[1] > 2 * shallow[0]


def test_hints_that_never_expire_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "_HINTS_NS", 60_000 * plans.MS)
    found = STUDIES["expired-hints"].perform(Order())
    assert isinstance(found, Seen)
    assert not found.confirmed


def test_operations_of_a_study_are_evenly_spread_and_in_turn() -> None:
    asked = plans.asked("get", ["a", "b", "c", "d"], ["r1", "r2"], 100, 300, clients=3)
    assert [each.at_ns for each in asked] == [100_000_000, 150_000_000, 200_000_000, 250_000_000]
    assert [each.node for each in asked] == ["r1", "r2", "r1", "r2"]
    assert [each.client for each in asked] == ["c1", "c2", "c3", "c1"]


def test_a_part_is_shown_with_its_count() -> None:
    assert str(Part(3, 8)) == "37.5 % (3 of 8)"


def test_plans_of_studies_can_be_run() -> None:
    plan: Plan = plans.plan("x", 1, QUIET, plans.asked("put", ["a", "a"], ["r1"], 0, 10), [])
    assert [each.value for each in plan.operations] == ["w1", "w2"]
    assert plan.scenario == "study:x"
