"""The balance of divergent keys against a recount of what the replicas held, moment by moment."""

from pathlib import Path

import pytest

from checkers import divergence
from checkers.history import Change, History
from harness.plan import MS
from harness.stages.simulation.stage import perform as simulate
from harness.studies.entropy_budget import (
    LOSSES,
    Balance,
    Run,
    _figures,
    _open,
    lost_per_s,
    perform,
    plan_of,
)
from tests.harness.commands import urushi_process

WORST = Run(20, 500)


@pytest.fixture(scope="module")
def worst() -> History:
    return simulate(plan_of(WORST))


def test_open_keys_are_those_whose_replicas_differ(worst: History) -> None:
    stretches = [each for of_key in divergence.stretches(worst).values() for each in of_key]
    for at in range(500 * MS + 7, 20_000 * MS, 1_300 * MS):
        assert _open(stretches, at) == differing(worst, at)


def differing(history: History, at: int) -> int:
    held: dict[str, dict[str, object]] = {}
    for change in history.events:
        if isinstance(change, Change) and change.at < at:
            held.setdefault(change.key, {})[change.node] = change.new and change.new.version
    return sum(len({str(copies.get(node)) for node in ("r1", "r2", "r3")}) > 1 for copies in held.values())


def test_what_is_left_over_is_what_was_added_and_not_removed() -> None:
    balance = perform(WORST)
    assert balance.after - balance.before == pytest.approx(balance.added - balance.removed, abs=1)
    assert balance.removed < balance.added / 3
    enough = perform(Run(20, 0))
    assert abs(enough.after - enough.before) < enough.added / 10


@pytest.mark.parametrize("loss", LOSSES)
def test_a_write_loses_a_copy_by_either_of_two_messages(loss: int) -> None:
    share = sum(
        (loss / 100 if one else 1 - loss / 100) * (loss / 100 if other else 1 - loss / 100)
        for one in (True, False)
        for other in (True, False)
        if one or other
    )
    assert lost_per_s(loss) == pytest.approx(200 * share)


def test_a_balance_that_is_not_as_it_should_be_is_off() -> None:
    lost = round(15 * lost_per_s(10))
    for balance, held in ((Balance(lost, lost, 50, 50), 2), (Balance(lost, lost // 2, 50, 50 + lost // 2), 1)):
        expected = [each for each in _figures(Run(10, 0), balance, 0) if each.expected is not None]
        assert sum(each.holds() for each in expected) == held
    assert not _figures(Run(10, 0), Balance(lost // 2, lost // 2, 0, 0), 0)[0].holds()
    grown = Balance(lost, 100, 0, lost - 100)
    assert all(each.holds() for each in _figures(Run(10, 500), grown, 100))
    assert not all(each.holds() for each in _figures(Run(10, 500), Balance(lost, lost, 9, 9), 100))


@pytest.mark.timeout(600)
def test_the_study_is_confirmed(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, "study", "entropy-budget", "--json", deadline_s=600)
    assert (outcome.code, outcome.document["verdict"]) == (0, "confirmed")
    assert len(outcome.document["finding"]["figures"]) == 2 * 3 * len(LOSSES)
