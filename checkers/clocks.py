"""The order of versions that keep siblings, by code of its own, from the words of the schema (checkers/history.py).

Dotted: one copy covers another if it has seen all that the other has, and shows no sibling that the other knows to be
replaced. A version vector says nothing of single siblings: there the vectors alone are compared.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from checkers.history import Copy, OddHistory, Version

Kind = Literal["vector", "dotted"]
Dot = tuple[int, str]
Span = tuple[int, int]  # after the first, up to the second

_ENTRY = re.compile(r"(?P<by>[^~@+]+)(?P<spans>(~\d+-\d+)+)", re.ASCII)
_SIBLING = re.compile(r"(?P<by>[^~@+]+)~(?P<time>\d+)(?P<dead>x?)", re.ASCII)


class Knowledge(NamedTuple):
    """`siblings` are in the order of their times, each with whether it is a tombstone."""

    seen: dict[str, list[Span]]
    siblings: dict[Dot, bool]

    def has_seen(self, dot: Dot) -> bool:
        return any(low < dot[0] <= high for low, high in self.seen.get(dot[1], ()))

    def has_seen_all_of(self, other: "Knowledge") -> bool:
        return all(
            any(low <= first and last <= high for low, high in self.seen.get(by, ()))
            for by, spans in other.seen.items()
            for first, last in spans
        )


@lru_cache(maxsize=8192)
def knowledge(by: str) -> Knowledge:
    seen, at, siblings = by.partition("@")
    entries = [_ENTRY.fullmatch(each) for each in seen.split("+")]
    dots = [_SIBLING.fullmatch(each) for each in siblings.split("+") if each]
    if not at or not all(entries) or not all(dots):
        raise OddHistory(f"the version name {by!r} is no list of what was seen and of siblings, as the header promises")
    return Knowledge(
        {entry["by"]: _spans(entry["spans"]) for entry in entries if entry},
        dict(sorted(((int(dot["time"]), dot["by"]), bool(dot["dead"])) for dot in dots if dot)),
    )


def _spans(text: str) -> list[Span]:
    pairs = [each.split("-") for each in text[1:].split("~")]
    return [(int(low), int(high)) for low, high in pairs]


def of(version: Version) -> Knowledge:
    return knowledge(version.by)


def own_dot(version: Version) -> Dot:
    """Of a write: it is later than all that it has seen."""
    return max(of(version).siblings)


def _dotted_covers(one: Copy, other: Copy) -> bool:
    if one.version == other.version:
        return True
    mine, theirs = of(one.version), of(other.version)
    return mine.has_seen_all_of(theirs) and all(
        dot in theirs.siblings or not theirs.has_seen(dot) for dot in mine.siblings
    )


def _vector_covers(one: Copy, other: Copy) -> bool:
    return one.version == other.version or of(one.version).has_seen_all_of(of(other.version))


COVERS: dict[Kind, Callable[[Copy, Copy], bool]] = {"dotted": _dotted_covers, "vector": _vector_covers}


def join(kind: Kind) -> Callable[[Copy, Copy], Copy]:
    """The least that covers both, without values."""
    at_least = COVERS[kind]

    def joined(one: Copy, other: Copy) -> Copy:
        if at_least(one, other):
            return one
        if at_least(other, one):
            return other
        mine, theirs = of(one.version), of(other.version)
        siblings = {**_left(kind, mine, theirs), **_left(kind, theirs, mine)}
        seen = {by: _united(mine.seen.get(by, []), theirs.seen.get(by, [])) for by in {**mine.seen, **theirs.seen}}
        time = max(one.version.time, other.version.time)
        return Copy(Version(time, _text(seen, siblings)), all(siblings.values()), None)

    return joined


def _left(kind: Kind, mine: Knowledge, theirs: Knowledge) -> dict[Dot, bool]:
    kept = {dot: dead for dot, dead in mine.siblings.items() if dot in theirs.siblings or not theirs.has_seen(dot)}
    return kept if kind == "dotted" else mine.siblings


def seen_by_any(knowledges: list[Knowledge]) -> Knowledge:
    spans: dict[str, list[Span]] = defaultdict(list)
    for each in knowledges:
        for by, seen in each.seen.items():
            spans[by] += seen
    return Knowledge({by: _united(seen, []) for by, seen in spans.items()}, {})


def _united(one: list[Span], other: list[Span]) -> list[Span]:
    united: list[Span] = []
    for low, high in sorted([*one, *other]):
        if united and low <= united[-1][1]:
            united[-1] = united[-1][0], max(high, united[-1][1])
        else:
            united.append((low, high))
    return united


def _text(seen: dict[str, list[Span]], siblings: dict[Dot, bool]) -> str:
    entries = [by + "".join(f"~{low}-{high}" for low, high in seen[by]) for by in sorted(seen)]
    dots = [f"{by}~{time}{'x' if siblings[time, by] else ''}" for time, by in sorted(siblings)]
    return f"{'+'.join(entries)}@{'+'.join(dots)}"


def raised(copy: Copy, purged: Copy) -> Copy:
    """As if it had seen what the purged one had: a purge takes along what its node knew, and what is written after that
    does not know it."""
    mine, theirs = of(copy.version), of(purged.version)
    if mine.has_seen_all_of(theirs):
        return copy
    seen = {by: _united(mine.seen.get(by, []), theirs.seen.get(by, [])) for by in {**mine.seen, **theirs.seen}}
    return Copy(Version(copy.version.time, _text(seen, mine.siblings)), copy.dead, copy.value, copy.purgeable)


def beside(copy: Copy, purged: Copy) -> Copy:
    """Likewise; and a tombstone that was purged here may come back as a sibling from elsewhere."""
    mine, theirs = of(raised(copy, purged).version), of(purged.version)
    siblings = {**theirs.siblings, **mine.siblings}
    return Copy(Version(copy.version.time, _text(mine.seen, siblings)), copy.dead, copy.value, copy.purgeable)


def brings_back(kind: Kind, version: Version, tomb: Version) -> bool:
    """Whether it shows a value that the tombstone has replaced: of a vector only what is older as a whole."""
    shown, gone = of(version), of(tomb)
    if kind == "vector":
        older = gone.has_seen_all_of(shown) and not shown.has_seen_all_of(gone)
        return older and not all(shown.siblings.values())
    return any(not dead and dot not in gone.siblings and gone.has_seen(dot) for dot, dead in shown.siblings.items())


def alone(copy: Copy) -> list[Copy]:
    """Each sibling as a copy of its own. Values that do not fit the siblings are shown whole, as the value of each."""
    siblings = of(copy.version).siblings
    values = _values(copy.value, len(siblings))
    return [
        Copy(Version(*dot), dead, value, copy.purgeable)
        for (dot, dead), value in zip(siblings.items(), values, strict=True)
    ]


def _values(text: str | None, count: int) -> list[str | None]:
    if text is None:
        return [None] * count
    try:
        values = msgspec.json.decode(text, type=list[str | None])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [text] * count
    return values if len(values) == count else [text] * count


def elements(text: str | None) -> list[str] | None:
    """Of a value that stands for a set; None: it is no list of strings."""
    try:
        return msgspec.json.decode(text or "[]", type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
