"""Which key is asked for. Integers decide; no float does, and no library whose streams may change."""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import Literal

Distribution = Literal["uniform", "zipf"]

_SCALE = 1_000_000_000


class Keys:
    """`k0` is the hottest under zipf: the weight of a key is one over its rank."""

    def __init__(self, count: int, distribution: Distribution) -> None:
        self.names = [f"k{number}" for number in range(count)]
        weights = [_SCALE if distribution == "uniform" else _SCALE // rank for rank in range(1, count + 1)]
        self._cumulative = list(accumulate(weights))

    def draw(self, random: Random) -> str:
        point = below(random, self._cumulative[-1])
        return self.names[bisect_right(self._cumulative, point)]


def below(random: Random, limit: int) -> int:
    """An integer in [0, limit): from getrandbits, whose stream is the same on every version of Python."""
    if limit < 1:
        raise ValueError(f"there is no integer in [0, {limit})")
    bits = limit.bit_length()
    while True:
        number = random.getrandbits(bits)
        if number < limit:
            return number
