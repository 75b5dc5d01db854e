"""What a comparison found, as plain data: the table, the files and the page are drawn from it and from nothing else."""

from typing import Literal

import msgspec

FRONT = ("read p99", "stale reads", "bytes")  # the figures of the trade-off


class Figure(msgspec.Struct, frozen=True):
    """One thing that is measured of each policy. `unit` is one of ms, us, bytes, bytes/s, %, count."""

    name: str
    group: str
    about: str
    unit: str
    better: Literal["less", "more"]


class Value(msgspec.Struct, frozen=True):
    """Of one policy over all seeds, with its 95 % confidence interval. None: there was nothing to measure, or it never
    came to be, as `word` says; an end of an interval is None where it has none."""

    figure: str
    policy: str
    value: float | None
    low: float | None
    high: float | None
    word: str = ""


class Difference(msgspec.Struct, frozen=True):
    """A policy less the baseline, over the same seeds. The interval is corrected for the number of comparisons;
    `shown`: it does not contain nothing. None: it cannot be told."""

    figure: str
    policy: str
    difference: float | None
    low: float | None
    high: float | None
    shown: bool


class Curve(msgspec.Struct, frozen=True):
    """Points in the order of x. `low` and `high` are a 95 % interval of each, or empty."""

    x: list[float]
    y: list[float]
    low: list[float] = []
    high: list[float] = []


class Band(msgspec.Struct, frozen=True):
    """When a fault was on, in seconds from the start of unrest."""

    start_s: float
    end_s: float
    kind: str
    targets: list[str]


class Example(msgspec.Struct, frozen=True):
    """One seed as every policy met it: its faults, and how many keys were divergent over time (seconds), by policy."""

    seed: int
    faults: list[Band]
    mend_s: dict[str, float]  # by policy: when unrest was over
    divergent: dict[str, Curve]


class Sentence(msgspec.Struct, frozen=True):
    """Of a recommendation: words that hold their figures, and the names of these."""

    text: str
    figures: list[str]


class Subject(msgspec.Struct, frozen=True):
    """One of the policies. `broken` has how many seeds broke each promise that was made; `made` how many seeds made it;
    `unknown` counts the runs of which nothing can be told."""

    name: str
    about: str
    given: dict[str, str | int]
    made: dict[str, int]
    broken: dict[str, int]
    unknown: int


class Comparison(msgspec.Struct, frozen=True):
    """`front` names the policies that no other beats: none is at least as good in read p99, share of stale reads and
    bytes, and better in one, where two count as equally good if no difference is shown. Curves are by policy: the mean
    number of divergent keys over time (seconds), the share of reads that missed nothing acknowledged for more than x ms
    (t-visibility), and how read and write latencies (ms), staleness of stale reads (ms) and times until a write is
    everywhere (ms) are distributed (share at most x)."""

    scenario: str
    stage: Literal["simulation", "processes"]
    seeds: list[int]
    baseline: str
    policies: list[Subject]
    figures: list[Figure]
    values: list[Value]
    differences: list[Difference]
    front: list[str]
    divergent: dict[str, Curve]
    visibility: dict[str, Curve]
    reads_ms: dict[str, Curve]
    writes_ms: dict[str, Curve]
    stale_ms: dict[str, Curve]
    everywhere_ms: dict[str, Curve]
    examples: list[Example]
    recommendation: list[Sentence]
    machine: str
    method: list[str] = []  # in sentences: what intervals are, and how they are corrected
    errors: dict[int, str] = {}  # seeds that could not be run under every policy, and count for none
