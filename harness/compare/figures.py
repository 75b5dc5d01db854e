"""Every figure of a comparison: what it is called, and of which counts or which sample of the runs it is made."""

from typing import Literal, NamedTuple

from harness.compare.measures import CAUSES
from harness.compare.result import Figure

Better = Literal["less", "more"]
P50, P99, P999 = 500, 990, 999


class Ratio(NamedTuple):
    """Of two counts, each added up over the runs. A run without `over` has none of it; where no run has `under`, there
    is nothing to measure."""

    over: str
    under: str
    scale: int = 1


class Quantile(NamedTuple):
    """By nearest rank, of the samples of all runs together, in milliseconds."""

    sample: str
    per_mille: int


Recipe = Ratio | Quantile


def _share(name: str, group: str, about: str, over: str, under: str) -> tuple[Figure, Recipe]:
    return Figure(name, group, about, "%", "less"), Ratio(over, under, 100)


def _per(name: str, group: str, about: str, over: str, under: str, unit: str = "count") -> tuple[Figure, Recipe]:
    return Figure(name, group, about, unit, "less"), Ratio(over, under)


def _times(
    name: str, group: str, about: str, sample: str, *ranks: int, better: Better = "less"
) -> list[tuple[Figure, Recipe]]:
    words = {P50: "p50", P99: "p99", P999: "p99.9"}
    return [(Figure(f"{name} {words[rank]}", group, about, "ms", better), Quantile(sample, rank)) for rank in ranks]


_LATENCY = "from the time for which it was planned to its answer, of those that succeeded"
_CALM = f"{_LATENCY}; due before the first fault, or a client's timeout after the last and later"
_APART = "from the end of the last fault, of the keys that differed then, until their replicas held the same"

_ALL: list[tuple[Figure, Recipe]] = [
    *_times("read", "latency", _LATENCY, "reads", P50, P99, P999),
    *_times("write", "latency", _LATENCY, "writes", P50, P99, P999),
    *_times("calm read", "latency", _CALM, "calm reads", P50, P99, P999),
    *_times("calm write", "latency", _CALM, "calm writes", P50, P99, P999),
    _share("failed", "availability", "operations that definitely did not happen", "operations failed", "operations"),
    _share("unknown", "availability", "operations whose client got no answer", "operations unknown", "operations"),
    _share(
        "stale reads", "staleness", "reads that missed a write acknowledged before they began", "reads stale",
        "reads told",
    ),
    *_times("staleness", "staleness", "how long ago what a stale read missed was acknowledged", "ages", P50, P99),
    _per("versions behind", "staleness", "by how many versions a stale read is behind", "versions behind",
         "reads stale"),
    *_times("everywhere", "propagation", "from a write's acknowledgement until each replica has held it or what "
            "dominates it", "everywhere", P50, P99),
    _share("never everywhere", "propagation", "acknowledged writes that some replica never got",
           "writes never everywhere", "writes told"),
    *_times("converged", "after the heal", _APART, "converging all", P50, P99),
    _share("never converged", "after the heal", "keys that still differed at the end", "keys never all",
           "keys apart all"),
    *_times("hot converged", "after the heal", f"{_APART}; keys that were asked for after it", "converging hot", P50,
            P99),
    _share("hot never", "after the heal", "of these keys, those that still differed at the end", "keys never hot",
           "keys apart hot"),
    *_times("cold converged", "after the heal", f"{_APART}; keys that nobody asked for after it", "converging cold",
            P50, P99),
    _share("cold never", "after the heal", "of these keys, those that still differed at the end", "keys never cold",
           "keys apart cold"),
    _per("repair peak", "storm", "most that repairs sent within 100 ms after the heal, a second", "peak repair bytes/s",
         "heals", "bytes/s"),
    *_times("just healed", "storm", "how long operations took that were due within a client's timeout after the heal",
            "just healed", P50, P99),
    *_times("in storm", "storm", "how long operations took that were due while repairs sent half of the peak or more",
            "in storm", P50, P99),
    *_times("before faults", "storm", "how long operations took that were due before the first fault", "before faults",
            P50, P99),
    _per("messages", "traffic", "between nodes, an operation", "messages", "operations"),
    *[_per(f"messages, {cause}", "traffic", f"an operation: {about}", f"messages {cause}", "operations")
      for cause, about in CAUSES.items()],
    _per("bytes", "traffic", "between nodes, an operation", "bytes", "operations sized", "bytes"),
    *[_per(f"bytes, {cause}", "traffic", f"an operation: {about}", f"bytes {cause}", "operations sized", "bytes")
      for cause, about in CAUSES.items()],
    _per("copies sent", "traffic", "a write", "copies sent", "writes taken"),
    _per("copies installed", "traffic", "a write: as many as there are copies, and more when each came more than once",
         "copies installed", "writes taken"),
    _per("hints at most", "state", "hints that waited on all nodes together, at their most", "hints waiting at most",
         "runs looked at"),
    _per("tombstones", "state", "held on all nodes together at the end", "tombstones", "runs dumped"),
    _per("handled", "work", "messages that nodes handled, an operation: stands in for CPU time in simulation",
         "messages handled", "operations"),
    _per("commits", "work", "commits that changed a copy, an operation: likewise", "commits", "operations"),
    _per("CPU", "work", "of the nodes, an operation; on processes only", "cpu us",
         "operations timed", "us"),
    _per("promises broken", "promises", "a run", "promises broken", "runs"),
    (Figure("promises made", "promises", "a run", "count", "more"), Ratio("promises made", "runs")),
]  # fmt: skip

RECIPES: dict[str, Recipe] = {figure.name: recipe for figure, recipe in _ALL}
FIGURES: list[Figure] = [figure for figure, _ in _ALL]
