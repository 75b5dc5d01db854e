"""How a replica came to hold something older than it had held before: what was still there, and what brought it."""

from checkers.facts import Facts, is_purge
from checkers.history import Change, Copy, Life
from checkers.words import seconds
from harness.report.case import Case, Clause
from harness.report.ground import held_back
from harness.report.walks import carried, covers, kept_hint, lacks, mark_before, marked, purges, unheard, used

Clauses = list[Clause | None]


def lost_commits(case: Case, life: Life) -> Clauses:
    """Which fault ended the life before, and what was lost with the commits."""
    end = next((each for each in reversed(case.facts.lives) if each.node == life.node and each.seq < life.seq), None)
    lost = lost_with(case.facts, life)
    first = next((change for change in lost if change.key == case.key), None)
    count = f"{len(lost)} changes" if len(lost) > 1 else "a change"
    gone = f"its disk was {count} short, of its commits {life.batch + 1} to {life.committed}"
    since = f"by its word durable since {seconds(first.at)}" if first else ""
    example = f", with {case.short(first.new)} of key {case.title()}, {since}" if first else ""
    back = Clause(f"when {life.node} came back, {gone}{example}", (life.seq, *([first.seq] if first else [])))
    if end is None or end.what == "started" or not lost:
        return [back] if lost else []
    fault = case.downing(life.node, end.at)
    by = f" by {fault.name()}" if fault else ""
    return [Clause(f"{life.node} was {end.what} at {seconds(end.at)}{by}", (end.seq,)), back]


def lost_with(facts: Facts, life: Life) -> list[Change]:
    """What had been declared durable and was not found at this start."""
    return [
        change
        for change in facts.changes
        if (change.node, change.incarnation) == (life.node, life.incarnation)
        and life.batch < change.batch <= life.committed
        and change.seq < life.seq
    ]


def went_back(case: Case, floor: Change, change: Change) -> Clauses:
    """A replica that had held `floor` took something older: why that was still there, and what brought it."""
    high = floor.new
    if high is None or change.new is None or case.facts.at_least(change.new, high):
        return [carried(case, change)]
    why = _still_there(case, change, high)
    late = change.cause in ("read repair", "hinted handoff") and floor.cause == "write"
    gone = [each for each in case.changes if is_purge(each) and each.seq < change.seq and _of(case, each, high)]
    own = any(each.node == change.node and each.seq > floor.seq for each in gone)
    end = (
        f", which had purged {case.short(high)}" if own else f", which took it over its newer {case.short(change.old)}"
    )
    brought = carried(case, change)
    between = [
        carried(case, floor) if late else None,
        marked(case, mark_before(case, gone[0].node, gone[0].seq), not_past(case, gone[0], high)) if gone else None,
        purges(case, high, change.seq),
        *(over(clause, change.at) for clause in why),
    ]
    message = case.carrier(change)
    if message is not None:
        between += held_back(case, message)
    in_time = sorted((clause for clause in between if clause), key=lambda clause: clause.at)
    return [*why, *in_time, Clause(f"{brought.text}{end}", brought.events)]


def not_past(case: Case, done: Change, copy: Copy) -> list[str]:
    """The replicas that did not hold ⪰ copy, and never had purged it, when this one purged."""
    others = [node for node in case.replicas if node != done.node]
    return [node for node in others if not case.facts.is_past(node, case.key, done.seq, copy)]


def _of(case: Case, purge_: Change, copy: Copy) -> bool:
    return purge_.old is not None and case.facts.at_least(purge_.old, copy)


def _sender(case: Case, change: Change) -> str:
    message = case.carrier(change)
    return message.sender if message else change.node


def _still_there(case: Case, change: Change, high: Copy) -> list[Clause]:
    """Why the sender of an old copy knew of nothing newer."""
    hint = kept_hint(case, change)
    if hint:
        return [hint]
    message, sender = case.carrier(change), _sender(case, change)
    if change.cause == "read repair" and change.origin[3:].isdecimal() and int(change.origin[3:]) in case.invokes:
        op = int(change.origin[3:])
        answers = case.used(op) or []
        gone = {each.node for each in case.changes if is_purge(each) and _of(case, each, high)}
        stale = [each.node for each in answers if each.node not in gone and not case.has(each.node, high, each.seq)]
        newer = [each for each in case.changes if covers(case, each, high) and answers and each.seq < answers[-1].seq]
        silent = None if change.node in [each.node for each in answers] else unheard(case, op, change.node)
        told = [used(case, op), silent]
        return [*(lacks(case, stale, high, answers[-1].seq) if newer else []), *(each for each in told if each)]
    if message is None or change.cause == "write" or case.has(sender, high, message.seq):
        return []
    return lacks(case, [sender], high, message.seq)


def over(why: Clause, before: int) -> Clause | None:
    """The fault that had kept a message away ended, and that made a difference."""
    fault = why.fault
    if fault is None or fault.end is None or fault.end > before:
        return None
    return Clause(f"{fault.id} ended at {seconds(fault.end)}", at=fault.end)


def first_drop(case: Case, copy: Copy, before: int, nodes: list[str]) -> tuple[Change, Change] | None:
    """The first time that one of these nodes went back behind this copy."""
    drops = [
        (floor, change)
        for change, floor in case.facts.drops
        if change.key == case.key and change.seq < before and change.node in nodes
        if covers(case, floor, copy) and not covers(case, change, copy)
    ]
    return min(drops, key=lambda pair: pair[1].seq, default=None)


def brought_back(case: Case, tomb: Copy, seq: int) -> Clauses:
    """The first replica that took the very tombstone that it had purged."""
    gone = [each for each in case.changes if is_purge(each) and each.old and each.old.version == tomb.version]
    for change in case.changes:
        if change.new is None or change.new.version != tomb.version or change.cause == "purgeable" or change.seq > seq:
            continue
        if any(each.node == change.node and each.seq < change.seq for each in gone):
            brought = carried(case, change)
            words = f"{brought.text}, which had purged {case.short(tomb)}"
            return [purges(case, tomb, change.seq), Clause(words, brought.events)]
    return []
