"""Sets of numbers as ranges in their order, none of which touches another: [(1, 500), (502, 502)]."""

from collections.abc import Iterator

Ranges = list[tuple[int, int]]


def add(ranges: Ranges, number: int) -> None:
    place = len(ranges)
    while place and ranges[place - 1][0] > number:
        place -= 1
    first = last = number
    if place and ranges[place - 1][1] >= number - 1:
        place -= 1
        first, last = ranges[place][0], max(last, ranges[place][1])
        del ranges[place]
    if place < len(ranges) and ranges[place][0] <= last + 1:
        last = max(last, ranges[place][1])
        del ranges[place]
    ranges.insert(place, (first, last))


def union(one: Ranges, other: Ranges) -> Ranges:
    joined: Ranges = []
    for first, last in sorted([*one, *other]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def without(ranges: Ranges, taken: Ranges) -> Iterator[tuple[int, int]]:
    """What is in these and not in those."""
    place = 0
    for start, last in ranges:
        first = start
        while place < len(taken) and taken[place][1] < first:
            place += 1
        at = place
        while at < len(taken) and taken[at][0] <= last:
            if first < taken[at][0]:
                yield first, taken[at][0] - 1
            first = max(first, taken[at][1] + 1)
            at += 1
        if first <= last:
            yield first, last


def write(ranges: Ranges) -> str:
    return " ".join(f"{first}-{last}" for first, last in ranges)


def read(text: str) -> Ranges:
    pairs = (part.split("-") for part in text.split())
    return [(int(first), int(last)) for first, last in pairs]
