"""Calls of registers as steps: what each needs to be there, and what it puts there instead.

A key with one of its values is a *content*, as a number; a state is the set of the contents of all keys. So a read
needs and gives nothing, a write gives and needs nothing, a delete writes None, and a cas and a txn do both.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from checkers.calls import Call, OutOfBudget
from checkers.history import OddHistory

Contents = frozenset[int]
Act = tuple[str, str | None, Any]  # function, key, value

_Item = TypeVar("_Item")

_NOWHERE = object()  # a value that no key ever has
ANYTHING = object()  # what a key has of which nobody knows what it has
_PLAIN = (str, int, float, type(None))


class Spent(Exception):
    """The time or the memory that was given is used up; its text says which."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One without an end is taken at any place from its start on, or never."""

    call: Call | None  # None: no call, but what may have been there at first
    start: int
    end: int | None
    needs: Contents
    gives: Contents


class Numbers:
    """Numbers for contents, and the key of each."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []
        self._numbers: dict[tuple[str | None, Any], int] = {}

    def of(self, key: str | None, value: Any) -> int:
        content = (key, frozen(value))
        if content not in self._numbers:
            self._numbers[content] = len(self.keys)
            self.keys.append(key)
        return self._numbers[content]

    @property
    def nowhere(self) -> Contents:
        """What can never be there."""
        return frozenset(number for (_, value), number in self._numbers.items() if value is _NOWHERE)


class Part(NamedTuple):
    """Calls that share keys with each other and with no others."""

    steps: list[Step]
    initial: Contents
    numbers: Numbers


def frozen(value: Any) -> Any:
    """Values as they are compared: true is not 1, and lists are equal by what is in them."""
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, list | tuple):
        return list, tuple(frozen(each) for each in value)
    if isinstance(value, dict):
        return dict, frozenset((key, frozen(each)) for key, each in value.items())
    if isinstance(value, set | frozenset):
        return set, frozenset(frozen(each) for each in value)
    return value


def apart(calls: Iterable[Call], out_of_budget: OutOfBudget) -> list[list[Call]]:
    """Those that may have taken effect, by keys that no call touches together; the smallest first."""
    keyed: dict[str | None, list[Call]] = defaultdict(list)
    joined: list[Call] = []
    for call in paced(calls, out_of_budget):
        if call.outcome == "failed":
            continue
        if call.function == "txn":
            joined.append(call)
        else:
            keyed[call.key].append(call)
    leaders: dict[str | None, str | None] = {}

    def leader(key: str | None) -> str | None:
        while (above := leaders.setdefault(key, key)) != key:
            leaders[key] = leaders[above]
            key = above
        return key

    for call in joined:
        first, *others = [key for _, key, _ in acts(call)] or [None]
        for other in others:
            leaders[leader(other)] = leader(first)
    parts: dict[str | None, list[Call]] = defaultdict(list)
    for key, each in keyed.items():
        parts[leader(key)] += each
    for call in joined:
        for _, key, _ in acts(call)[:1]:
            parts[leader(key)].append(call)
    return sorted(parts.values(), key=lambda part: (len(part), [str(key) for key in keys_of(part[0])]))


def keys_of(call: Call) -> list[str | None]:
    return sorted({key for _, key, _ in acts(call)}, key=str)


def acts(call: Call) -> Sequence[Act]:
    """With what was read, where it is known; the others are as they were asked."""
    if call.function != "txn":
        return [(call.function, call.key, call.result if call.function == "read" else call.value)]
    if call.outcome != "ok":
        return [(each[0], each[1], each[2]) for each in call.value]
    if not isinstance(call.result, list | tuple) or len(call.result) != len(call.value):
        raise OddHistory(f"operation {call.id} is a txn of {len(call.value)} with another result: record each of them")
    return [(each[0], each[1], each[2]) for each in call.result]


def part_of(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Part:
    numbers = Numbers()
    keys = {key for call in calls for _, key, _ in acts(call)}
    initial = frozenset(numbers.of(key, None) for key in sorted(keys, key=str))
    steps = [_step(call, numbers) for call in paced(calls, out_of_budget)]
    return Part(without_idle(steps), initial, numbers)


def without_idle(steps: list[Step]) -> list[Step]:
    """Leaves out what any order has room for: calls that may never have taken effect and put nothing there that
    another needs, and those that neither need nor give. Where some order has them, it is one without them too."""
    while True:
        users: dict[int, list[Step]] = defaultdict(list)
        for step in steps:
            for content in step.needs:
                users[content].append(step)
        kept = [step for step in steps if not _is_idle(step, users)]
        if len(kept) == len(steps):
            return steps
        steps = kept


def _is_idle(step: Step, users: dict[int, list[Step]]) -> bool:
    if step.end is not None:
        return not step.needs and not step.gives
    served = (user for content in step.gives for user in users.get(content, ()))
    return not any(user is not step and (user.end is None or step.start <= user.end) for user in served)


def unfounded(part: Part) -> Step | None:
    """The first to end of those that need what nobody could have put there by then."""
    earliest: dict[int, int] = {}
    for step in part.steps:
        for content in step.gives:
            earliest[content] = min(step.start, earliest.get(content, step.start))
    lacking = [
        (step.end, step.start, number)
        for number, step in enumerate(part.steps)
        if step.end is not None
        and any(c not in part.initial and earliest.get(c, step.end + 1) > step.end for c in step.needs)
    ]
    return part.steps[min(lacking)[2]] if lacking else None


def paced(items: Iterable[_Item], out_of_budget: OutOfBudget) -> Iterator[_Item]:
    for number, item in enumerate(items, 1):
        if not number & 0x3FFF:
            spend(out_of_budget)
        yield item


def spend(out_of_budget: OutOfBudget) -> None:
    reason = out_of_budget()
    if reason:
        raise Spent(reason)


def _step(call: Call, numbers: Numbers) -> Step:
    needs: dict[str | None, Any] = {}
    own: dict[str | None, Any] = {}
    for function, key, before, after in _deeds(call):
        if function != "write":
            found = own.get(key, _NOWHERE) if key in own else needs.setdefault(key, before)
            if found is not before and frozen(found) != frozen(before):
                needs[key] = _NOWHERE  # it saw another value than the one that it put or saw there itself
        if function != "read":
            own[key] = after
    needed = frozenset(numbers.of(key, value) for key, value in needs.items())
    given = frozenset(numbers.of(key, value) for key, value in own.items())
    return Step(call, call.start, call.end, needed, given - needed)


def _deeds(call: Call) -> Iterator[tuple[str, str | None, Any, Any]]:
    """Each as a read, a write or a cas, with the value before and the value after."""
    for function, key, value in acts(call):
        if function == "read":
            if call.outcome == "ok":
                yield "read", key, value, None
        elif function == "cas":
            yield "cas", key, value[0], value[1]
        elif function in ("write", "delete"):
            yield "write", key, None, value if function == "write" else None
        else:
            raise OddHistory(f"operation {call.id} is no operation of a register: {function}")
