"""What changes over time as a few points: exact where they are few, else by bins, with their average and their peak."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from harness.report.runpage.columns import columns, us

MOST = 1_000  # points of one curve: a screen shows no more
HUNDREDTHS = 100  # in which averages are told
UNKNOWN = -1

Step = tuple[int, int | None]  # from when on, in nanoseconds, and what it is then; None: nobody knows


def curve(steps: Sequence[Step], end: int) -> dict[str, Any]:
    """`at` is from when on, `mean` and `peak` are of the time until the next point: equal (but for the hundredths)
    where nothing was left out. Steps are in order of time; of several at one time the last counts."""
    exact = _told(steps, end)
    told = [(at, None if value is None else value * HUNDREDTHS, value) for at, value in exact]
    rows = told if len(told) <= MOST else _binned(exact, end)
    whole = [(us(at), UNKNOWN if mean is None else mean, UNKNOWN if peak is None else peak) for at, mean, peak in rows]
    return columns(whole, ("at", "mean", "peak"), ("at",))


def counted(deltas: Iterable[tuple[int, int]]) -> list[Step]:
    """A count that begins at nothing, from what is added and taken at each time, in any order."""
    summed: dict[int, int] = defaultdict(int)
    for at, delta in deltas:
        summed[at] += delta
    times = sorted(summed)
    counts = accumulate(summed[at] for at in times)
    return [(min([0, *times[:1]]), 0), *zip(times, counts, strict=True)]


def _told(steps: Sequence[Step], end: int) -> list[Step]:
    """One for each time up to the end, without those that change nothing."""
    last = dict(steps)
    found: list[Step] = []
    for at, value in last.items():
        if at <= end and (not found or found[-1][1] != value):
            found.append((at, value))
    return found


def _binned(steps: list[Step], end: int) -> list[tuple[int, int | None, int | None]]:
    start = steps[0][0]
    wide = -(-(end - start) // MOST)
    bins = -(-(end - start) // wide)
    areas, known, peaks = [0] * bins, [0] * bins, [0] * bins
    for (at, value), (until, _) in pairwise([*steps, (end, None)]):
        for place in range((at - start) // wide, -(-(until - start) // wide) if value is not None else 0):
            time = min(until, start + (place + 1) * wide) - max(at, start + place * wide)
            areas[place] += time * (value or 0)
            known[place] += time
            peaks[place] = max(peaks[place], value or 0)
    return [
        (
            start + place * wide,
            (HUNDREDTHS * areas[place] + known[place] // 2) // known[place] if known[place] else None,
            peaks[place] if known[place] else None,
        )
        for place in range(bins)
    ]
