"""Takes a failure found on processes to the simulation, where it is exact.

The simulation is led along the recorded moments, a few times, since not all of them were recorded. If the promise
holds in all of those, plans around the last one are searched, in an order that depends on the run alone: the budget
only says where the search stops.
"""

import contextlib
import multiprocessing
import os
import signal
import time  # noqa: TID251 - the budget is of wall time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol

import msgspec

from checkers.history import History, Message
from harness import plan as plans
from harness.judging import judge
from harness.plan import Plan
from harness.reproduce.following import follow, keeping_pace
from harness.reproduce.nearby import Around, Step, nearby, numbered
from harness.reproduce.recorded import as_recorded, moments
from harness.reproduce.replay import history_of
from harness.reproduce.trial import Trial, trial
from harness.run import Report, find_run, run
from harness.wrong import Wrong

RECORDED = 16  # tries: with and without the pace of rounds, and in other orders of what was handled in one go
LINKED = "pinned.json"

Likeness = Literal["same key", "another key"]
End = Literal["found", "all tried", "time is up", "Ctrl-C"]


class Goal(NamedTuple):
    """What the run broke first, and on which key (None: no violation of it is about one key)."""

    property: str
    key: str | None

    def likeness(self, tried: Trial) -> Likeness | None:
        if tried.breaks(self.property, self.key):
            return "same key"
        return "another key" if tried.breaks(self.property) else None


class Tried(NamedTuple):
    """`plan` is None where nobody needs it, and `step` too if it could not even be performed."""

    step: Step | None
    likeness: Likeness | None = None
    plan: Plan | None = None


class Link(msgspec.Struct, frozen=True, rename={"original": "from", "pinned": "to"}):
    """What `pinned.json` says, in both folders: `from` is the run on processes, `to` that in the simulation."""

    original: str
    pinned: str
    property: str
    key: str | None
    likeness: Likeness
    step: Step
    tries: int


class Pin(msgspec.Struct, frozen=True):
    """`tries` by step; `link` and `report` are those of the run in the simulation, if one was found."""

    original: str
    property: str
    key: str | None
    end: End
    tries: dict[Step, int]
    took_s: float
    link: Link | None = None
    report: Report | None = None

    def exit_code(self) -> int:
        return 3 if self.link is None else 0

    def words(self) -> list[str]:
        where = f" on key {self.key}" if self.key else ""
        tried = ", ".join(f"{count} of {step}" for step, count in self.tries.items())
        if self.link is None:
            what = f"not pinned: no plan in the simulation broke {self.property}{where}"
            again = f"`urushi replay {self.original} --times 10` measures how often it happens on processes"
            return [f"{what} ({_ENDED[self.end]}; tried: {tried})", again]
        new, tries = self.link.pinned, self.link.tries
        here = where if self.link.likeness == "same key" else " on another key"
        return [
            f"pinned: run {new} breaks {self.property}{here}, as run {self.original} did on processes{where}",
            f"found by: {self.link.step}, after {tries} {'try' if tries == 1 else 'tries'} in {self.took_s:.1f} s",
            f"tried: {tried}",
            f"urushi replay {new}   is identical from now on",
            f"urushi shrink {new}   finds the smallest plan",
        ]


_ENDED: dict[End, str] = {
    "found": "found",
    "all tried": "all were tried",
    "time is up": "the budget was used up",
    "Ctrl-C": "stopped by Ctrl-C",
}


class Progress(NamedTuple):
    step: Step
    tries: int
    left_s: float


Watch = Callable[[Progress], None]


class Outcomes(Protocol):
    """As `multiprocessing` has them: in order, or its TimeoutError."""

    def next(self, timeout: float) -> Tried: ...


class Search:
    """Keeps count, and the first plan that breaks the promise on another key, which is better than nothing."""

    def __init__(self, goal: Goal, budget_s: float, watch: Watch) -> None:
        self.goal = goal
        self.best: Tried | None = None
        self.tries: dict[Step, int] = {}
        self.end: End | None = None
        self._watch = watch
        self._begun = time.monotonic()
        self._budget_s = budget_s

    def took_s(self) -> float:
        return time.monotonic() - self._begun

    def left_s(self) -> float:
        return max(0.0, self._budget_s - self.took_s())

    def perform(self, plan: Plan, history: History) -> None:
        try:
            nearest = self._as_recorded(plan, history)
            if self.end is None:
                with _workers(Around(nearest, plan.network, self.goal.key), self.goal) as outcomes:
                    self._take_all(outcomes)
        except KeyboardInterrupt:
            self.end = "Ctrl-C"

    def _as_recorded(self, plan: Plan, history: History) -> Plan:
        """In this process: it finds most violations, and most of them at the first try."""
        recorded = moments(history)
        nearest = as_recorded(plan, history)
        led = follow(nearest, recorded)
        starts = nearest, keeping_pace(nearest, recorded, led.history)
        for number in range(RECORDED):
            led = follow(starts[number % 2], recorded, number // 2)
            self._take(Tried("recorded times", self.goal.likeness(trial(led.plan)), led.plan))
            if self.end is not None:
                break
        return led.plan

    def _take_all(self, outcomes: Outcomes) -> None:
        while self.end is None:
            try:
                self._take(outcomes.next(self.left_s()))
            except multiprocessing.TimeoutError:
                self.end = "time is up"
            except StopIteration:
                self.end = "all tried"

    def _take(self, tried: Tried) -> None:
        if tried.step is not None:
            self.tries[tried.step] = self.tries.get(tried.step, 0) + 1
            self._watch(Progress(tried.step, sum(self.tries.values()), self.left_s()))
        if tried.likeness == "same key":
            self.best, self.end = tried, "found"
            return
        if tried.likeness is not None and self.best is None:
            self.best = tried
        if not self.left_s():
            self.end = "time is up"


class _Worker:
    """What a worker process knows, once it has begun."""

    around: ClassVar[Around]
    goal: ClassVar[Goal]


@contextlib.contextmanager
def _workers(around: Around, goal: Goal) -> Iterator[Outcomes]:
    """One a core, spawned; what they say comes in the order of the candidates. All are gone at the end. Should this
    process be killed, they read the end of their queue, and end as well."""
    spawned = multiprocessing.get_context("spawn")
    with _interrupts_ignored():
        pool = spawned.Pool(os.cpu_count(), _begin_worker, (around, goal))
    try:
        yield pool.imap(_attempt, numbered())
    finally:
        pool.terminate()
        pool.join()


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """By the workers that are started meanwhile, for good: Ctrl-C is for their parent."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin_worker(around: Around, goal: Goal) -> None:
    _Worker.around, _Worker.goal = around, goal


def _attempt(candidate: tuple[Step, int]) -> Tried:
    step, number = candidate
    plan = nearby(_Worker.around, step, number)
    if plan is None:
        return Tried(None)
    likeness = _Worker.goal.likeness(trial(plan))
    return Tried(step, likeness, plan if likeness else None)


def pin(what: str, budget_s: float, watch: Watch) -> Pin:
    """A plan that is found is performed once more, as a run with a folder of its own."""
    folder = find_run(what)
    plan = plans.read(folder / "plan.json")
    if plan.system is not msgspec.UNSET:
        what = f"it is of {plan.system.file}, and the simulation performs our own store alone"
        raise Wrong(f"run {folder.name}", what, f"`urushi replay {folder.name} --times 10` measures how often it fails")
    history = _history(folder)
    goal = _goal(plan, history, folder)
    search = Search(goal, budget_s, watch)
    search.perform(plan, history)
    done = Pin(folder.name, goal.property, goal.key, search.end or "all tried", search.tries, search.took_s())
    best = search.best
    if best is None or best.plan is None or best.step is None or best.likeness is None:
        return done
    report = run(best.plan, "simulation")
    tries = sum(search.tries.values())
    link = Link(folder.name, report.id, goal.property, goal.key, best.likeness, best.step, tries)
    for each in (folder, Path(report.folder)):
        (each / LINKED).write_bytes(msgspec.json.format(msgspec.json.encode(link), indent=1) + b"\n")
    return msgspec.structs.replace(done, link=link, report=report)


def _history(folder: Path) -> History:
    history = history_of(folder)
    if history.header.stage == "simulation":
        what = "this run is from the simulation: it is exact already"
        raise Wrong(folder.name, what, f"repeat it with `urushi replay {folder.name}`")
    if not any(isinstance(event, Message) for event in history.events):
        raise Wrong(folder.name, "no message is recorded in it", "pin a run whose replicas record their messages")
    return history


def _goal(plan: Plan, history: History, folder: Path) -> Goal:
    """The violation that the story of the run tells first."""
    broken = [each.measured for each in judge(plan, history) if each.outcome == "violated"]
    if not broken:
        what = "no promise was broken in this run: there is nothing to pin"
        raise Wrong(folder.name, what, "pin a run that says VIOLATED")
    first = min(broken, key=lambda verdict: verdict.violations[0].events[-1])
    return Goal(first.property, first.violations[0].key)
