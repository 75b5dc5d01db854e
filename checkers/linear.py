"""Linearizability: the operations on a key take effect in one order, each between its start and its end.

Decided from what clients asked and were told alone; versions and the audit trail have no say in it. A write that was
answered below its level may take effect later, or never; a read that was is left out.
"""

import msgspec

from checkers.calls import Call, calls_of
from checkers.facts import Facts, gather
from checkers.history import History, Return
from checkers.models import linearizable
from checkers.verdict import Verdict, conclude

NAME = linearizable.NAME
_ASKED_MAX = 2_000  # a bound on steps and not on time, so that a run is judged alike on any machine


def check(history: History) -> Verdict:
    facts = gather(history)
    if facts.header.merge in ("siblings", "union"):
        return conclude(NAME, [], 0, "clients are shown siblings, of which the order of a register says nothing")
    asked = 0

    def out_of_budget() -> str | None:
        nonlocal asked
        asked += 1
        return f"the search for an order went on for too long; {_REMEDY}" if asked > _ASKED_MAX else None

    return linearizable.check(judged(facts), out_of_budget)


def judged(facts: Facts) -> list[Call]:
    """The calls as they count here."""
    below = {event.op for event in facts.events if isinstance(event, Return) and event.level_met}
    return [_maybe(call) if call.id in below else call for call in calls_of(facts)]


def _maybe(call: Call) -> Call:
    return msgspec.structs.replace(call, outcome="unknown", result=None, end=None, version=None)


_REMEDY = "`urushi check` its history.jsonl with --model register, which has as much time as you give it"
