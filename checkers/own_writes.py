"""Read your writes: a read returns ⪰ all that was acknowledged to its session for its key before the read began.

Nothing may be returned only once a tombstone ⪰ the acknowledged version was purged or marked as purgeable. What stepped
down from its level has said so: it is no part of this.
"""

from collections.abc import Iterator

from checkers import words
from checkers.facts import Answer, Facts, Rising, gather
from checkers.history import Copy, History
from checkers.verdict import Verdict, Violation, conclude

NAME = "read your writes"


def check(history: History) -> Verdict:
    facts = gather(history)
    violations: list[Violation] = []
    checked, unknown = 0, ""
    for (_, key), turns in facts.turns.items():
        for read, copy, ack in _after_own_writes(turns, Rising(facts.order)):
            checked += 1
            if _sees(facts, read, copy):
                continue
            if read.copy is None and facts.may_be_purged_unseen(key):
                why = "read as nothing after a write of the same session, and the system reports no purges"
                unknown = f"key {key}: {why}"
            else:
                violations.append(_unseen(ack, read))
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, checked, unknown)


def _after_own_writes(turns: list[Answer], own: Rising) -> Iterator[tuple[Answer, Copy, Answer]]:
    """Each read, with the highest copy that was acknowledged before; a value of no known version has no place."""
    for answer in turns:
        if answer.back.level_met:
            continue
        if answer.invoke.kind != "get":
            if answer.copy is not None:
                own.add(answer.copy, answer)
        elif answer.copy is not None or answer.back.value is None:
            highest = own.before(answer)
            if highest is not None:
                yield answer, *highest


def _sees(facts: Facts, answer: Answer, copy: Copy) -> bool:
    if answer.copy is None:
        return facts.is_buried(answer.invoke.key, copy, answer.back.seq)
    return facts.at_least(facts.raised(answer.invoke.key, answer.copy, answer.back.seq), copy)


def _unseen(ack: Answer, answer: Answer) -> Violation:
    return Violation(
        answer.invoke.key,
        "a read returns nothing older than what its own session had written before",
        [ack.back.seq, answer.invoke.seq, answer.back.seq],
        f"key {answer.invoke.key}: {words.answer(ack)}; later {words.answer(answer)}",
    )
