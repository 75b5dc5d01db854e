"""Linearizability: all calls take effect in one order, each at a moment between its start and its end.

Registers are judged key by key; where calls touch several keys at once, all keys that they join are one register.
Decided from values alone.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models import words
from checkers.models.search import Search
from checkers.models.smallest import Window, by_proof, by_search, until
from checkers.models.steps import Part, Spent, apart, keys_of, part_of, spend, unfounded
from checkers.models.zones import contradiction
from checkers.verdict import Verdict, Violation, conclude

NAME = "linearizability"

_RULE = "all calls take effect in one order, each between its start and its end"
_NAMED = 8


def check(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    violations: list[Violation] = []
    left: list[list[Call]] = []
    decided = total = 0
    spent = ""
    try:
        parts = apart(calls, out_of_budget)
        total = len(parts)
        for part in parts:
            spend(out_of_budget)
            proof = contradiction(part, out_of_budget)
            if proof is None:
                left.append(part)
                continue
            decided += 1
            if proof:
                violations += _broken(in_order(part), out_of_budget)
        for part in left:
            violations += _broken(in_order(part), out_of_budget)
            decided += 1
    except Spent as why:
        spent = f"{why}, with {decided} of {total} keys decided" if total else str(why)
    violations.sort(key=lambda each: (each.events[-1], each.key or ""))
    return conclude(NAME, violations, sum(call.outcome != "failed" for call in calls), spent)


def smallest_window(calls: list[Call], out_of_budget: OutOfBudget) -> Window | None:
    """Of calls that share their keys and may have taken effect. None: they have an order."""
    proof = contradiction(calls, out_of_budget)
    if proof == []:
        return None
    part = part_of(calls, out_of_budget)
    window = by_proof(calls, proof, out_of_budget) if proof else _unfounded(calls, part, out_of_budget)
    if window is None:
        stuck = Search(part, out_of_budget).run()
        return by_search(calls, stuck, out_of_budget) if stuck is not None else None
    if window.since is None:
        return window
    before = until(calls, window.since - 1)
    try:
        if contradiction(before, out_of_budget) == []:
            return window
        stuck = Search(part_of(before, out_of_budget), out_of_budget).run()
    except Spent:
        return window._replace(since=None)
    return window if stuck is None else by_search(before, stuck, out_of_budget)


def _unfounded(calls: list[Call], part: Part, out_of_budget: OutOfBudget) -> Window | None:
    """Seen without a search, and maybe not the first."""
    odd = unfounded(part)
    if odd is None or odd.call is None or odd.end is None:
        return None
    if unfounded(part_of(until(calls, odd.end), out_of_budget)) is None:
        return None  # what a txn was told later shows that it did not put there what it might have
    return Window([odd.call], odd.end, whatever=False)


def _broken(calls: list[Call], out_of_budget: OutOfBudget) -> list[Violation]:
    window = smallest_window(calls, out_of_budget)
    if window is None:
        return []
    calls = window.calls
    keys = sorted({str(key) for call in calls for key in keys_of(call) if key is not None})
    key = ", ".join(keys) or None
    summary = f"{words.of(key)}{words.calls([_told(call) for call in calls], _NAMED)} {_why(window)}"
    if window.since is not None:
        summary += f"; all that returned before {window.since} can"
    return [Violation(key, _RULE, words.events(calls), summary)]


def _told(call: Call) -> Call:
    """A txn is shown with what it read."""
    return replace(call, value=call.result) if call.function == "txn" and call.outcome == "ok" else call


def _why(window: Window) -> str:
    if len(window.calls) == 1:
        return "has no place in any order: what it saw could not have been there"
    return "cannot be put in one order" + ", whatever was there before" * window.whatever
