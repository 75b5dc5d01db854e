"""Seeds as ranges: a hundred thousand of them are two numbers."""

from collections.abc import Iterable, Iterator

from harness import suite

Range = tuple[int, int]  # the first and the last seed
Ranges = list[Range]  # ascending, and with at least one seed between two of them


def parse(text: str) -> Ranges:
    """As `--seeds` has them; in ascending order, each once."""
    return _merged(sorted(suite.parse_ranges(text)))


def joined(seeds: Iterable[int]) -> Ranges:
    """Of seeds in ascending order, which may be very many."""
    return _merged((seed, seed) for seed in seeds)


def _merged(parts: Iterable[Range]) -> Ranges:
    merged: Ranges = []
    for low, high in parts:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged


def without(these: Ranges, those: Ranges) -> Ranges:
    left: Ranges = []
    rest = iter([*those, None])
    gone = next(rest)
    for low, high in these:
        begin = low
        while gone is not None and gone[0] <= high:
            if gone[1] >= begin:
                left += [(begin, gone[0] - 1)] if gone[0] > begin else []
                begin = gone[1] + 1
            if gone[1] > high:
                break
            gone = next(rest)
        left += [(begin, high)] if begin <= high else []
    return left


def count(ranges: Ranges) -> int:
    return sum(high - low + 1 for low, high in ranges)


def seeds(ranges: Ranges) -> Iterator[int]:
    for low, high in ranges:
        yield from range(low, high + 1)


def write(ranges: Ranges) -> str:
    """As `parse` reads them."""
    return ",".join(f"{low}..{high}" if high > low else f"{low}" for low, high in ranges)
