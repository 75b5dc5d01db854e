"""Monotonic writes: what a session writes to a key is ⪰ all that was acknowledged to it for that key before.

Only the order of one key's versions is known, so that nothing is said of writes to different keys.
"""

from checkers import words
from checkers.facts import Answer, Rising, gather
from checkers.history import History
from checkers.verdict import Verdict, Violation, conclude

NAME = "monotonic writes"


def check(history: History) -> Verdict:
    facts = gather(history)
    violations: list[Violation] = []
    checked = 0
    for turns in facts.turns.values():
        own = Rising(facts.order)
        for ack in turns:
            if ack.invoke.kind == "get" or ack.copy is None:
                continue
            highest = own.before(ack)
            if highest is not None:
                checked += 1
                if not facts.at_least(ack.copy, highest[0]):
                    violations.append(_older(highest[1], ack))
            own.add(ack.copy, ack)
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, checked)


def _older(before: Answer, after: Answer) -> Violation:
    summary = f"key {after.invoke.key}: {words.answer(before)}; later {words.answer(after)}"
    return Violation(
        after.invoke.key,
        "a write is newer than what its own session had written before",
        [before.back.seq, after.back.seq],
        summary,
    )
