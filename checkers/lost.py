"""No lost update: an acknowledged write is among what is left, unless another write replaced it that knew of it.

Where versions keep siblings, a write knows of what its session had read of the key last. Where the last one wins, a
write also counts as knowing of all that was acknowledged before it began: only what is lost to a write at the same
time, or to an earlier one, is told.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import UNSET

from checkers import clocks, words
from checkers.clocks import Knowledge
from checkers.facts import Answer, Facts, Final, final, gather
from checkers.history import Copy, History, Invoke
from checkers.verdict import Verdict, Violation, conclude

NAME = "no lost update"


def check(history: History) -> Verdict:
    facts = gather(history)
    settled = facts.last_dumps("settled")
    keys: dict[str, list[Answer]] = defaultdict(list)
    for ack in facts.acks:
        if ack.copy is not None:
            keys[ack.invoke.key].append(ack)
    missing = sorted(node for node in facts.header.nodes if node not in settled and node not in facts.down)
    if missing:
        return conclude(NAME, [], 0, f"no settled dump of {', '.join(missing)}")
    violations: list[Violation] = []
    if facts.header.versions is UNSET:
        for key, acks in keys.items():
            violations += _buried(facts, acks, final(facts, settled, key))
    else:
        known = _known(facts)
        for key, acks in keys.items():
            purged = (change.old for change in facts.purges if change.key == key)
            violations += _unknown(known.get(key), acks, final(facts, settled, key), purged)
    violations.sort(key=lambda violation: (violation.events, violation.key or ""))
    return conclude(NAME, violations, sum(map(len, keys.values())))


def _buried(facts: Facts, acks: list[Answer], end: Final) -> Iterator[Violation]:
    """Where the last one wins: by the write that is left, or was purged last."""
    key = acks[0].invoke.key
    purged = facts.purged[key].top(None) if key in facts.purged else None
    left = end.copy or (purged[0] if purged else None)
    if left is None:
        return
    winner = next((ack for ack in acks if ack.back.version == left.version), None)
    if winner is None:
        return  # nobody was told of it
    seen = _read_before(facts, winner.invoke)
    latest = max(ack.invoke.seq for ack in acks)
    for ack in acks:
        knew = seen is not None and ack.copy is not None and facts.at_least(seen, ack.copy)
        if ack is not winner and not knew and ack.back.seq > winner.invoke.seq and ack.back.seq > latest:
            yield _lost(ack, end, f"{words.answer(winner)}, and had not known of it", [winner.invoke.seq])


def _known(facts: Facts) -> dict[str, Knowledge]:
    """By key, what any write knew of that may have taken place."""
    found: dict[str, list[Knowledge]] = defaultdict(list)
    for write in facts.operations.values():
        if write.kind == "get" or write.op in facts.failed:
            continue
        copy = _read_before(facts, write)
        if copy is not None:
            found[write.key].append(clocks.of(copy.version))
    return {key: clocks.seen_by_any(each) for key, each in found.items()}


def _unknown(
    known: Knowledge | None, acks: list[Answer], end: Final, purged: Iterable[Copy | None]
) -> Iterator[Violation]:
    left = {dot: None for copy in (end.copy, *purged) if copy is not None for dot in clocks.of(copy.version).siblings}
    for ack in acks:
        dot = clocks.own_dot(ack.copy.version) if ack.copy is not None else (0, "")
        if dot not in left and not (known is not None and known.has_seen(dot)):
            yield _lost(ack, end, "no other write had known of it", [])


def _read_before(facts: Facts, write: Invoke) -> Copy | None:
    """What the session of a write had read last of its key."""
    turns = facts.turns.get((write.session, write.key), [])
    read = [each for each in turns if each.invoke.kind == "get" and each.back.seq < write.seq]
    return read[-1].copy if read else None


def _lost(ack: Answer, end: Final, why: str, events: list[int]) -> Violation:
    key = ack.invoke.key
    left = f"what is left is {words.copy(end.copy)}"
    return Violation(
        key,
        "an acknowledged write that no other had known of is left",
        sorted([ack.back.seq, *events, *end.dumps]),
        f"key {key}: {words.answer(ack)}; {left}; {why}",
    )
