"""Counters: functions add (of an integer, which may be negative) and read. What each read may be, given the adds.

An add that ended before a read began is in it; one that began before the read ended, or whose outcome is unknown, may
be in it; no other is. So each read has a lowest and a highest value. Bounds by unknown outcomes never close again: what
reads say of one another is closer (checkers.models.increments).
"""

from collections.abc import Callable, Sequence

from checkers.calls import Call, OutOfBudget
from checkers.models import words
from checkers.models.steps import Spent, spend
from checkers.models.sums import Counter, counters, highest, lowest
from checkers.verdict import Verdict, Violation, conclude

WITHIN_BOUNDS = "reads within bounds"
NOTHING_UNASKED = "nothing beyond what was asked"
LAST_READS = "last reads count every add"

JudgeRead = Callable[[Counter, Call], Violation | None]


def check_bounds(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """Each read has all adds that ended before it, and none that began after it."""
    return _judge(WITHIN_BOUNDS, calls, out_of_budget, lambda it: it.reads, _out_of_bounds)


def check_asked(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """For counters that agree in the end: each read has some of the adds that began before it ended, and no more."""
    return _judge(NOTHING_UNASKED, calls, out_of_budget, lambda it: it.reads, _unasked)


def check_last(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    """For counters that agree in the end: the reads that none followed have all adds, if these had ended before."""
    verdict = _judge(LAST_READS, calls, out_of_budget, _last, _out_of_bounds)
    if verdict.outcome == "holds" and not verdict.checked and any(call.function == "add" for call in calls):
        return conclude(LAST_READS, [], 0, "no read began after all adds had ended")
    return verdict


def _judge(
    name: str,
    calls: Sequence[Call],
    out_of_budget: OutOfBudget,
    which: Callable[[Counter], list[Call]],
    judge_read: JudgeRead,
) -> Verdict:
    violations: list[Violation] = []
    checked = 0
    try:
        for it in counters(calls, out_of_budget):
            for read in which(it):
                if not checked & 0xFFF:
                    spend(out_of_budget)
                checked += 1
                violation = judge_read(it, read)
                if violation is not None:
                    violations.append(violation)
    except Spent as spent:
        return conclude(name, violations, checked, str(spent))
    return conclude(name, sorted(violations, key=lambda each: (each.events, each.summary)), checked)


def _last(it: Counter) -> list[Call]:
    began = max((read.start for read in it.reads), default=0)
    ended = max([*it.up.ends[-1:], *it.down.ends[-1:]], default=None)
    return [read for read in it.reads if read.place() >= began and (ended is None or read.start > ended)]


def _out_of_bounds(it: Counter, read: Call) -> Violation | None:
    low, high = lowest(it, read), highest(it, read)
    if low <= read.result <= high:
        return None
    certain = it.up.certain(read.start) + it.down.certain(read.start)
    last = max([*it.up.last(read.start), *it.down.last(read.start)], key=lambda call: call.place(), default=None)
    why = f"the adds that had ended make {certain}" + (f", the last of them {words.call(last)}" if last else "")
    possible, opened = (low, it.down.open(read)) if read.result < low else (high, it.up.open(read))
    if opened.many:
        why += f"; {possible - certain:+} is possible by {opened.words()}"
    return Violation(
        it.key,
        "a read has all adds that ended before it, and none that began after it",
        words.events([*([last] if last else []), *opened.some, read]),
        f"{words.of(it.key)}{words.call(read)} is not within {low}..{high}: {why}",
    )


def _unasked(it: Counter, read: Call) -> Violation | None:
    low, high = it.down.asked(read.place()), it.up.asked(read.place())
    if low <= read.result <= high:
        return None
    return Violation(
        it.key,
        "a read has nothing that was not asked for",
        words.events([read]),
        f"{words.of(it.key)}{words.call(read)} is not within {low}..{high}, which is all that was asked for until then",
    )
