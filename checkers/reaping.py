"""Tombstones are reaped: a replica that has settled holds none. Where they are never purged, nobody promises it."""

from checkers import words
from checkers.facts import gather
from checkers.history import History
from checkers.verdict import Verdict, Violation, conclude

NAME = "tombstones reaped"


def check(history: History) -> Verdict:
    """`checked` counts the tombstones that replicas took, or the keys that someone asked to delete if that is more."""
    facts = gather(history)
    taken = {(change.key, change.new.version) for change in facts.changes if change.new is not None and change.new.dead}
    settled = facts.last_dumps("settled")
    left: dict[str, list[int]] = {}
    first: dict[str, str] = {}
    for node, dump in settled.items():
        for key, copy in dump.copies.items():
            if copy.dead:
                left.setdefault(key, []).append(dump.seq)
                first.setdefault(key, f"{node} holds {words.copy(copy)}")
    ends = [phase for phase in facts.phases if phase.name == "settled"]
    unsettled = next((f"not settled: {phase.pending}" for phase in ends if phase.pending is not None), "")
    if not ends or unsettled:
        return conclude(NAME, [], 0, unsettled or 'the history has no phase "settled"')
    at = words.seconds(ends[-1].at)
    violations = [
        Violation(
            key,
            "no tombstone is left when all have settled",
            sorted(dumps),
            f"key {key}: {first[key]} when settled at {at}, and nothing waits to purge it",
        )
        for key, dumps in left.items()
    ]
    violations.sort(key=lambda violation: (violation.events[-1], violation.key or ""))
    missing = [node for node in facts.header.nodes if node not in settled and node not in facts.down]
    unknown = f'no dump "settled" of {", ".join(missing)}' if missing else ""
    return conclude(NAME, violations, max(len(taken), len(facts.deleted)), unknown)
