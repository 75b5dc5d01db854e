"""The canary is green only if the pipeline would have been red: each way to be deaf is found, and said."""

from pathlib import Path

import pytest

from harness import suite
from harness.demonstrations import PLANS
from harness.report import annotations, junit, markdown, suitepages
from harness.result import Result
from harness.run import RUNS, run
from harness.suite import Order
from tests.harness.commands import SIMULATED, Outcome, nothing_started, urushi, urushi_process
from tests.harness.judged import FLAW, drawn, result_of

LET_ALL_THROUGH = "".join(
    f'[[known]]\npromise = "{promise}"\nwhy = "flaky"\nlink = "nowhere"\n'
    for promise in (
        "no version regression",
        "reads see acknowledged writes",
        "linearizability",
        "no tombstone resurrection",
        "purge soundness",
        "acknowledged writes kept",
    )
)


def canary(folder: Path, *words: str) -> Outcome:
    return urushi_process(folder, "canary", *SIMULATED, *words)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seed is performed in this process, where a test can make a report deaf."""

    def perform(order: Order, *_: object, **__: object) -> Result:
        return result_of({1: run(PLANS[FLAW](FLAW), "simulation")}, order)

    monkeypatch.setattr(suite, "perform", perform)


def test_it_is_found_and_leaves_nothing(tmp_path: Path) -> None:
    outcome = canary(tmp_path)
    assert outcome.code == 0, outcome.err
    assert "canary: seed 1 broke purge soundness, and all that is reported says so\n" in outcome.out
    assert list((tmp_path / RUNS).iterdir()) == []


def test_a_flaw_in_a_scenario_of_ones_own(tmp_path: Path) -> None:
    outcome = canary(tmp_path, "default", "--flaw", "stops-rounds", "--seeds", "1..2")
    assert outcome.code == 0, outcome.err
    assert "canary: seed 1 broke convergence" in outcome.out


def test_a_file_that_lets_everything_through(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(LET_ALL_THROUGH)
    outcome = canary(tmp_path, "--known-failures", "known.toml")
    assert outcome.code == 4
    assert "the flaw was let through, so that the suite would have ended with exit code 0" in outcome.err
    assert "let through: purge soundness: flaky (nowhere): seeds 1" in outcome.err
    assert "a real failure would not have been seen in this pipeline" in outcome.err


def test_a_flaw_that_these_seeds_do_not_find(tmp_path: Path) -> None:
    outcome = canary(tmp_path, "calm", "--flaw", "takes-equal")
    assert outcome.code == 4
    assert "the flaw was found in none of 1 seeds" in outcome.err


def test_artefacts_that_never_fit(tmp_path: Path) -> None:
    outcome = canary(tmp_path, "--artefacts-max", "10KB")
    assert outcome.code == 4
    assert "no run with its page is among the artefacts: left out of the artefacts (0.0 MB is the most)" in outcome.err
    assert len(list((tmp_path / RUNS).iterdir())) == 1, "what would have been lost is there to be looked at"


@pytest.mark.parametrize(
    ("deaf", "name", "said"),
    [
        (annotations, "lines", "no annotation is an error"),
        (junit, "_add_report", "the JUnit file has no failure of seed 1"),
        (markdown, "text", "the summary does not say how to perform seed 1 again"),
        (suitepages, "write", "no run with its page is among the artefacts: artefacts: one run in"),
    ],
)
def test_a_report_that_says_nothing(
    deaf: object, name: str, said: str, alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaf, name, lambda *_: "")
    outcome = urushi(tmp_path, "canary", *SIMULATED)
    assert (outcome.code, said in outcome.err) == (4, True), outcome.err


def test_an_exit_code_that_hides_it(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Result, "exit_code", lambda _: 3)
    outcome = urushi(tmp_path, "canary", *SIMULATED)
    assert (outcome.code, "would have ended with exit code 3" in outcome.err) == (4, True)


def test_a_sound_store_is_refused(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "canary", "calm", *SIMULATED)
    assert (outcome.code, nothing_started(tmp_path)) == (2, True)
    assert "--flaw: a sound store has nothing to find in 'calm'; name one" in outcome.err


def test_a_seed_alone_is_performed_with_the_same_options() -> None:
    order = Order("my own.toml", [7], drawn, "simulation", "auto", options=("--policy", "dynamo"))
    assert order.again(7) == "urushi run 'my own.toml' --seed 7 --stage simulation --policy dynamo"
