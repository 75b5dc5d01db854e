"""Where a command prints: a console for people, and standard output for one JSON document."""

import os
import sys
from typing import Any

import msgspec
from rich.console import Console

WIDTH_ELSEWHERE = 140  # where there is no terminal
_LINES = 25


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Nobody reads on, as in `urushi run | head`: the run goes on, and its verdict is still the exit code."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def console_for(*, json: bool) -> Console:
    console = _Console(stderr=json, height=_height())
    return console if console.is_terminal else _Console(stderr=json, width=WIDTH_ELSEWHERE)


def _height() -> int | None:
    """A width that was asked for counts in a dumb terminal only beside a height."""
    return _LINES if os.environ.get("TERM") == "dumb" and "COLUMNS" in os.environ else None


def print_json(document: Any) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")
