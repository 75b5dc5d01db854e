"""Why an acknowledged write is not among the siblings that are left: who had it, and for what it was given up."""

from collections.abc import Callable

from msgspec import UNSET

from checkers import clocks, lost
from checkers.history import AnyEvent, Change, Copy, Return
from checkers.words import seconds
from harness.report.backwards import Clauses
from harness.report.case import Case, Clause


def _given_up(case: Case, events: list[AnyEvent]) -> Clauses:
    back = next((event for event in events if isinstance(event, Return)), None)
    if back is None or back.version is None or case.facts.header.versions is UNSET:
        return []
    dot = clocks.own_dot(back.version)
    gone = [change for change in case.changes if _has(change.old, dot) and not _has(change.new, dot)]
    return [_told(case, change, case.copy_of(back.version)) for change in gone[:1]]


def _has(copy: Copy | None, dot: clocks.Dot) -> bool:
    return copy is not None and dot in clocks.of(copy.version).siblings


def _told(case: Case, change: Change, write: Copy | None) -> Clause:
    message = f", message {change.message}" if change.message else ""
    why = f"{change.cause}, {change.origin}{message}"
    took = f"took {case.short(change.new)} for {case.short(change.old)}" if change.new else "dropped it"
    text = f"{change.node} held {case.short(write)} as a sibling until it {took} at {seconds(change.at)} ({why})"
    return Clause(text, (change.seq,))


BUILDERS: dict[str, Callable[[Case, list[AnyEvent]], Clauses]] = {lost.NAME: _given_up}
