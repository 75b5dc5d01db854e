"""Monotonic reads: successive reads of a key in a session are ⪰, unless a purge explains that nothing was read.

A read that stepped down from its level has said so, and is no part of it.
"""

from checkers import words
from checkers.facts import Answer, Facts, gather
from checkers.history import History
from checkers.verdict import Verdict, Violation, conclude

NAME = "monotonic reads"


def check(history: History) -> Verdict:
    facts = gather(history)
    highest: dict[tuple[str, str], Answer] = {}
    violations: list[Violation] = []
    checked, unknown = 0, ""
    for answer in facts.full_reads():
        if answer.copy is None and answer.back.value is not None:
            continue  # a value of no known version has no place in the order
        checked += 1
        place = answer.invoke.session, answer.invoke.key
        before = highest.get(place)
        if before is None or _covers(facts, answer, before):
            if answer.copy is not None:
                highest[place] = answer
        elif answer.copy is not None:
            violations.append(_older(before, answer))
        elif before.copy is not None and not facts.is_buried(place[1], before.copy, answer.back.seq):
            if facts.may_be_purged_unseen(answer.invoke.key):
                unknown = f"key {answer.invoke.key}: read again as nothing, and the system reports no purges"
            else:
                violations.append(_older(before, answer))
    return conclude(NAME, violations, checked, unknown)


def _covers(facts: Facts, answer: Answer, before: Answer) -> bool:
    if before.copy is None or answer.copy is None:
        return before.copy is None
    return facts.at_least(facts.raised(answer.invoke.key, answer.copy, answer.back.seq), before.copy)


def _older(before: Answer, after: Answer) -> Violation:
    summary = f"key {after.invoke.key}: {words.answer(before)}; later {words.answer(after)}"
    return Violation(
        after.invoke.key, "the reads of a session do not go back", [before.back.seq, after.back.seq], summary
    )
