"""Faults of a replica's wall clock, and how far apart the clocks of a plan are. Timers run on true time: nothing here
touches a timeout."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from harness.faults.kinds import BEAT_OFF, BEAT_ON, MS, Fault, Kind, Range, beat_of
from harness.faults.targets import any_number, draw_by_word, draw_one, exactly
from harness.levers import Action

_OFFSET, _DRIFT = "offset_ns", "drift_ppm"


def _actions(fault: Fault, _nodes: list[str]) -> list[Action]:
    numbers = tuple((name, fault.parameters.get(name, 0)) for name in (_DRIFT, _OFFSET))
    return [Action("clock", node, numbers) for node in fault.targets]


KINDS = [
    Kind(
        "clock-offset",
        "wall clocks are a little off, as after the last synchronisation",
        any_number,
        ("clock",),
        draw_by_word,
        _actions,
        {_OFFSET: Range(-50 * MS, 50 * MS, MS)},
    ),
    Kind(
        "clock-drift",
        "a wall clock runs too fast or too slow; at the end it is set right",
        exactly(1),
        ("clock",),
        draw_one,
        _actions,
        {_DRIFT: Range(-200_000, 200_000, 1)},
    ),
    Kind(
        "clock-jump",
        "a wall clock jumps forth or back at the start, and the other way at the end",
        exactly(1),
        ("clock",),
        draw_one,
        _actions,
        {_OFFSET: Range(-3_000 * MS, 3_000 * MS, MS)},
    ),
    Kind(
        "clock-strobe",
        "a wall clock jumps to and fro, again and again",
        exactly(1),
        ("clock",),
        draw_one,
        _actions,
        {
            BEAT_ON: Range(MS, 50 * MS, MS),
            BEAT_OFF: Range(MS, 50 * MS, MS),
            _OFFSET: Range(-300 * MS, 300 * MS, MS),
        },
    ),
]
_NAMES = [kind.name for kind in KINDS]


class _Hold(NamedTuple):
    """A lever that is held all the time, or, `at_times`, in the beats of its fault only."""

    action: Action
    start: int
    end: int
    at_times: bool

    def off(self, at: int) -> int:
        return self.action.number(_OFFSET) + (at - self.start) * self.action.number(_DRIFT) // 1_000_000


def spread_ns(faults: Iterable[Fault]) -> int:
    """By how much two readings of wall clocks may be off from one another, whoever reads them and whenever. A clock
    that nothing touches is right, and after unrest all are: so this is also how far one may be off by itself.

    Readings of one moment would not do: when all clocks jump forth, tombstones are purged before their time, and when
    all jump back again, messages are taken that had been too old."""
    holds: dict[str, list[_Hold]] = {}
    for hold in _holds(fault for fault in faults if fault.kind in _NAMES):
        holds.setdefault(hold.action.target, []).append(hold)
    lowest = highest = 0
    for low, high in (span for of_node in holds.values() for span in _spans(of_node)):
        lowest, highest = min(lowest, low), max(highest, high)
    return highest - lowest


def _holds(faults: Iterable[Fault]) -> Iterator[_Hold]:
    """A lever that several faults pull with the same numbers is pulled by the first and let go by the last."""
    spans: dict[tuple[Action, bool], list[tuple[int, int]]] = {}
    for fault in faults:
        for action in _actions(fault, []):
            spans.setdefault((action, beat_of(fault) is not None), []).append((fault.start_ns, fault.end_ns))
    for (action, at_times), each in spans.items():
        begun, over = min(each)
        for start, end in sorted(each):
            if start > over:
                yield _Hold(action, begun, over, at_times)
                begun, over = start, end
            over = max(over, end)
        yield _Hold(action, begun, over, at_times)


def _spans(holds: list[_Hold]) -> Iterator[tuple[int, int]]:
    """How far off one clock is, at least and at most, at both ends of each stretch in which nothing begins or ends:
    the farthest that it is off is there."""
    steady_last = sorted(holds, key=lambda hold: not hold.at_times)
    for start, end in pairwise(sorted({moment for hold in holds for moment in (hold.start, hold.end)})):
        on = {hold.action: hold for hold in steady_last if hold.start <= start and end <= hold.end}
        for moment in (start, end):
            offs = [(hold.off(moment), hold.at_times) for hold in on.values()]
            yield (
                sum(min(off, 0) if at_times else off for off, at_times in offs),
                sum(max(off, 0) if at_times else off for off, at_times in offs),
            )
