"""Counters: what two reads say of each other. If one ended before the other began, the later is the earlier and what
was added between them: certainly all adds that lie between, and none but those that may have taken effect there.

An add of unknown outcome widens the bounds of every later read for good (checkers.models.counters). Here it does not:
whether it is in is known from the reads.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from checkers.calls import Call, OutOfBudget
from checkers.models import words
from checkers.models.steps import Spent, spend
from checkers.models.sums import NAMED, Adds, Counter, counters
from checkers.verdict import Verdict, Violation, conclude

READS_AGREE = "reads differ by the adds between them"

_end = attrgetter("end")


class Proof(NamedTuple):
    earlier: Call
    later: Call
    bound: int  # what the later is at least, or at most


def check_increments(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    violations: list[Violation] = []
    checked = 0
    try:
        for it in counters(calls, out_of_budget):
            checked += max(0, len(it.reads) - 1)
            violations += [_violation(it, proof, "below") for proof in _too_low(it, 1, out_of_budget)]
            turned = it._replace(up=it.down, down=it.up)
            violations += [_violation(it, proof, "above") for proof in _too_low(turned, -1, out_of_budget)]
    except Spent as spent:
        return conclude(READS_AGREE, violations, checked, str(spent))
    return conclude(READS_AGREE, sorted(violations, key=lambda each: (each.events, each.summary)), checked)


class _Floors:
    """What the reads so far make a later one at least, but for what may lower it.

    A read is passed over for good when an earlier one asks for as much: the adds that lie after a read lie after all
    earlier ones. So those that are left ask for more and more, and what an add gives to the earlier ones only takes
    from the lead of the later ones. Each loses its lead once; all together is near-linear.
    """

    def __init__(self) -> None:
        self.highest = 0
        self.reads: list[Call] = []
        self._ends: list[int] = []
        self._leads: list[int] = []  # over the one before that is left; 0: passed over
        self._next: list[int] = []  # where to look for one that is left, from here on

    def note(self, read: Call, floor: int) -> None:
        if self.reads and floor <= self.highest:
            return
        self._leads.append(floor - self.highest if self.reads else 1)
        self.highest = floor
        self.reads.append(read)
        self._ends.append(read.place())
        self._next.append(len(self._next))

    def raise_before(self, start: int, by: int) -> None:
        """An add that began here lies after all reads that had ended."""
        place = self._left(bisect_left(self._ends, start))
        if place == 0:
            return
        while place < len(self.reads) and self._leads[place] <= by:
            by -= self._leads[place]
            self._leads[place] = 0
            self._next[place] = place + 1
            place = self._left(place + 1)
        if place < len(self.reads):
            self._leads[place] -= by
        else:
            self.highest += by
            while not self._leads[-1]:
                for column in (self.reads, self._ends, self._leads, self._next):
                    column.pop()

    def _left(self, place: int) -> int:
        while place < len(self._next) and self._next[place] != place:
            after = self._next[place]
            if after < len(self._next):
                self._next[place] = self._next[after]
            place = after
        return place


def _too_low(it: Counter, sign: int, out_of_budget: OutOfBudget) -> Iterator[Proof]:
    """With the sign -1, up and down and all values are taken as their opposites."""
    floors = _Floors()
    ended = sorted(it.reads, key=_end)
    noted = raised = 0
    for number, read in enumerate(it.reads):
        if not number & 0xFFF:
            spend(out_of_budget)
        upto = bisect_left(it.up.ends, read.start)
        while noted < len(ended) and ended[noted].place() < read.start:
            earlier = ended[noted]
            raised = _raise(floors, it.up, sign, raised, min(upto, bisect_right(it.up.ends, earlier.place())))
            floors.note(earlier, sign * (earlier.result - it.down.certain(earlier.start)))
            noted += 1
        raised = _raise(floors, it.up, sign, raised, upto)
        if floors.reads:
            bound = floors.highest + sign * it.down.asked(read.place())
            if sign * read.result < bound:
                yield Proof(floors.reads[-1], read, sign * bound)


def _raise(floors: _Floors, up: Adds, sign: int, since: int, upto: int) -> int:
    for add in up.returned[since:upto]:
        floors.raise_before(add.start, sign * add.value)
    return max(since, upto)


def _violation(it: Counter, proof: Proof, side: str) -> Violation:
    earlier, later, bound = proof
    up, down = (it.up, it.down) if side == "below" else (it.down, it.up)
    most = down.asked(later.place()) - down.certain(earlier.start)
    certain = bound - earlier.result - most
    named = [add for add, _ in zip(up.between(earlier.place(), later.start), range(NAMED), strict=False)]
    adds = f"{certain:+} was added between them for certain" + (f", at last by {words.calls(named)}" if named else "")
    return Violation(
        it.key,
        "a read is an earlier one and what was added between them",
        words.events([earlier, *named, later]),
        f"{words.of(it.key)}{words.call(later)} is {side} {bound}: {words.call(earlier)} came before it; {adds},"
        f" and at most {most:+} may have been",
    )
