"""The cause of a violation in one sentence: from the offending event back through messages and copies to the write,
and to the fault that made the difference. Where the walk finds nothing, nothing is said."""

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from checkers import (
    acknowledged,
    convergence,
    evidence,
    fresh,
    invented,
    linear,
    own_writes,
    purge,
    reads,
    regression,
    resurrection,
)
from checkers.facts import Answer, is_purge
from checkers.history import AnyEvent, Change, Copy, Dump, Invoke, Life, Message, Phase, Return
from checkers.verdict import Violation
from checkers.words import seconds
from harness.report import causes_of_limits, causes_of_order, causes_of_siblings
from harness.report.backwards import Clauses, brought_back, first_drop, lost_commits, not_past, over, went_back
from harness.report.case import Case, Clause, Heard
from harness.report.compared import last_compared, never_repaired
from harness.report.ground import refused_commit, rotten, twice
from harness.report.walks import (
    carried,
    joined,
    kept_hint,
    lacks,
    mark_before,
    marked,
    purges,
    unheard,
    used,
)


class Cause(NamedTuple):
    """`text` is empty where nothing was found; it rests on these events."""

    text: str
    events: tuple[int, ...]


def cause_of(case: Case, name: str, violation: Violation) -> Cause:
    wanted = set(violation.events)
    events = [event for event in case.facts.events if event.seq in wanted]
    build = _BUILDERS.get(name)
    clauses = [clause for clause in build(case, events) if clause] if build and events else []
    unique = list({clause.text: clause for clause in clauses}.values())
    text = "; ".join(clause.text for clause in unique)
    return Cause(f"{text}." if text else "", tuple(chain.from_iterable(clause.events for clause in unique)))


def _regression(case: Case, events: list[AnyEvent]) -> Clauses:
    if isinstance(events[0], Life):
        return lost_commits(case, events[0])
    changes = [event for event in events if isinstance(event, Change)]
    if len(changes) < 2:
        return []
    if joins := _mixed(case, _op_of(changes[-1])):
        return [used(case, _op_of(changes[-1])), *joins, carried(case, changes[-1])]
    if changes[-1].new is not None and (doubled := twice(case, changes[-1].new.version)):
        return [*doubled, carried(case, changes[-1])]
    return went_back(case, changes[-2], changes[-1])


def _resurrection(case: Case, events: list[AnyEvent]) -> Clauses:
    changes = [event for event in events if isinstance(event, Change)]
    backs = [event for event in events if isinstance(event, Return)]
    if backs and changes and changes[0].old is not None:
        return _stale_read(case, backs[-1].op, changes[0].old)
    if any(isinstance(event, Dump) for event in events):
        tomb = next((change.new or change.old for change in changes), None)
        return _final(case, tomb, events) if tomb else []
    return went_back(case, changes[-2], changes[-1]) if len(changes) > 1 else []


def _stale_read(case: Case, op: int, copy: Copy) -> Clauses:
    """Why the answers that a read used had nothing ⪰ copy, and why those that had were not heard."""
    answers, answer = case.used(op), case.answer(op)
    if answer is None:
        return []
    if not answers:
        return _behind_all_along(case, answer, copy)
    if joins := _mixed(case, op):
        return [used(case, op), *joins]
    nodes, last = [each.node for each in answers], answers[-1].seq
    drop = first_drop(case, copy, last, nodes)
    behind = [each.node for each in answers if each.copy is None or not case.facts.at_least(each.copy, copy)]
    why = went_back(case, *drop) if drop else [*lacks(case, behind, copy, last), *_hidden(case, answers, behind, copy)]
    others = [node for node in case.replicas if node not in nodes and case.has(node, copy, answer.invoke.seq)]
    return [*why, used(case, op), *(unheard(case, op, node) for node in others)]


def _behind_all_along(case: Case, answer: Answer, copy: Copy) -> Clauses:
    """Which answers were used is not known: of replicas that were behind from before the read until after it."""
    start, end = answer.invoke.seq, answer.back.seq
    behind = [node for node in case.replicas if not any(case.has(node, copy, seq) for seq in (start, end))]
    drop = first_drop(case, copy, start, behind)
    why: Clauses = went_back(case, *drop) if drop else [*lacks(case, behind, copy, start)]
    return why or [unheard(case, answer.invoke.op, node) for node in case.replicas]


def _hidden(case: Case, answers: list[Heard], behind: list[str], copy: Copy) -> Clauses:
    """A tombstone that its node takes for nothing is no answer; others may still have what it deleted."""
    parts: Clauses = []
    for each in answers:
        if each.copy is None and case.has(each.node, copy, each.seq):
            rest = [node for node in behind if node != each.node]
            mark = marked(case, mark_before(case, each.node, each.seq), rest)
            parts.append(mark or _unsaid(case, each, copy))
    return parts


def _unsaid(case: Case, heard: Heard, copy: Copy) -> Clause:
    held = case.held(heard.node, heard.seq)
    if held is None or held.purgeable or heard.message is None:
        return Clause(f"{heard.node} held {case.short(copy)} as purgeable, which no read sees")
    words = f"{heard.node} held {case.short(held)}, and said (message {heard.message.id}) that it holds nothing"
    return Clause(words, (heard.message.seq,))


def _fresh(case: Case, events: list[AnyEvent]) -> Clauses:
    backs = [event for event in events if isinstance(event, Return)]
    first = case.answer(backs[0].op) if len(backs) > 1 else None
    return _stale_read(case, backs[-1].op, first.copy) if first and first.copy else []


def _session(case: Case, events: list[AnyEvent]) -> Clauses:
    """The read before it may have seen what it did not spread."""
    backs = [event for event in events if isinstance(event, Return)]
    first = case.answer(backs[0].op) if len(backs) > 1 else None
    if first is None or first.copy is None:
        return []
    op = first.invoke.op
    answers = case.used(op) or []
    mixed = len({each.copy.version if each.copy else None for each in answers}) > 1
    silent = mixed and not case.said(f"op {op}", "store")
    before = used(case, op)
    said = Clause(f"{before.text} and repaired nobody" if silent else before.text, before.events) if before else None
    return [said, *_stale_read(case, backs[-1].op, first.copy)]


def _linear(case: Case, events: list[AnyEvent]) -> Clauses:
    """Of operations that have no order: a read of less than what one before it had read or written."""
    answers = [answer for event in events if isinstance(event, Return) if (answer := case.answer(event.op))]
    for read in reversed([answer for answer in answers if answer.invoke.kind == "get"]):
        higher = [
            each
            for each in answers
            if each.back.seq < read.invoke.seq
            and each.copy is not None
            and (read.copy is None or not case.facts.at_least(read.copy, each.copy))
        ]
        if higher:
            return _session(case, [higher[-1].back, read.back])
    return []


def _acknowledged(case: Case, events: list[AnyEvent]) -> Clauses:
    back = next((event for event in events if isinstance(event, Return)), None)
    answer = case.answer(back.op) if back else None
    if answer is None or answer.copy is None:
        return []
    held, needed = case.acks(answer.invoke.op), case.needed(answer.invoke)
    few = len(held) < needed and bool(case.messages)
    who = f"only {joined(held)} held it" if held else "no replica had said that it holds it"
    words = f"op {answer.invoke.op} was acknowledged at {seconds(answer.back.at)}, when {who} (W = {needed})"
    return [*_final(case, answer.copy, events), Clause(words, (answer.back.seq,)) if few else None]


def _final(case: Case, copy: Copy, events: list[AnyEvent]) -> Clauses:
    """Why no replica that is up holds ⪰ copy at the end."""
    dumps = [event for event in events if isinstance(event, Dump)]
    end = dumps[-1].seq if dumps else case.facts.events[-1].seq
    nodes = [dump.node for dump in dumps]
    drop = first_drop(case, copy, end, nodes)
    return went_back(case, *drop) if drop else list(lacks(case, nodes, copy, end))


def _purge(case: Case, events: list[AnyEvent]) -> Clauses:
    done = next((event for event in reversed(events) if isinstance(event, Change) and is_purge(event)), None)
    if done is None or done.old is None:
        return []
    message = next((event for event in events if isinstance(event, Message)), None)
    taken = events[-1]
    if message is not None:
        fault = case.barring(message)
        while_on = f" while {fault.name()} was on" if fault else ""
        way = f"message {message.id} {message.sender} → {message.to}, sent at {seconds(message.at)}"
        return [
            Clause(f"{way}{while_on}, was still on its way when {done.node} purged", (message.seq, done.seq), fault)
        ]
    if isinstance(taken, Change) and taken is not done:
        return _kept_elsewhere(case, done, taken)
    behind = not_past(case, done, done.old)
    purged = Clause(f"{done.node} purged it at {seconds(done.at)}", (done.seq,))
    return [
        *lacks(case, behind, done.old, done.seq),
        marked(case, mark_before(case, done.node, done.seq), behind),
        purged,
    ]


def _kept_elsewhere(case: Case, done: Change, taken: Change) -> Clauses:
    hint = kept_hint(case, taken)
    gone = purges(case, done.old, taken.seq) if done.old else None
    return [hint, gone, over(hint, taken.at) if hint else None, carried(case, taken)]


def _convergence(case: Case, events: list[AnyEvent]) -> Clauses:
    if isinstance(events[0], Phase) and events[0].pending is not None:
        return [last_compared(case, events[0])]
    change = next((event for event in events if isinstance(event, Change)), None)
    dumps = {event.node: event for event in events if isinstance(event, Dump)}
    if change is not None:
        return [carried(case, change)]
    copies = {node: dump.copies.get(case.key) for node, dump in dumps.items()}
    best = max((copy for copy in copies.values() if copy), key=case.facts.rank, default=None)
    if best is None or len(dumps) < 2:
        return []
    seq = max(dump.seq for dump in dumps.values())
    behind = [node for node, copy in copies.items() if copy is None or not case.facts.at_least(copy, best)]
    if again := brought_back(case, best, seq):
        return again
    ahead = [node for node in copies if node not in behind]
    same = [node for node in behind if (copy := copies[node]) is not None and copy.version == best.version]
    if same:
        return _other_content(case, same[0], best, seq)
    why = lacks(case, behind, best, seq)
    ended = [clause.fault.end for clause in why if clause.fault and clause.fault.end is not None]
    return [*why, *(never_repaired(case, node, ahead, best, max(ended, default=None), seq) for node in behind)]


def _other_content(case: Case, node: str, copy: Copy, seq: int) -> Clauses:
    """How it came to hold the same version with another value."""
    past = [each for each in case.facts.past(node, case.key, seq) if each.new and each.new.version == copy.version]
    if not past:
        return []
    op = _op_of(past[0])
    return [used(case, op), *joins, carried(case, past[0])] if (joins := _mixed(case, op)) else [carried(case, past[0])]


def _invented(case: Case, events: list[AnyEvent]) -> Clauses:
    last = events[-1]
    op = _op_of(last)
    taken = carried(case, last) if isinstance(last, Change) else None
    if joins := _mixed(case, op):
        return [used(case, op), *joins, taken]
    versions = [event.new.version for event in events if isinstance(event, Change) and event.new]
    doubled = [clause for version in versions[:1] for clause in twice(case, version)]
    nodes = [event.node for event in events if isinstance(event, Change)]
    nodes += [case.invokes[event.op].node for event in events if isinstance(event, Return)]
    return [*doubled, *(rotten(case, node, last.seq) for node in nodes), taken]


def _mixed(case: Case, op: int) -> list[Clause]:
    """A read that returned the version of one answer with the value of another."""
    back = case.returns.get(op)
    if back is None or back.version is None:
        return []
    answers = [(each, each.copy) for each in case.used(op) or [] if each.copy]
    own = next(((each, copy) for each, copy in answers if copy.version == back.version), None)
    other = next((each for each, copy in answers if copy.value == back.value), None)
    if own is None or other is None or own[1].value == back.value:
        return []
    words = f"it joined the version of {own[0].node}'s with the value of {other.node}'s"
    return [Clause(words, (own[0].seq, other.seq))]


def _op_of(event: AnyEvent) -> int:
    if isinstance(event, Return | Invoke):
        return event.op
    origin = event.origin if isinstance(event, Change) else ""
    return int(origin[3:]) if origin.startswith("op ") and origin[3:].isdecimal() else -1


def _evidence(case: Case, events: list[AnyEvent]) -> Clauses:
    """Changes that the trail does not have: lost with a commit, or never said."""
    before, after = events[0], events[-1]
    node = after.node if isinstance(after, Change | Dump) else ""
    since = before.seq if before is not after else 0
    for life in case.facts.lives:
        if (
            life.node == node
            and since < life.seq <= after.seq
            and life.what == "started"
            and life.batch < life.committed
        ):
            return lost_commits(case, life)
    if damaged := rotten(case, node, after.seq):
        return [damaged]
    if isinstance(before, Change) and (refused := refused_commit(case, before)):
        return [refused]
    shown = after.old if isinstance(after, Change) else after.copies.get(case.key) if isinstance(after, Dump) else None
    brought = [
        message
        for message in case.messages
        if shown and (message.kind, message.to, message.version) == ("store", node, shown.version)
        if message.received is not None and case.time(since) <= message.received <= after.at
    ]
    if not brought or shown is None:
        return []
    first = brought[0]
    words = f"message {first.id} {first.sender} → {node} ({first.origin}) brought it at {seconds(first.received or 0)}"
    said = Clause(f"{words}, and {node} recorded no change with it", (first.seq,))
    return [*lacks(case, [node], shown, first.seq), said]


_BUILDERS: dict[str, Callable[[Case, list[AnyEvent]], Clauses]] = {
    convergence.NAME: _convergence,
    regression.NAME: _regression,
    resurrection.NAME: _resurrection,
    purge.NAME: _purge,
    acknowledged.NAME: _acknowledged,
    reads.NAME: _session,
    fresh.NAME: _fresh,
    own_writes.NAME: _fresh,
    linear.NAME: _linear,
    invented.NAME: _invented,
    evidence.NAME: _evidence,
    **causes_of_limits.BUILDERS,
    **causes_of_order.BUILDERS,
    **causes_of_siblings.BUILDERS,
}
