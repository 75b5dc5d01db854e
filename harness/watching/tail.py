"""A file of lines that somebody else appends to, read as it grows."""

import os
from pathlib import Path

CHUNK_BYTES = 1 << 16


class Tail:
    """What has been read is forgotten. A line without its end is left where it is: it may be cut off, when its writer
    was killed, and written anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._chunk = CHUNK_BYTES

    def read(self) -> list[bytes]:
        """The next lines, a chunk of them at most; none: there are no more by now."""
        try:
            with open(self._path, "rb", opener=_leaving_no_trace) as file:
                file.seek(self._at)
                data = file.read(self._chunk)
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) == self._chunk:  # one long line
            self._chunk *= 2
            return self.read()
        self._at += whole
        self._chunk = CHUNK_BYTES
        return data[:whole].splitlines()


def _leaving_no_trace(path: str, flags: int) -> int:
    """To note when a file was last read would be a change of the disk, for which its writer's next sync would wait."""
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:  # it is not ours
        return os.open(path, flags)
