"""Stays up: no replica ends of itself. One that a fault, or the harness, has ended does not count."""

from checkers import words
from checkers.facts import gather
from checkers.history import History
from checkers.verdict import Verdict, Violation, conclude

NAME = "stays up"


def check(history: History) -> Verdict:
    facts = gather(history)
    ends = [phase for phase in facts.phases if phase.name == "end" and phase.pending]
    violations = [
        Violation(
            None,
            "a replica runs until it is ended",
            [life.seq, *(phase.seq for phase in ends)],
            ends[0].pending or "" if ends else f"{life.node} ended of itself at {words.seconds(life.at)}",
        )
        for life in facts.lives
        if life.what == "ended of itself"
    ]
    return conclude(NAME, violations, len(facts.header.nodes))
