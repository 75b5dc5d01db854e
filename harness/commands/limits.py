"""Limits of time and of memory: as options, and as what a reader and a checker ask whether to go on."""

import re
from collections.abc import Sequence
from pathlib import Path
from time import monotonic  # noqa: TID251 - a limit on real time, of a judgement and not of a run
from typing import Annotated, Any

import psutil
from cyclopts import Parameter, Token

from harness.commands.budget import Budget
from harness.wrong import Wrong

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SHARE_OF_FREE = 0.9  # the rest is for everybody else
_GROUP_LIMITS = (  # most, used
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def _bytes(_shape: Any, tokens: Sequence[Token]) -> int:
    text, place = tokens[0].value, tokens[0].keyword or ""
    found = re.fullmatch(r"(\d{1,15})\s?([KMG]i?B|B|)", text, re.ASCII | re.IGNORECASE)
    if found is None or int(found[1]) == 0:
        raise Wrong(place, f"{text!r} is no amount of bytes", "write bytes, or one such as 500MiB or 2GiB")
    return int(found[1]) * _UNITS[found[2].upper()]


Memory = Annotated[int, Parameter(converter=_bytes)]
Size = Annotated[int, Parameter(converter=_bytes, show_default=lambda count: f"{count // 10**6}MB")]
TimeLimit = Annotated[Budget | None, Parameter(show_default=False)]


class OutOfTime(Exception):
    """While a file was read."""


class Limits:
    """From now on. Without a limit of memory it is most of what this machine, or the group of the process, has free."""

    def __init__(self, time_s: float | None, memory_bytes: int | None) -> None:
        self._time_s, self._begun = time_s, monotonic()
        self._process = psutil.Process()
        self._given = memory_bytes
        used = self._used()
        self._free = max(memory_bytes - used, 0) if memory_bytes else int(free_memory() * _SHARE_OF_FREE)
        self._most = memory_bytes or used + self._free

    def require_room(self, path: Path, needed: int) -> None:
        """Before a file is read. `needed` is an estimate of the memory that it takes."""
        if needed > self._free:
            raise Wrong(
                str(path), f"to judge it takes about {size(needed)} of memory, {self._what_there_is()}", _REMEDY
            )

    def pause(self) -> None:
        """Ends the reading of a file, by what it raises."""
        if self._is_late():
            raise OutOfTime
        if self._used() > self._most:
            raise Wrong("", f"to read it takes more memory than {size(self._most)}, {self._what_there_is()}", _REMEDY)

    def out_of_budget(self) -> str | None:
        if self._is_late():
            return self.lateness()
        if self._used() > self._most:
            option = "--memory-limit" if self._given else "what this machine has free; --memory-limit says how much"
            return f"it took more memory than {size(self._most)} ({option})"
        return None

    def lateness(self) -> str:
        return f"it took longer than {self._time_s:g} s (--time-limit)"

    def _is_late(self) -> bool:
        return self._time_s is not None and monotonic() - self._begun > self._time_s

    def _used(self) -> int:
        return int(self._process.memory_info().rss)

    def _what_there_is(self) -> str:
        if self._given:
            return f"and --memory-limit is {size(self._given)}, of which {size(self._free)} were free"
        return f"and this machine has {size(self._free)} to spare"


_REMEDY = "allow more with --memory-limit, take a machine that has more, or judge the history of fewer keys at a time"


def free_memory() -> int:
    """Of the machine, or of the control group that the process is in, whichever is less."""
    free = int(psutil.virtual_memory().available)
    for most, used in _GROUP_LIMITS:
        try:
            limit = Path(most).read_text(encoding="ascii").strip()
            if limit.isdigit():
                free = min(free, max(int(limit) - int(Path(used).read_text(encoding="ascii")), 0))
        except (OSError, ValueError):
            continue
    return free


def size(count: int) -> str:
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count:,} bytes"
