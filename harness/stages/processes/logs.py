"""What a process had said."""

from pathlib import Path

LOG_BYTES_MAX = 4096


def last_lines(log: Path, count: int = 10) -> str:
    """The end of a log, to be shown below an error."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_BYTES_MAX))
            lines = file.read(LOG_BYTES_MAX).decode(errors="replace").splitlines()[-count:]
    except OSError as error:
        return f"({log} cannot be read: {error.strerror})"
    return "\n  ".join([f"last lines of {log}:", *lines]) if lines else f"({log} is empty)"
