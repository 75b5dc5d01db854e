"""What a campaign's workers do with a seed: perform it, judge it, and keep what the campaign counts."""

import io
import tarfile
import time  # noqa: TID251 - how long a seed took
from pathlib import Path
from typing import Literal, NamedTuple

from checkers import files
from checkers.facts import gather
from checkers.history import History
from harness import run as runs
from harness.campaign.coverage import Met, met
from harness.campaign.mechanism import mechanism_of
from harness.judging import judge
from harness.plan import Plan
from harness.report.failures import words
from harness.run import Report
from harness.scratch import scratch
from harness.worker import Job

Outcome = Literal["holds", "violated", "unknown", "failed"]


class Broken(NamedTuple):
    """A promise, by its first violation. `to_fail` counts the events until that was seen: the fewer, the faster does
    the seed fail, whatever the machine."""

    promise: str
    key: str | None
    mechanism: str
    times: int
    to_fail: int


class Seen(NamedTuple):
    """Of one seed. `why`: what kept it from being judged. `cpu_s` is that of the process which performed it, without
    the replicas of a run on processes. `folder`: the run's, packed, if a run on processes broke a promise."""

    seed: int
    verdict: Outcome
    why: str
    cpu_s: float
    wall_s: float
    events: int = 0
    digest: str = ""
    broken: tuple[Broken, ...] = ()
    met: tuple[Met, ...] = ()
    folder: bytes | None = None


class _Performed(NamedTuple):
    plan: Plan
    history: History
    report: Report
    folder: bytes | None


def look(job: Job) -> Seen:
    """An error comes back in words: one that cannot be unpickled would take the other seeds with it."""
    wall, cpu = time.monotonic(), time.process_time()
    try:
        plan, history, report, folder = (_simulated if job.stage == "simulation" else _on_processes)(job)
        broken = _broken(plan, history) if report.verdict == "violated" else ()
        found = tuple(met(history))
    except Exception as problem:  # noqa: BLE001 - see above
        return Seen(job.seed, "failed", words(problem), time.process_time() - cpu, time.monotonic() - wall)
    took = time.process_time() - cpu, time.monotonic() - wall
    why = "; ".join(report.reasons) if report.verdict == "unknown" else ""
    count = len(history.events)
    return Seen(job.seed, report.verdict, why, *took, count, report.digest, broken, found, folder)


def _simulated(job: Job) -> _Performed:
    plan, drawn = job.plan_of(job.seed)
    runs.require_levers(plan, job.stage)
    folder = runs.RUNS / "none"
    history, _ = runs.perform(plan, job.stage, folder, job.proxy, runs.silent)
    return _Performed(plan, history, runs.assess(plan, history, folder, proxy=None, drawn=drawn), None)


def _on_processes(job: Job) -> _Performed:
    plan, drawn = job.plan_of(job.seed)
    with scratch("campaign") as folder:
        report = runs.run(plan, job.stage, proxy=job.proxy, runs=folder, drawn=drawn)
        history = files.read(Path(report.folder) / "history.jsonl")
        packed = _pack(Path(report.folder)) if report.verdict == "violated" else None
    return _Performed(plan, history, report, packed)


def _broken(plan: Plan, history: History) -> tuple[Broken, ...]:
    facts = gather(history)
    broken = [promise for promise in judge(plan, facts) if promise.outcome == "violated"]
    found: list[Broken] = []
    for promise in broken:
        first, times = promise.measured.violations[0], len(promise.measured.violations)
        mechanism = mechanism_of(plan, facts, promise.property, first)
        found.append(Broken(promise.property, first.key, mechanism, times, max(first.events, default=0)))
    return tuple(found)


def _pack(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(folder, folder.name)
    return packed.getvalue()
