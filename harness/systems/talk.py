"""JSON lines: requests on the standard input of a client, replies on its standard output."""

import asyncio
import contextlib
from typing import Any

import msgspec

from harness.stages.processes.supervise import DeadlineError
from harness.systems.misbehaved import Misbehaved
from harness.systems.pipes import ENDING_S, LINE_BYTES_MAX, Piped

SHOWN_MAX = 200
_REMEDY = "one JSON object a line is expected for each request, and nothing else on its standard output"


class Talk:
    """Requests may be answered in any order: the `op` of a reply says to which it belongs."""

    def __init__(self, piped: Piped) -> None:
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
        self._piped.tell(msgspec.json.encode(request) + b"\n")
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

    def wrong(self, what: str) -> Misbehaved:
        return self._piped.wrong(what, _REMEDY)

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
