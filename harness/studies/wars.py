"""The 99.9th percentiles of reads and writes, and the staleness of reads, for any mixtures of delays.

First every trial is performed. Then, since one in a thousand is what counts, many more are drawn, and only those are
performed that may be among the slow or the stale.
"""

import math
from typing import Any

from harness.mixtures import Delays, Kind, Part
from harness.studies.estimates import crossing_ms, percentile_ms, share_percent
from harness.studies.study import Watch
from harness.studies.trials import COPIES, RARE, Batch, Sample, Slow, merged, perform
from harness.zoo.pool import Crew, Job, crew

Name = tuple[Any, ...]
Measured = tuple[float, float]  # with its sampling error

PAIRS = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (1, 3))  # R, W
_SLOW = 8  # times as many trials are drawn
_MORE = 5  # times as many again, where the tail is heavy
_HEAVY = 0.8  # an error so many times the percentile, by the root of how many trials are beyond it
_PER_BATCH = 3_000
_DRAWN_PER_BATCH = 60_000
_PILOTS = 1_000
_FIRST_NS = 40_000
_DOUBLINGS = 36
_MOMENTS = 16
_MS = 1_000_000
_OF_READS: tuple[Kind, ...] = ("fetch", "fetched")


class _Work:
    """Batches on all cores, and how much of them is done."""

    def __init__(self, watch: Watch, pool: Crew) -> None:
        self._watch = watch
        self._pool = pool
        self._asked = self._done = 0

    def perform(self, batches: dict[Name, Batch]) -> dict[Name, Sample]:
        """Samples are put together in the order of their trials, whoever was first."""
        names = {str(name): name for name in batches}
        found: dict[Name, dict[int, Sample]] = {name: {} for name in batches}
        parts = [Job(str(name), perform, part) for name, batch in batches.items() for part in _split(batch)]
        for part in parts:
            self._pool.add(part)
        self._asked += len(parts)
        for job, sample in self._pool.done():
            found[names[job.name]][job.order.first] = sample
            self._done += 1
            self._watch(self._done, self._asked)
        return {name: merged([samples[first] for first in sorted(samples)]) for name, samples in found.items()}


def _split(batch: Batch) -> list[Batch]:
    """Into pieces of some seconds."""
    most = _PER_BATCH if batch.only is None else _DRAWN_PER_BATCH // (1 + len(batch.moments) // 4)
    firsts = range(batch.first, batch.first + batch.trials, most)
    return [batch._replace(first=first, trials=min(most, batch.first + batch.trials - first)) for first in firsts]


def _plain(names: dict[str, Delays], trials: int) -> dict[Name, Batch]:
    """Every trial is performed, for shares at once and a first idea of all else. Most of what is open is at W = 1."""
    return {
        (name, "plain", w): Batch(delays, w, 0, trials if w == 1 else trials // 4, tuple(range(1, COPIES + 2 - w)))
        for name, delays in names.items()
        for w in range(1, COPIES + 1)
    }


def _pilots(names: dict[str, Delays]) -> dict[Name, Batch]:
    """Coarse moments, each twice as late as the one before."""
    moments = tuple(_FIRST_NS << step for step in range(_DOUBLINGS))
    return {
        (name, "pilot", w): Batch(delays, w, 0, _PILOTS, (), tuple(range(1, COPIES - w + 1)), moments)
        for name, delays in names.items()
        for w in range(1, COPIES)
    }


def _reader(names: dict[str, Delays], name: str) -> str:
    """The first whose reads take the same."""
    reading = [_of_reads(delays) for delays in names.values()]
    return list(names)[reading.index(_of_reads(names[name]))]


def _of_reads(delays: Delays) -> list[list[Part]]:
    return [delays.get(kind) or delays["all"] for kind in _OF_READS]


def _slow(names: dict[str, Delays], plain: dict[Name, Sample], trials: int) -> dict[Name, Batch]:
    """Many more trials, of which only those are performed that may be among the slowest hundredth."""
    found: dict[Name, Batch] = {}
    for name, delays in names.items():
        for level in range(1, COPIES + 1):
            written = _least_ns(plain[name, "plain", level].writes, plain[name, "plain", level].trials)
            found[name, "write", level] = Batch(
                delays, level, trials, trials * _SLOW, only=Slow("write", level, written)
            )
            if _reader(names, name) == name:
                read = _least_ns(plain[name, "plain", 1].reads[level], trials)
                found[name, "read", level] = Batch(
                    delays, 1, trials, trials * _SLOW, (level,), only=Slow("read", level, read)
                )
    return found


def _least_ns(times: list[int], trials: int) -> int:
    return int(percentile_ms(times, trials, 100)[0] * _MS)


def _more(slow: dict[Name, Batch], found: dict[Name, Sample]) -> dict[Name, Batch]:
    """Where the tail is so heavy that a percentile says little: many more again."""
    more: dict[Name, Batch] = {}
    for name, batch in slow.items():
        times = found[name].writes if "write" in name else found[name].reads[name[-1]]
        measured, error = percentile_ms(times, batch.trials, RARE)
        if error * math.sqrt(batch.trials / RARE) > _HEAVY * measured:
            more[name] = batch._replace(first=batch.first + batch.trials, trials=batch.trials * _MORE)
    return more


def _late(names: dict[str, Delays], first: dict[Name, Sample], trials: int) -> dict[Name, Batch]:
    """Reads that start around the moment from which on one in a thousand misses the write."""
    found: dict[Name, Batch] = {}
    for name, delays in names.items():
        for r, w in PAIRS:
            at_once = first[name, "plain", w]
            if at_once.missed[r] * RARE <= at_once.trials:
                continue  # fewer already at once
            missed = first[name, "pilot", w].missed_later[r]
            place = next((step for step, count in enumerate(missed) if count < _PILOTS // 150), _DOUBLINGS)
            begin_ns = (_FIRST_NS << place) // 2
            moments = tuple(begin_ns * 6**step // 5**step for step in range(_MOMENTS))
            only = Slow("miss", r, begin_ns)
            found[name, "late", (r, w)] = Batch(delays, w, trials, trials * _SLOW, (), (r,), moments, only)
    return found


def measure(names: dict[str, Delays], trials: int, watch: Watch) -> dict[Name, Measured]:
    """By mixture, pair of R and W, and figure."""
    with crew() as pool:
        work = _Work(watch, pool)
        first = work.perform({**_plain(names, trials), **_pilots(names)})
        slow, late = _slow(names, first, trials), _late(names, first, trials)
        second = work.perform({**slow, **late})
        more = work.perform(_more(slow, second))
    tails = {name: merged([sample, more[name]]) if name in more else sample for name, sample in second.items()}
    found: dict[Name, Measured] = {}
    for name in names:
        for r, w in PAIRS:
            reads, writes = tails[_reader(names, name), "read", r], tails[name, "write", w]
            found[name, (r, w), "read p99.9"] = percentile_ms(reads.reads[r], reads.trials, RARE)
            found[name, (r, w), "write p99.9"] = percentile_ms(writes.writes, writes.trials, RARE)
            batch = late.get((name, "late", (r, w)))
            visible = _visible(batch, tails[name, "late", (r, w)]) if batch else (0.0, 0.0)
            found[name, (r, w), "t-visibility"] = visible
            plain = first[name, "plain", w]
            found[name, (r, w), "fresh at once"] = share_percent(plain.trials - plain.missed[r], plain.trials)
    return found


def _visible(batch: Batch, sample: Sample) -> Measured:
    (missed,) = sample.missed_later.values()
    if missed[0] * RARE < sample.trials:
        return 0.0, batch.moments[0] / _MS
    return crossing_ms(batch.moments, missed, sample.trials, RARE) or (math.nan, math.nan)
