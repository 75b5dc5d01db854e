"""Linearizability as a picture: of each key whose operations have no order the longest orders that work, and the first
operation that does not fit."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from itertools import dropwhile
from math import inf
from operator import attrgetter
from typing import Any

from checkers import linear
from checkers.calls import Call
from checkers.models import words
from checkers.models.longest import Longest, Step, longest
from checkers.models.steps import Spent
from harness.promises import Promise
from harness.report.runpage.columns import us
from harness.report.runpage.subject import Subject
from harness.report.runpage.timeline import NEVER

KEYS_MAX = 8  # others are named
SHOWN = 32  # operations that returned before the misfit and are drawn
PROOF_MAX = 12
VALUE_MAX = 60
FITTING_MAX = 4
NONE = -1  # no order, or no place
_ASKED_MAX = 150


def section(subject: Subject) -> dict[str, Any]:
    promise = next(each for each in subject.promises if each.property == linear.NAME)
    broken = [violation.key for violation in promise.measured.violations]
    calls = linear.judged(subject.facts) if broken else []
    keys = [_key(subject, key, [call for call in calls if call.key == key]) for key in broken[:KEYS_MAX]]
    return {"said": _said(promise, len(subject.facts.header.replicas)), "keys": keys, "more": broken[KEYS_MAX:]}


def _said(promise: Promise, keys: int) -> str:
    measured = promise.measured
    if measured.outcome == "holds":
        return f"On every key the operations have an order: {measured.checked} that may have taken effect were ordered."
    if measured.outcome == "unknown":
        return f"No order was looked for, or none was found in time: {measured.reason}."
    bound = "Promised, and broken" if promise.outcome == "violated" else f"Not promised ({promise.why}), and not kept"
    where = f"{len(measured.violations)} of {keys} key{'s' * (keys > 1)}"
    return f"{bound} on {where}: no order has every operation between its start and its end."


def _key(subject: Subject, key: str | None, calls: list[Call]) -> dict[str, Any]:
    try:
        found = longest(calls, _budget(), SHOWN)
    except Spent as why:
        return {"key": key, "unknown": f"The longest order is not known: {why}.", "calls": []}
    if found is None:
        raise AssertionError(f"key {key} was judged to have no order, and has one")
    return {"key": key, "unknown": "", **_picture(subject, found)}


def _budget() -> Callable[[], str | None]:
    asked = 0

    def out_of_budget() -> str | None:
        nonlocal asked
        asked += 1
        return "the search for it went on for too long" if asked > _ASKED_MAX else None

    return out_of_budget


def _picture(subject: Subject, found: Longest) -> dict[str, Any]:
    drawn = _drawn(found)
    places = {call.id: place for place, call in enumerate(drawn)}
    clients = {each.id: each.client for each in subject.plan.operations}
    lanes = _lanes(drawn, [clients.get(call.id, call.process) for call in drawn])
    return {
        "calls": [_call(subject, found, call, lane) for call, (_, lane) in zip(drawn, lanes, strict=True)],
        "rows": [name for name, _ in sorted({(name, lane) for name, lane in lanes}, key=lambda row: row[1])],
        "misfit": places[found.misfit.id],
        "orders": [_order(order, places) for order in found.orders],
        "of": [found.of.get(call.id, NONE if _is_late(found, call) else 0) for call in drawn],
        "why": _why(found),
    }


def _is_late(found: Longest, call: Call) -> bool:
    return call.end is not None and call.end >= found.since


def _drawn(found: Longest) -> list[Call]:
    """The late ones, those that matter to them, and writes of unknown outcome that took effect among them."""
    wanted = {call.id for call in found.calls if _is_late(found, call)}
    for order in found.orders:
        late = dropwhile(lambda step: not _is_late(found, step.call), order)
        wanted |= {step.call.id for step in late if step.call.end is None}
    wanted |= {call.id for call in found.proof[-PROOF_MAX:]}
    return [call for call in found.calls if call.id in wanted]


def _lanes(calls: list[Call], clients: list[str]) -> list[tuple[str, int]]:
    """A row for each client; more where one has calls at the same time, as what it never heard of stays open."""
    free: dict[str, list[float]] = defaultdict(list)  # of each client's rows the place from which on they are free
    chosen: list[tuple[str, int]] = []
    for call, client in zip(calls, clients, strict=True):
        row = next((row for row, place in enumerate(free[client]) if place < call.start), len(free[client]))
        free[client][row:] = [inf if call.end is None else call.end, *free[client][row + 1 :]]
        chosen.append((client, row))
    rows = {row: number for number, row in enumerate(sorted(set(chosen), key=_natural))}
    return [(row[0], rows[row]) for row in chosen]


def _natural(row: tuple[str, int]) -> tuple[int, str, int]:
    return len(row[0]), *row


def _call(subject: Subject, found: Longest, call: Call, lane: int) -> dict[str, Any]:
    asked = subject.facts.operations[call.id]
    ended = NEVER if call.end is None else call.end
    return {
        "op": call.id,
        "row": lane,
        "from": call.start,
        "until": ended,
        "at": us(asked.at),
        "back": NEVER if call.end is None else us(_at(subject, call.end)),
        "kind": asked.kind,
        "value": words.value(_value(call), VALUE_MAX),
        "by": f"{call.process} through {asked.node}",
        "proof": call in found.proof,
    }


def _at(subject: Subject, seq: int) -> int:
    events = subject.facts.events
    return events[bisect_left(events, seq, key=attrgetter("seq"))].at


def _value(call: Call) -> Any:
    return call.result if call.function == "read" else call.value


def _order(order: list[Step], places: dict[int, int]) -> list[tuple[int, str, int]]:
    """The place of each call, and what is there after it. A run of calls that are not drawn is one, without a place."""
    told: list[tuple[int, str, int]] = []
    for step in order:
        place, held = places.get(step.call.id, NONE), _said_value(step.held)
        before = told.pop()[2] if place == NONE and told and told[-1][0] == NONE else 0
        told.append((place, held, before + 1))
    return told


def _said_value(it: Any) -> str:
    return "nothing" if it is None else words.value(it, VALUE_MAX)


def _why(found: Longest) -> list[str]:
    misfit = found.misfit
    told = [f"op {misfit.id} saw {_said_value(misfit.result)}, and fits into no order of all that returned before it."]
    fitting = list(map(_said_value, found.fitting))
    if fitting:
        more = [f"{len(fitting) - FITTING_MAX} more"] if len(fitting) > FITTING_MAX else []
        told.append(f"In each of them it would have found {' or '.join([*fitting[:FITTING_MAX], *more])}.")
    if misfit.id in found.of:
        told.append(_without(found))
    else:
        told.append("No shorter order has it either: what must come before it leaves it no place.")
    if not found.whole:
        told.append("Not all orders were tried: the search went on for too long, and there may be longer ones.")
    return told


def _without(found: Longest) -> str:
    had = {step.call.id for step in found.orders[found.of[found.misfit.id]]}
    lost = [call for call in found.calls if _is_late(found, call) and call.place() < found.misfit.place()]
    left = [f"op {call.id}" for call in lost if call.id not in had]
    return f"The longest order that has it does without {', '.join(left)}, though that returned earlier."
