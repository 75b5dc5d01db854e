"""The whole zoo: every flaw is hunted from several starts, what was found is shrunk, and tried on processes at last."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness import plan as plans
from harness.wrong import Wrong
from harness.zoo import repeat
from harness.zoo.hunt import Find, Hunt, Outcome, hunt
from harness.zoo.pool import Crew, Job, crew
from harness.zoo.result import SOUND, Smallest, Specimen, Zoo, specimen
from harness.zoo.shrunk import Shrunk, ToShrink, confirm, shrink_one
from replicas.store import parts
from replicas.store.flaw import Flaw
from replicas.store.flaws import FLAWS

SCENARIO = "wild"
FOLDER = Path(".urushi/zoo")  # of the shrunk plans
STARTS_MOST = 100
_APART = 100_000  # seeds from one start to the next
_NEAR_MISS_SEEDS = 300  # over all starts
_SOUND_SEEDS = 1_500
_ENDLESS_S = 1e9
_SHRINK_S = 60.0
_NO_FLAW = Flaw("makes no mistake that we know of", None, parts.SOUND)


class Order(NamedTuple):
    """What was asked for. `budget_s` is the CPU time of one hunt."""

    flaws: list[str]
    starts: int
    budget_s: float
    shrink: bool
    confirm: bool


class Progress(NamedTuple):
    """What is over: so many jobs of so many, and the specimen of which all hunts have just ended."""

    done: int
    total: int
    doing: str
    specimen: Specimen | None


Watch = Callable[[Progress], None]


def chosen(names: list[str]) -> list[str]:
    """All flaws and the sound store, unless some are named."""
    for name in names:
        plans.check_flaw(name, "FLAW")
    return list(dict.fromkeys(names)) or [*FLAWS, SOUND]


def check(order: Order) -> None:
    if not 1 <= order.starts <= STARTS_MOST:
        raise Wrong("--starts", f"{order.starts} starts", f"1 to {STARTS_MOST} are possible")


def perform(order: Order, watch: Watch) -> Zoo:
    zoo = _Visit(order, watch)
    with crew() as workers:
        zoo.hunt_all(workers)
    zoo.confirm_all()
    return Zoo(SCENARIO, order.starts, order.budget_s, [zoo.specimens[name] for name in order.flaws])


class _Visit:
    def __init__(self, order: Order, watch: Watch) -> None:
        self.order = order
        self.watch = watch
        self.specimens: dict[str, Specimen] = {}
        self._outcomes: dict[str, list[tuple[int, Outcome]]] = {name: [] for name in order.flaws}
        self._shrunk: dict[str, Shrunk] = {}
        self._done = 0
        self._total = len(order.flaws) * order.starts

    def hunt_all(self, workers: Crew) -> None:
        for name in self.order.flaws:
            for start in range(self.order.starts):
                workers.add(_job(name, start, self.order))
        for job, result in workers.done():
            self._done += 1
            if job.work is shrink_one:
                self._take_shrunk(job.name, result)
            else:
                self._take_hunt(job, result, workers)

    def _take_hunt(self, job: Job, outcome: Outcome, workers: Crew) -> None:
        name = job.name
        outcomes = self._outcomes[name]
        outcomes.append((job.order.first, outcome))
        if len(outcomes) < self.order.starts:
            self._tell(name)
            return
        ordered = [each for _, each in sorted(outcomes, key=lambda each: each[0])]
        flaw = FLAWS.get(name, _NO_FLAW)
        found = self.specimens[name] = specimen(name, flaw.legend, flaw.source, flaw.breaks, ordered)
        finds = [each.find for each in ordered if each.find]
        if self.order.shrink and finds and _is_shown_by_promises(found):
            self._total += 1
            workers.add(Job(name, shrink_one, self._to_shrink(name, flaw.breaks or "", finds)))
        self._tell(name, found)

    def _to_shrink(self, name: str, breaks: str, finds: list[Find]) -> ToShrink:
        return ToShrink(SCENARIO, name, breaks, finds, _SHRINK_S, self.order.confirm)

    def _take_shrunk(self, name: str, shrunk: Shrunk | None) -> None:
        if shrunk is not None:
            self._shrunk[name] = shrunk
            self._note(name, shrunk, None)
            FOLDER.mkdir(parents=True, exist_ok=True)
            plans.write(shrunk.plan, FOLDER / f"{name}.json")
        self._tell(f"{name}, shrunk")

    def _note(self, name: str, shrunk: Shrunk, on_processes: str | None) -> None:
        operations, faults = len(shrunk.plan.operations), len(shrunk.plan.faults)
        told = Smallest(shrunk.property, operations, faults, shrunk.minimal, shrunk.why, on_processes)
        self.specimens[name] = msgspec.structs.replace(self.specimens[name], smallest=told)

    def confirm_all(self) -> None:
        """One after the other, when the simulations are over: these take their time from the clock."""
        if not self.order.confirm:
            return
        self._total += len(self._shrunk)
        for name, shrunk in self._shrunk.items():
            self._note(name, shrunk, confirm(shrunk))
            self._done += 1
            self._tell(f"{name} on processes")

    def _tell(self, doing: str, found: Specimen | None = None) -> None:
        self.watch(Progress(self._done, self._total, doing, found))


def _is_shown_by_promises(found: Specimen) -> bool:
    return found.breaks is not None and found.breaks != repeat.NAME


def _job(name: str, start: int, order: Order) -> Job:
    first = 1 + start * _APART
    if name == SOUND:
        return Job(name, hunt, Hunt(SCENARIO, None, first, -(-_SOUND_SEEDS // order.starts), _ENDLESS_S))
    if FLAWS[name].breaks is None:
        return Job(name, hunt, Hunt(SCENARIO, name, first, -(-_NEAR_MISS_SEEDS // order.starts), _ENDLESS_S))
    work = repeat.hunt_differences if FLAWS[name].breaks == repeat.NAME else hunt
    return Job(name, work, Hunt(SCENARIO, name, first, _APART, order.budget_s))
