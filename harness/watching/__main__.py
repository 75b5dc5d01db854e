"""`python -m harness.watching FOLDER`: draws the run of that folder on standard output until it is over."""

import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from harness.watching.follow import follow

if __name__ == "__main__":
    os.nice(19)  # what is watched goes first
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # by way of whatever gives the terminal back
    follow(Path(sys.argv[1]), Console())
