"""From what was measured of every run to the comparison: values, differences, curves, and the front."""

import os
import platform
from collections import Counter
from math import inf, isfinite, isnan

import msgspec

from harness.compare import curves, recommend
from harness.compare.figures import FIGURES, RECIPES, Quantile, Recipe
from harness.compare.measures import Measures
from harness.compare.pairs import Pairs
from harness.compare.perform import Order, Outcome
from harness.compare.result import Comparison, Curve, Difference, Figure, Subject, Value
from harness.compare.statistics import (
    RESAMPLES,
    SEEDS_LEAST,
    Floats,
    Interval,
    Resampled,
    deviation,
    interval,
    quantile,
    ratio,
    resample,
    simultaneous,
)
from harness.plan import MS
from harness.policy import Named
from harness.wrong import Wrong

DIGITS = 12  # significant ones, which every machine agrees on
FEW_SEEDS = 20


def compare(order: Order, outcome: Outcome) -> Comparison:
    if not outcome.measured:
        first = next(iter(outcome.errors.values()), "none was run")
        raise Wrong("compare", f"no seed could be run under every policy: {first}", "try another scenario")
    seeds = list(outcome.measured)
    names = [policy.name for policy in order.policies]
    of = {name: [measures[place] for measures in outcome.measured.values()] for place, name in enumerate(names)}
    times = resample(len(seeds))
    found = {
        (figure, name): _resampled(times, recipe, of[name]) for figure, recipe in RECIPES.items() for name in names
    }
    figures = [
        figure for figure in FIGURES if _is_worth_a_row(figure, [found[figure.name, name].value for name in names])
    ]
    values = [_value(figure, name, found[figure.name, name], len(seeds)) for figure in figures for name in names]
    others = [name for name in names if name != order.baseline]
    pairs = Pairs(names, found, len(seeds))

    def distributions(sample: str) -> dict[str, Curve]:
        return {name: curves.distribution(of[name], sample) for name in names}

    comparison = Comparison(
        scenario=order.scenario,
        stage=order.stage,
        seeds=seeds,
        baseline=order.baseline,
        policies=[_subject(policy, of[policy.name]) for policy in order.policies],
        figures=figures,
        values=values,
        differences=_differences(figures, others, order.baseline, found, len(seeds)),
        front=pairs.front(),
        divergent={name: curves.mean_divergent(times, of[name]) for name in names},
        visibility={name: curves.visibility(times, of[name], len(seeds)) for name in names},
        reads_ms=distributions("reads"),
        writes_ms=distributions("writes"),
        stale_ms=distributions("ages"),
        everywhere_ms=distributions("everywhere"),
        examples=[
            curves.example(order.plan_of(seed)[0], dict(zip(names, outcome.measured[seed], strict=True)))
            for seed in curves.worst_first(seeds, of)
        ],
        recommendation=[],
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        method=_method(len(seeds), len(others), len(figures), order.baseline) + _stopped(order, outcome),
        errors=outcome.errors,
    )
    return msgspec.structs.replace(
        comparison, recommendation=recommend.sentences(comparison, pairs, of[order.baseline])
    )


def _is_worth_a_row(figure: Figure, values: list[float]) -> bool:
    """Not where nothing was measured, nor for a cause for which nobody has sent anything."""
    return not all(isnan(value) or (figure.group == "traffic" and not value) for value in values)


def _resampled(times: Floats, recipe: Recipe, runs: list[Measures]) -> Resampled:
    if isinstance(recipe, Quantile):
        found = quantile(times, [run.samples.get(recipe.sample, []) for run in runs], recipe.per_mille)
        return Resampled(found.value / MS, [each / MS for each in found.again])
    over = [run.counts.get(recipe.over, 0) for run in runs]
    found = ratio(times, over, [run.counts.get(recipe.under, 0) for run in runs])
    return Resampled(found.value * recipe.scale, [each * recipe.scale for each in found.again])


def _value(figure: Figure, policy: str, found: Resampled, seeds: int) -> Value:
    ends = interval(found, seeds)
    low, high = ends if ends is not None else (inf, inf)
    word = "never" if found.value == inf else ""
    return Value(figure.name, policy, _digits(found.value), _digits(low), _digits(high), word)


def _digits(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if isfinite(value) else None


def _differences(
    figures: list[Figure], others: list[str], baseline: str, found: dict[tuple[str, str], Resampled], seeds: int
) -> list[Difference]:
    pairs = [(figure.name, name) for figure in figures for name in others]
    deviations = [deviation(found[figure, name], found[figure, baseline]) for figure, name in pairs]
    ends = simultaneous(deviations, seeds)
    return [
        Difference(
            figure,
            name,
            _digits(each.difference) if each else None,
            _digits(end.low) if end else None,
            _digits(end.high) if end else None,
            _is_shown(end),
        )
        for (figure, name), each, end in zip(pairs, deviations, ends, strict=True)
    ]


def _is_shown(end: Interval | None) -> bool:
    return end is not None and (end.low > 0 or end.high < 0)


def _method(seeds: int, others: int, figures: int, baseline: str) -> list[str]:
    told = f"the {others * figures} intervals ({others} by {figures} figures) are to hold all at once in 95 % of cases"
    how = "each is as wide as the farthest of all resampled differences needs (the maximum of t)"
    few = "So few seeds say little: intervals are wide, and what is rare is missed."
    unseen = min(100, 300 / seeds)
    too_few = f"A difference is shown from {SEEDS_LEAST} seeds on, never by fewer."
    return [
        f"Every policy met the same {seeds} plans." if seeds > 1 else "Every policy met the same plan.",
        f"Intervals are of 95 %, by resampling whole seeds {RESAMPLES:,} times: all of one run is one observation.",
        f"Differences are from {baseline}, in pairs over the same seeds; {told}: {how}.",
        "What is rare, or only ever larger than in the other, is held less often, above all with few seeds.",
        "Where an interval contains 0, no difference is shown.",
        f"What no seed showed has no interval: it may still happen in up to {unseen:.3g} % of all seeds.",
        *([few] if seeds < FEW_SEEDS else []),
        *([too_few] if seeds < SEEDS_LEAST else []),
    ]


def _stopped(order: Order, outcome: Outcome) -> list[str]:
    many = f"{len(outcome.measured)} of {len(order.seeds)} seeds were compared"
    return [f"Stopped by Ctrl-C: {many}."] if outcome.stopped else []


def _subject(policy: Named, runs: list[Measures]) -> Subject:
    made, broken = Counter[str](), Counter[str]()
    for run in runs:
        for promise, outcome in run.promises.items():
            made[promise] += outcome != "not promised"
            broken[promise] += outcome == "violated"
    return Subject(
        name=policy.name,
        about=policy.about,
        given={key: value if isinstance(value, int) else str(value) for key, value in policy.given.items()},
        made={promise: count for promise, count in made.items() if count},
        broken={promise: count for promise, count in broken.items() if count},
        unknown=sum(bool(run.unknown) for run in runs),
    )
