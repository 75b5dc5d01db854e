"""Each checker against its definition by quantifiers, on random histories."""

import pytest
from hypothesis import HealthCheck, given, settings

from checkers import acknowledged, convergence
from checkers.history import History
from checkers.properties import PROPERTIES, judge
from tests.checkers.linear_oracle import linear
from tests.checkers.lost_oracle import lost
from tests.checkers.measuring import needless, reaped
from tests.checkers.oracles import ORACLES
from tests.checkers.session_oracles import SESSION_ORACLES
from tests.checkers.strategies import histories

DEFINITIONS = {
    **ORACLES,
    **SESSION_ORACLES,
    "linearizability": linear,
    "no needless repair": needless,
    "no lost update": lost,
    "tombstones reaped": reaped,
}


@pytest.mark.parametrize("name", PROPERTIES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories())
def test_a_checker_agrees_with_its_definition(name: str, history: History) -> None:
    verdict, expected = PROPERTIES[name](history), DEFINITIONS[name](history)
    assert verdict.outcome == expected.outcome, verdict
    assert {violation.key for violation in verdict.violations} == expected.keys


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_violations_cite_events_of_the_history_in_order(history: History) -> None:
    for verdict in judge(history):
        for violation in verdict.violations:
            assert violation.events == sorted(set(violation.events)) != []
            assert {*violation.events} <= {event.seq for event in history.events}
            assert violation.summary
            assert "\n" not in violation.summary
        if verdict.property not in (convergence.NAME, acknowledged.NAME):  # these tell of the end, key by key
            ends = [violation.events[-1] for violation in verdict.violations]
            assert ends == sorted(ends)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_judging_together_changes_no_verdict_and_no_history(history: History) -> None:
    before = [repr(event) for event in history.events]
    assert judge(history) == [check(history) for check in PROPERTIES.values()]
    assert [repr(event) for event in history.events] == before
