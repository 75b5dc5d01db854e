"""Sets: functions add, remove, read (all elements) and contains (one). Five properties, each element by itself.

A set that promises only to agree in the end may show an element late and may show it for a while after its removal.
So lost and resurrected mean *for good*: nothing that was told later, or at the same time, says otherwise. Whoever
promises more wants `no stale reads` besides (checkers.models.stale).
"""

from collections.abc import Sequence

from checkers.calls import Call, OutOfBudget
from checkers.models import words
from checkers.models.elements import EVER, NEVER, Element, judge
from checkers.models.windows import Window, additions, all_shown, is_judged, last_missed, removals, shown_until
from checkers.verdict import Verdict, Violation

NOTHING_INVENTED = "nothing invented"
NOTHING_DUPLICATED = "nothing duplicated"
NOTHING_LOST = "nothing lost"
NOTHING_RESURRECTED = "nothing resurrected"


def check_invented(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """What is shown was asked for, by an add that did not definitely fail, before that was told."""
    return judge(NOTHING_INVENTED, calls, out_of_budget, _invented)


def check_duplicated(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """No read returns an element more than once."""
    return judge(NOTHING_DUPLICATED, calls, out_of_budget, _duplicated)


def check_lost(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """An element that was certainly added, and that nobody may have removed since, is not missing for good."""
    return judge(NOTHING_LOST, calls, out_of_budget, _lost)


def check_resurrected(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """An element whose removal was acknowledged, and that nobody may have added since, is not back for good."""
    return judge(NOTHING_RESURRECTED, calls, out_of_budget, _resurrected)


def _invented(it: Element) -> tuple[int, list[Violation]]:
    checked = len(it.invented) + len(it.seen) + len(it.shown)
    if not it.invented:
        return checked, []
    if it.adds:
        why = f"asked for only later: {words.call(it.adds[0])}"
    elif it.failed:
        why = f"asked for in vain: {words.calls(it.failed)}"
    else:
        why = "asked for by nobody"
    return checked, [
        Violation(
            it.key,
            "what is shown was asked for",
            words.events([*it.failed[:1], it.invented[0], *it.adds[:1]]),
            f"{_named(it)} was {why}; it was shown to {words.calls(it.invented)}",
        )
    ]


def _duplicated(it: Element) -> tuple[int, list[Violation]]:
    if not it.twice:
        return len(it.seen), []
    summary = f"{_named(it)} is more than once in what was told {words.calls(it.twice)}"
    return len(it.seen), [Violation(it.key, "a read returns an element once", words.events(it.twice[:1]), summary)]


def _lost(it: Element) -> tuple[int, list[Violation]]:
    window = standing(additions(it))
    if window is None or not is_judged(it, window):
        return 0, []
    last = lost(it, window)
    if last is None:
        return 1, []
    summary = f"{_named(it)} is lost: {words.call(window.known.by)}; missed for good by {words.call(last)}"
    return 1, [
        Violation(it.key, "what was added stays until it is removed", words.events([window.known.by, last]), summary)
    ]


def _resurrected(it: Element) -> tuple[int, list[Violation]]:
    window = standing(removals(it))
    if window is None or not is_judged(it, window):
        return 0, []
    back = resurrected(it, window)
    if back is None:
        return 1, []
    known = f"{words.call(window.known.by)}; shown for good to {words.call(back)}"
    return 1, [
        Violation(
            it.key,
            "what was removed stays away until it is added",
            words.events([window.known.by, back]),
            f"{_named(it)} is resurrected: {known}",
        )
    ]


def standing(windows: list[Window]) -> Window | None:
    """What nothing in the whole history may have undone."""
    return next((window for window in windows if window.until == NEVER), None)


def lost(it: Element, window: Window) -> Call | None:
    """The last to miss the element after the known add, if all that showed it had ended before."""
    return last_missed(it, max(window.known.end, shown_until(it)), NEVER)


def resurrected(it: Element, window: Window) -> Call | None:
    """The last to be shown the element after the known removal, if all that missed it had ended before."""
    back = max(all_shown(it), key=lambda call: call.start, default=None)
    if back is None or back.start <= window.known.end:
        return None
    missed = last_missed(it, EVER, NEVER)
    return back if missed is None or missed.place() < back.start else None


def _named(it: Element) -> str:
    return f"{words.of(it.key)}{words.value(it.value)}"
