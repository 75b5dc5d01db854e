"""What the harness sees of each replica from outside while a run goes on: measured, and no part of the history."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

FILE = "samples.jsonl"  # in the run's folder, one object a line, in the order of `at`

_encoder = msgspec.json.Encoder()


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one node at one moment, in nanoseconds since the start of unrest. `cpu_ns` is what its process has used since
    it started, `hints` how many wait there. None: it could not be told, as of a node that is down."""

    at: int
    node: str
    cpu_ns: int | None = None
    rss_bytes: int | None = None
    hints: int | None = None


def write(samples: Iterable[Sample], folder: Path) -> None:
    with (folder / FILE).open("wb") as file:
        append(samples, file)


def append(samples: Iterable[Sample], file: BinaryIO) -> None:
    file.write(_encoder.encode_lines(list(samples)))


def read(folder: Path) -> list[Sample]:
    """Empty if none were taken. The last line may be cut off, as when the writer was killed."""
    try:
        lines = (folder / FILE).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [msgspec.json.decode(line, type=Sample) for line in lines if line.endswith(b"\n")]
