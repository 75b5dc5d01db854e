"""What the harness asks of its processes is done and seen; they end with it; every failure says what it was."""

import asyncio
import functools
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic  # noqa: TID251 - deadlines on real processes
from typing import Any

import psutil
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.stages.processes import supervise
from harness.stages.processes.supervise import (
    Child,
    ChildEndedError,
    DeadlineError,
    Exit,
    Guardian,
    GuardianLostError,
    SpawnError,
    SupervisionError,
    end_sessions,
)

Marked = Callable[[], list[psutil.Process]]
IN_GROUP = "sleep 1000 & echo $!; wait"
OWN_SESSION = "setsid sleep 1000 & echo $!; wait"
ORPHAN = "setsid -f sh -c 'echo ready; exec sleep 1000'; exec sleep 1000"
STUBBORN = "trap '' TERM; echo ready; while :; do read line; done"  # outlives its lifeline too, but does not fork


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**fixtures: object) -> None:
        uvloop.run(asyncio.wait_for(test(**fixtures), 30))  # as in a run: it leaks descriptors into the guardian

    return run


async def start(directory: Path) -> Guardian:
    return await Guardian.start(log=directory / "guardian.log")


async def shell(guardian: Guardian, directory: Path, script: str) -> Child:
    env = {"PATH": os.defpath, "MARK": str(directory)}
    log = directory / f"log{len(list(directory.iterdir()))}"
    return await guardian.spawn(["/bin/sh", "-c", script], env=env, cwd=directory, log=log)


async def first_line(child: Child) -> str:
    async def read() -> str:
        while not (text := child.log.read_text()).endswith("\n"):
            await asyncio.sleep(0.005)
        return text.split("\n")[0]

    return await child.outlives(read(), "its first line", deadline_s=5)


@in_loop
async def test_an_end_is_reported_as_it_was(tmp_path: Path) -> None:
    async with await start(tmp_path) as guardian:
        left = await shell(guardian, tmp_path, "exit 3")
        shot = await shell(guardian, tmp_path, "kill -SEGV $$")
        assert await left.exited(deadline_s=5) == left.ended == Exit(3, None)
        assert await shot.exited(deadline_s=5) == shot.ended == Exit(None, signal.SIGSEGV)
        assert left.state() == shot.state() == "gone"


@in_loop
async def test_a_child_gets_what_it_was_given_and_no_more(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # noqa: FBT003 - positional only
    script = (
        "readlink /proc/$$/fd/0; echo $$; cut -d' ' -f6 /proc/$$/stat; "
        "grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd; pwd; env"
    )
    try:
        async with await Guardian.start(log=tmp_path / "guardian.log", hold=[reading, writing]) as guardian:
            child = await shell(guardian, tmp_path, script)
            await child.exited(deadline_s=5)
    finally:
        os.close(reading)
        os.close(writing)
    lifeline, pid, session, blocked, ignored, *rest = child.log.read_text().splitlines()
    assert lifeline.startswith("pipe:")
    assert pid == session == str(child.pid), "a session of its own"
    assert int(blocked.split()[1], 16) == 0
    assert int(ignored.split()[1], 16) & 0x7FFFFFFF == 0, "above are those that the C library keeps for itself"
    assert rest[:5] == ["0", "1", "2", "3", str(tmp_path)], "3 is the directory that ls reads"
    assert {line.split("=")[0] for line in rest[5:]} == {"PATH", "MARK", "PWD"}, "the shell adds PWD"


UNSTARTABLE: list[tuple[dict[str, Any], str]] = [
    ({"argv": ["/no/such", "argument"]}, r"cannot start /no/such argument in .*such file or directory: '/no/such'"),
    ({"argv": ["/tmp"]}, "Permission denied: '/tmp'"),  # noqa: S108 - any directory
    ({"cwd": Path("/no/directory")}, "No such file or directory: '/no/directory'"),
    ({"log": Path("/no/log")}, "No such file or directory: '/no/log'"),
    ({"env": {"a=b": "c"}}, "illegal environment variable name"),
]


@in_loop
async def test_what_cannot_be_started_is_named_and_harms_nothing(tmp_path: Path) -> None:
    sound: dict[str, Any] = {"argv": ["/bin/true"], "env": {}, "cwd": tmp_path, "log": tmp_path / "log"}
    async with await start(tmp_path) as guardian:
        descriptors = Path(f"/proc/{guardian._process.pid}/fd")
        before = len(list(descriptors.iterdir()))
        for flaw, words in UNSTARTABLE:
            with pytest.raises(SpawnError, match=words):
                await guardian.spawn(**sound | flaw)
        child = await guardian.spawn(**sound)
        assert await child.exited(deadline_s=5) == Exit(0, None)
        assert len(list(descriptors.iterdir())) == before
        assert str(descriptors.with_name("cwd").readlink()) == "/", "it keeps no disk from being unmounted"


@given(st.lists(st.binary(max_size=20).map(lambda word: os.fsdecode(word.replace(b"\0", b""))), max_size=4))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_arrive_as_they_were_sent(tmp_path: Path, words: list[str]) -> None:
    log = tmp_path / "words"
    log.unlink(missing_ok=True)

    @in_loop
    async def send() -> None:
        async with await start(tmp_path) as guardian:
            argv = ["/usr/bin/printf", "%s\\0", "first", *words]
            child = await guardian.spawn(argv, env={}, cwd=tmp_path, log=log)
            await child.exited(deadline_s=5)

    send()
    assert log.read_bytes() == b"".join(os.fsencode(word) + b"\0" for word in ["first", *words])


@in_loop
async def test_a_death_shows_the_last_lines_of_the_log(tmp_path: Path) -> None:
    async with await start(tmp_path) as guardian:
        child = await shell(guardian, tmp_path, "seq 5000; echo 'no room on disk' >&2; exit 4")
        with pytest.raises(ChildEndedError) as caught:
            await child.outlives(asyncio.sleep(30), "its greeting", deadline_s=20)
        words = str(caught.value)
        assert f"process {child.pid} (/bin/sh -c" in words
        assert "ended (exit code 4) while waiting for its greeting" in words
        assert words.endswith("  4999\n  5000\n  no room on disk")
        assert "4990" not in words
        for attempt in (child.signal(signal.SIGSTOP), child.becomes("stopped", deadline_s=5)):
            with pytest.raises(ChildEndedError, match="no room on disk"):
                await attempt


@in_loop
async def test_what_does_not_come_in_time_is_named(tmp_path: Path) -> None:
    async with await start(tmp_path) as guardian:
        child = await shell(guardian, tmp_path, STUBBORN)
        await first_line(child)
        await child.signal(signal.SIGTERM)
        with pytest.raises(DeadlineError, match=r"0\.05 s for process .* to end; it is running\nlast lines.*\n  ready"):
            await child.exited(deadline_s=0.05)
        with pytest.raises(DeadlineError, match="to become stopped; it is running"):
            await child.becomes("stopped", deadline_s=0.05)
        vote = asyncio.ensure_future(asyncio.sleep(30))
        with pytest.raises(DeadlineError, match="for its vote; it is running"):
            await child.outlives(vote, "its vote", deadline_s=0.05)
        assert vote.cancelled()
        with pytest.raises(ZeroDivisionError):
            await child.outlives(asyncio.to_thread(lambda: 1 / 0), "a failure of its own", deadline_s=5)


@in_loop
async def test_a_pause_and_its_end_are_seen_on_the_whole_group(tmp_path: Path) -> None:
    async with await start(tmp_path) as guardian:
        child = await shell(guardian, tmp_path, IN_GROUP)
        grandchild = psutil.Process(int(await first_line(child)))
        await child.signal(signal.SIGSTOP)
        await child.becomes("stopped", deadline_s=5)
        await eventually(lambda: grandchild.status() == "stopped")
        await child.signal(signal.SIGCONT)
        await child.becomes("running", deadline_s=5)
        await eventually(lambda: grandchild.status() == "sleeping")


async def eventually(condition: Callable[[], bool], deadline_s: float = 5) -> None:
    until = monotonic() + deadline_s
    while not condition():
        assert monotonic() < until
        await asyncio.sleep(0.005)


@in_loop
async def test_the_rest_of_a_group_ends_with_its_leader(tmp_path: Path) -> None:
    async with await start(tmp_path) as guardian:
        child = await shell(guardian, tmp_path, IN_GROUP)
        grandchild = int(await first_line(child))
        os.kill(child.pid, signal.SIGKILL)  # the leader alone
        assert await child.exited(deadline_s=5) == Exit(None, signal.SIGKILL)
        await eventually(lambda: not psutil.pid_exists(grandchild))


@in_loop
async def test_closing_ends_the_stubborn_the_stopped_and_the_daemonised(tmp_path: Path, marked: Marked) -> None:
    async with await start(tmp_path) as guardian:
        children = [await shell(guardian, tmp_path, script) for script in (STUBBORN, IN_GROUP, OWN_SESSION, ORPHAN)]
        for child in children:
            await first_line(child)
        await children[0].signal(signal.SIGSTOP)
        await children[0].becomes("stopped", deadline_s=5)
        await guardian.temporary(tmp_path / "scratch")
        (tmp_path / "scratch" / "deep").mkdir(parents=True)
        assert len(marked()) >= 7, "four children, three grandchildren"
    assert marked() == []
    assert [await child.exited(deadline_s=0) for child in children] == [Exit(None, signal.SIGKILL)] * 4
    assert not (tmp_path / "scratch").exists()
    with pytest.raises(SupervisionError, match="was closed"):
        await shell(guardian, tmp_path, ":")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
@in_loop
async def test_the_harness_notices_that_the_guardian_is_gone(tmp_path: Path, number: int, marked: Marked) -> None:
    guardian = await start(tmp_path)
    children = [await shell(guardian, tmp_path, script) for script in (STUBBORN, IN_GROUP)]
    await guardian.temporary(tmp_path / "scratch")
    (tmp_path / "scratch").mkdir()
    await children[0].signal(signal.SIGSTOP)
    await children[0].becomes("stopped", deadline_s=5)
    os.kill(guardian._process.pid, number)
    ended = asyncio.gather(*(child.exited(deadline_s=10) for child in children))
    if number == signal.SIGKILL:
        with pytest.raises(GuardianLostError, match=r"the guardian \(process \d+\) has ended unasked \(-9\)"):
            await ended
    else:
        assert await ended == [Exit(None, signal.SIGKILL)] * 2
        await eventually(guardian._listener.done)
    with pytest.raises(GuardianLostError, match="has ended unasked"):
        await guardian.close()
    assert marked() == []
    assert not (tmp_path / "scratch").exists()
    with pytest.raises(GuardianLostError, match="has ended unasked"):
        await shell(guardian, tmp_path, ":")


@in_loop
async def test_a_guardian_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: Marked
) -> None:
    guardian = await start(tmp_path)
    await shell(guardian, tmp_path, STUBBORN)
    os.kill(guardian._process.pid, signal.SIGSTOP)
    monkeypatch.setattr(supervise, "ANSWER_DEADLINE_S", 0.1)
    with pytest.raises(DeadlineError, match=r"waited 0\.1 s for the guardian .* to answer to spawn"):
        await shell(guardian, tmp_path, ":")
    monkeypatch.undo()
    with pytest.raises(DeadlineError, match=r"waited 0\.1 s for the guardian .* to end"):
        await guardian.close(deadline_s=0.1)
    assert marked() == []


@in_loop
async def test_ctrl_c_reaches_neither_guardian_nor_children(tmp_path: Path) -> None:
    async with await start(tmp_path) as guardian:
        child = await shell(guardian, tmp_path, STUBBORN)
        sessions = {os.getsid(0), os.getsid(guardian._process.pid), os.getsid(child.pid)}
        assert len(sessions) == 3


def test_a_stranger_with_the_pid_of_an_old_child_is_spared() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, start_new_session=True) as stranger:
        old: Any = psutil.Process(stranger.pid)
        old._ident = (stranger.pid, 1.0)  # as if it had been created a second after the machine started
        assert end_sessions({stranger.pid: old}, deadline_s=5) == []
        assert stranger.poll() is None
        assert end_sessions({stranger.pid: psutil.Process(stranger.pid)}, deadline_s=5) == []
        assert stranger.wait(5) == -signal.SIGKILL
