"""The two kinds of versions that keep siblings: what is minted, what dominates, what becomes of two copies."""

from collections.abc import Callable

from .causal import (
    NOTHING,
    Clock,
    Dot,
    Spans,
    has_seen,
    has_seen_all,
    join_seen,
    parse,
    read,
    values_of,
    values_text,
    write,
)
from .peer import Brief
from .records import Record, Version, record
from .settings import SIBLINGS_MAX, Merge, Tie
from .union import united
from .versions import Glance, LastWriterWins, value_rank

REMEMBERED_MAX = 10_000  # keys
Contents = dict[Dot, str | None]


class Dotted(LastWriterWins):
    """Exact: a sibling goes when a write replaces it that had seen it, and for no other reason but room.

    There are `most` siblings at most: then the oldest go, and are lost. With the merge rule `last` there is one. The
    latest dot of all is never replaced by anything that is known, and so some sibling is always left.
    """

    joins = True

    def __init__(
        self, incarnation: str, tie: Tie, clock: int, merging: Merge = "siblings", most: int = SIBLINGS_MAX
    ) -> None:
        super().__init__(incarnation, tie, clock)
        self.merging = merging
        self.most = 1 if merging == "last" else most
        self.dropped = 0
        self._last_minted: dict[str, int] = {}  # by key, in this life: those asked for lately

    def written(
        self, key: str, value: str | None, context: str, wall_ns: int, held: Callable[[str], Record | None]
    ) -> Record:
        """What a coordinator makes of a put (or a delete: no value) whose session has read this context."""
        seen = read(context).seen
        self.observe(Version(_latest(seen), ""))
        dot = self.mint(wall_ns)
        return self.new_copy(key, dot, seen, {(dot.time, dot.by): value}, held)

    def new_copy(
        self,
        key: str,
        dot: Version,
        seen: dict[str, Spans],
        contents: Contents,
        held: Callable[[str], Record | None],  # noqa: ARG002 - exact without it
    ) -> Record:
        before = self._last_minted.pop(key, dot.time - 1)
        if len(self._last_minted) >= REMEMBERED_MAX:
            del self._last_minted[next(iter(self._last_minted))]
        self._last_minted[key] = dot.time
        return self.copy(key, join_seen(seen, {dot.by: ((before, dot.time),)}), contents)

    def copy(self, key: str, seen: dict[str, Spans], contents: Contents) -> Record:
        if len(contents) > self.most:
            self.dropped += len(contents) - self.most if self.merging != "last" else 0
            contents = {dot: contents[dot] for dot in sorted(contents)[-self.most :]}
        dots = sorted(contents)
        clock = Clock(seen, {dot: contents[dot] is None for dot in dots})
        dead = all(clock.dots.values())
        values = None if dead else values_text([contents[dot] for dot in dots])
        return record(key, Version(_latest(seen), write(clock)), values)

    def dominates(self, one: Record | None, other: Record | None) -> bool:
        if other is None or one is other:
            return True
        if one is None:
            return False
        if one.version == other.version:
            return value_rank(one) >= value_rank(other)
        return self.is_past(read(one.version.by), read(other.version.by))

    def is_past(self, one: Clock, other: Clock) -> bool:
        """It has seen all that the other has, and shows nothing that the other knows to be replaced."""
        return has_seen_all(one.seen, other.seen) and all(
            dot in other.dots or not has_seen(other.seen, dot) for dot in one.dots
        )

    def merge(self, one: Record | None, other: Record | None) -> Record | None:
        if one is None or other is None or self.dominates(one, other):
            return other if one is None else one
        if self.dominates(other, one):
            return other
        mine, theirs = read(one.version.by), read(other.version.by)
        contents = self.kept(mine, theirs, _contents(one, mine), _contents(other, theirs))
        return self.copy(one.key, join_seen(mine.seen, theirs.seen), contents)

    def kept(self, mine: Clock, theirs: Clock, of_mine: Contents, of_theirs: Contents) -> Contents:
        kept = {dot: of_mine[dot] for dot in mine.dots if dot in theirs.dots or not has_seen(theirs.seen, dot)}
        return kept | {dot: of_theirs[dot] for dot in theirs.dots if dot in mine.dots or not has_seen(mine.seen, dot)}

    def glance(self, mine: Record | None, theirs: Brief) -> Glance:
        if mine is None:
            return "older"
        if mine.version == theirs.version:
            return "same" if mine.checksum == theirs.checksum else "unsure"
        my_clock, other_clock = read(mine.version.by), read(theirs.version.by)
        if self.is_past(my_clock, other_clock):
            return "newer"
        return "older" if self.is_past(other_clock, my_clock) else "unsure"

    def oldest(self, record: Record) -> int:
        return min((time for time, _ in read(record.version.by).dots), default=record.version.time)

    def answered(self, held: Record) -> str | None:
        """What a client is shown: the value, the list of all siblings' values, or the union of their lists."""
        values = values_of(held.value, len(read(held.version.by).dots))
        if self.merging == "siblings":
            return held.value
        live = [value for value in values if value is not None]
        if self.merging == "union":
            return united(live) if live else None
        return live[0] if live else None


class Vectors(Dotted):
    """Version vectors by coordinator, as Riak had them before dots: a coordinator that holds a copy which the write had
    not seen keeps its siblings beside the new one, whatever the write had seen of them: so siblings pile up. One that
    holds no copy counts as having seen all that it has minted: what it writes may bury a write that nobody had seen."""

    def new_copy(
        self,
        key: str,
        dot: Version,
        seen: dict[str, Spans],
        contents: Contents,
        held: Callable[[str], Record | None],
    ) -> Record:
        mine = held(key)
        clock = NOTHING if mine is None else read(mine.version.by)
        if mine is not None and not has_seen_all(seen, clock.seen):
            contents = _contents(mine, clock) | contents
            seen = join_seen(seen, clock.seen)
        return self.copy(key, join_seen(seen, {dot.by: ((0, dot.time),)}), contents)

    def is_past(self, one: Clock, other: Clock) -> bool:
        """Of equal vectors, the one that has all siblings of the other but those for which it has no room."""
        if one.seen != other.seen:
            return has_seen_all(one.seen, other.seen)
        full, oldest = len(one.dots) >= self.most, min(one.dots, default=(0, ""))
        return all(dot in one.dots or (full and dot < oldest) for dot in other.dots)

    def kept(self, mine: Clock, theirs: Clock, of_mine: Contents, of_theirs: Contents) -> Contents:  # noqa: ARG002 - what was seen says nothing of one sibling
        return of_mine | of_theirs


def is_context(text: str) -> bool:
    """Whether a read may have returned it."""
    return parse(text) is not None


def _latest(seen: dict[str, Spans]) -> int:
    return max((spans[-1][1] for spans in seen.values() if spans), default=0)


def _contents(held: Record, clock: Clock) -> Contents:
    return dict(zip(clock.dots, values_of(held.value, len(clock.dots)), strict=True))
