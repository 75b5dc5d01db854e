"""The command as a whole, on a few flaws that are found at once."""

import pickle
import signal
from pathlib import Path

import pytest

from harness import plan as plans
from harness.reproduce.trial import trial
from harness.wrong import Wrong
from harness.zoo import perform as zoos
from harness.zoo.result import SOUND
from replicas.store.flaws import FLAWS
from tests.harness.commands import left_in, living_in, urushi, urushi_process, urushi_started


def test_found_flaws_are_shrunk_and_told(tmp_path: Path) -> None:
    done = urushi_process(
        tmp_path, "zoo", "hides-repairs", "sends-in-set-order", "--starts", "2", "--no-confirm", "--json"
    )
    assert done.code == 0, done.err
    hidden, unsorted = done.document["specimens"]
    assert hidden["broke"]["evidence agrees"] == 2
    assert all(seed is not None for seed in hidden["found"])
    smallest = hidden["smallest"]
    assert smallest["minimal"] and smallest["operations"] <= 3 and smallest["on_processes"] is None
    assert "anti-entropy" in smallest["why"] or "message" in smallest["why"]
    assert unsorted["broke"] == {"determinism": 2} and unsorted["smallest"] is None
    plan = plans.read(tmp_path / ".urushi/zoo/hides-repairs.json")
    assert len(plan.operations) == smallest["operations"]
    assert "evidence agrees" in {promise.property for promise in trial(plan).broken}


def test_a_find_that_is_about_no_key_is_told_too(tmp_path: Path) -> None:
    done = urushi_process(tmp_path, "zoo", "stops-rounds", "--starts", "1", "--no-confirm", "--json")
    assert done.code == 0, done.err
    smallest = done.document["specimens"][0]["smallest"]
    assert smallest["operations"] == 0
    assert "began too few rounds of anti-entropy" in smallest["why"]


def test_what_a_worker_raises_gets_through_to_its_parent() -> None:
    wrong = Wrong("place", "what", "remedy")
    assert str(pickle.loads(pickle.dumps(wrong))) == str(wrong)  # noqa: S301 - our own


def test_a_flaw_that_is_not_found_in_time_fails_the_command(tmp_path: Path) -> None:
    """In so little time only one seed is looked at."""
    done = urushi_process(tmp_path, "zoo", "keeps-old-hints", "--starts", "1", "--budget", "0.001s", "--json")
    assert done.code == 1
    assert done.document["specimens"][0]["found"] == [None]
    assert "not found within 0.001 CPU seconds: keeps-old-hints" in done.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hides-repair",), "did you mean 'hides-repairs'?"),
        (("--starts", "0"), "0 starts; 1 to 100 are possible"),
        (("--write", "none.md"), "none.md: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = urushi(tmp_path, "zoo", *words)
    assert done.code == 2
    assert said in done.said


def test_by_default_the_whole_catalogue_and_the_sound_store_are_looked_at() -> None:
    assert zoos.chosen([]) == [*FLAWS, SOUND]
    assert zoos.chosen(["takes-equal", "takes-equal"]) == ["takes-equal"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_whoever_stops_it_leaves_nothing(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """It is stopped when the first flaw was found; near misses are hunted for so many seeds, whatever that takes."""
    words = "hides-repairs", "takes-equal", "confirms-twice", "--starts", "1", "--no-shrink"
    process = urushi_started(tmp_path, "zoo", *words)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("hides-repairs: found")
        assert len(living_in(tmp_path)) > 1
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == code
    assert number != signal.SIGINT or err == "stopped by Ctrl-C; what was started has been ended\n"
    assert left_in(tmp_path) == []
