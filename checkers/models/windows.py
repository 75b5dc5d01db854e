"""For how long an add or a remove of a set has to be seen, and which reads did not see it then."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from checkers.calls import Call
from checkers.models.elements import EVER, NEVER, Element, by_end


class Known(NamedTuple):
    """An add or a remove that certainly took effect within these bounds; the witness says so."""

    start: int
    end: float
    by: Call


class Window(NamedTuple):
    """What is known has to be seen by what began after its end and ended before anything might undo it."""

    known: Known
    until: float


def additions(it: Element) -> list[Window]:
    """The first that showed an element proves that some add of it took effect, acknowledged or not."""
    known = _acknowledged(it.adds)
    first = first_shown(it)
    if first is not None and (not known or first.place() < known[0].end):
        known.append(Known(it.adds[0].start, first.place(), first))
    return _windows(known, [(each.start, _reach(each)) for each in it.removes])


def removals(it: Element) -> list[Window]:
    if not it.removes:
        return []
    reaches = [(add.start, _reach(add)) for add in it.adds]
    first = first_shown(it)
    if len(reaches) == 1 and first is not None:  # what showed the element saw its only add
        reaches = [(start, min(end, first.place())) for start, end in reaches]
    return _windows(_acknowledged(it.removes), reaches)


def _acknowledged(calls: Sequence[Call]) -> list[Known]:
    return [Known(call.start, call.end, call) for call in calls if call.outcome == "ok" and call.end is not None]


def _reach(call: Call) -> float:
    return NEVER if call.end is None else call.end


def _windows(known: list[Known], undoing: list[tuple[int, float]]) -> list[Window]:
    """One for each place until which something is certain, from the first that makes it so. They do not overlap."""
    if not undoing:
        return [Window(min(known, key=by_end), NEVER)] if known else []
    undoing = sorted(undoing, key=lambda reach: reach[1])
    ends = [end for _, end in undoing]
    earliest: list[float] = [start for start, _ in undoing]
    for place in range(len(earliest) - 2, -1, -1):
        earliest[place] = min(earliest[place], earliest[place + 1])
    earliest.append(NEVER)
    windows: dict[float, Window] = {}
    for it in known:
        until = earliest[bisect_left(ends, it.start)]
        if until not in windows or it.end < windows[until].known.end:
            windows[until] = Window(it, until)
    return list(windows.values())


def is_judged(it: Element, window: Window) -> bool:
    """Whether anything that told of the element began after what is known."""
    after = window.known.end
    return it.reads.last_start > after or any(call.start > after for call in (*it.shown, *it.missed))


def first_shown(it: Element) -> Call | None:
    listed = it.reads.calls[it.seen[0]] if it.seen else None
    if not it.shown:
        return listed
    return it.shown[0] if listed is None else min(listed, it.shown[0], key=by_end)


def shown_until(it: Element) -> float:
    listed = it.reads.ends[it.seen[-1]] if it.seen else EVER
    return max(listed, it.shown[-1].place()) if it.shown else listed


def all_shown(it: Element) -> Iterable[Call]:
    yield from (it.reads.calls[place] for place in it.seen)
    yield from it.shown


def last_shown(it: Element, after: float, before: float) -> Call | None:
    """Of those that began after the one and ended before the other, the one that ended last."""
    upto = bisect_left(it.seen, bisect_left(it.reads.ends, before))
    places = (it.seen[number] for number in range(upto - 1, -1, -1))
    return _last(it, places, it.shown, after, before)


def last_missed(it: Element, after: float, before: float) -> Call | None:
    return _last(it, _gaps(it.seen, bisect_left(it.reads.ends, before)), it.missed, after, before)


def _last(it: Element, places: Iterable[int], asked: Sequence[Call], after: float, before: float) -> Call | None:
    listed = _begun(after, (it.reads.calls[place] for place in places))
    if not asked:
        return listed
    contained = _begun(after, reversed(asked[: bisect_left(asked, before, key=by_end)]))
    return max((call for call in (listed, contained) if call is not None), key=by_end, default=None)


def _begun(after: float, from_the_last: Iterable[Call]) -> Call | None:
    for call in from_the_last:
        if call.start > after:
            return call
        if call.place() <= after:
            break
    return None


def _gaps(seen: Sequence[int], below: int) -> Iterator[int]:
    """The places that are not among those seen, from the highest; a run of seen ones is passed in one leap."""
    upto = bisect_left(seen, below)
    place = below - 1
    while place >= 0:
        if upto and seen[upto - 1] == place:
            run = place - (upto - 1)
            upto = bisect_left(range(upto), run, key=lambda number: seen[number] - number)
            place = seen[upto] - 1
        else:
            yield place
            place -= 1
