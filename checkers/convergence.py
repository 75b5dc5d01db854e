"""Convergence: settled replicas hold the same of every key, and nothing changes in one more round of anti-entropy.

Nodes that stay down until the end are no part of it.
"""

from collections.abc import Iterator

from checkers import words
from checkers.facts import Facts, gather
from checkers.history import Copy, Dump, History, Phase
from checkers.verdict import Verdict, Violation, conclude

NAME = "convergence"
_NO_REPAIRS = {"purgeable", "purge"}  # these may go on


def check(history: History) -> Verdict:
    facts = gather(history)
    ends = [phase for phase in facts.phases if phase.name == "settled"]
    if not ends:
        early = next((phase.pending for phase in facts.phases if phase.name == "end" and phase.pending), None)
        return conclude(NAME, [], 0, early or 'the history has no phase "settled"')
    settled, later = facts.last_dumps("settled"), facts.last_dumps("one round later")
    keys = sorted(set(facts.header.replicas).union(*(dump.copies for dump in settled.values())))
    violations: list[Violation] = []  # those of a key first: they tell more than that something is pending
    for key in keys:
        violations += _differing(facts, settled, key)
    for node in sorted(settled.keys() & later.keys()):
        violations += _moved(settled[node], later[node])
    violations += _repairs(facts, ends[-1])
    violations += [_pending(phase) for phase in ends if phase.pending is not None]
    return conclude(NAME, violations, len(keys), _missing(facts, settled, later))


def normal(copy: Copy | None) -> Copy | None:
    """A purgeable tombstone is the same as nothing."""
    return None if copy is None or (copy.dead and copy.purgeable) else copy


def _pending(phase: Phase) -> Violation:
    summary = f"not settled at {words.seconds(phase.at)}: {phase.pending}"
    return Violation(None, "it settles within the rounds that were promised", [phase.seq], summary)


def _differing(facts: Facts, settled: dict[str, Dump], key: str) -> Iterator[Violation]:
    dumps = [settled[node] for node in facts.replicas(key) if node in settled]
    states = [normal(dump.copies.get(key)) for dump in dumps]
    if any(state != states[0] for state in states):
        held = ", ".join(f"{dump.node} holds {words.copy(dump.copies.get(key))}" for dump in dumps)
        summary = f"key {key}: its replicas differ when settled at {words.seconds(dumps[0].at)}: {held}"
        yield Violation(
            key, "when settled, all replicas of a key hold the same", sorted(dump.seq for dump in dumps), summary
        )


def _moved(before: Dump, after: Dump) -> Iterator[Violation]:
    for key in sorted(before.copies.keys() | after.copies.keys()):
        one, other = before.copies.get(key), after.copies.get(key)
        if normal(one) != normal(other):
            summary = (
                f"key {key}: {before.node} held {words.copy(one)} when settled at {words.seconds(before.at)},"
                f" and {words.copy(other)} one round later at {words.seconds(after.at)}"
            )
            yield Violation(key, "settled state stays", sorted([before.seq, after.seq]), summary)


def _repairs(facts: Facts, settled: Phase) -> Iterator[Violation]:
    ends = [phase.seq for phase in facts.phases if phase.name == "end" and phase.seq > settled.seq]
    for change in facts.changes:
        if change.cause not in _NO_REPAIRS and change.seq > settled.seq and (not ends or change.seq < ends[0]):
            summary = f"key {change.key}: settled at {words.seconds(settled.at)}, and yet {words.change(change)}"
            yield Violation(change.key, "no repair once settled", [settled.seq, change.seq], summary)


def _missing(facts: Facts, settled: dict[str, Dump], later: dict[str, Dump]) -> str:
    for moment, dumps in (("settled", settled), ("one round later", later)):
        nodes = [node for node in facts.header.nodes if node not in dumps and node not in facts.down]
        if nodes:
            return f'no dump "{moment}" of {", ".join(nodes)}'
    return ""
