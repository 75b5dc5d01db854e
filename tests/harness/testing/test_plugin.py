"""The pytest plugin as somebody meets it who tests a store in a repository of their own."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness.testing.sessions import ROOT, Session, environment, properties, session

TESTS = """
import pytest

@pytest.mark.urushi(scenario="calm", seeds=2)
def test_holds(urushi_run):
    assert urushi_run.verdict == "holds"
    assert urushi_run.promises["convergence"].verdict == "holds"
    assert urushi_run.story == ""
    assert len(urushi_run.history.events) > len(urushi_run.plan.operations)
    assert (urushi_run.folder / "verdict.json").exists()

@pytest.mark.urushi(scenario="demo:purges-unconfirmed")
def test_broken(urushi_run):
    raise NotImplementedError("what is broken is not looked at")

@pytest.mark.urushi(scenario="demo:purges-unconfirmed", judge=False)
def test_own(urushi_run):
    assert urushi_run.promises["purge soundness"].verdict == "violated"

@pytest.mark.urushi(scenario="nothing.toml")
def test_nothing(urushi_run):
    raise NotImplementedError("nothing is known")

@pytest.mark.urushi(scenario="nowhere")
def test_wrong(urushi_run):
    pass

def test_by_hand(urushi_world):
    urushi_world.cut("r3")
    assert urushi_world.write("k", "v", at="r1", level="ALL").outcome == "ok"

def test_of_something_else():
    pass
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "nothing.toml").write_text("[workload]\noperations = 0\n[faults]\ncount = 0\n")
    (folder / "tests").mkdir()
    (folder / "tests/test_store.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    return folder


@pytest.fixture(scope="module")
def alone(repository: Path) -> Session:
    return session(repository, "--urushi-seed", "7", "--urushi-shrink", "--junitxml", "alone.xml")


def test_each_verdict_has_its_own_outcome(alone: Session) -> None:
    assert alone.code == 1
    assert alone.counts() == {"failed": 2, "passed": 4, "inconclusive": 1, "error": 1}
    assert "urushi: --urushi-seed 7" in alone.out


def test_a_broken_promise_reads_as_its_story(alone: Session) -> None:
    story = alone.out[alone.out.index("_ test_broken[") : alone.out.index("_ test_by_hand[")]
    assert "VIOLATED  purge soundness   key k3" in story
    assert "Cause: r3 missed" in story
    assert "Smallest plan: 1 operation, 1 fault (from 3 and 1)." in story
    assert ".py" not in story.replace("tests/test_store.py::", "")
    assert "not looked at" not in alone.out


def test_what_a_test_did_by_hand_is_shown(alone: Session) -> None:
    assert re.search(r"0\.000 s  cut r3\n +0\.000 s  put k = 'v' at r1 \(ALL\): unknown \(2 of 3", alone.out)
    assert "assert 'unknown' == 'ok'" in alone.out


def test_what_is_inconclusive_says_why(alone: Session) -> None:
    told = alone.out[alone.out.index("= INCONCLUSIVE =") :]
    assert "INCONCLUSIVE  run " in told
    assert "nothing" in told.partition("Reproduce:")[0]


def test_what_is_wrong_in_a_mark_is_an_error_in_one_line(alone: Session) -> None:
    told = alone.out[alone.out.index("ERROR at setup of test_wrong[") : alone.out.index("= FAILURES")]
    assert "wrong: scenario: there is no 'nowhere'; allowed: ahead, " in told
    assert "Wrong(" not in told


def test_the_line_of_a_failure_repeats_it_alone(repository: Path, alone: Session) -> None:
    of = properties(repository / "alone.xml")
    [name] = [each for each in of if each.startswith("test_broken")]
    line = shlex.split(of[name]["urushi_reproduce"])
    assert line[0] == "pytest"
    again = session(repository, *line[1:], "--junitxml", "again.xml")
    assert again.counts() == {"failed": 1}
    [repeated] = properties(repository / "again.xml").values()
    assert repeated | {"urushi_run": ""} == of[name] | {"urushi_run": ""}
    story = alone.out[alone.out.index("VIOLATED") : alone.out.index("  And 1 more")]
    assert story in again.out


def test_urushi_finds_the_run_of_a_failure(repository: Path, alone: Session) -> None:
    [run] = {each for each in re.findall(r"or  urushi replay (\S+)", alone.out) if "nothing" not in each} - _unknown(
        alone
    )
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "replay", run], cwd=repository, env=environment(repository),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"identical to run {run}" in done.stdout


def _unknown(alone: Session) -> set[str]:
    return set(re.findall(r"INCONCLUSIVE  run (\S+)", alone.out))


def test_only_runs_that_failed_are_kept(repository: Path, alone: Session) -> None:
    of = properties(repository / "alone.xml")
    kept = {each.name for each in (repository / ".urushi/runs").iterdir()}
    verdicts = {
        each.get("urushi_run"): each.get("urushi_verdict") for name, each in of.items() if "test_own" not in name
    }
    assert kept >= {run for run, verdict in verdicts.items() if run and verdict != "holds"}
    assert not kept & {run for run, verdict in verdicts.items() if verdict == "holds"}


def test_workers_of_xdist_perform_the_same(repository: Path, alone: Session) -> None:
    shared = session(
        repository, "-n", "2", "--urushi-seed", "7", "--junitxml", "shared.xml", "--urushi-out", "elsewhere"
    )
    assert shared.counts() == alone.counts()
    one, other = (properties(repository / name) for name in ("alone.xml", "shared.xml"))
    named = ("urushi_seed", "urushi_verdict", "urushi_reproduce")
    assert [{key: of.get(key) for key in named} for of in one.values()] == [
        {key: other[name].get(key) for key in named} for name in one
    ]
    for run in re.findall(r"or  urushi replay (\S+)", shared.out):
        assert (repository / run / "plan.json").is_file()
        assert run.startswith("elsewhere/")


def test_a_random_seed_is_one_for_all_workers_and_the_last_that_failed_is_known(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.urushi\ndef test_x(urushi_seed): raise ValueError\n"
    )
    first = session(tmp_path, "--urushi-seeds", "3", "--urushi-seed", "random", "-n", "2")
    [seed] = re.findall(r"urushi: --urushi-seed (\d+)", first.out)
    last = session(tmp_path, "--urushi-seeds", "3", "--urushi-seed", "last")
    assert f"urushi: --urushi-seed {seed}" in last.out
    assert first.counts() == last.counts() == {"failed": 3}
    assert sorted(re.findall(r"FAILED (\S+)", last.out)) == sorted(re.findall(r"FAILED (\S+)", first.out))


def test_what_is_inconclusive_may_be_skipped_and_is_still_no_pass(repository: Path) -> None:
    skipped = session(repository, "tests", "-k", "nothing", "--urushi-inconclusive", "skip")
    assert skipped.counts() == {"inconclusive": 1, "deselected": 7}
    assert skipped.code == 0


MISTAKES = {
    "seeds='3'": "seeds='3'; write a whole number, 1 to 10000",
    "seeds=0": "seeds=0; write a whole number",
    "seed=3": "'seed' is not known; allowed: scenario, seeds, stage",
    "'calm'": "'calm' has no name; write scenario='calm'",
    "stage='moon'": "stage='moon'; allowed: processes, simulation",
    "judge='no'": "judge='no'; write True or False",
    "policy=3": "policy=3; write a name in quotes",
}


def test_mistakes_in_marks_are_told_when_tests_are_collected(tmp_path: Path) -> None:
    for number, mistake in enumerate(MISTAKES):
        mark = f"import pytest\n@pytest.mark.urushi({mistake})\ndef test_x(urushi_run): pass\n"
        (tmp_path / f"test_{number}.py").write_text(mark)
    (tmp_path / "test_empty.py").write_text("import pytest\n@pytest.mark.urushi(seeds=3)\ndef test_y(): pass\n")
    told = session(tmp_path, "--collect-only")
    assert told.counts() == {"error": len(MISTAKES) + 1} | {k: v for k, v in told.counts().items() if k != "error"}
    for said in MISTAKES.values():
        assert f"@pytest.mark.urushi: {said}" in told.out
    assert "test_y performs nothing; let it have an argument: urushi_run" in told.out


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--urushi-seed", "seven"), "'seven' is no seed: write a whole number of up to 18 digits, last or random"),
        (("--urushi-seeds", "0"), "'0' is no number of seeds: write 1 to 10000"),
        (("--urushi-seed", "last"), "no session has failed here yet; write a number, or random"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, option: tuple[str, str], said: str) -> None:
    refused = session(tmp_path, *option)
    assert refused.code == 4
    assert said in refused.out


def test_a_property_that_fails_names_the_file_of_its_smallest_plan(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "from hypothesis import given, settings\n"
        "from harness.testing.strategies import plans\n"
        "@settings(deadline=None, derandomize=True, max_examples=150)\n"
        "@given(plans())\n"
        "def test_p(plan):\n"
        "    assert not (plan.faults and any(each.kind == 'delete' for each in plan.operations))\n"
        "def test_q(): raise ValueError\n"
    )
    failed = session(tmp_path)
    [path] = re.findall(r"Reproduce:  urushi replay (\S+) --stage simulation", failed.out)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "replay", path, "--stage", "simulation", "--json"], cwd=tmp_path,
        env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert '"ok": 1' in done.stdout or '"unknown": 1' in done.stdout, done.stderr
    assert done.stdout.count('"kind": "kill"') == 1


def test_a_session_without_tests_of_ours_imports_next_to_nothing() -> None:
    look = "import sys, harness.plugin; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"msgspec", "numpy", "jinja2", "uvloop", "cyclopts", "rich", "hypothesis", "psutil", "asyncio"}
    assert not {each for each in loaded if each.startswith(("checkers", "replicas", "workloads"))}
    ours = {each for each in loaded if each.startswith("harness.")}
    assert ours == {"harness.plugin", *(f"harness.testing{each}" for each in ("", ".marks", ".options", ".seeds"))}


def test_the_package_declares_its_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"urushi": "harness.plugin"}
    assert {each.split(">=")[0] for each in project["optional-dependencies"]["pytest"]} == {"pytest", "hypothesis"}
