"""A comparison as one of six policies over 200 seeds would be: drawn up, not measured. One policy never converges, two
have gaps, two have long names."""

import math
from itertools import accumulate
from random import Random

from harness.compare.result import Band, Comparison, Curve, Difference, Example, Figure, Sentence, Subject, Value

NONE, SYNC, BLIND = "none", "sync", "only-writes"
LONG = "three-lines-of-defence-with-throttled-hash-trees"
LONGER = "adaptive-read-repair-per-key-beside-hints-for-ten-seconds-and-nothing-else-at-all"
POLICIES = [NONE, SYNC, "async", LONG, LONGER, BLIND]
SECONDS = 12

_ARRIVED = (0.66, 0.87, 0.88, 1, 0.99, 0.7)  # the share of writes that came to be on all replicas
_MENDED = (0.0, 0.35, 0.32, 2.2, 1.3, 0.05)  # how fast what differs is mended, a second

FIGURES = [
    Figure("read p50", "Latency", "half of all reads took at most this long, from their planned time", "ms", "less"),
    Figure("read p99", "Latency", "99 of 100 reads took at most this long", "ms", "less"),
    Figure("read p99.9", "Latency", "999 of 1,000 reads took at most this long", "ms", "less"),
    Figure("write p50", "Latency", "half of all writes took at most this long", "ms", "less"),
    Figure("write p99", "Latency", "99 of 100 writes took at most this long", "ms", "less"),
    Figure("available", "Latency", "operations that were answered in time", "%", "more"),
    Figure("stale reads", "Staleness", "reads that missed a write acknowledged before they began", "%", "less"),
    Figure("staleness p50", "Staleness", "for how long the missed write had been acknowledged", "ms", "less"),
    Figure("staleness p99", "Staleness", "likewise, for 99 of 100 stale reads", "ms", "less"),
    Figure("everywhere p99", "Convergence", "from acknowledgement until all replicas held a write", "ms", "less"),
    Figure("converged p50", "Convergence", "from the heal until a key that differed no longer did", "ms", "less"),
    Figure("converged p99", "Convergence", "likewise, for 99 of 100 keys", "ms", "less"),
    Figure("never converged", "Convergence", "keys that still differed at the end", "%", "less"),
    Figure("cold, never converged", "Convergence", "likewise, of keys nobody used after the heal", "%", "less"),
    Figure("bytes", "Cost", "sent between replicas, in all", "bytes", "less"),
    Figure("bytes of read repair", "Cost", "of these, by reads", "bytes", "less"),
    Figure("bytes of hints", "Cost", "of these, by hints", "bytes", "less"),
    Figure("bytes of anti-entropy", "Cost", "of these, by hash trees and what they found", "bytes", "less"),
    Figure("messages", "Cost", "sent between replicas", "count", "less"),
    Figure("write amplification", "Cost", "copies installed for one write", "", "less"),
    Figure("peak repair rate", "Cost", "the busiest 100 ms after the heal", "bytes", "less"),
]  # fmt: skip

_LEVELS = {  # none, sync, async, the long, the longer, the blind
    "read p50": (4.1, 4.3, 4.1, 4.2, 4.2, None),
    "read p99": (21.8, 41.5, 23.4, 24.9, 22.6, None),
    "read p99.9": (96, 233, 99, 140, 108, None),
    "write p50": (5.2, 5.2, 5.2, 5.3, 5.2, 5.2),
    "write p99": (30.2, 30.9, 30.4, 31.5, 30.6, 30.1),
    "available": (99.1, 97.2, 99.1, 98.9, 99.0, 99.2),
    "stale reads": (7.9, 1.2, 5.1, 1.9, 2.2, None),
    "staleness p50": (2310, 41.2, 820, 90, 133, None),
    "staleness p99": (9800, 180, 4100, 610, 950, None),
    "everywhere p99": (None, 8200, 7900, 1480, 2100, 10800),
    "converged p50": (None, 1900, 1800, 420, 512, None),
    "converged p99": (None, 7400, 7100, 1330, 1980, None),
    "never converged": (34.2, 12.3, 13.1, 0, 0.4, 29.7),
    "cold, never converged": (71.0, 69.5, 70.2, 0, 1.6, 68.8),
    "bytes": (1.82e6, 2.31e6, 2.79e6, 3.94e6, 2.71e6, 1.79e6),
    "bytes of read repair": (0, 4.9e5, 4.3e5, 2.1e5, 2.6e5, 0),
    "bytes of hints": (0, 0, 0, 3.2e5, 6.3e5, 0),
    "bytes of anti-entropy": (0, 0, 0, 1.59e6, 0, 0),
    "messages": (48123, 53870, 52954, 60112, 55020, 46990),
    "write amplification": (2.71, 2.93, 2.92, 3.02, 2.99, 2.7),
    "peak repair rate": (0, 81200, 74000, 240000, 311000, 0),
}  # fmt: skip


def comparison(policies: list[str] | None = None) -> Comparison:
    """`policies`: other names for the six, in their order."""
    names = policies or POLICIES
    numbered = list(enumerate(names))
    readers = numbered[:-1]
    return Comparison(
        scenario="compare",
        stage="simulation",
        seeds=list(range(1, 201)),
        baseline=names[0],
        policies=_subjects(names),
        figures=FIGURES,
        values=[_value(figure.name, name, index) for figure in FIGURES for index, name in numbered],
        differences=[_difference(figure.name, name, index) for figure in FIGURES for index, name in numbered[1:]],
        front=[names[0], names[1], names[3], names[4]],
        divergent={name: _mean(index) for index, name in numbered},
        visibility={name: _visibility(index) for index, name in readers},
        reads_ms={name: _distribution(4.1 + 0.1 * index, 0.55 + 0.12 * (index == 1)) for index, name in readers},
        writes_ms={name: _distribution(5.2 + 0.05 * index, 0.5) for index, name in numbered},
        stale_ms={name: _distribution(_level("staleness p50", index) or 1, 0.9) for index, name in readers},
        everywhere_ms={name: _distribution(30 + 15 * index, 1.6, _ARRIVED[index]) for index, name in numbered},
        examples=[_example(names, seed, faults) for seed, faults in ((17, 4), (42, 9), (199, 0))],
        recommendation=_recommendation(names),
        machine="2 cores, 24 GiB, Linux 6.1, CPython 3.11.7",
        method=["Intervals are of 95 %, by resampling whole seeds.", "The 84 differences hold all at once."],
        errors={77: "a fault was not seen to be applied: <b>f3</b>"},
    )


def _recommendation(names: list[str]) -> list[Sentence]:
    none, sync, background, stack, adaptive, _ = names
    return [
        Sentence(
            f"Take {stack}: every key converged, in 1.33 s at p99 after the heal, for 2.12 MB more than {none}.",
            ["converged p99", "bytes"],
        ),
        Sentence(
            f"If 24.9 ms at p99 is too slow for your reads, {adaptive} reads in 22.6 ms and leaves 0.4 % of the keys "
            "divergent.",
            ["read p99", "never converged"],
        ),
        Sentence(
            f"Repair at reads alone ({sync}, {background}) left 69.5 % and 70.2 % of the cold keys divergent, as the "
            "decision tree expects.",
            ["cold, never converged", "a figure that is in no table"],
        ),
    ]


def _level(figure: str, index: int) -> float | None:
    return _LEVELS[figure][index]


def _value(figure: str, policy: str, index: int) -> Value:
    level = _level(figure, index)
    if level is None:
        word = "never" if figure.startswith(("converged", "everywhere")) else ""
        return Value(figure, policy, None, None, None, word)
    return Value(figure, policy, level, level * 0.94, level * 1.07)


def _difference(figure: str, policy: str, index: int) -> Difference:
    level, base = _level(figure, index), _level(figure, 0)
    if level is None or base is None:
        return Difference(figure, policy, None, None, None, shown=False)
    change, room = level - base, 0.09 * max(level, base)
    shown = abs(change) > room
    return Difference(figure, policy, change, change - room, change + room, shown)


def _subjects(names: list[str]) -> list[Subject]:
    about = [
        "No repair: what a replica misses it misses, until the key is written again",
        "Synchronous read repair: a read answers when a quorum holds what it returns",
        "Asynchronous read repair: a read answers at once, and mends what it found to differ after that",
        "Three lines of defence: hints for short outages, read repair for what is read, hash trees for the rest",
        "Chooses for each key how its reads repair, from how often it is written and read",
        "Nothing is read in this one",
    ]
    hints: dict[str, str | int] = {"read_repair": "background", "hints": "handoff", "hint_window": "10s"}
    given: list[dict[str, str | int]] = [
        {},
        {"read_repair": "blocking"},
        {"read_repair": "background"},
        hints | {"anti_entropy": "merkle", "round_every": "500ms", "repair_bytes_per_s_max": 200000},
        hints | {"hints_max": 1000},
        {},
    ]  # fmt: skip
    always = {"no version regression": 200, "acknowledged writes kept": 200, "nothing invented": 200}
    made = [always, always | {"monotonic reads": 187}, always, always | {"convergence": 200}, always, {}]
    broken = [{}, {}, {"acknowledged writes kept": 3}, {}, {}, {}]
    return [
        Subject(name, about[index], given[index], made[index], broken[index], 2 if index == 4 else 0)
        for index, name in enumerate(names)
    ]


def _mean(index: int) -> Curve:
    xs = [round(0.1 * step, 1) for step in range(10 * SECONDS + 1)]
    ys = [_divergence(x, _MENDED[index]) for x in xs]
    return Curve(xs, ys, [0.9 * y for y in ys], [1.12 * y for y in ys])


def _divergence(x: float, mended: float) -> float:
    """Grows while faults are on, until 7 s, and goes down as it is mended."""
    grown = 60 * (1 - math.exp(-min(x, 7) / 3)) / (1 + mended)
    return grown if x <= 7 else grown * math.exp(-mended * (x - 7))


def _visibility(index: int) -> Curve:
    at_zero = 1 - (_level("stale reads", index) or 0) / 100
    slow = (_level("staleness p50", index) or 1) * 1.4
    xs = [0.0, *(float(digit * 10**power) for power in range(5) for digit in (1, 2, 5))][: 10 + 2 * (3 - index)]
    ys = [1 - (1 - at_zero) * math.exp(-x / slow) for x in xs]
    return Curve(xs, ys, [y - 0.002 for y in ys], [min(1, y + 0.002) for y in ys])


def _distribution(median: float, spread: float, upto: float = 1.0) -> Curve:
    parts = [step / 200 for step in range(1, 200)]
    xs = [median * math.exp(spread * _normal(part)) for part in parts]
    return Curve([0.3, *xs], [0.0, *(upto * part for part in parts[:-1]), upto])


def _normal(part: float) -> float:
    """The standard normal's quantile, near enough: the logistic's."""
    return math.log(part / (1 - part)) / 1.702


def _example(names: list[str], seed: int, faults: int) -> Example:
    draw = Random(seed)
    kinds = ("partition", "kill", "slow", "isolate", "pause", "a-fault-with-a-long-name")
    bands = []
    for _ in range(faults):
        start = draw.uniform(0.3, 5)
        targets = [f"r{number}" for number in range(1, draw.randrange(2, 5))]
        bands.append(Band(start, start + draw.uniform(0.05, 3), draw.choice(kinds), targets))
    curves = {name: _walk(draw, _MENDED[index]) for index, name in enumerate(names)}
    return Example(seed, bands, {name: 7.0 + draw.uniform(0, 0.6) for name in names}, curves)


def _walk(draw: Random, mended: float) -> Curve:
    xs = [0.0, *accumulate(draw.expovariate(20) for _ in range(int(19 * SECONDS)))]
    return Curve(xs, [float(max(0, round(_divergence(x, mended) + draw.gauss(0, 1.5 * (x > 0.3))))) for x in xs])
