"""A command that speaks JSON lines on standard input and output, under the guardian."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.stages.processes.supervise import Child, DeadlineError, Guardian, SpawnError, last_lines
from harness.systems.misbehaved import Misbehaved
from harness.wrong import Wrong

LINE_BYTES_MAX = 1 << 22
SHOWN_MAX = 200
_REMEDY = "one JSON object a line is expected for each request, and nothing else on its standard output"
ENDING_S = 1.0  # between the end of its output and the news of its end


class Piped(NamedTuple):
    """A process, what it says and what it is told; who it is, in words."""

    who: str
    child: Child
    replies: asyncio.StreamReader
    requests: asyncio.WriteTransport
    incoming: asyncio.ReadTransport

    def close(self) -> None:
        """End of file is all that it is told; what does not end by itself ends with the run."""
        self.requests.close()
        self.incoming.close()

    def wrong(self, what: str, remedy: str = _REMEDY) -> Misbehaved:
        return Misbehaved(self.who, what, remedy, last_lines(self.child.log))

    async def whole(self, deadline_s: float) -> bytes:
        """All that it says until it closes its output, of one that is told nothing."""
        self.requests.close()
        try:
            async with asyncio.timeout(deadline_s):
                return await self.replies.read()
        except TimeoutError:
            raise self.wrong(f"it has not closed its output within {deadline_s:g} s", "let it end by itself") from None


class Talk:
    """Requests may be answered in any order: the `op` of a reply says to which it belongs."""

    def __init__(self, piped: Piped) -> None:
        self.wrong = piped.wrong
        self._piped = piped
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._late: set[int] = set()
        self._broken: Misbehaved | None = None
        self._listener = asyncio.create_task(self._listen())

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Who stops waiting need say nothing: a reply that comes later is dropped."""
        if self._broken is not None:
            raise self._broken
        op = request["op"]
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[op] = reply
        self._piped.requests.write(msgspec.json.encode(request) + b"\n")
        try:
            return await reply
        except asyncio.CancelledError:
            self._late.add(op)
            raise
        finally:
            del self._waiting[op]

    def close(self) -> None:
        self._listener.cancel()
        self._piped.close()

    async def _listen(self) -> None:
        try:
            while True:
                self._hear(await self._line())
        except Misbehaved as problem:
            self._broken = problem
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(problem)

    async def _line(self) -> bytes:
        try:
            line = await self._piped.replies.readline()
        except ValueError:
            raise self.wrong(f"a line of more than {LINE_BYTES_MAX} bytes") from None
        if line.endswith(b"\n"):
            return line
        with contextlib.suppress(DeadlineError):  # it is said to run still
            await self._piped.child.exited(deadline_s=ENDING_S)
        ended = self._piped.child.ended
        raise self.wrong(f"it closed its output ({f'it ended: {ended}' if ended else 'it still runs'})")

    def _hear(self, line: bytes) -> None:
        try:
            reply = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            raise self.wrong(f"it said {_shown(line)}, which is no JSON object ({problem})") from None
        op = reply.get("op")
        if op in self._late:
            return
        waiting = self._waiting.get(op) if isinstance(op, int) else None
        if waiting is None or waiting.done():
            raise self.wrong(f"it said {_shown(line)}, whose op answers no open request")
        waiting.set_result(reply)


def _shown(line: bytes) -> str:
    return repr(line[:SHOWN_MAX].decode(errors="backslashreplace").rstrip("\n"))


async def begin(guardian: Guardian, who: str, argv: Sequence[str], folder: Path, name: str) -> Piped:
    """Its standard error goes to a log of its own in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pipes = [folder / f"{name}.in", folder / f"{name}.out"]
    for pipe in pipes:
        os.mkfifo(pipe, 0o600)
    loop = asyncio.get_running_loop()
    kept = os.open(pipes[0], os.O_RDWR)  # opening for writing alone would wait for a reader
    hears = os.open(pipes[1], os.O_RDONLY | os.O_NONBLOCK)
    try:
        child = await guardian.spawn(argv, env=os.environ, cwd=folder, log=folder / f"{name}.log", talk=pipes)
        says = os.open(pipes[0], os.O_WRONLY | os.O_NONBLOCK)
    except SpawnError as problem:
        os.close(hears)
        raise Misbehaved(who, str(problem), "correct its command") from None
    finally:
        os.close(kept)
        for pipe in pipes:
            pipe.unlink()
    replies = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(replies), os.fdopen(hears, "rb", 0))
    requests, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(says, "wb", 0))
    return Piped(who, child, replies, requests, incoming)


def found(argv: list[str], here: Path, place: str) -> list[str]:
    """With the program as a path: what has no slash is looked for where a shell would, what has one, from `here`."""
    program = argv[0]
    path = str((here / program).resolve()) if "/" in program else shutil.which(program)
    if path is None or not os.access(path, os.X_OK):
        what = f"{program!r} is not on this machine" if path is None else f"{path} is no program that can be run"
        raise Wrong(place, what, "install it, or write the path of one")
    return [path, *argv[1:]]
