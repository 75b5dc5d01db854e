"""Why a write got an older version than what its session had written or read before: what its coordinator knew."""

from collections.abc import Callable

from checkers import write_order, writes_after_reads
from checkers.facts import Answer
from checkers.history import AnyEvent, Return
from checkers.words import seconds
from harness.report.backwards import Clauses
from harness.report.case import Case, Clause


def _dated(case: Case, events: list[AnyEvent]) -> Clauses:
    backs = [event for event in events if isinstance(event, Return)]
    first, last = (case.answer(back.op) for back in (backs[0], backs[-1]))
    if first is None or last is None or first.copy is None or last.copy is None:
        return []
    knew = _knew(case, first, last)
    node, copy = last.invoke.node, case.short(last.copy)
    off = next((span for span in case.spans if node in span.clocks and span.is_on(last.invoke.at)), None)
    when = f"op {last.invoke.op} at {seconds(last.invoke.at)}{f', while {off.name()} was on' if off else ''}"
    if knew is None:
        return [Clause(f"{node} dated {copy} ({when}) and had not heard of {case.short(first.copy)}", fault=off)]
    return [Clause(f"{node} dated {copy} ({when}) below {case.short(first.copy)}, {knew.text}", knew.events, off)]


def _knew(case: Case, first: Answer, last: Answer) -> Clause | None:
    node, copy = last.invoke.node, first.copy
    if copy is None:
        return None
    stay = case.facts.lifetimes.at(node, last.invoke.seq)
    if stay is not None and stay.incarnation == copy.version.by:
        return Clause("which it had dated itself")
    heard = [
        message
        for message in case.messages
        if (message.to, message.version) == (node, copy.version)
        and (message.received or last.back.at) <= last.invoke.at
    ]
    if heard:
        told = f"which {heard[0].sender} had told it at {seconds(heard[0].received or 0)} (message {heard[0].id})"
        return Clause(told, (heard[0].seq,))
    return Clause("which it held") if case.has(node, copy, last.invoke.seq) else None


BUILDERS: dict[str, Callable[[Case, list[AnyEvent]], Clauses]] = {
    write_order.NAME: _dated,
    writes_after_reads.NAME: _dated,
}
