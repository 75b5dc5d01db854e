"""Causes of what was sent although it was too much or in vain, of tombstones that stay, and of operations that failed
beside a quorum."""

from collections.abc import Callable

from checkers import availability, bounds, reaping, streaming
from checkers.history import AnyEvent, Change, Dump, Invoke, Message
from checkers.words import seconds
from harness.report.backwards import Clauses
from harness.report.case import Case, Clause
from harness.report.walks import joined, lacks


def _in_vain(case: Case, events: list[AnyEvent]) -> Clauses:
    """Since when both sides had held the same."""
    sent = events[-1]
    if not isinstance(sent, Message):
        return []
    return [_since(case, node, events[0].seq) for node in (sent.sender, sent.to)]


def _since(case: Case, node: str, seq: int) -> Clause | None:
    """What a node held of the key at this place of the order."""
    past: list[Change] = case.facts.past(node, case.key, seq)
    if not past:
        return None
    last = past[-1]
    if last.new is None:
        return Clause(f"{node} had dropped {case.short(last.old)} at {seconds(last.at)}", (last.seq,))
    marked = " as purgeable" if last.new.purgeable else ""
    return Clause(f"{node} had held {case.short(last.new)}{marked} since {seconds(last.at)}", (last.seq,))


def _too_much(case: Case, events: list[AnyEvent]) -> Clauses:
    """Why the last of the copies was missing where it was sent."""
    sent = [event for event in events if isinstance(event, Message)]
    last = sent[-1] if sent else None
    copy = case.copy_of(last.version) if last else None
    if last is None or copy is None:
        return []
    rounds = [origin for origin in dict.fromkeys(message.origin for message in sent) if origin.startswith("round ")]
    what = f"for {joined(rounds)}" if rounds else "as hints"
    of = Clause(f"{last.sender} sent these {what}", tuple(message.seq for message in sent))
    return [*lacks(case, [last.to], copy, last.seq), of]


def _left(case: Case, events: list[AnyEvent]) -> Clauses:
    """Who was asked about the tombstone, and who did not say that it holds it."""
    dump = next((event for event in events if isinstance(event, Dump)), None)
    copy = dump.copies.get(case.key) if dump else None
    if dump is None or copy is None:
        return []
    asked = [each for each in case.messages if each.kind == "confirm" and each.version == copy.version]
    if not asked:
        return [Clause(f"nobody asked who holds {case.short(copy)}")]
    said = {
        each.sender
        for each in case.messages
        if each.kind == "confirmed" and each.version == copy.version and each.received is not None
    }
    last = asked[-1]
    silent = [node for node in case.replicas if node not in said and node != last.sender]
    words = f"{last.sender} asked last at {seconds(last.at)} who holds {case.short(copy)}"
    if silent:
        words += f", and {joined(silent)} never said so"
    return [*lacks(case, silent, copy, last.seq), Clause(words, (last.seq,))]


def _not_asked(case: Case, events: list[AnyEvent]) -> Clauses:
    """Of which replicas the coordinator wanted something."""
    invoke = next((event for event in events if isinstance(event, Invoke)), None)
    if invoke is None:
        return []
    origin, others = f"op {invoke.op}", [node for node in case.replicas if node != invoke.node]
    sent = [
        message
        for message in case.messages
        if (message.origin, message.sender) == (origin, invoke.node)
        and message.kind in ("fetch", "ask digest", "store")
    ]
    asked = [node for node in others if any(message.to == node for message in sent)]
    never = [node for node in others if node not in asked]
    parts: Clauses = [_unanswered(case, message) for message in sent if message.received is None]
    if never:
        parts.append(Clause(f"{invoke.node} asked nothing of {joined(never)} for op {invoke.op}", (invoke.seq,)))
    return parts


def _unanswered(case: Case, message: Message) -> Clause:
    fault = case.barring(message)
    by = f" to {fault.name()}" if fault else ""
    words = f"message {message.id} {message.sender} → {message.to} ({message.origin}) was lost{by}"
    return Clause(f"{words}, sent at {seconds(message.at)}", (message.seq,), fault)


BUILDERS: dict[str, Callable[[Case, list[AnyEvent]], Clauses]] = {
    streaming.NAME: _in_vain,
    bounds.NAME: _too_much,
    reaping.NAME: _left,
    availability.NAME: _not_asked,
}
