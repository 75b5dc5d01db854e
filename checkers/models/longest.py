"""Of one register that is not linearizable: the longest orders that work, and the first call that fits into none.

An order here is a beginning of what time allows: with a call it has all calls that returned before that one began. So
no order goes beyond the misfit: each has only calls that began before the misfit returned.
"""

from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import Any, NamedTuple

from msgspec.structs import replace

from checkers.calls import Call, OutOfBudget, effective, in_order
from checkers.models.linearizable import smallest_window
from checkers.models.partial import Last, Orders, value
from checkers.models.search import Search
from checkers.models.smallest import until
from checkers.models.steps import Spent, frozen, part_of
from checkers.models.zones import contradiction

_TRIED = 40


class Step(NamedTuple):
    """A call in its order, and what the register holds after it."""

    call: Call
    held: Any


class Longest(NamedTuple):
    """`orders`: the first has all that returned before the misfit did, and as many of the others as can be. `of` says
    which order is the longest that has a call, by the call's id; calls that returned before `since` are in all of them,
    and in none of `of`. `fitting` is what the misfit might have seen instead. `whole`: all orders were tried. `proof`
    are the calls that have no order even by themselves. Lengths count calls that are known to have taken effect; others
    are in an order only where a call saw them."""

    calls: list[Call]
    misfit: Call
    proof: list[Call]
    orders: list[list[Step]]
    of: dict[int, int]
    since: float
    fitting: list[Any]
    whole: bool


def longest(calls: Sequence[Call], out_of_budget: OutOfBudget, most: int) -> Longest | None:
    """Of one key's reads, writes and deletes; of the last so `most` that returned before the misfit, all orders are
    tried. None: all calls have an order. Raises Spent where none is found in time."""
    mine = in_order(effective(calls))
    window = smallest_window(mine, out_of_budget)
    if window is None:
        return None
    if window.since is None:
        raise Spent("with which return there was no order any more took too long to find")
    begun = [call for call in mine if call.start <= window.since]
    ends = sorted(call.end for call in begun if call.end is not None and call.end <= window.since)
    since = ends[-most] if len(ends) > most else -inf
    found = Orders(begun, since)
    given_up = found.search(out_of_budget)
    first, of = _choose(found, window.since, since)
    if first is None:
        raise Spent(given_up)
    misfit = next(call for call in begun if call.end == window.since and not found.has(first, call))
    chosen = list(dict.fromkeys([first, *of.values()]))
    return Longest(
        begun,
        misfit,
        window.calls,
        [[Step(*step) for step in found.steps(last)] for last in chosen],
        {call: chosen.index(last) for call, last in of.items()},
        since,
        _fitting(begun, misfit, out_of_budget),
        not given_up,
    )


def _choose(found: Orders, place: int, since: float) -> tuple[Last | None, dict[int, Last]]:
    """The one that has all before this place, and for each call one that has it."""
    by_size = sorted(found.lasts, key=lambda last: -last.node.size())
    first = next((last for last in by_size if last.stuck >= place), None)
    of: dict[int, Last] = {}
    if first is not None:
        by_size.sort(key=lambda last: (-last.node.size(), last is not first))
    late = [number for number, call in enumerate(found.known) if call.place() >= since]
    for last in by_size:
        calls = [found.known[number] for number in late if last.node.has(number)]
        calls += [call for number, call in enumerate(found.maybe) if last.node.used >> number & 1]
        for call in calls:
            of.setdefault(call.id, last)
        late = [number for number in late if found.known[number].id not in of]
    return first, of


def _fitting(calls: Sequence[Call], misfit: Call, out_of_budget: OutOfBudget) -> list[Any]:
    """Values that others wrote or saw, with which all calls until then would have an order."""
    place = misfit.place()
    known = until(calls, place)
    written = [None] + [value(call) for call in reversed(known) if call.end is not None and call is not misfit]
    candidates = {frozen(it): it for it in written}
    found = []
    with suppress(Spent):
        for it in list(candidates.values())[:_TRIED]:
            told = [replace(call, result=it) if call.id == misfit.id else call for call in known]
            if _has_order(told, out_of_budget):
                found.append(it)
    return found


def _has_order(calls: list[Call], out_of_budget: OutOfBudget) -> bool:
    proof = contradiction(calls, out_of_budget)
    if proof is not None:
        return not proof
    return Search(part_of(calls, out_of_budget), out_of_budget).run() is None
