"""Folders that last as long as their owner: what a killed one left, the next one of the same name clears away."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".owner"


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A new folder for temporary files; the lock in it, which no child of ours inherits, says that we are alive."""
    _clear_orphans(name)
    folder = Path(tempfile.mkdtemp(prefix=f"urushi-{name}-"))
    lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        if lock is not None:
            os.close(lock)


def _clear_orphans(name: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"urushi-{name}-*"):
        if not (folder / _LOCK).is_file():  # just made, or not one of these
            continue
        lock = _locked(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)  # another may clear it away at this moment
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """None: somebody else has it, or has removed it."""
    try:
        lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
