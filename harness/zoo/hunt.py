"""A hunt: seeds of a scenario, one after the other and drawn as for anyone, until a promise is broken. Near misses and
the sound store are hunted in the same way, and should not be caught."""

import time  # noqa: TID251 - the CPU time of a hunt is what is measured
from functools import lru_cache
from typing import NamedTuple

import msgspec

from harness.faults.table import KINDS
from harness.levers import STAGE_LEVERS
from harness.plan import Network, Plan
from harness.promises import Promise
from harness.report.failures import words
from harness.reproduce.trial import trial
from harness.run import Stage
from harness.scenario import Scenario, draw, load


class Hunt(NamedTuple):
    """It ends with the first broken promise, after `seeds_max` seeds, or when its CPU time is used up. With the stage
    `processes`, plans are without what that stage lacks; all are performed in the simulation."""

    scenario: str
    flaw: str | None
    first: int
    seeds_max: int
    budget_s: float
    stage: Stage = "simulation"


class Find(NamedTuple):
    """The promises that a seed broke: what went wrong first comes first."""

    seed: int
    broken: list[str]


class Outcome(NamedTuple):
    """`error` is what kept a seed from being judged: that ends a hunt, too. Its seed is the last one."""

    seeds: int
    cpu_s: float
    find: Find | None
    error: str | None


def hunt(order: Hunt) -> Outcome:
    begun, seeds = time.process_time(), 0
    find: Find | None = None
    error: str | None = None
    while seeds < order.seeds_max and time.process_time() - begun < order.budget_s and not (find or error):
        seed = order.first + seeds
        seeds += 1
        try:
            find = _look(plan_of(order.scenario, seed, order.flaw, order.stage))
        except Exception as problem:  # noqa: BLE001 - it may not be picklable, and would take the other hunts with it
            error = f"seed {seed}: {words(problem)}"
    return Outcome(seeds, time.process_time() - begun, find, error)


def plan_of(scenario: str, seed: int, flaw: str | None, stage: Stage = "simulation") -> Plan:
    plan = draw(_loaded(scenario), scenario, seed, flaw)[0]
    return plan if stage == "simulation" else _with_levers_of(plan, stage)


@lru_cache(maxsize=100)
def _loaded(scenario: str) -> Scenario:
    return load(scenario)


def _with_levers_of(plan: Plan, stage: Stage) -> Plan:
    faults = [fault for fault in plan.faults if set(KINDS[fault.kind].levers) <= set(STAGE_LEVERS[stage])]
    network = Network(plan.network.delay_min_ns, plan.network.delay_max_ns)
    return msgspec.structs.replace(plan, faults=faults, network=network)


def _look(plan: Plan) -> Find | None:
    broken = sorted(trial(plan).broken, key=_went_wrong)
    return Find(plan.seed, [promise.property for promise in broken]) if broken else None


def _went_wrong(promise: Promise) -> int:
    return promise.measured.violations[0].events[-1]
