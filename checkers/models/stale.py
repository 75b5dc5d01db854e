"""Stale reads of sets: an add was certainly done and a read that began after it missed the element, or a removal was
acknowledged and a read that began after it showed the element; in between nobody may have asked for the contrary.

Only for a set that promises more than to agree in the end: what it shows is what was last acknowledged. An element that
is missed or back *for good* is lost or resurrected, and not counted here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from checkers.calls import Call, OutOfBudget
from checkers.models import words
from checkers.models.elements import NEVER, Element, gather, judge
from checkers.models.sets import lost, resurrected
from checkers.models.windows import Window, additions, is_judged, last_missed, last_shown, removals
from checkers.verdict import Verdict, Violation

NO_STALE_READS = "no stale reads"


class Staleness(NamedTuple):
    """How long what was acknowledged went unseen: from the acknowledgement to the end of the last read that was stale,
    in the unit of the order of the calls. `of` are the adds and removes that any read could have seen."""

    late: int
    of: int
    median: float
    p99: float
    most: float

    def words(self) -> str:
        if not self.late:
            return f"none of {self.of} adds and removes was seen late"
        times = f"by {self.median:,} at the median, {self.p99:,} at the 99th percentile, {self.most:,} at most"
        return f"{self.late} of {self.of} adds and removes were seen late, {times}"


class Stale(NamedTuple):
    window: Window
    by: Call

    def duration(self) -> float:
        return self.by.place() - self.window.known.end


def check_stale(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    durations: list[float] = []

    def judge_one(it: Element) -> tuple[int, list[Violation]]:
        checked, found = _stale(it)
        durations.extend(each.duration() for each in found)
        return checked, [_violation(it, each) for each in found]

    verdict = judge(NO_STALE_READS, calls, out_of_budget, judge_one)
    if verdict.outcome != "violated":
        return verdict
    return replace(verdict, reason=f"{_spread(durations, verdict.checked).words()}; first {verdict.reason}")


def measure(calls: Sequence[Call]) -> Staleness:
    """For sets of which it is no violation."""
    found = [_stale(it) for it in gather(calls, lambda: None)]
    durations = [each.duration() for _, stale in found for each in stale]
    return _spread(durations, sum(checked for checked, _ in found))


def _stale(it: Element) -> tuple[int, list[Stale]]:
    """How many adds and removes something could have seen, and those that were seen late."""
    added, removed = additions(it), removals(it)
    stale: list[Stale] = []
    for window in added:
        last = last_missed(it, window.known.end, window.until)
        if last is not None and not (window.until == NEVER and lost(it, window)):
            stale.append(Stale(window, last))
    for window in removed:
        last = last_shown(it, window.known.end, window.until)
        if last is not None and not (window.until == NEVER and resurrected(it, window)):
            stale.append(Stale(window, last))
    return sum(is_judged(it, window) for window in (*added, *removed)), stale


def _violation(it: Element, stale: Stale) -> Violation:
    known = stale.window.known.by
    late = "was still shown to" if known.function == "remove" else "was still missed by"
    summary = f"{words.of(it.key)}{words.value(it.value)}: after {words.call(known)} it {late} {words.call(stale.by)}"
    return Violation(
        it.key, "a read sees what was acknowledged before it began", words.events([known, stale.by]), summary
    )


def _spread(durations: list[float], of: int) -> Staleness:
    durations = sorted(durations)
    if not durations:
        return Staleness(0, of, 0, 0, 0)
    count = len(durations)
    return Staleness(count, of, durations[(count - 1) // 2], durations[-(-count * 99 // 100) - 1], durations[-1])
