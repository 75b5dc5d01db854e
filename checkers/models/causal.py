"""Causal consistency and causal convergence of registers, by bad patterns (Bouajjani, Enea, Guerraoui, Hamza: POPL 17).

A call comes causally before another if it precedes it in its process, or the other reads from it, or by several such
steps. For histories whose values are written once, causal consistency (CC) is the absence of
- a call that comes causally before itself (CyclicCO);
- a read of what nobody wrote (ThinAirRead), or of nothing although a write of its key comes causally before it
  (WriteCOInitRead);
- a read from a write that another write of its key follows causally, and that other comes causally before the read
  (WriteCORead).
Causal convergence (CCv) asks besides that all could agree on one order of the writes: if a write comes causally before
a read that is from another write of its key, it is the earlier of the two, and together with causality that makes no
ring (CyclicCF). Causal memory (CM), in which each process may have an order of its own, is not judged by itself: what
violates CC violates it.

A read that may be from several writes has no cause by that, and is wrong only if none of them will do; if there are
such reads, `holds` needs one way to take them. A write of unknown outcome comes causally before those who read it and
nothing else, since it may take effect at any time.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import msgspec

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models import words
from checkers.models.causality import Causality, Process
from checkers.models.orders import Edge, ring
from checkers.models.sources import Register, Source, registers
from checkers.models.steps import Spent
from checkers.models.views import GUESSES, Guess
from checkers.verdict import Verdict, Violation, conclude

CONSISTENCY, CONVERGENCE = "causal consistency", "causal convergence"


class Reading(msgspec.Struct):
    """What is taken for the source of each read, by its id; `left_out`: of what may be from several writes."""

    calls: list[Call]
    sources: dict[int, Source]
    left_out: dict[int, Register]
    from_none: list[Call]


def check_consistency(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    return _check(CONSISTENCY, calls, out_of_budget)


def check_convergence(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    return _check(CONVERGENCE, calls, out_of_budget)


def _check(name: str, calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    try:
        found = registers(calls, out_of_budget)
        odd = next((register.odd for register in found if register.odd), None)
        if odd is not None:
            return conclude(name, [], 0, f"{words.of(odd.key)}{words.call(odd)} is no read, write or delete")
        reading = _reading(found, None)
        checked = len(reading.sources)
        violations = _violations(name, reading, out_of_budget)
        violations.sort(key=lambda violation: violation.events[-1])
        unknown = ""
        if not violations and reading.left_out:
            ways = (_reading(found, guess) for guess in GUESSES)
            if all(_violations(name, way, out_of_budget) for way in ways):
                read = next(call for call in reading.calls if call.id in reading.left_out)
                unknown = f"{words.of(read.key)}{words.call(read)} may be from several writes"
        return conclude(name, violations, checked, unknown)
    except Spent as spent:
        return conclude(name, [], 0, str(spent))


def _reading(found: list[Register], guess: Guess | None) -> Reading:
    sources: dict[int, Source] = {}
    left_out: dict[int, Register] = {}
    from_none: list[Call] = []
    for register in found:
        for read in register.reads:
            some = list(islice(register.sources(read), 2))
            if not some:
                from_none.append(read)
            elif len(some) == 1:
                sources[read.id] = some[0]
            elif guess is None:
                left_out[read.id] = register
            else:
                sources[read.id] = guess(read, register.sources(read))
    return Reading(in_order(chain.from_iterable(each.calls for each in found)), sources, left_out, from_none)


def _violations(name: str, reading: Reading, out_of_budget: OutOfBudget) -> list[Violation]:
    causality = Causality(reading.calls, reading.sources, out_of_budget)
    violations = [_nobodys(read) for read in reading.from_none]
    earlier: list[Edge] = []
    numbers = {call.id: number for number, call in enumerate(reading.calls)}
    for read, process in causality.walk():
        violations += _overwritten(causality, reading, process, read)
        source = reading.sources.get(read.id)
        if name == CONVERGENCE and source is not None:
            earlier += [
                Edge(numbers[write.id], numbers[source.id], (write, source, read))
                for write in causality.latest(process, read.key)
                if write is not source and not causality.comes_before(write, source)
            ]
    stuck = causality.stuck()
    if stuck or (earlier and not violations):
        found = ring(len(numbers), lambda: chain(_causes(reading, numbers), [] if stuck else earlier), out_of_budget)
        violations += [_round(found, alone=bool(stuck))] if found else []
    return violations


def _nobodys(read: Call) -> Violation:
    summary = f"{words.of(read.key)}{words.call(read)}, and nobody had asked to write that"
    return Violation(read.key, "a read returns what somebody has asked to write", words.events([read]), summary)


def _overwritten(causality: Causality, reading: Reading, process: Process, read: Call) -> Iterator[Violation]:
    register = reading.left_out.get(read.id)
    if register is None and read.id not in reading.sources:
        return
    sources = [reading.sources[read.id]] if register is None else register.sources(read)
    last: tuple[Source, Call] | None = None
    for source in sources:
        follower = causality.follower(process, read.key, source)
        if follower is None:
            return
        last = source, follower
    if last is None:
        return
    source, follower = last
    old = f" is from {words.call(source)}" if source else ""
    known = f"{old}, and {words.call(follower)} came causally before it{' and after the other' if source else ''}"
    yield Violation(
        read.key,
        "a read returns nothing that was overwritten in its causal past",
        words.events([*([source] if source else []), follower, read]),
        f"{words.of(read.key)}{words.call(read)}{known}",
    )


def _round(found: list[Edge], *, alone: bool) -> Violation:
    calls = in_order({call.id: call for edge in found for call in edge.why}.values())
    rule = "no call comes causally before itself" if alone else "all can agree on one order of the writes"
    keys = {call.key for call in calls}
    key = calls[0].key if len(keys) == 1 else None
    summary = f"{words.of(key)}{words.calls(calls, 8)} go round in a ring"
    return Violation(key, rule, words.events(calls), summary)


def _causes(reading: Reading, numbers: dict[int, int]) -> Iterator[Edge]:
    last: dict[str, Call] = {}
    for call in reading.calls:
        before = last.get(call.process)
        if before is not None:
            yield Edge(numbers[before.id], numbers[call.id], (before, call))
        if call.outcome == "ok":
            last[call.process] = call
        source = reading.sources.get(call.id)
        if source is not None:
            yield Edge(numbers[source.id], numbers[call.id], (source, call))
