"""Regularity and safety of registers, in the weak form for several writers: each read is judged by itself.

Regular: a read returns the value of a write that was asked for before the read ended, unless another write was asked
for after that one had ended, and had itself ended before the read began. (With one writer this is Lamport's definition;
with several it is the MWRegWeak of Shao, Welch, Pierce and Lee: for each read, by itself, the writes have an order that
keeps to their times and in which the read comes right after the write that it is from.)
Safe: the same, of reads during which no write was under way; any other may return anything. A write of unknown outcome
is under way for ever. Values may be written more than once: what matters is whether any of their writes will do.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import attrgetter

from checkers.calls import Call, OutOfBudget
from checkers.models import words
from checkers.models.sources import BREATH, Register, ended, registers
from checkers.models.steps import Spent, frozen, spend
from checkers.verdict import Verdict, Violation, conclude

REGULARITY, SAFETY = "regularity", "safety"

_start = attrgetter("start")


def check_regularity(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    return _check(REGULARITY, calls, out_of_budget)


def check_safety(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    return _check(SAFETY, calls, out_of_budget)


def _check(name: str, calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    violations: list[Violation] = []
    checked, unknown = 0, ""
    try:
        for register in registers(calls, out_of_budget):
            if register.odd is not None:
                unknown = unknown or f"{words.of(register.key)}{words.call(register.odd)} is no read, write or delete"
                continue
            times = _Times(register)
            reads = register.reads if name == REGULARITY else [*times.alone(register.reads)]
            checked += len(reads)
            for number, read in enumerate(reads):
                if not number & BREATH:
                    spend(out_of_budget)
                if (wrong := times.wrong(read)) is not None:
                    violations.append(wrong)
    except Spent as spent:
        unknown = str(spent)
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(name, violations, checked, unknown)


class _Times:
    """When the writes of a register began and ended."""

    def __init__(self, register: Register) -> None:
        self._key = register.key
        self._givers = register.givers
        self._starts = [write.start for write in register.writes]
        done = sorted((write for write in register.writes if write.end is not None), key=ended)
        self._ends = [ended(write) for write in done]
        self._latest = list(accumulate(done, _later_begun))
        self._longest: dict[object, list[Call]] = {}

    def alone(self, reads: list[Call]) -> Iterator[Call]:
        """Those during which no write was under way."""
        for read in reads:
            if bisect_right(self._starts, ended(read)) == bisect_left(self._ends, read.start):
                yield read

    def wrong(self, read: Call) -> Violation | None:
        over = bisect_left(self._ends, read.start)
        latest = self._latest[over - 1] if over else None
        value = frozen(read.result)
        source = self._source(value, read)
        if source is None:
            if value is not None:
                return self._violation("a read returns what somebody has asked to write", [read])
            if latest is None:
                return None
            return self._violation("a read finds what had been written before it began", [latest, read])
        if latest is None or ended(source) >= latest.start:
            return None
        return self._violation("a read returns nothing that was overwritten before it began", [source, latest, read])

    def _source(self, value: object, read: Call) -> Call | None:
        """Of the writes of a value that had begun by the end of the read, the one that ended last."""
        givers = self._givers.get(value)
        if not givers:
            return None
        begun = bisect_right(givers, ended(read), key=_start)
        if not begun:
            return None
        longest = self._longest.get(value)
        if longest is None:
            longest = self._longest[value] = list(accumulate(givers, _later_ended))
        return longest[begun - 1]

    def _violation(self, rule: str, calls: list[Call]) -> Violation:
        *before, read = calls
        told = f"; before it {words.calls(before)}" if before else ""
        return Violation(self._key, rule, words.events(calls), f"{words.of(self._key)}{words.call(read)}{told}")


def _later_begun(one: Call, other: Call) -> Call:
    return other if other.start > one.start else one


def _later_ended(one: Call, other: Call) -> Call:
    return other if ended(other) > ended(one) else one
