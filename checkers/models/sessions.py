"""The four session guarantees of registers, by values alone. A session is a process, and a key is judged by itself.

Each write of a key has a place in an order that nobody sees; nothing is before all. What is asked of the order:
- Read your writes: a read is from no earlier write than those that were acknowledged to its process before.
- Monotonic reads: a read is from no earlier write than the reads of its process before.
- Monotonic writes: a write is later than those that were acknowledged to its process before.
- Writes follow reads: a write is later than those that its process had read from before.
A guarantee of reads is violated if no order of the writes has what it asks. An order shows itself only in reads: so a
guarantee of writes is violated if some order has what both guarantees of reads ask, and none has its own besides (of a
store that promises none of reads, it may be those that are broken); where none has even the former, nothing is said of
it. A write of unknown outcome may be at any place after those that were acknowledged to its process before. Reads that
may be from several writes are left out, and then a verdict of `holds` needs one way to take them. Where versions are
known, so is the order: see checkers/own_writes.py and its neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from checkers.calls import Call, OutOfBudget
from checkers.models import words
from checkers.models.orders import Edge, ring
from checkers.models.sources import Register, registers
from checkers.models.steps import Spent
from checkers.models.views import GUESSES, NOTHING, Deed, View, view_of
from checkers.verdict import Verdict, Violation, conclude

READ_YOUR_WRITES, MONOTONIC_READS = "read your writes", "monotonic reads"
MONOTONIC_WRITES, WRITES_FOLLOW_READS = "monotonic writes", "writes follow reads"

Asks = Callable[[list[Deed]], Iterator[Edge]]  # of the order, by what one process did to one key


class Guarantee(NamedTuple):
    """It speaks of an `after` that comes after a `before`, each a read or a write of one process."""

    name: str
    rule: str
    asks: tuple[Asks, ...]
    before: str
    after: str


def check_read_your_writes(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    rule = "a read is from no earlier write than its process had made before"
    return _check(Guarantee(READ_YOUR_WRITES, rule, (_own_writes,), "write", "read"), calls, out_of_budget)


def check_monotonic_reads(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    rule = "a read is from no earlier write than its process had read from before"
    return _check(Guarantee(MONOTONIC_READS, rule, (_reads,), "read", "read"), calls, out_of_budget)


def check_monotonic_writes(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    rule = "everyone sees the writes of a process in the order in which it made them"
    return _check(Guarantee(MONOTONIC_WRITES, rule, (*_OF_READS, _writes), "write", "write"), calls, out_of_budget)


def check_writes_follow_reads(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    rule = "everyone sees a write after what its process had read before"
    asks = (*_OF_READS, _writes_after_reads)
    return _check(Guarantee(WRITES_FOLLOW_READS, rule, asks, "read", "write"), calls, out_of_budget)


def _check(guarantee: Guarantee, calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    violations: list[Violation] = []
    checked, unknown = 0, ""
    try:
        for register in registers(calls, out_of_budget):
            view = view_of(register, None)
            if register.odd is None:
                checked += _spoken_of(view, guarantee)
            wrong, why = _judge(guarantee, register, view, out_of_budget)
            violations += wrong
            unknown = unknown or why
    except Spent as spent:
        unknown = str(spent)
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(guarantee.name, violations, checked, unknown)


def _judge(
    guarantee: Guarantee, register: Register, view: View, out_of_budget: OutOfBudget
) -> tuple[list[Violation], str]:
    """What is wrong, or why it cannot be told."""
    key = words.of(register.key)
    if register.odd is not None:
        return [], f"{key}{words.call(register.odd)} is no read, write or delete"
    found = _ring(view, guarantee.asks, out_of_budget)
    if found and len(guarantee.asks) > 1 and _ring(view, _OF_READS, out_of_budget):
        return [], f"{key}no order of its writes explains even what was read"
    if found:
        return [_violation(guarantee, register, found)], ""
    if view.from_none:
        return [], f"{key}nobody had asked to write what {words.call(view.from_none[0])} returned"
    if view.left_out and all(_ring(view_of(register, guess), guarantee.asks, out_of_budget) for guess in GUESSES):
        return [], f"{key}{words.call(view.left_out[0])} may be from several writes"
    return [], ""


def _ring(view: View, asks: tuple[Asks, ...], out_of_budget: OutOfBudget) -> list[Edge]:
    def edges() -> Iterator[Edge]:
        return chain(view.start(), *(ask(session) for session in view.sessions for ask in asks))

    return ring(view.size, edges, out_of_budget)


def _violation(guarantee: Guarantee, register: Register, found: list[Edge]) -> Violation:
    named = {call.id: call for edge in found for call in edge.why}
    calls = sorted(named.values(), key=lambda call: (call.start, call.id))
    summary = f"{words.of(register.key)}no order of its writes explains {words.calls(calls, 8)}"
    return Violation(register.key, guarantee.rule, words.events(calls), summary)


def _spoken_of(view: View, guarantee: Guarantee) -> int:
    count = 0
    for session in view.sessions:
        seen = False
        for deed in session:
            count += seen and deed.kind == guarantee.after
            seen = seen or (deed.kind == guarantee.before and deed.call.outcome == "ok")
    return count


def _reads(session: list[Deed]) -> Iterator[Edge]:
    last: Deed | None = None
    for deed in session:
        if deed.kind == "read":
            if last is not None and last.at != deed.at:
                yield Edge(last.at, deed.at, (last.call, deed.call))
            last = deed


def _writes(session: list[Deed]) -> Iterator[Edge]:
    last: Deed | None = None
    for deed in session:
        if deed.kind == "write":
            if last is not None:
                yield Edge(last.at, deed.at, (last.call, deed.call))
            if deed.call.outcome == "ok":
                last = deed


def _writes_after_reads(session: list[Deed]) -> Iterator[Edge]:
    """The last read is from no earlier write than those before it."""
    last: Deed | None = None
    for deed in session:
        if deed.kind == "read":
            last = deed
        elif last is not None:
            yield Edge(last.at, deed.at, (last.call, deed.call))


def _own_writes(session: list[Deed]) -> Iterator[Edge]:
    """Each write gathers the writes before it; one that is read itself is no earlier than those around it."""
    made: list[Deed] = []
    places: dict[int, int] = {}
    stale, until = NOTHING, 0  # an own write that was read when it was not the last of so many
    for deed in session:
        if deed.kind == "write":
            if deed.call.outcome == "ok":
                yield Edge(deed.at, deed.own, (deed.call,))
                if made:
                    yield Edge(made[-1].own, deed.own, ())
                places[deed.at] = len(made)
                made.append(deed)
            continue
        place = places.get(deed.at, len(made))
        if place:
            yield Edge(made[place - 1].own, deed.at, (deed.call,))
        if place + 1 < len(made):
            if place < until and stale != deed.at:
                yield Edge(stale, deed.at, (made[places[stale]].call, deed.call))  # which is a ring: no more is needed
            first = max(place + 1, until)
            for other in made[first:]:
                yield Edge(other.at, deed.at, (other.call, deed.call))
            stale, until = deed.at, len(made)


_OF_READS: tuple[Asks, ...] = (_own_writes, _reads)
