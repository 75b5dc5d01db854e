"""Reads a run's folder as it fills, and draws what it says."""

import os
import time  # noqa: TID251 - frames are drawn on the machine's clock
from collections import deque
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil
from rich.console import Console, Group
from rich.live import Live

from harness import plan as plans
from harness import progress, samples
from harness.samples import Sample
from harness.watching.look import lines
from harness.watching.model import Model
from harness.watching.tail import Tail
from harness.watching.trails import TrailTail

BUSY_PERCENT = 80.0
PATIENCE_S = 10.0  # for a run to begin
POLL_S = 0.05
LAST_S = 1.0  # of CPU time for what is left of the trails when it is over
COLUMNS_MIN = 60
LINES_MIN = 12


def possible(console: Console) -> bool:
    """Whether there is a terminal that can show it."""
    width, height = console.size
    roomy = width >= COLUMNS_MIN and height >= LINES_MIN
    return console.is_terminal and not console.is_dumb_terminal and roomy


class Pace(NamedTuple):
    """How long a frame stays, and how much CPU time is spent on trails for it: what is more must wait."""

    frame_s: float
    trails_s: float


AT_LEISURE = Pace(0.25, 0.05)
BUSY = Pace(1.0, 0.003)  # what the machine does beside is worth more


def _pace() -> Pace:
    return BUSY if psutil.cpu_percent() > BUSY_PERCENT else AT_LEISURE


class Sources:
    """The files of one run, and the model that is fed from them."""

    def __init__(self, folder: Path) -> None:
        plan = plans.read(folder / "plan.json")
        self.model = Model(plan)
        self._progress = Tail(folder / progress.FILE)
        self._samples = Tail(folder / samples.FILE)
        self._trails = deque(TrailTail(folder / name / "trail.jsonl", name) for name in plan.cluster.names())

    def read(self, trails_s: float) -> None:
        """All that is new, and of the trails as much as so much CPU time suffices for, and a chunk at least."""
        while new := self._progress.read():
            for line in new:
                self.model.hear(progress.decoder.decode(line))
        while new := self._samples.read():
            for line in new:
                self.model.sample(msgspec.json.decode(line, type=Sample))
        until, at_end = time.process_time() + trails_s, 0
        while at_end < len(self._trails):
            trail = self._trails[0]
            self._trails.rotate(-1)
            for told in trail.read():
                self.model.replica_told(told)
            at_end = 0 if trail.more else at_end + 1
            if time.process_time() >= until:
                return

    def behind_s(self) -> float:
        return max(trail.behind_s() for trail in self._trails)


def follow(folder: Path, console: Console) -> None:
    """Until the run is over, or the parent of this process is gone, which wants to see it. Nothing is drawn while that
    is stopped, as by Ctrl-Z: the terminal is somebody else's then."""
    if not _begins(folder):
        return
    sources, parent = Sources(folder), psutil.Process(os.getppid())
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        over = False
        while not over and os.getppid() == parent.pid:
            begun, pace = time.monotonic(), _pace()
            over = not progress.under_way(folder)  # asked first: then all that was written is there to be read
            sources.read(LAST_S if over else pace.trails_s)
            if not _stopped(parent):
                width, height = console.size
                told = lines(sources.model.shown(), width, height - 1, sources.behind_s())
                live.update(Group(*told), refresh=True)
            if not over:
                time.sleep(max(0.0, begun + pace.frame_s - time.monotonic()))


def _stopped(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return True


def _begins(folder: Path) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not (folder / progress.FILE).exists():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True
