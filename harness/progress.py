"""How a run on processes goes on, told while it does: what `urushi watch` reads, and no part of the history.

`progress.jsonl` in the run's folder has one object a line. Whoever writes it holds a lock on it until the run is over,
however it ends: so a reader knows whether there will be more.
"""

import fcntl
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from checkers.history import Fault, Phase

FILE = "progress.jsonl"

State = Literal["up", "paused", "starting", "bootstrapping", "down", "wiped"]


class Tick(msgspec.Struct, tag="tick", tag_field="event", gc=False):
    """What a look saw: the nodes, the levers that faults hold on links (`block r1>r2`), and what clients had back since
    the look before. Latencies are those of operations that succeeded, from their planned time, in microseconds."""

    at: int
    states: dict[str, State]
    links: list[str]
    outcomes: dict[str, int]
    latencies_us: list[int]


class Mending(msgspec.Struct, tag="mending", tag_field="event", gc=False):
    """`rounds` of at most `of` are over, and `pending` is why it goes on."""

    at: int
    rounds: int
    of: int
    pending: str | None


Line = Tick | Mending | Phase | Fault

decoder = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


class Writer:
    """Appears under its name when it is locked. Each line is there for readers at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        hidden = folder / f".{FILE}"
        self._file = hidden.open("wb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        hidden.rename(folder / FILE)

    def write(self, line: Line) -> None:
        self._file.write(_encoder.encode(line) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._file.close()


def under_way(folder: Path) -> bool:
    """Whether somebody performs this run now. FileNotFoundError: nobody has begun to."""
    with (folder / FILE).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
