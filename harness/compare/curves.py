"""The curves of a comparison: divergence over time, t-visibility, distributions, and seeds to look at."""

from collections.abc import Iterable

import numpy as np

from harness.compare.measures import LOOK_NS, NEVER, Measures
from harness.compare.result import Band, Curve, Example
from harness.compare.statistics import Floats, Interval, interval, ratio
from harness.plan import MS, Plan

CURVE_POINTS = 300
VISIBLE_MS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
EXAMPLES = 4

Of = dict[str, list[Measures]]  # by policy, in the order of the seeds


def mean_divergent(times: Floats, runs: list[Measures]) -> Curve:
    """A run that is over stays as it ended."""
    longest = max(len(run.divergent) for run in runs)
    step = -(-longest // CURVE_POINTS)
    table = np.array(
        [[run.divergent[min(at, len(run.divergent) - 1)] for at in range(0, longest, step)] for run in runs], float
    )
    means = table.sum(axis=0) / len(runs)
    again = np.sort(times @ table / len(runs), axis=0)
    cut = len(times) * 25 // 1000
    x = [at * LOOK_NS / 1e9 for at in range(0, longest, step)]
    return Curve(x, *(_rounded(each) for each in (means.tolist(), again[cut].tolist(), again[-1 - cut].tolist())))


def visibility(times: Floats, runs: list[Measures], seeds: int) -> Curve:
    """Until it reaches all reads."""
    told = [run.counts["reads told"] for run in runs]
    if not sum(told):
        return Curve([], [])
    curve = Curve([], [])
    for at_ms in VISIBLE_MS:
        missed = [sum(age > at_ms * MS for age in run.samples["ages"]) for run in runs]
        found = ratio(times, [of - each for of, each in zip(told, missed, strict=True)], told)
        low, high = interval(found, seeds) or Interval(found.value, found.value)
        curve.x.append(float(at_ms))
        curve.y.extend(_rounded([found.value]))
        curve.low.extend(_rounded([low]))
        curve.high.extend(_rounded([high]))
        if not sum(missed):
            break
    return curve


def distribution(runs: list[Measures], sample: str) -> Curve:
    """The share of what took at most so long, at ranks that are denser towards the longest."""
    ranked = sorted(value for run in runs for value in run.samples.get(sample, []))
    if not ranked:
        return Curve([], [])
    count = len(ranked)
    shares = [*range(0, 990, 10), *range(990, 1000)]
    places = sorted({count * share // 1000 for share in shares} | {count * 9999 // 10000, count - 1})
    points = [(ranked[place] / MS, (place + 1) / count) for place in places if ranked[place] != NEVER]
    return Curve(_rounded(x for x, _ in points), _rounded(y for _, y in points))


def _rounded(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def worst_first(seeds: list[int], of: Of) -> list[int]:
    """Some seeds: that in which most was divergent for longest, over all policies, and others with less."""
    much = {seed: sum(sum(runs[place].divergent) for runs in of.values()) for place, seed in enumerate(seeds)}
    ranked = sorted(seeds, key=lambda seed: (-much[seed], seed))
    return list(dict.fromkeys(ranked[len(ranked) * part // EXAMPLES] for part in range(EXAMPLES)))


def example(plan: Plan, run_of: dict[str, Measures]) -> Example:
    divergent: dict[str, Curve] = {}
    for name, run in run_of.items():
        looks = run.divergent
        turns = [at for at, count in enumerate(looks) if at in (0, len(looks) - 1) or looks[at - 1] != count]
        divergent[name] = Curve([at * LOOK_NS / 1e9 for at in turns], [float(looks[at]) for at in turns])
    bands = [Band(each.start_ns / 1e9, each.end_ns / 1e9, each.kind, each.targets) for each in plan.faults]
    return Example(plan.seed, bands, {name: run.mend_ns / 1e9 for name, run in run_of.items()}, divergent)
