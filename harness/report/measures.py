"""What was measured of a run, promised or not, in a few lines."""

from collections.abc import Iterator
from itertools import pairwise

from checkers.divergence import Divergence
from checkers.staleness import Point, Staleness
from checkers.statistics import Quantiles, Share
from harness.report.lines import brief, safe


def lines(staleness: Staleness | None, divergence: Divergence | None) -> list[str]:
    return [*(_stale(staleness) if staleness else []), *(_divergent(divergence) if divergence else [])]


def _stale(it: Staleness) -> Iterator[str]:
    if not it.reads:
        return
    also = f"; {it.skipped} cannot be told" if it.skipped else ""
    yield f"stale reads: {it.stale.count} of {it.reads}, {_percent(it.stale)}, with 95 % confidence{also}"
    if it.ages is None or it.worst is None:
        return
    worst = it.worst
    yield f"  their age: {_quantiles(it.ages)} (key {safe(brief(worst.key))}, op {worst.op})"
    yield f"  versions behind, at most: {_curve(it.versions, 1, '')}"
    yield f"  nothing missed that was acknowledged longer before than: {_curve(it.visible, 1_000_000, ' ms')}"


def _divergent(it: Divergence) -> Iterator[str]:
    if it.times is None:
        return
    worst = f" (key {safe(brief(it.worst_key))})" if it.worst_key is not None else ""
    still = f"; {it.open} still differ" if it.open else ""
    yield (
        f"replicas differed on {it.differed} of {it.keys} keys, for: {_quantiles(it.times)}{worst},"
        f" {_span(it.longest_ns)} without a break{still}"
    )


def _curve(points: list[Point], unit: int, word: str) -> str:
    """The first point, and those at which there is anything new."""
    new = [point for before, point in pairwise(points) if point.share.count != before.share.count]
    return ", ".join(f"{point.at // unit:,}{word} {_percent(point.share)}" for point in [points[0], *new])


def _percent(share: Share) -> str:
    return f"{_rounded(share.value())} % ({_rounded(share.low)}..{_rounded(share.high)})"


def _rounded(value: float) -> str:
    """100 is said of all alone."""
    hundredths = round(value * 10_000)
    if hundredths == 10_000 and value < 1:
        return ">99.99"
    return f"{hundredths / 100:g}"


def _quantiles(it: Quantiles) -> str:
    return f"median {_span(it.median)}, 99th {_span(it.p99)}, worst {_span(it.worst)}"


def _span(ns: int) -> str:
    return f"{ns / 1e9:.2f} s" if ns >= 1_000_000_000 else f"{ns / 1e6:.1f} ms"
