"""The live view of real runs, under a pseudo-terminal, and where there is none."""

import io
import re
import signal
from pathlib import Path
from time import monotonic, sleep  # noqa: TID251 - deadlines on real processes

import pytest
from rich.console import Console

from harness.scenario import draw, load
from harness.watching.beside import LOG
from harness.watching.follow import possible
from tests.harness.commands import left_in, urushi, urushi_process, urushi_started
from tests.harness.watching.terminal import HIDE, SHOW, Terminal, terminal

TROUBLED = """
[cluster]
nodes = 4

[faults]
kinds = ["kill", "pause", "one-way"]
count = 4
length = "2000..2500ms"

[phases]
unrest = "4s"
"""
LONG = TROUBLED.replace("4s", "30s")


def troubled(folder: Path) -> tuple[str, str]:
    """A scenario, and the first seed of it that pauses a node, kills one and cuts a link."""
    path = folder / "troubled.toml"
    path.write_text(TROUBLED)
    loaded = load(str(path))
    for seed in range(1, 100):
        plan, _ = draw(loaded, path.name, seed)
        if {fault.kind for fault in plan.faults} == {"kill", "pause", "one-way"}:
            return path.name, str(seed)
    raise AssertionError("no seed draws them all")


def long(folder: Path) -> str:
    (folder / "long.toml").write_text(LONG)
    return "long.toml"


def short(folder: Path) -> str:
    text = '[faults]\ncount = 0\n[phases]\nunrest = "500ms"\n[workload]\noperations = 20\n'
    (folder / "short.toml").write_text(text)
    return "short.toml"


def restored(seen: Terminal) -> bool:
    """The cursor is shown again, and the lines of the terminal work as before."""
    return seen.written.rfind(SHOW) > seen.written.rfind(HIDE) > -1 and seen.attributes() == seen.before


@pytest.mark.processes
def test_a_troubled_run_is_seen_while_it_goes_on(tmp_path: Path) -> None:
    """Every frame is in what was written; the report comes below the last one."""
    name, seed = troubled(tmp_path)
    with terminal(tmp_path, "run", name, "--seed", seed, "--watch") as seen:
        assert seen.ended() == 0
        assert restored(seen)
        text = seen.text
    for state in ("up", "paused", "down"):
        assert re.search(rf"^r\d +{state} ", text, re.MULTILINE), state
    assert re.search(r"^links cut +r\d>r\d", text, re.MULTILINE)
    assert re.search(r"^fault +f\d pause r\d, \d\.\d s left: ", text, re.MULTILINE)
    assert re.search(r"^operations/s +[1-9]", text, re.MULTILINE)
    assert re.search(r"^latency +p50 [\d.,]+ ms", text, re.MULTILINE)
    assert re.search(r"^keys apart +[1-9]\d* of 24", text, re.MULTILINE), "a write on its way makes them differ"
    assert re.search(r"^r\d +up +\d+ % +\d+ MB +\d+$", text, re.MULTILINE)
    frame, report = text.rindex("links cut"), text.rindex("HOLDS   run ")
    assert frame < report
    assert "end" in text[text.rindex("keys apart") : report], "the last frame is that of the end"
    (folder,) = (tmp_path / ".urushi/runs").iterdir()
    assert not (folder / LOG).exists(), "the view had nothing to complain of"


@pytest.mark.processes
def test_ctrl_c_ends_run_and_view_and_gives_the_terminal_back(tmp_path: Path) -> None:
    with terminal(tmp_path, "run", long(tmp_path), "--watch") as seen:
        seen.read_until("keys apart")
        seen.press(b"\x03")
        assert seen.ended() == 130
        assert restored(seen)
        assert "stopped by Ctrl-C; what was started has been ended" in seen.text
        assert "Traceback" not in seen.text
    assert left_in(tmp_path) == []


@pytest.mark.processes
def test_the_view_ends_when_its_run_is_killed(tmp_path: Path) -> None:
    with terminal(tmp_path, "run", long(tmp_path), "--watch") as seen:
        seen.read_until("keys apart")
        seen.process.kill()
        assert left_in(tmp_path) == []
        seen.read_until_quiet()
        assert restored(seen)


@pytest.mark.processes
def test_a_view_that_dies_does_not_harm_the_run(tmp_path: Path) -> None:
    name, seed = troubled(tmp_path)
    with terminal(tmp_path, "run", name, "--seed", seed, "--watch") as seen:
        seen.read_until("keys apart")
        (view,) = [each for each in seen.children() if "harness.watching" in each.cmdline()]
        view.kill()
        assert seen.ended() == 0
        assert restored(seen)
        assert "the live view has ended early (-9): see " in seen.text
        assert "HOLDS   run " in seen.text


@pytest.mark.processes
def test_another_terminal_can_watch_and_leave(tmp_path: Path) -> None:
    running = urushi_started(tmp_path, "run", long(tmp_path))
    try:
        until = monotonic() + 20
        while not list(tmp_path.glob(".urushi/runs/*/progress.jsonl")):
            assert monotonic() < until
            sleep(0.02)
        with terminal(tmp_path, "watch", columns=70, NO_COLOR="1") as seen:
            seen.read_until("keys apart")
            seen.process.send_signal(signal.SIGSTOP)
            seen.read_until_quiet()
            seen.process.send_signal(signal.SIGCONT)
            seen.read_on()
            seen.press(b"\x03")
            assert seen.ended() == 0
            assert restored(seen)
            assert re.search(r"^run \w+ goes on$", seen.text, re.MULTILINE)
            assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", seen.written), "no colours were asked for"
        with terminal(tmp_path, "watch", columns=70) as seen:
            seen.read_until("keys apart")
            running.send_signal(signal.SIGINT)
            assert seen.ended() == 0
            assert restored(seen)
            assert re.search(r"^run \w+ is over$", seen.text, re.MULTILINE)
    finally:
        running.terminate()
        running.communicate(timeout=20)
    outcome = urushi(tmp_path, "watch", next(tmp_path.glob(".urushi/runs/*")).name)
    assert outcome.code == 2
    assert "is over; see what became of it: urushi check" in outcome.said


@pytest.mark.processes
def test_where_there_is_no_room_the_run_is_told_as_usual(tmp_path: Path) -> None:
    with terminal(tmp_path, "run", short(tmp_path), "--watch", TERM="dumb") as seen:
        assert seen.ended() == 0
        assert "keys apart" not in seen.text
        assert "HOLDS   run " in seen.text


@pytest.mark.processes
def test_without_a_terminal_the_lines_are_plain(tmp_path: Path) -> None:
    outcome = urushi_process(tmp_path, "run", short(tmp_path), "--watch")
    assert outcome.code == 0
    assert "0.00 s  unrest" in outcome.out
    assert "\x1b" not in outcome.out
    assert "keys apart" not in outcome.out


def test_virtual_time_cannot_be_watched(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "run", "calm", "--stage", "simulation", "--watch")
    assert outcome.code == 2
    assert (
        "--watch: virtual time is over before one could look; leave it out, or take --stage processes" in outcome.said
    )
    assert not (tmp_path / ".urushi").exists()
    ran = urushi(tmp_path, "run", "calm", "--stage", "simulation", "--json").document
    assert "was not performed on processes" in urushi(tmp_path, "watch", ran["id"]).said
    assert "none in .urushi/runs is under way" in urushi(tmp_path, "watch").said
    assert "there is no run 'nope'" in urushi(tmp_path, "watch", "nope").said


@pytest.mark.parametrize(
    ("width", "height", "term", "terminal_there", "expected"),
    [
        (80, 24, "xterm", True, True),
        (60, 12, "xterm", True, True),
        (59, 24, "xterm", True, False),
        (80, 11, "xterm", True, False),
        (80, 24, "dumb", True, False),
        (80, 24, "xterm", False, False),
    ],
)
def test_what_a_terminal_must_have(
    width: int,
    height: int,
    term: str,
    terminal_there: bool,  # noqa: FBT001 - cases
    expected: bool,  # noqa: FBT001 - likewise
) -> None:
    console = Console(
        file=io.StringIO(), force_terminal=terminal_there, width=width, height=height, _environ={"TERM": term}
    )
    assert possible(console) is expected
