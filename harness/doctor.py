"""Which levers this machine has, and what would provide those that are missing."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from harness.stages.processes.addresses import AddressError, claim
from harness.stages.processes.links.server import NoServer, find


class Finding(NamedTuple):
    what: str
    ok: bool
    said: str


def _proxy() -> Finding:
    try:
        return Finding("Toxiproxy server (lever block)", True, find("toxiproxy").found)  # noqa: FBT003 - named by its field
    except NoServer as problem:
        said = f"{problem} Until then the project's stand-in is used, and each run says so."
        return Finding("Toxiproxy server (lever block)", False, said)  # noqa: FBT003 - likewise


def _addresses() -> Finding:
    try:
        block = claim()
    except (AddressError, OSError) as problem:
        return Finding("loopback addresses", False, str(problem))  # noqa: FBT003 - likewise
    block.close()
    return Finding("loopback addresses", True, f"{block.prefix}.* is free for a run")  # noqa: FBT003 - likewise


def _signals() -> Finding:
    has = sys.platform == "linux" and Path("/proc/self/stat").exists()
    said = "SIGKILL, SIGSTOP and /proc" if has else "needs Linux: elsewhere use --stage simulation"
    return Finding("signals to processes (levers kill, pause)", has, said)


def _disk() -> Finding:
    space = os.statvfs(".")
    free = space.f_bavail * space.f_frsize
    enough = free > 200_000_000
    said = f"{free / 1e9:.1f} GB free here" + ("" if enough else "; a suite needs about 0.2 GB: free some")
    return Finding("disk for run folders", enough, said)


def _loss() -> Finding:
    said = "only in simulation: TCP hides loss. nftables could provide it on processes; not built yet"
    return Finding("loss of single messages (lever loss)", False, said)  # noqa: FBT003 - likewise


def examine() -> list[Finding]:
    return [_signals(), _addresses(), _proxy(), _disk(), _loss()]
