"""Suites by hand: of each seed one says what became of it, and nothing is performed."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.result import Finished, Result
from harness.run import Report, run
from harness.suite import Order
from tests.harness.plans import small_plan

FLAW = "purges-unconfirmed"
BROKEN = "purge soundness"  # the first of what this flaw breaks


def drawn(_seed: int) -> tuple[Plan, dict[str, str]]:
    return small_plan(), {}


def order_of(*seeds: int, scenario: str = "default") -> Order:
    return Order(scenario, list(seeds), drawn, "simulation", "auto")


@cache
def held() -> Report:
    with TemporaryDirectory() as folder:
        return run(small_plan(), "simulation", runs=Path(folder))


@cache
def broken() -> Report:
    """With the real story of a flaw, and no promise broken but the one that it tells of."""
    with TemporaryDirectory() as folder:
        report = run(PLANS[FLAW](FLAW), "simulation", runs=Path(folder))
    holds = msgspec.structs.replace(report.promises["convergence"], verdict="holds")
    promises = {name: promise if name == BROKEN else holds for name, promise in report.promises.items()}
    first = {"reasons": report.reasons[:1], "stories": report.stories[:1]}
    return msgspec.structs.replace(report, promises=promises, **first)


def unknown() -> Report:
    return msgspec.structs.replace(held(), verdict="unknown", reasons=["fault f1 (kill) was not applied: it lives"])


def of(seed: int, report: Report, run_id: str = "", folder: Path | None = None) -> Report:
    return msgspec.structs.replace(report, seed=seed, id=run_id or f"{seed:08x}", folder=str(folder or ""))


def result_of(outcomes: Mapping[int, Report | str], order: Order) -> Result:
    """What has no outcome was not run."""
    result = Result(not_run=list(order.seeds))
    for seed, outcome in outcomes.items():
        told = outcome if isinstance(outcome, str) else msgspec.structs.replace(outcome, seed=seed)
        result.add(Finished(seed, told, 1.0, () if isinstance(told, str) else order.known(told)))
    return result
