"""The figures of a run beside the rule that was broken."""

from collections.abc import Iterator

from msgspec import UNSET

from checkers import words
from checkers.facts import is_purge
from checkers.history import AnyEvent, Change, Copy, Dump, Life, Message, Return
from checkers.verdict import Violation
from harness.report.case import Case


def figures(case: Case, violation: Violation) -> str:
    """Empty where the rule has none, and where nobody knows versions."""
    if case.plan.system is not UNSET:
        return ""
    wanted = set(violation.events)
    events = [event for event in case.facts.events if event.seq in wanted]
    lives = [event for event in events if isinstance(event, Life)]
    dumps = [event for event in events if isinstance(event, Dump)]
    if lives and lives[0].batch < lives[0].committed:
        return f"{lives[0].batch} < {lives[0].committed}"
    if len(dumps) > 1 and len(dumps) == len(events):
        return _held_by(case, dumps)
    purge = next((event for event in events if isinstance(event, Change) and is_purge(event)), None)
    message = next((event for event in events if isinstance(event, Message)), None)
    if purge is not None and purge.old is not None and message is None and purge is events[-1]:
        return _past(case, purge, purge.old)
    shown = [*_shown(case, events)]
    if dumps and shown:
        tops = [copy for dump in dumps if (copy := dump.copies.get(case.key))]
        shown.append(max(tops, key=case.facts.rank, default=None))
    return _compared(case, shown[0], shown[-1]) if len(shown) > 1 else ""


def _shown(case: Case, events: list[AnyEvent]) -> Iterator[Copy | None]:
    for event in events:
        if isinstance(event, Change):
            yield event.old if is_purge(event) else event.new
        elif isinstance(event, Return) and (answer := case.answer(event.op)):
            yield answer.copy


def _compared(case: Case, first: Copy | None, last: Copy | None) -> str:
    if first is not None and last is not None and first.version == last.version:
        return f"{case.shown(first)}, {case.shown(last)}" if case.shown(first) != case.shown(last) else ""
    if first is not None and last is not None and case.facts.at_least(last, first):
        return ""
    return f"{case.short(last)} < {case.short(first)}"


def _held_by(case: Case, dumps: list[Dump]) -> str:
    held: dict[str, list[str]] = {}
    for dump in dumps:
        held.setdefault(case.short(dump.copies.get(case.key)), []).append(dump.node)
    return "; ".join(f"{what} on {' '.join(nodes)}" for what, nodes in held.items()) if len(held) > 1 else ""


def _past(case: Case, purge: Change, tomb: Copy) -> str:
    past = [node for node in case.replicas if node == purge.node or case.facts.is_past(node, case.key, purge.seq, tomb)]
    count = f"{len(past)} of {len(case.replicas)} did"
    policy = case.plan.policy
    if policy.purge != "grace":
        return count
    made = next((each.at for each in case.changes if each.new and each.new.version == tomb.version), None)
    age = f", purged {words.seconds(purge.at - made)} after it was written" if made is not None else ""
    return f"{count}{age}; the grace is {policy.grace_ns / 1e9:g} s"
