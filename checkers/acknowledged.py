"""Acknowledged writes are kept: the final state of a key is ⪰ every acknowledged version, or a purge says why not."""

from checkers import words
from checkers.facts import Facts, Final, final, gather
from checkers.history import Copy, History
from checkers.verdict import Verdict, Violation, conclude

NAME = "acknowledged writes kept"


def check(history: History) -> Verdict:
    facts = gather(history)
    settled = facts.last_dumps("settled")
    finals: dict[str, Final] = {}
    violations: list[Violation] = []
    checked, unknown = 0, ""
    for ack in facts.acks:
        if ack.copy is None:
            continue
        checked += 1
        key = ack.invoke.key
        end = finals[key] if key in finals else finals.setdefault(key, final(facts, settled, key))
        if _kept(facts, key, ack.copy, end):
            continue
        if end.missing:
            unknown = unknown or f"key {key}: no settled dump of {', '.join(end.missing)}"
        elif end.copy is None and facts.may_be_purged_unseen(key):
            unknown = unknown or f"key {key}: nothing is left of it, and the system reports no purges"
        else:
            summary = f"key {key}: {words.answer(ack)}, and the final state is {words.copy(end.copy)}"
            violations.append(
                Violation(
                    key,
                    "the final state is no older than what was acknowledged",
                    sorted([ack.back.seq, *end.dumps]),
                    summary,
                )
            )
    return conclude(NAME, violations, checked, unknown)


def _kept(facts: Facts, key: str, copy: Copy, end: Final) -> bool:
    """A missing dump can only raise the final state, so what the others hold may suffice."""
    if end.copy is not None:
        return facts.at_least(facts.raised(key, end.copy, None), copy)
    purged = facts.purged.get(key)
    return not end.missing and purged is not None and purged.covering(copy, None, facts.at_least) is not None
