"""Reads see acknowledged writes: a read returns ⪰ all that was acknowledged for its key before the read began.

Nothing may be returned only once a tombstone ⪰ the acknowledged version was purged or marked as purgeable. What stepped
down from its level has said so: it is no part of this.
"""

from collections import defaultdict

from checkers import words
from checkers.facts import Answer, Facts, Peaks, gather
from checkers.history import Copy, History
from checkers.verdict import Verdict, Violation, conclude

NAME = "reads see acknowledged writes"


def check(history: History) -> Verdict:
    facts = gather(history)
    acknowledged = _acknowledged(facts)
    violations: list[Violation] = []
    checked, unknown = 0, ""
    for answer in facts.full_reads():
        if answer.copy is None and answer.back.value is not None:
            continue  # a value of no known version has no place in the order
        key = answer.invoke.key
        highest = acknowledged[key].top(answer.invoke.seq) if key in acknowledged else None
        if highest is None:
            continue
        checked += 1
        copy, ack = highest
        if _sees(facts, answer, copy):
            continue
        if answer.copy is None and facts.may_be_purged_unseen(key):
            unknown = f"key {key}: read as nothing after an acknowledged write, and the system reports no purges"
        else:
            violations.append(_stale(ack, answer))
    return conclude(NAME, violations, checked, unknown)


def _acknowledged(facts: Facts) -> dict[str, Peaks[Answer]]:
    peaks: dict[str, Peaks[Answer]] = defaultdict(Peaks)
    for ack in facts.full_acks():
        if ack.copy is not None:
            peaks[ack.invoke.key].add(ack.back.seq, ack.copy, ack, facts.order)
    return dict(peaks)


def _sees(facts: Facts, answer: Answer, copy: Copy) -> bool:
    if answer.copy is None:
        return facts.is_buried(answer.invoke.key, copy, answer.back.seq)
    return facts.at_least(facts.raised(answer.invoke.key, answer.copy, answer.back.seq), copy)


def _stale(ack: Answer, answer: Answer) -> Violation:
    return Violation(
        answer.invoke.key,
        "a read returns nothing older than what was acknowledged before it began",
        [ack.back.seq, answer.invoke.seq, answer.back.seq],
        f"key {answer.invoke.key}: {words.answer(ack)}; later {words.answer(answer)}",
    )
