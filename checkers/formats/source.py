"""A file as lines, of which the last may have been cut off as its writer was killed."""

from collections.abc import Iterator
from pathlib import Path

from checkers.files import BrokenHistory
from checkers.formats.ops import PAUSE_EVERY, Pause


class Source:
    """Its lines with their ends, once. `number` is that of the last line given, `whole` that it has its line feed."""

    def __init__(self, path: Path, pause: Pause) -> None:
        self.path, self._pause = path, pause
        self.number, self.whole = 0, True

    def __iter__(self) -> Iterator[str]:
        with self.path.open("rb") as file:
            for self.number, line in enumerate(file, 1):
                if self.number % PAUSE_EVERY == 0:
                    self._pause()
                self.whole = line.endswith(b"\n")
                yield self._decoded(line.removeprefix(b"\xef\xbb\xbf") if self.number == 1 else line)

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as problem:
            if not self.whole:
                return line.decode(errors="replace")
            what = f"column {problem.start + 1}: this is no text in UTF-8"
            raise BrokenHistory(self.path, self.number, what) from None
