"""What is compared of each plan, within which bounds, and why these."""

from collections.abc import Callable, Iterable
from statistics import fmean
from typing import NamedTuple

import msgspec

from checkers.history import History
from harness.bench.agreement.samples import (
    ks_critical,
    ks_distance,
    quantile,
    spread_of_counts,
    spread_of_means,
)


class Line(msgspec.Struct, frozen=True):
    """One figure on both stages. They agree if they are no farther `apart` than the `bound`."""

    plan: str
    what: str
    unit: str
    processes: float
    simulation: float
    apart: float
    bound: float
    why: str

    def agrees(self) -> bool:
        return self.apart <= self.bound


class Pair(NamedTuple):
    """One plan on both stages."""

    processes: History
    simulation: History


Comparison = Callable[[str, list[Pair]], Iterable[Line]]
Figure = Callable[[History], float]
Sample = Callable[[History], list[float]]

# Why the bounds are what they are. The machine's own delays are set in the simulator from what was measured.
WHY_P50 = "15 % and 3 ms: work of the processors, which the simulator does not model"
WHY_P99 = "25 % and 20 ms: one in a hundred meets a stall of the machine"
WHY_KS = "two samples of one distribution are farther apart once in a thousand times; 0.05 more for unmodelled work"
WHY_EXACT = "the plan alone decides what an operation sends"
WHY_COUNT = "20 %, or two standard deviations of two counts of independent events"
WHY_MEANS = "three standard deviations of two means, and 30 ms in which a proxy is told to change"


def latencies(words: str, sample: Sample) -> Comparison:
    def compare(plan: str, pairs: list[Pair]) -> Iterable[Line]:
        real, simulated = _pooled(pairs, sample)
        for name, rank, share, slack_ms, why in (
            ("p50", 0.5, 0.15, 3.0, WHY_P50),
            ("p90", 0.9, 0.15, 3.0, WHY_P50),
            ("p99", 0.99, 0.25, 20.0, WHY_P99),
        ):
            one, other = quantile(real, rank), quantile(simulated, rank)
            what, bound = f"latency of {words}, {name}", share * one + slack_ms
            yield Line(plan, what, "ms", one, other, abs(one - other), bound, why)

    return compare


def distribution(words: str, sample: Sample) -> Comparison:
    def compare(plan: str, pairs: list[Pair]) -> Iterable[Line]:
        real, simulated = _pooled(pairs, sample)
        distance, bound = ks_distance(real, simulated), ks_critical(len(real), len(simulated)) + 0.05
        what = f"latency of {words}, distribution (mean; KS distance)"
        yield Line(plan, what, "ms", fmean(real), fmean(simulated), distance, bound, WHY_KS)

    return compare


def figure(what: str, unit: str, measured: Figure, share: float, slack: float, why: str) -> Comparison:
    """Of all seeds together; `slack` is for each of them."""

    def compare(plan: str, pairs: list[Pair]) -> Iterable[Line]:
        one, other = (fmean(measured(history) for history in histories) for histories in zip(*pairs, strict=True))
        yield Line(plan, what, unit, one, other, abs(one - other), share * max(one, other) + slack, why)

    return compare


def exactly(what: str, measured: Figure) -> Comparison:
    return figure(what, "", measured, 0.0, 0.0, WHY_EXACT)


def counts(what: str, measured: Figure, of: Figure) -> Comparison:
    """How often something happened, or not, by the chance of time; shown as a share of something that both had."""

    def compare(plan: str, pairs: list[Pair]) -> Iterable[Line]:
        one, other = (sum(measured(history) for history in histories) for histories in zip(*pairs, strict=True))
        ones, others = (sum(of(history) for history in histories) for histories in zip(*pairs, strict=True))
        bound = max(0.2 * max(one, other), spread_of_counts(one, other))
        both = max(ones, others)
        yield Line(
            plan, what, "", one / ones, other / others, abs(one / ones - other / others), bound / both, WHY_COUNT
        )

    return compare


def means(what: str, sample: Sample) -> Comparison:
    def compare(plan: str, pairs: list[Pair]) -> Iterable[Line]:
        real, simulated = _pooled(pairs, sample)
        one, other, bound = fmean(real), fmean(simulated), spread_of_means(real, simulated) + 30.0
        yield Line(plan, what, "ms", one, other, abs(one - other), bound, WHY_MEANS)

    return compare


def _pooled(pairs: list[Pair], sample: Sample) -> tuple[list[float], list[float]]:
    real, simulated = (
        sorted(value for history in histories for value in sample(history)) for histories in zip(*pairs, strict=True)
    )
    return real, simulated
