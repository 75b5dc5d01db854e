"""How delays are spread over their range: by integers alone, so that every platform draws the same.

Each spread takes 32 bits of chance and a width, and says which part of the width it is, from 0 to all of it.
"""

from bisect import bisect_right
from collections.abc import Callable

from harness.plan import Distribution

Spread = Callable[[int, int], int]

CHANCES = 1 << 32
STEPS = 256
RARER = 36, 37  # so much rarer is each step than the one before: over all, e ** -7.01
LONGEST = 100  # Pareto's longest, in his shortest
FAST_TENTHS = 9


def evenly(chance: int, width: int) -> int:
    """Of widths far below 2 ** 32 ns (4.3 s): of that, the upper half has fewer chances than the lower."""
    return chance % (width + 1)


def exponentially(chance: int, width: int) -> int:
    """The mean would be a seventh of the width, if what is beyond the width (1 of 1,100) were not left out."""
    step = bisect_right(_KNOTS, chance) - 1
    low, high = _KNOTS[step], _KNOTS[step + 1]
    return width * (step * (high - low) + chance - low) // (STEPS * (high - low))


def _knots() -> list[int]:
    """The chance of less than each number of steps, of 2 ** 32."""
    rare, common = RARER
    chances = [common ** (STEPS - step) * (common**step - rare**step) for step in range(STEPS + 1)]
    return [CHANCES * chance // chances[-1] for chance in chances]


_KNOTS = _knots()


def by_pareto(chance: int, width: int) -> int:
    """A heavy tail of shape 1, cut off at a hundred times its least: half of all take less than 1 % of the width, and
    1 of 100 more than half of it."""
    return width * chance // (LONGEST * CHANCES - (LONGEST - 1) * chance)


def in_two_humps(chance: int, width: int) -> int:
    """Nine of ten are spread evenly over the first tenth of the width, one over the last."""
    if 10 * chance < FAST_TENTHS * CHANCES:
        return width * chance // (FAST_TENTHS * CHANCES)
    return width * chance // CHANCES


SPREADS: dict[Distribution, Spread] = {
    "uniform": evenly,
    "exponential": exponentially,
    "pareto": by_pareto,
    "bimodal": in_two_humps,
}
