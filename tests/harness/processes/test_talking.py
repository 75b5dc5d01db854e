"""Children of the guardian whose standard input and output are in the hands of the harness."""

import asyncio
import signal
from pathlib import Path

import pytest

from harness.stages.processes.supervise import Guardian, GuardianLostError
from harness.systems.misbehaved import Misbehaved
from harness.systems.pipes import Piped, begin
from tests.harness.processes.conftest import NothingLeft

HOLDS = "exec 0<&- 1>&-; trap '' TERM HUP; sleep 1000; sleep 1000"  # it hears nothing, and says nothing


async def shell(guardian: Guardian, folder: Path, script: str) -> Piped:
    return await begin(guardian, "the client", ["/bin/sh", "-c", script, str(folder)], folder, "client")


def test_it_hears_what_it_is_told_and_says_what_is_heard(tmp_path: Path) -> None:
    """More than a pipe holds: nobody waits for the other for ever."""
    line = b"x" * 300_000 + b"\n"

    async def talk() -> list[bytes]:
        async with await Guardian.start(log=tmp_path / "guardian.log") as guardian:
            piped = await shell(guardian, tmp_path, "echo hello >&2; cat")
            said = []
            for _ in range(3):
                piped.tell(line)
                said.append(await piped.replies.readline())
            piped.close()
            await piped.child.exited(deadline_s=5)
            return said

    assert asyncio.run(talk()) == [line] * 3
    assert (tmp_path / "client.log").read_text() == "hello\n"
    assert not list(tmp_path.glob("client.in")) + list(tmp_path.glob("client.out"))


@pytest.mark.parametrize("script", [HOLDS, f"({HOLDS}) & {HOLDS}", "kill -STOP $$; exit"])
def test_it_is_gone_with_a_guardian_that_is_killed(tmp_path: Path, script: str, nothing_left: NothingLeft) -> None:
    async def lose() -> None:
        async with await Guardian.start(log=tmp_path / "guardian.log") as guardian:
            piped = await shell(guardian, tmp_path, script)
            guardian._signal(signal.SIGKILL)
            try:
                await piped.child.exited(deadline_s=10)
            finally:
                piped.close()

    with pytest.raises(GuardianLostError):
        asyncio.run(lose())
    nothing_left()


def test_what_cannot_be_started_is_told_and_leaves_no_pipe(tmp_path: Path) -> None:
    async def start() -> None:
        async with await Guardian.start(log=tmp_path / "guardian.log") as guardian:
            await begin(guardian, "the client", [str(tmp_path)], tmp_path, "client")

    with pytest.raises(Misbehaved, match=r"the client: cannot start .*Permission denied.*; correct its command"):
        asyncio.run(start())
    assert not list(tmp_path.glob("client.in"))
