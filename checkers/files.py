"""Histories as files of JSON lines, and the digest by which two runs are compared."""

import hashlib
import warnings
from operator import attrgetter
from pathlib import Path

import msgspec

from checkers.history import FORMAT, AnyEvent, Header, History

_GROUP = 4096  # events a write: bounded memory at the cost of one write in four thousand
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_encoder = msgspec.json.Encoder()
_canonical = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(AnyEvent)
_by_seq = attrgetter("seq")


class BrokenHistory(ValueError):
    """A file that is not a whole history of this format. `line` counts from 1."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{path}, line {line}: {what}")
        self.line = line


class NewerFormat(BrokenHistory):
    """Written by a later version of the project."""


class TruncatedHistory(UserWarning):
    """The last line was cut off, as when its writer was killed: it was dropped."""


class _AnyHeader(msgspec.Struct):
    """What a header of any format has."""

    format: int


def write(history: History, path: Path) -> None:
    with path.open("wb") as file:
        file.write(_encoder.encode_lines([history.header]))
        for start in range(0, len(history.events), _GROUP):
            file.write(_encoder.encode_lines(history.events[start : start + _GROUP]))


def read(path: Path) -> History:
    """In the order of `seq`. Warns with TruncatedHistory, raises BrokenHistory or NewerFormat."""
    first, _, rest = path.read_bytes().partition(b"\n")
    header = _header(first, path)
    try:
        events = _decoder.decode_lines(rest)
    except _BROKEN:
        events = _line_by_line(rest, path)
    events.sort(key=_by_seq)
    return History(header, events)


def digest(history: History) -> str:
    """Equal for equal histories, whatever the order of their events in memory or in a file."""
    events = sorted(history.events, key=_by_seq)
    return hashlib.blake2b(_canonical.encode([history.header, events]), digest_size=32).hexdigest()


def _header(line: bytes, path: Path) -> Header:
    try:
        number = msgspec.json.decode(line, type=_AnyHeader).format
        if number > FORMAT:
            what = f"format {number} is newer than {FORMAT}: read it with a later version of Urushi"
            raise NewerFormat(path, 1, what)
        if number < 1:
            raise BrokenHistory(path, 1, f"there never was a format {number}: is this a history?")
        return msgspec.json.decode(line, type=Header)
    except _BROKEN as error:
        raise BrokenHistory(path, 1, f"no header of a history: {error}") from error


def _line_by_line(text: bytes, path: Path) -> list[AnyEvent]:
    """Finds the line that does not decode. Only a last line without its line feed may be one that was cut off."""
    events: list[AnyEvent] = []
    lines = text.split(b"\n")
    for number, line in enumerate(lines, 2):
        try:
            events.extend(_decoder.decode_lines(line))
        except _BROKEN as error:
            if number <= len(lines):
                raise BrokenHistory(path, number, f"no event of format {FORMAT}: {error}") from error
            message = f"{path}, line {number}: cut off and dropped ({len(line)} bytes)"
            warnings.warn(message, TruncatedHistory, stacklevel=3)
    return events
