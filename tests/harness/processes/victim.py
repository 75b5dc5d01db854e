"""A harness that works its processes at random until it is killed: python victim.py <seed> <directory>.

It prints the prefix of its block of addresses, then starts. With a third argument it forks once it has a
guardian, and prints the pid of the fork, which keeps open everything that the harness has open.
"""

import os
import signal
import sys
from pathlib import Path
from random import Random

import uvloop

from harness.stages.processes.addresses import claim
from harness.stages.processes.supervise import Child, Guardian, SupervisionError

STUBBORN = "trap '' TERM INT HUP; while :; do sleep 1000; done"  # with a grandchild in its group
DAEMON = "setsid -f sleep 1000; exec sleep 1000"  # with a grandchild in a session of its own


async def start(guardian: Guardian, directory: Path, script: str) -> Child:
    command = ["/bin/sh", "-c", script]
    return await guardian.spawn(command, env=dict(os.environ), cwd=directory, log=directory / "child.log")


async def disturb(child: Child, random: Random) -> None:
    number = random.choice([signal.SIGSTOP, signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM, signal.SIGKILL])
    await child.signal(number)
    if number == signal.SIGKILL:
        await child.exited(deadline_s=5)


def fork_and_hold() -> int:
    """A fork that keeps open all that we have open, for no longer than a minute."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        signal.pause()
    return pid


async def main(seed: str, directory: Path, *, fork: bool) -> None:
    random = Random(seed)
    block = claim()
    print(block.prefix, flush=True)  # noqa: T201 - this is how the test learns of it
    async with await Guardian.start(log=directory / "guardian.log", hold=[block.lock.fileno()]) as guardian:
        if fork:
            print(fork_and_hold(), flush=True)  # noqa: T201 - likewise
        await guardian.temporary(directory / "scratch")
        (directory / "scratch").mkdir()
        children = [await start(guardian, directory, script) for script in (STUBBORN, DAEMON) * 2]
        while True:
            place = random.randrange(len(children))
            try:
                await disturb(children[place], random)
            except SupervisionError:
                children[place] = await start(guardian, directory, STUBBORN)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), fork=len(sys.argv) > 3))
