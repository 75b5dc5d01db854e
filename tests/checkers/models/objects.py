"""Histories of one object that many clients share: simulated, so that an order explains them, and then mutated."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from checkers.calls import Call, Function
from checkers.history import Outcome

Apply = Callable[[Function, Any], Any]  # what a correct object answers, changing itself
Asked = tuple[Function, Any]


class Pending(NamedTuple):
    id: int
    process: str
    asked: Asked
    start: int


def never() -> None:
    """A budget without an end."""
    return


def simulated(draw: st.DrawFn, ask: st.SearchStrategy[Asked], apply: Apply, key: str | None = None) -> list[Call]:
    """Each call takes effect at one moment between its start and its end; one of unknown outcome at any, or never."""
    calls: list[Call] = []
    waiting: dict[int, Pending] = {}  # by client
    answered: dict[int, Any] = {}
    adrift: list[Pending] = []
    now = names = 0
    steps = draw(st.integers(0, 48))  # drawn by itself, since lists alone stay short
    for number, client in enumerate(draw(st.lists(st.integers(0, 3), min_size=steps, max_size=steps))):
        now += draw(st.integers(0, 2))
        if client == 3:
            if adrift:
                apply(*adrift.pop(draw(st.integers(0, len(adrift) - 1))).asked)
        elif client not in waiting:
            waiting[client] = Pending(number, f"c{client}.{names}", draw(ask), now)
        elif client in answered:
            calls.append(_returned(waiting.pop(client), key, answered.pop(client), now))
        else:
            fate = draw(st.sampled_from(["ok", "ok", "ok", "ok", "failed", "unknown"]))
            it = waiting[client]
            if fate == "ok":
                answered[client] = apply(*it.asked)
                continue
            if fate == "unknown":
                adrift.append(it)
                names += 1
            unended = fate == "unknown"
            outcome: Outcome = "unknown" if unended else "failed"
            function, value = it.asked
            calls.append(
                Call(it.id, it.process, function, key, value, None, outcome, it.start, None if unended else now)
            )
            del waiting[client]
    for client, it in waiting.items():
        if client in answered:
            now += 1
            calls.append(_returned(it, key, answered[client], now))
        else:
            function, value = it.asked
            calls.append(Call(it.id, it.process, function, key, value, None, "unknown", it.start, None))
    return calls


def _returned(it: Pending, key: str | None, result: Any, now: int) -> Call:
    function, value = it.asked
    return Call(it.id, it.process, function, key, value, result, "ok", it.start, now)


def mutated(draw: st.DrawFn, calls: list[Call], lie: Callable[[st.DrawFn, Call], Call]) -> list[Call]:
    """Some are told wrong, are lost, end at once, start later or lose their end."""
    calls = list(calls)
    for _ in range(draw(st.integers(0, 3)) if calls else 0):
        place = draw(st.integers(0, len(calls) - 1))
        call = calls[place]
        how = draw(st.sampled_from(["lie", "lie", "fail", "quick", "late", "unknown"]))
        if how == "lie":
            calls[place] = lie(draw, call)
        elif how == "fail":
            end = call.start if call.end is None else call.end
            calls[place] = msgspec.structs.replace(call, outcome="failed", result=None, end=end)
        elif how == "unknown":
            calls[place] = msgspec.structs.replace(call, outcome="unknown", result=None, end=None)
        elif call.end is not None:
            changes = {"end": call.start} if how == "quick" else {"start": call.end}
            calls[place] = msgspec.structs.replace(call, **changes)
    return calls


def loose(random: Random, ask: Callable[[Random], tuple[Function, Any, Any]], most: int = 7) -> list[Call]:
    """Calls at any places, told anything: few places and few calls, so that they touch. Thousands of them take less
    time than hundreds that Hypothesis draws, and corners need thousands."""
    calls: list[Call] = []
    for number in range(random.randrange(2, most + 1)):
        function, value, told = ask(random)
        start = random.randrange(most + 1)
        outcome: Outcome = random.choice(["ok", "ok", "ok", "ok", "ok", "unknown", "failed"])
        end = None if outcome == "unknown" else start + random.randrange(most // 2)
        result = told if outcome == "ok" else None
        calls.append(Call(number, f"c{number}", function, None, value, result, outcome, start, end))
    return calls


@st.composite
def renamed_and_shuffled(draw: st.DrawFn, calls: list[Call]) -> list[Call]:
    return [msgspec.structs.replace(call, process=f"other {call.process}") for call in draw(st.permutations(calls))]


def explained(calls: list[Call], state: Any, step: Callable[[Any, Call], tuple[bool, Any]]) -> bool:
    """Whether some order of all that returned, and of some of the rest, is one that a correct object goes through.
    By trying all of them: `step` says whether a call fits a state, and the state after it."""
    todo = frozenset(range(len(calls)))
    tried: set[tuple[frozenset[int], Any]] = set()
    stack = [(todo, state)]
    while stack:
        left, now = stack.pop()
        if all(calls[place].outcome != "ok" for place in left):
            return True
        if (left, now) in tried:
            continue
        tried.add((left, now))
        first_end = min((end for place in left if (end := calls[place].end) is not None), default=None)
        for place in left:
            if first_end is None or calls[place].start <= first_end:
                fits, after = step(now, calls[place])
                if fits:
                    stack.append((left - {place}, after))
    return False
