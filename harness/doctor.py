"""Which levers this machine has, and what would provide those that are missing."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from harness.levers import LINK_LEVERS, SIGNALS, Lever
from harness.stages.processes.addresses import AddressError, claim
from harness.stages.processes.links.safety import WMEM, room_bytes
from harness.stages.processes.links.server import NoServer, find

ELSEWHERE = "needs Linux: elsewhere use --stage simulation"


class Finding(NamedTuple):
    what: str
    ok: bool
    said: str


def _proxy() -> Finding:
    what = f"Toxiproxy server ({_levers(LINK_LEVERS)})"
    try:
        return Finding(what, ok=True, said=find("toxiproxy").found)
    except NoServer as problem:
        said = f"{problem} Until then the project's stand-in is used, and each run says so."
        return Finding(what, ok=False, said=said)


def _pauses_and_toxics() -> Finding:
    """Never missing: the stand-in has no such limit."""
    what = "levers of links on a node that is paused"
    if not WMEM.exists():
        return Finding(what, ok=False, said=ELSEWHERE)
    said = f"on Toxiproxy up to {room_bytes() / 1e6:.1f} MB may wait for it; for more a run takes the stand-in"
    return Finding(what, ok=True, said=said)


def _addresses() -> Finding:
    try:
        block = claim()
    except (AddressError, OSError) as problem:
        return Finding("loopback addresses", ok=False, said=str(problem))
    block.close()
    return Finding("loopback addresses", ok=True, said=f"{block.prefix}.* is free for a run")


def _signals() -> Finding:
    has = sys.platform == "linux" and Path("/proc/self/stat").exists()
    said = "SIGKILL, SIGTERM, SIGSTOP and /proc" if has else ELSEWHERE
    return Finding(f"signals to processes ({_levers(SIGNALS)})", has, said)


def _disk() -> Finding:
    space = os.statvfs(".")
    free = space.f_bavail * space.f_frsize
    enough = free > 200_000_000
    said = f"{free / 1e9:.1f} GB free here" + ("" if enough else "; a suite needs about 0.2 GB: free some")
    return Finding("disk for run folders", enough, said)


def _loss() -> Finding:
    said = "only in simulation: TCP hides loss. nftables could provide it on processes; not built yet"
    return Finding("loss of single messages (lever loss)", ok=False, said=said)


def _levers(levers: tuple[Lever, ...]) -> str:
    return f"levers {', '.join(levers)}"


def examine() -> list[Finding]:
    return [_signals(), _addresses(), _proxy(), _pauses_and_toxics(), _disk(), _loss()]
