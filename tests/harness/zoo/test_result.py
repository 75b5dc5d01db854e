"""What makes the command fail: a flaw that was not found by half of its starts, and an alarm."""

import pytest

from harness.zoo.hunt import Find, Outcome
from harness.zoo.result import Specimen, Verdict, Zoo, specimen

MISSED = Outcome(40, 5.0, None, None)
FOUND = Outcome(3, 0.5, Find(3, ["convergence", "nothing invented"]), None)
ALSO = Outcome(9, 1.5, Find(9, ["nothing invented"]), None)
FAILED = Outcome(2, 0.1, None, "seed 2: RuntimeError: no")


def _of(breaks: str | None, *outcomes: Outcome) -> Specimen:
    return specimen("x", "", "", breaks, list(outcomes))


@pytest.mark.parametrize(
    ("breaks", "outcomes", "verdict", "code"),
    [
        ("convergence", [FOUND, ALSO, MISSED], "found", 0),
        ("convergence", [FOUND, MISSED], "found", 0),
        ("convergence", [FOUND, MISSED, MISSED], "not found", 1),
        ("convergence", [MISSED], "not found", 1),
        (None, [MISSED, MISSED], "no alarm", 0),
        (None, [MISSED, FOUND], "alarm", 1),
        ("convergence", [FOUND, FAILED], "failed", 4),
        (None, [FAILED], "failed", 4),
    ],
)
def test_verdicts(breaks: str | None, outcomes: list[Outcome], verdict: Verdict, code: int) -> None:
    each = _of(breaks, *outcomes)
    assert each.verdict() == verdict
    assert Zoo("wild", len(outcomes), 60.0, [each]).exit_code() == code


def test_one_that_was_missed_fails_the_whole_even_beside_an_error() -> None:
    zoo = Zoo("wild", 1, 60.0, [_of("convergence", FOUND), _of(None, FAILED), _of("convergence", MISSED)])
    assert zoo.exit_code() == 1


def test_figures_are_medians_of_the_starts() -> None:
    each = _of("convergence", ALSO, FOUND, MISSED)
    assert (each.seeds_median(), each.cpu_s_median()) == (9, 1.5)
    assert each.broke == {"nothing invented": 2, "convergence": 1}
    assert each.found == [9, 3, None]
