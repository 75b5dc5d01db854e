"""Whole campaigns on this machine, each in a process of its own: stopped in every way, and gone on with."""

import os
import re
import signal
import subprocess
import sys
import time  # noqa: TID251 - waits for what another process has done
from pathlib import Path

import psutil
import pytest

from harness import fresh
from harness.campaign.coverage import ANY
from harness.run import run
from harness.scenario import draw, load
from tests.harness.campaign.conftest import FLAW, ORDER
from tests.harness.campaign.files import done, facts, query
from tests.harness.commands import ROOT, left_in, living_in, urushi, urushi_process, urushi_started

pytestmark = pytest.mark.xdist_group("campaign")  # what is made for the module is made once

CALM = ("campaign", "--scenario", "calm", "--out", "c.sqlite")


def under_way(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A campaign of which something has been counted, and not all."""
    process = urushi_started(folder, *words)
    deadline = time.monotonic() + 60
    while done(folder / "c.sqlite") == 0 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    return process


def test_a_campaign_that_is_killed_goes_on_to_the_same_end(whole: Path, tmp_path: Path) -> None:
    process = under_way(tmp_path, *ORDER, "--out", "c.sqlite")
    process.kill()
    process.communicate()
    assert left_in(tmp_path) == []
    before = query(tmp_path / "c.sqlite", "SELECT * FROM seeds")
    assert 0 < len(before) < 12
    outcome = urushi_process(tmp_path, *ORDER, "--out", "c.sqlite", deadline_s=110)
    assert outcome.code == 1, outcome.err
    assert set(before) <= set(query(tmp_path / "c.sqlite", "SELECT * FROM seeds")), "run once, with its times"
    assert facts(tmp_path / "c.sqlite") == facts(whole)


def test_ctrl_c_leaves_a_whole_file_and_nothing_else(tmp_path: Path) -> None:
    process = under_way(tmp_path, *CALM, "--seeds", "1..5000")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "stopped by Ctrl-C; what was started has been ended\n"
    count = done(tmp_path / "c.sqlite")
    assert f"stopped by Ctrl-C; the same command goes on\n{count:,} of 5,000 seeds: {count:,} holds" in out
    assert query(tmp_path / "c.sqlite", "PRAGMA integrity_check") == [("ok",)]
    assert living_in(tmp_path) == []


def test_it_ends_in_time_and_goes_on_later(tmp_path: Path) -> None:
    words = (*CALM, "--seeds", "1..30")
    outcome = urushi_process(tmp_path, *words, "--hours", "0.0004", "--json")
    assert outcome.code == 0, outcome.err
    first = outcome.document
    assert (first["stopped"], first["total"]) == ("--hours", 30)
    assert first["done"] < 30
    last = urushi_process(tmp_path, *words, "--hours", "1", "--json").document
    assert (last["stopped"], last["done"], last["verdicts"]["holds"]) == (None, 30, 30)


def test_a_commit_has_the_seeds_that_a_suite_has_of_it(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, *CALM, "--seeds", "commit:3F2a91c:3,2")
    assert outcome.code == 0, outcome.err
    performed = query(tmp_path / "c.sqlite", "SELECT seed FROM seeds ORDER BY seed")
    assert [seed for (seed,) in performed] == sorted([2, *fresh.drawn("3f2a91c", 3)])


def test_a_file_of_another_order_is_refused(whole: Path) -> None:
    outcome = urushi(whole.parent, "campaign", "--seeds", "1..13", "--flaw", FLAW, "--out", "c.sqlite")
    assert outcome.code == 2
    assert "c.sqlite: it is of another order (seeds: 1..12 there, 1..13 here; plans: " in outcome.err
    assert "write another --out" in outcome.err


def test_what_it_found_is_what_single_runs_find(whole: Path, tmp_path: Path) -> None:
    loaded = load("default")
    for seed, verdict, digest in query(whole, "SELECT seed, verdict, digest FROM seeds WHERE seed % 4 = 1"):
        report = run(draw(loaded, "default", seed, FLAW)[0], "simulation", runs=tmp_path)
        assert (report.verdict, report.digest) == (verdict, digest)
        broken = query(whole, f"SELECT promise, times FROM violations WHERE seed = {seed}")  # noqa: S608 - a number
        found = {name: each.violations for name, each in report.promises.items() if each.verdict == "violated"}
        assert dict(broken) == found


def test_one_flaw_makes_few_groups(whole: Path) -> None:
    """A hint that overwrites what is newer: so says each group that is told of replicas, and not of reads alone."""
    [(violations,)] = query(whole, "SELECT count(*) FROM violations")
    causes = query(whole, "SELECT DISTINCT promise, mechanism FROM groups")
    [(promises,)] = query(whole, "SELECT count(DISTINCT promise) FROM violations")
    assert len(causes) <= violations / 2
    assert len(causes) <= 2 * promises
    on_replicas = [mechanism for promise, mechanism in causes if promise.startswith("no ")]
    assert on_replicas
    assert all("the hint for … brought …" in mechanism for mechanism in on_replicas)
    assert query(whole, "SELECT sum(seeds) FROM groups") == [(violations,)]


def test_a_report_is_of_the_latest_campaign_and_its_lines_reproduce(whole: Path, tmp_path: Path) -> None:
    (tmp_path / ".urushi" / "campaigns").mkdir(parents=True)
    (tmp_path / ".urushi" / "campaigns" / "one.sqlite").write_bytes(whole.read_bytes())
    outcome = urushi(tmp_path, "campaign", "report")
    assert outcome.code == 1
    command = re.search(r"fails after [\d,]+ events: urushi (.+)$", outcome.out, re.MULTILINE)
    assert command is not None
    assert urushi(tmp_path, *command[1].split()).code == 1
    document = urushi(tmp_path, "campaign", "report", "--json").document
    assert document["done"] == 12
    assert document["coverage"]["kill"][ANY][ANY] > 0


def test_no_campaign_has_no_report(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "campaign", "report")
    assert outcome.code == 2
    assert "there is no campaign in .urushi/campaigns" in outcome.said


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--hours", "0"), "--hours: 0 is no time"),
        (("--hours", "nan"), "--hours: nan is no time"),
        (("--jobs", "0"), "--jobs: 0 runs cannot go side by side"),
        (("--jobs", "2", "--cluster", "tcp://127.0.0.1:1"), "--jobs: a cluster takes as many"),
    ],
)
def test_other_words_are_refused(tmp_path: Path, words: tuple[str, ...], what: str) -> None:
    outcome = urushi(tmp_path, "campaign", "--seeds", "1", *words)
    assert outcome.code == 2
    assert what in outcome.said
    assert not (tmp_path / ".urushi").exists()


POISON = """
import os
from pathlib import Path
from harness.campaign.cores import Cores
from harness.campaign.order import Order
from harness.campaign.perform import perform
from harness.campaign.results import writing
from tests.harness.campaign.killed import plan_of

order = Order([(1, 12)], "calm", None, None, None, "simulation", "auto", plan_of)
if __name__ == "__main__":
    os.environ["MAIN"] = str(os.getpid())
    with writing(Path("c.sqlite"), order.words()) as results:
        perform(order, results, Cores(2, "simulation"), lambda progress: None, None)
"""


def test_a_seed_that_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "poison.py").write_text(POISON)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "poison.py"], cwd=tmp_path, env=environment, check=True, timeout=100)
    found: dict[int, str] = dict(query(tmp_path / "c.sqlite", "SELECT seed, verdict FROM seeds"))
    assert found == {seed: "failed" if seed == 7 else "holds" for seed in range(1, 13)}
    [(why,)] = query(tmp_path / "c.sqlite", "SELECT why FROM seeds WHERE seed = 7")
    assert why.startswith("its worker died, and again when it was alone")


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    process = under_way(tmp_path, *CALM, "--seeds", "1..30")
    children = psutil.Process(process.pid).children()
    next(child for child in children if "spawn_main" in " ".join(child.cmdline())).kill()
    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert query(tmp_path / "c.sqlite", "SELECT verdict, count(*) FROM seeds GROUP BY 1") == [("holds", 30)]
    assert living_in(tmp_path) == []


@pytest.mark.processes
def test_runs_on_processes_are_kept_if_their_seed_is(tmp_path: Path) -> None:
    words = ("campaign", "--scenario", "demo:purges-unconfirmed", "--seeds", "1..5", "--stage", "processes", "--json")
    document = urushi_process(tmp_path, *words, deadline_s=110).document
    assert document["verdicts"]["violated"] >= 4, document
    runs = {kept["run"] for group in document["groups"] for kept in group["fastest"]}
    assert {path.name for path in (tmp_path / ".urushi/runs").iterdir()} == runs
    for name in runs:
        assert urushi(tmp_path, "explain", name).code in (0, 1)
    assert living_in(tmp_path) == []


def entries(folder: Path, promises: list[str], more: str = "") -> Path:
    text = "".join(f'[[known]]\npromise = "{each}"\nwhy = "a bug"\nlink = "issue {each}"\n{more}' for each in promises)
    (folder / "known.toml").write_text(text)
    return folder / "known.toml"


def test_what_is_known_is_let_through(whole: Path, tmp_path: Path) -> None:
    """A seed counts as a suite's run does: all that it broke is known, or it is not let through."""
    broken = query(whole, "SELECT DISTINCT promise FROM violations ORDER BY promise")
    promises = [promise for (promise,) in broken]
    violated = query(whole, "SELECT count(*) FROM seeds WHERE verdict = 'violated'")[0][0]
    words = ("campaign", "report", str(whole), "--known-failures")
    outcome = urushi(tmp_path, *words, str(entries(tmp_path, promises)))
    assert outcome.code == 0, outcome.err
    assert f"{violated} violated ({violated} let through)" in outcome.out
    for promise in promises:
        [(seeds,)] = query(whole, f"SELECT count(*) FROM violations WHERE promise = '{promise}'")  # noqa: S608 - ours
        assert f"let through: {seeds} seed{'s' * (seeds > 1)}: {promise}: a bug (issue {promise})\n" in outcome.out
    first = query(whole, "SELECT min(seed) FROM violations")[0][0]
    for more in (f'seeds = "{first}"\n', 'flaw = "stops-rounds"\n', 'mechanism = "in other words"\n'):
        outcome = urushi(tmp_path, *words, str(entries(tmp_path, promises, more)), "--json")
        assert outcome.code == 1
        assert outcome.document["let_through"] == (1 if "seeds" in more else 0)


def test_a_mechanism_is_known_by_the_words_of_the_report(whole: Path, tmp_path: Path) -> None:
    """Those of a smallest plan may be others than those of the seed that was shrunk."""
    causes = query(whole, "SELECT DISTINCT promise, mechanism FROM groups")
    parts = [entries(tmp_path, [promise], f"mechanism = '''{said}'''\n").read_text() for promise, said in causes]
    (tmp_path / "known.toml").write_text("".join(parts))
    outcome = urushi(tmp_path, "campaign", "report", str(whole), "--known-failures", "known.toml")
    assert outcome.code == 0, outcome.out


def test_known_failures_that_nobody_can_have_are_refused_before_it_begins(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, *CALM, "--seeds", "1..9", "--known-failures", str(entries(tmp_path, ["convergense"])))
    assert outcome.code == 2
    assert "did you mean 'convergence'?" in outcome.said
    assert query(tmp_path / "c.sqlite", "SELECT count(*) FROM seeds") == [(0,)]
