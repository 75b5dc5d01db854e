"""Staleness in versions, against its formula for quorums that do not expand.

The formula knows writes that stay on W random replicas, and reads of R random ones. A store sends every write to all N,
and sooner or later it is everywhere: so here what goes to N - W of them is lost. All messages of a kind take equally
long at random, so that whose answers are the first R is random, too.
"""

import math
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from harness.mixtures import Delays, mixture
from harness.plan import LOST, Plan
from harness.studies.estimates import share_percent
from harness.studies.study import Figure, Order, Study
from harness.studies.trials import EVER_NS, Store, coordinator_of, quiet_plan
from harness.wrong import Wrong
from harness.zoo.pool import Job, crew
from replicas.store.placement import Placement
from replicas.store.visits import Answer, Get, Put

TRIALS = 8_000
TRIALS_LEAST = 500
VERSIONS = 5
_PER_BATCH = 1_000
_EVERY_NS = 10_000_000
_DELAYS: Delays = {"all": mixture("uniform(1ms, 3ms)", "k-staleness")}


class Quorums(NamedTuple):
    """`expanding`: writes reach all replicas."""

    n: int
    r: int
    w: int
    expanding: bool = False

    def words(self) -> str:
        return f"N={self.n} R={self.r} W={self.w}{' expanding' if self.expanding else ''}"


MEASURED = (
    Quorums(3, 1, 1),
    Quorums(3, 1, 2),
    Quorums(3, 2, 1),
    Quorums(5, 2, 2),
    Quorums(3, 2, 2),
    Quorums(3, 1, 1, expanding=True),
)


class Batch(NamedTuple):
    quorums: Quorums
    first: int
    trials: int


def within(quorums: Quorums, k: int) -> float:
    """The chance that a read returns one of the last k versions."""
    if quorums.expanding:
        return 1.0
    n, r, w, _ = quorums
    return 1 - (math.comb(n - w, r) / math.comb(n, r)) ** k


def _operation(trial: int, version: int) -> int:
    return trial * (VERSIONS + 1) + version


def _with_losses(plan: Plan, batch: Batch) -> Plan:
    """Of each write, what goes to N - W replicas, drawn by their names."""
    names, placement = plan.cluster.names(), Placement(plan.cluster)
    fates: dict[str, int] = {}
    for trial in range(batch.first, batch.first + batch.trials):
        key = f"k{trial}"
        sender, replicas = coordinator_of(key, placement, names), placement.replicas_of(key)
        for operation in range(_operation(trial, 0), _operation(trial, VERSIONS)):
            drawn = sorted((xxh3_64_intdigest(f"{operation}/{name}".encode()), name) for name in replicas)
            for _, name in drawn[batch.quorums.w :]:
                fates[f"{sender}/op {operation}/store/{key}/{name}/0"] = LOST
    return msgspec.structs.replace(plan, fates=fates)


class _Trials(Store):
    """Of each key so many versions, one after the other, and one read when nothing is on its way any more."""

    def __init__(self, batch: Batch) -> None:
        n, r, w, expanding = batch.quorums
        plan = quiet_plan(n + 1, n, r, w, _DELAYS, 1)
        super().__init__(plan if expanding else _with_losses(plan, batch))
        self.ages = [0] * (VERSIONS + 1)  # of what was read: 0 is the last version, the last is none at all
        for place in range(batch.trials):
            trial = batch.first + place
            for version in range(VERSIONS):
                put = Put(_operation(trial, version), f"k{trial}", f"{version}", None)
                self.world.at((place + version) * _EVERY_NS, self.ask, put)
            get = Get(_operation(trial, VERSIONS), f"k{trial}", None)
            self.world.at((place + VERSIONS) * _EVERY_NS, self.ask, get)

    def answered(self, answer: Answer) -> None:
        self.events.clear()
        if answer.op % (VERSIONS + 1) == VERSIONS:
            self.ages[VERSIONS if answer.value is None else VERSIONS - 1 - int(answer.value)] += 1


def perform(batch: Batch) -> list[int]:
    trials = _Trials(batch)
    trials.world.run_until(EVER_NS - 1)
    return trials.ages


def _batches(quorums: Quorums, trials: int) -> list[Batch]:
    return [Batch(quorums, first, min(_PER_BATCH, trials - first)) for first in range(0, trials, _PER_BATCH)]


def study(order: Order) -> list[Figure]:
    trials = TRIALS if order.trials is None else order.trials
    if trials < TRIALS_LEAST:
        raise Wrong("--trials", f"{trials} are too few to tell shares apart", f"take {TRIALS_LEAST} or more")
    ages = {quorums: [0] * (VERSIONS + 1) for quorums in MEASURED}
    jobs = [Job(quorums.words(), perform, batch) for quorums in MEASURED for batch in _batches(quorums, trials)]
    with crew() as pool:
        for job in jobs:
            pool.add(job)
        for done, (job, counts) in enumerate(pool.done(), 1):
            ages[job.order.quorums] = [sum(pair) for pair in zip(ages[job.order.quorums], counts, strict=True)]
            order.watch(done, len(jobs))
    return [_figure(quorums, k, counts, trials) for quorums, counts in ages.items() for k in range(1, VERSIONS + 1)]


def _figure(quorums: Quorums, k: int, ages: list[int], trials: int) -> Figure:
    """Allowed are three standard errors of a share that is as the formula says."""
    expected = within(quorums, k)
    allowed = 300 * math.sqrt(expected * (1 - expected) / trials)
    name = f"{quorums.words()} within {k} version{'s' if k > 1 else ''}"
    return Figure(name, "%", *share_percent(sum(ages[:k]), trials), 100 * expected, allowed)


K_STALENESS = Study(
    "k-staleness",
    "where writes stay on W random replicas, a read of R misses the last k versions with the chance "
    "(C(N - W, R) / C(N, R)) ** k; where they reach all, it misses none",
    "five writes to each key, of which N - W messages are lost, then a read when nothing is on its way, in simulation",
    study,
    options=("trials",),
)
