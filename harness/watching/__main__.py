"""`python -m harness.watching FOLDER`: draws the run of that folder on standard output until it is over, or whoever
started this is gone. In a session of its own."""

import contextlib
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from harness.watching.follow import follow

PRIORITY = 15  # it gets a thirtieth of what others get who want as much: enough for a frame now and then


def stand_back() -> None:
    """What is watched goes first. Where the kernel shares out its time by sessions first, as Linux usually does for
    those of people, a priority counts only within one: so the session gets it too."""
    os.nice(PRIORITY)
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/autogroup").write_text(str(PRIORITY))


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))  # by way of whatever gives the terminal back
    stand_back()
    follow(Path(sys.argv[1]), Console())
