"""A command of the user's under the guardian, with its standard input and output in our hands."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.stages.processes.logs import last_lines
from harness.stages.processes.supervise import Child, Guardian, SpawnError
from harness.systems.misbehaved import Misbehaved
from harness.wrong import Wrong

LINE_BYTES_MAX = 1 << 22
READ_BYTES = 1 << 16
ENDING_S = 1.0  # between the end of its output and the news of its end


class Piped:
    """`who` it is, in words; `replies` are what it says. Opened without any waiting, so that nothing is left half open
    when who wanted it is cancelled."""

    def __init__(self, who: str, child: Child, says: int, hears: int) -> None:
        self.who = who
        self.child = child
        self.replies = asyncio.StreamReader(limit=LINE_BYTES_MAX)
        self._loop = asyncio.get_running_loop()
        self._says, self._hears = says, hears
        self._unheard = bytearray()
        self._closed = False
        self._loop.add_reader(says, self._listen)

    def wrong(self, what: str, remedy: str) -> Misbehaved:
        return Misbehaved(self.who, what, remedy, last_lines(self.child.log))

    def tell(self, line: bytes) -> None:
        self._unheard += line
        self._flush()

    def close(self) -> None:
        """End of file is all that it is told; what does not end by itself ends with the run."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._says)
            self._loop.remove_writer(self._hears)
            os.close(self._says)
            os.close(self._hears)

    async def whole(self, deadline_s: float) -> bytes:
        """All that it says until it closes its output."""
        try:
            async with asyncio.timeout(deadline_s):
                return await self.replies.read()
        except TimeoutError:
            raise self.wrong(f"it has not closed its output within {deadline_s:g} s", "let it end by itself") from None

    def _listen(self) -> None:
        said = os.read(self._says, READ_BYTES)
        if said:
            self.replies.feed_data(said)
        else:
            self.replies.feed_eof()
            self._loop.remove_reader(self._says)

    def _flush(self) -> None:
        """One that hears nothing any more is told by the end of what it says."""
        try:
            del self._unheard[: os.write(self._hears, self._unheard)]
        except BlockingIOError:
            pass  # it is busy
        except BrokenPipeError:
            self._unheard.clear()
        if self._unheard:
            self._loop.add_writer(self._hears, self._flush)
        else:
            self._loop.remove_writer(self._hears)


async def begin(guardian: Guardian, who: str, argv: Sequence[str], folder: Path, name: str) -> Piped:
    """Its standard error goes to a log of its own in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pipes = [folder / f"{name}.in", folder / f"{name}.out"]
    for pipe in pipes:
        os.mkfifo(pipe, 0o600)
    hears = os.open(pipes[0], os.O_RDWR | os.O_NONBLOCK)  # for writing alone it needs a reader, which is to come
    says = os.open(pipes[1], os.O_RDONLY | os.O_NONBLOCK)
    try:
        child = await guardian.spawn(argv, env=os.environ, cwd=folder, log=folder / f"{name}.log", talk=pipes)
        hears_alone = os.open(pipes[0], os.O_WRONLY | os.O_NONBLOCK)
    except BaseException as problem:
        os.close(says)
        if isinstance(problem, SpawnError):
            raise Misbehaved(who, str(problem), "correct its command") from None
        raise
    finally:
        os.close(hears)
        for pipe in pipes:
            pipe.unlink()
    return Piped(who, child, says, hears_alone)


def found(argv: list[str], here: Path, place: str) -> list[str]:
    """With the program as a path: what has no slash is looked for where a shell would, what has one, from `here`."""
    program = argv[0]
    path = str((here / program).resolve()) if "/" in program else shutil.which(program)
    if path is None or not os.access(path, os.X_OK):
        what = f"{program!r} is not on this machine" if path is None else f"{path} is no program that can be run"
        raise Wrong(place, what, "install it, or write the path of one")
    return [path, *argv[1:]]
