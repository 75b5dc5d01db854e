"""Versions that know what they have seen: version vectors, and dotted ones that are exact.

Each write gets a dot: the time of a hybrid logical clock, later than all that it has seen, and who minted it. A copy
under these kinds is all that is known of a key: its context, which is every dot that it has seen, and its siblings, the
dots that nothing seen has replaced. Both are in `Version.by`, as text, `time` is the latest dot, and the value is the
list of the siblings' values: so such a copy is stored, sent, hashed and compared as any other.

    r1.1~7-9+r2.1~3-5@r1.1~9+r2.1~5x     seen: of r1.1 what is after 7 and up to 9, of r2.1 after 3 and up to 5;
                                         siblings: 9 of r1.1, and 5 of r2.1, which is a tombstone

A span after `low` and up to `high` is a coordinator's word that it has minted nothing else for the key in between, so
that spans of many dots join into one. Of a version vector each span begins at 0: all up to the highest counts as seen.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from .records import TIME_MAX

Dot = tuple[int, str]  # time, incarnation
Spans = tuple[tuple[int, int], ...]  # in order, none touches the next

_DIGITS_MAX = 19
_encode = msgspec.json.Encoder().encode
_values = msgspec.json.Decoder(list[str | None])


class Clock(NamedTuple):
    """`dots` are the siblings, in their order, and whether each is a tombstone."""

    seen: dict[str, Spans]
    dots: dict[Dot, bool]


NOTHING = Clock({}, {})


@lru_cache(maxsize=4096)
def read(text: str) -> Clock:
    """What is no such text has seen nothing."""
    found = parse(text)
    return NOTHING if found is None else found


def parse(text: str) -> Clock | None:
    seen, at, dots = text.partition("@")
    try:
        clock = Clock(
            dict(_entry(each) for each in seen.split("+")), dict(_dot(each) for each in dots.split("+") if each)
        )
    except ValueError:
        return None
    return clock if at and write(clock) == text else None


def write(clock: Clock) -> str:
    """One text for one clock."""
    seen = "+".join(f"{by}~{'~'.join(f'{low}-{high}' for low, high in clock.seen[by])}" for by in sorted(clock.seen))
    dots = "+".join(f"{by}~{time}{'x' if dead else ''}" for (time, by), dead in sorted(clock.dots.items()))
    return f"{seen}@{dots}"


def _entry(text: str) -> tuple[str, Spans]:
    by, *spans = text.split("~")
    ends = [span.split("-") for span in spans]
    found = tuple((_time(low), _time(high)) for low, high in ends)
    if not found or any(low >= high for low, high in found):
        raise ValueError(text)
    return by, join_spans((), found)


def _dot(text: str) -> tuple[Dot, bool]:
    by, time = text.split("~")
    return (_time(time.removesuffix("x")), by), time.endswith("x")


def _time(text: str) -> int:
    if len(text) > _DIGITS_MAX or not (text.isascii() and text.isdecimal()) or int(text) > TIME_MAX:
        raise ValueError(text)
    return int(text)


def join_spans(one: Spans, other: Spans) -> Spans:
    joined: list[tuple[int, int]] = []
    for low, high in sorted((*one, *other)):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def join_seen(one: dict[str, Spans], other: dict[str, Spans]) -> dict[str, Spans]:
    joined = dict(one)
    for by, spans in other.items():
        mine = joined.get(by)
        joined[by] = spans if mine is None or mine == spans else join_spans(mine, spans)
    return joined


def has_seen(seen: dict[str, Spans], dot: Dot) -> bool:
    time, by = dot
    return any(low < time <= high for low, high in seen.get(by, ()))


def has_seen_all(seen: dict[str, Spans], other: dict[str, Spans]) -> bool:
    for by, spans in other.items():
        mine = seen.get(by, ())
        if mine != spans and not all(any(low <= a and b <= high for low, high in mine) for a, b in spans):
            return False
    return True


def values_text(values: list[str | None]) -> str:
    return _encode(values).decode()


def values_of(text: str | None, count: int) -> list[str | None]:
    """Of so many siblings; None: all of them are tombstones."""
    if text is None:
        return [None] * count
    try:
        values = _values.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [None] * count
    return values if len(values) == count else [None] * count
