"""Writes follow reads: what a session writes to a key is ⪰ all that it had read of that key before it began to write.

Only the order of one key's versions is known, so that nothing is said of what was read of another key. Where versions
keep siblings, a write replaces what its session has read last, and only that is asked for.
"""

from msgspec import UNSET

from checkers import words
from checkers.facts import Answer, Rising, gather
from checkers.history import History
from checkers.verdict import Verdict, Violation, conclude

NAME = "writes follow reads"


def check(history: History) -> Verdict:
    facts = gather(history)
    keeps_siblings = facts.header.versions is not UNSET
    violations: list[Violation] = []
    checked = 0
    for turns in facts.turns.values():
        seen = Rising(facts.order)
        for answer in turns:
            if answer.invoke.kind == "get" and keeps_siblings:
                seen.forget()
            if answer.copy is None:
                continue
            if answer.invoke.kind == "get":
                seen.add(answer.copy, answer)
                continue
            highest = seen.before(answer)
            if highest is not None:
                checked += 1
                if not facts.at_least(answer.copy, highest[0]):
                    violations.append(_older(highest[1], answer))
    violations.sort(key=lambda violation: violation.events[-1])
    return conclude(NAME, violations, checked)


def _older(before: Answer, after: Answer) -> Violation:
    summary = f"key {after.invoke.key}: {words.answer(before)}; later {words.answer(after)}"
    return Violation(
        after.invoke.key,
        "a write is newer than what its session had read before",
        [before.back.seq, after.back.seq],
        summary,
    )
