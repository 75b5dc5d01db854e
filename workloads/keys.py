"""Which key is asked for. Integers decide; no float does, and no library whose streams may change."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, cycle
from random import Random
from typing import Literal

Distribution = Literal["uniform", "zipf", "hot-cold", "sequential"]

DISTRIBUTIONS: dict[Distribution, str] = {
    "uniform": "each key as often as any other",
    "zipf": "a key's share is one over its rank",
    "hot-cold": "a fifth of the keys gets four fifths of the operations",
    "sequential": "k0, k1, k2 and so on in the order of operations, then round again",
}

_SCALE = 1_000_000_000


def draw_keys(distribution: Distribution, count: int, random: Random) -> Iterator[str]:
    """Without end. `k0` is the hottest under zipf and the first of the hot ones under hot-cold."""
    names = [f"k{number}" for number in range(count)]
    if distribution == "sequential":
        yield from cycle(names)
    cumulative = list(accumulate(_weights(distribution, count)))
    while True:
        yield names[bisect_right(cumulative, below(random, cumulative[-1]))]


def _weights(distribution: Distribution, count: int) -> list[int]:
    if distribution == "zipf":
        return [_SCALE // rank for rank in range(1, count + 1)]
    if distribution == "hot-cold":
        hot = -(-count // 5)  # rounded up: a few keys have a hot one too
        cold = count - hot
        return [4 * cold] * hot + [hot] * cold if cold else [1]
    return [_SCALE] * count


def below(random: Random, limit: int) -> int:
    """An integer in [0, limit): from getrandbits, whose stream is the same on every version of Python."""
    if limit < 1:
        raise ValueError(f"there is no integer in [0, {limit})")
    bits = limit.bit_length()
    while True:
        number = random.getrandbits(bits)
        if number < limit:
            return number
