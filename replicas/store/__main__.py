"""`python -P -m replicas.store FOLDER`: one node, as `spec.json` in its folder says, until standard input ends."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from pathlib import Path

import msgspec
import uvloop

from .shell import Shell, Spec

_COLLECT_AFTER = 50_000  # messages make no cycles: the default of 700 looks for them hundreds of times a second


async def serve(folder: Path) -> None:
    """Standard input is the guardian's lifeline: its end means that nobody looks after this process any more."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.set_exception_handler(_die)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    spec = msgspec.json.decode((folder / "spec.json").read_bytes(), type=Spec)
    shell = Shell(spec, folder, loop)
    await shell.start()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 50, 100)
    loop.add_reader(sys.stdin.fileno(), lambda: ended.set() if not os.read(sys.stdin.fileno(), 4096) else None)
    await ended.wait()
    shell.stop()


def _die(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """An error in the batch loop, a failed commit above all, must not be survived: something was not said or kept."""
    with contextlib.suppress(BrokenPipeError):
        loop.default_exception_handler(context)
        sys.stderr.flush()
    os._exit(70)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
