"""Percentiles and shares of trials, each with its sampling error: so far off with a chance of 5 %, at most."""

import math
from itertools import pairwise

_CONFIDENCE = 1.96


def percentile_ms(times: list[int], trials: int, one_in: int) -> tuple[float, float]:
    """What one in so many trials exceeds, of the longest times; between the ranks among which it surely is."""
    ranked, rank = sorted(times, reverse=True), max(1, trials // one_in)
    width = math.ceil(_CONFIDENCE * math.sqrt(rank))
    found = ranked[rank - 1]
    around = ranked[max(0, rank - 1 - width)], ranked[min(len(ranked) - 1, rank - 1 + width)]
    return found / 1e6, max(abs(each - found) for each in around) / 1e6


def share_percent(count: int, trials: int) -> tuple[float, float]:
    share = count / trials
    return 100 * share, 100 * _CONFIDENCE * math.sqrt(share * (1 - share) / trials)


def crossing_ms(moments: tuple[int, ...], missed: list[int], trials: int, one_in: int) -> tuple[float, float] | None:
    """From when on fewer than one in so many reads miss the write: between two moments, by their logarithms. None:
    it is not between any of these moments."""
    few = trials / one_in
    for place, (before, after) in enumerate(pairwise(missed)):
        if before >= few > after:
            around = slice(max(0, place - 2), place + 4)
            between = _steepness(moments[place : place + 2], missed[place : place + 2])
            found = moments[place] + (math.log(before) - math.log(few)) / between
            return found / 1e6, _CONFIDENCE / math.sqrt(few) / _steepness(moments[around], missed[around]) / 1e6
    return None


def _steepness(moments: tuple[int, ...], missed: list[int]) -> float:
    """By which power of e there are fewer, per nanosecond."""
    return (math.log(missed[0]) - math.log(max(missed[-1], 0.5))) / (moments[-1] - moments[0])
