"""`ci/bench`: figures and ratios as a table, and as JSON in the file that is named."""

import os
import platform
import sys
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from harness.bench import comparing
from harness.bench.checks import LENGTHS
from harness.bench.checks import measure as judge_all
from harness.bench.linearizability import SHORT_LIMIT_S, SIZES, judge_long, judge_short
from harness.bench.simulation import GROWTH, LONG, Size, measure, measure_idle, measure_parts
from harness.bench.store import Variant, measure_readiness, measure_throughput
from harness.bench.watching import LOOKS
from harness.bench.watching import measure_rate as measure_watched

VARIANTS = (
    Variant("direct"),
    Variant("direct, messages not recorded", record_messages=False),
    Variant("direct, synchronous=OFF", synchronous="OFF"),
    Variant("through Toxiproxy", proxy="toxiproxy"),
    Variant("through the stand-in", proxy="stand-in"),
)
ROUNDS = 3
WATCHED_ROUNDS = 5  # a small difference of large figures


class Figure(msgspec.Struct):
    what: str
    value: float
    unit: str
    aim: str = ""
    ratio: float | None = None


def _throughput() -> list[Figure]:
    """Rounds go over all variants in turn, so that a noisy minute falls on all of them."""
    rates: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
    for _ in range(ROUNDS):
        for variant in VARIANTS:
            rates[variant.name].append(measure_throughput(variant))
    first = median(rates["direct"])
    return [
        Figure(f"operations/s, {name}", median(values), "ops/s", "15,000" * (name == "direct"), median(values) / first)
        for name, values in rates.items()
    ]


def _figures() -> list[Figure]:
    ready, restart = measure_readiness()
    return [
        Figure("5 replicas behind their links ready", ready, "s", "0.5 or less"),
        Figure("one replica answers again after kill -9", restart, "s", "0.15 or less"),
        *_throughput(),
        *_watching(),
        *_simulation(),
        *_checks(),
        *_linearizability(),
        *_comparison(),
    ]


def _watching() -> list[Figure]:
    """The ratio is the median of those to the run of the same round that nobody looks at."""
    rates = [{looks: measure_watched(looks) for looks in LOOKS} for _ in range(WATCHED_ROUNDS)]
    return [
        Figure(
            f"operations/s through the stand-in, {words}",
            median(rate[looks] for rate in rates),
            "ops/s",
            "a ratio of 0.98 or more" * (looks == "view"),
            median(rate[looks] / rate["nobody"] for rate in rates),
        )
        for looks, words in LOOKS.items()
    ]


def _simulation() -> list[Figure]:
    parts = measure_parts()
    whole = sum(parts.values())
    figures = [Figure("checked 1,000-operation seed in simulation, N = 5", whole, "ms CPU", "60 or less")]
    figures += [Figure(f"  of which {part}", value, "ms CPU", "", value / whole) for part, value in parts.items()]
    idle = measure_idle()
    figures.append(Figure("  the same cluster, asked for nothing", idle, "ms CPU", "", idle / whole))
    costs = {what: measure(size) for what, size in GROWTH.items()}
    long, usual = costs["operations x100"], costs["N = 5"]
    figures += [
        Figure("virtual time to wall time, N = 5", usual.virtual_ms / usual.wall_ms, "x"),
        Figure("simulated operations/s on one core", Size().operations / usual.cpu_ms * 1000, "ops/s"),
        Figure("simulated events/s on one core", usual.events / usual.cpu_ms * 1000, "events/s"),
        Figure(f"peak memory of {LONG:,} operations", long.peak_mib, "MiB"),
    ]
    per_thousand = {what: cost.cpu_ms / GROWTH[what].operations * 1000 for what, cost in costs.items()}
    base = per_thousand["N = 5"]
    figures += [
        Figure(f"1,000 operations, {what}", value, "ms CPU", "", value / base) for what, value in per_thousand.items()
    ]
    return figures


def _checks() -> list[Figure]:
    """The ratio is that of what an invocation costs to what it costs in the shortest history; of a property,
    its share of the whole."""
    figures: list[Figure] = []
    base = 0.0
    for size in LENGTHS:
        judged = judge_all(size)
        whole = judged.whole_s()
        base = base or whole / size
        what = f"all checks of {size:,} invocations and returns ({judged.events:,} events)"
        figures.append(Figure(what, whole, "s CPU", "10 or less" * (size == LENGTHS[-1]), whole / size / base))
    shares = {"gathered for all": judged.gathered_s, **judged.checks_s}
    figures += [Figure(f"  of which {name}", each, "s CPU", "", each / whole) for name, each in shares.items()]
    return [*figures, Figure("  peak memory", judged.peak_mib, "MiB", "2,000 or less")]


def _linearizability() -> list[Figure]:
    """The ratio is to a history of a tenth of the length."""
    figures, before = [], 0.0
    for what, size, seconds in judge_long():
        ratio = seconds / before if before and size > SIZES[0] else None
        figures.append(Figure(f"{size:,} calls of {what}", seconds, "s CPU", "", ratio))
        before = seconds
    unknown = histories = 0
    for what, judged in judge_short():
        times = [seconds * 1000 for seconds in judged.seconds]
        figures.append(
            Figure(f"compare-and-set, {what}, {judged.violated} of {len(times)} violated", median(times), "ms CPU")
        )
        figures.append(Figure("  the worst of them", max(times), "ms CPU"))
        unknown, histories = unknown + judged.unknown, histories + len(times)
    figures.append(Figure(f"share of these unknown after {SHORT_LIMIT_S:.0f} s", 100 * unknown / histories, "%"))
    return figures


def _comparison() -> list[Figure]:
    spent = comparing.measure()
    what = f"{len(comparing.POLICIES)} policies over {comparing.SEEDS} seeds compared in simulation"
    return [Figure(what, spent.wall_s, "s", "120 or less"), Figure("  CPU time of all cores", spent.cpu_s, "s CPU")]


def main() -> None:
    figures = _figures()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    table = Table(title=f"median of {ROUNDS}; {machine}", box=None, title_justify="left")
    for title in ("what", "measured", "unit", "aim", "ratio"):
        table.add_column(title, justify="left" if title in ("what", "unit", "aim") else "right")
    for figure in figures:
        ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
        value = f"{figure.value:,.0f}" if figure.value > 100 else f"{figure.value:.3g}"
        table.add_row(figure.what, value, figure.unit, figure.aim, ratio)
    Console().print(table)
    if len(sys.argv) > 1:
        document = {"machine": machine, "figures": figures}
        Path(sys.argv[1]).write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))


if __name__ == "__main__":
    main()
