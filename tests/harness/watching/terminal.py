"""A command under a pseudo-terminal, and what it writes there."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic  # noqa: TID251 - a deadline on a real process
from typing import Any

import psutil

from tests.harness.commands import ROOT

DEADLINE_S = 60
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
LEADER = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`written` is all so far; its process has this as its controlling terminal, so that Ctrl-C is a byte."""

    def __init__(self, command: list[str], folder: Path, columns: int, rows: int, environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._theirs = theirs
        self.before = termios.tcgetattr(theirs)
        self.written = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", LEADER, *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )

    @property
    def text(self) -> str:
        """Without colours and moves of the cursor: every frame, one after the other."""
        return ESCAPES.sub("", self.written).replace("\r", "")

    def attributes(self) -> list[Any]:
        return termios.tcgetattr(self._theirs)

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def read_until(self, word: str) -> None:
        until = monotonic() + DEADLINE_S
        while word not in self.text:
            assert monotonic() < until, f"{word!r} was never written:\n{self.text[-3000:]}"
            assert self._read() or self.process.poll() is None, f"it ended before {word!r}:\n{self.text[-3000:]}"

    def ended(self) -> int:
        until = monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert monotonic() < until, f"it does not end:\n{self.text[-3000:]}"
            self._read()
        while self._read():
            pass
        return self.process.wait()

    def read_until_quiet(self) -> None:
        """For one second nothing was written."""
        until = monotonic() + DEADLINE_S
        quiet_since = monotonic()
        while monotonic() < quiet_since + 1:
            assert monotonic() < until, "somebody goes on writing"
            if self._read():
                quiet_since = monotonic()

    def read_on(self) -> None:
        """Something more is written."""
        until = monotonic() + DEADLINE_S
        while not self._read():
            assert monotonic() < until, "nobody writes any more"

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.1)[0]:
            return False
        self.written += os.read(self._ours, 65_536).decode(errors="replace")
        return True

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@contextmanager
def terminal(folder: Path, *words: str, columns: int = 100, rows: int = 40, **environment: str) -> Iterator[Terminal]:
    one = Terminal([sys.executable, "-m", "harness.cli", *words], folder, columns, rows, environment)
    try:
        yield one
    finally:
        one.close()
