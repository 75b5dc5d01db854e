"""Verdicts, prefixes and windows against the definition, which tries every order."""

from collections.abc import Sequence
from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call, effective, in_order
from checkers.models.linearizable import check, smallest_window
from checkers.models.search import Search
from checkers.models.smallest import Window, by_search
from checkers.models.steps import apart, keys_of, part_of
from checkers.models.zones import contradiction
from tests.checkers.models.every_order import has_order, multi_registers, prefix, registers

_OF_OWN_VALUES = st.one_of(
    registers(("read", "write"), unique=True),
    registers(("read", "read", "write", "delete"), unique=True),
)
_REGISTERS = st.one_of(
    _OF_OWN_VALUES,
    registers(("read", "write")),
    registers(("read", "write", "delete")),
    registers(("read", "write", "cas", "cas", "delete")),
)


def _for_ever() -> str | None:
    return None


def _holds(calls: Sequence[Call]) -> bool:
    return {"holds": True, "violated": False}[check(in_order(calls), _for_ever).outcome]


@settings(max_examples=300, deadline=None)
@given(_REGISTERS)
def test_registers_are_judged_as_the_definition_has_it(calls: list[Call]) -> None:
    assert _holds(calls) == has_order(calls)


@settings(max_examples=250, deadline=None)
@given(multi_registers())
def test_multi_registers_are_judged_as_the_definition_has_it(calls: list[Call]) -> None:
    assert _holds(calls) == has_order(calls)


@settings(max_examples=150, deadline=None)
@given(_OF_OWN_VALUES)
def test_zones_and_the_search_agree_with_the_definition(calls: list[Call]) -> None:
    mine = effective(calls)
    ordered = has_order(mine)
    assert (Search(part_of(mine, _for_ever), _for_ever).run() is None) == ordered
    proof = contradiction(mine, _for_ever)
    if proof is not None:  # where reads of nothing may be of several deletes it may not know
        assert (proof == []) == ordered
    if proof:
        assert not has_order(proof)
    if all(call.function != "delete" for call in calls):
        assert proof is not None


@settings(max_examples=250, deadline=None)
@given(st.one_of(_REGISTERS, multi_registers()))
def test_a_window_is_a_proof_by_itself_and_names_the_longest_prefix(calls: list[Call]) -> None:
    for part in apart(calls, _for_ever):
        window = smallest_window(in_order(part), _for_ever)
        stuck = Search(part_of(part, _for_ever), _for_ever).run()
        assert (window is None) == (stuck is None) == has_order(part)
        if window is not None and stuck is not None:
            ends = sorted({call.end for call in part if call.end is not None})
            first = next(end for end in ends if not has_order(prefix(part, end)))
            for each in (window, by_search(in_order(part), stuck, _for_ever)):
                assert each.since == first
                assert all(call in part for call in each.calls)
                assert not any(has_order(before) for before in _before(each))
                assert each.whatever or not any(_is_needless(call, each) for call in each.calls)


def _before(window: Window) -> list[list[Call]]:
    """The calls of the window after all that may have been there before, where it says that it does not matter."""
    assert window.since is not None
    calls = prefix(window.calls, window.since)
    if not window.whatever:
        return [calls]
    touched = {key for call in calls for key in keys_of(call)}
    keys = sorted(touched, key=str)
    values = [None, 0, 1, 2, 3, 4, 5, 6, "another"]
    first = Call(-1, "before", "txn", None, None, None, "ok", -2, -1)
    return [
        [replace(first, value=txn, result=txn), *calls]
        for several in product(values if len(keys) == 1 else values[:4], repeat=len(keys))
        for txn in [[("write", key, value) for key, value in zip(keys, several, strict=True)]]
    ]


def _is_needless(call: Call, window: Window) -> bool:
    """A read that could be left out: then the window is not the smallest."""
    rest = [each for each in window.calls if each is not call]
    return call.function == "read" and not any(has_order(before) for before in _before(window._replace(calls=rest)))


@settings(max_examples=100, deadline=None)
@given(st.one_of(_REGISTERS, multi_registers()), st.randoms(use_true_random=False))
def test_neither_the_order_in_the_file_nor_the_names_matter(calls: list[Call], random: Random) -> None:
    shuffled = [replace(call, process=f"another {call.process}") for call in calls]
    random.shuffle(shuffled)
    known, again = check(in_order(calls), _for_ever), check(in_order(shuffled), _for_ever)
    loose = check(shuffled, _for_ever)
    assert known.outcome == again.outcome == loose.outcome
    assert [(each.key, each.events) for each in known.violations] == [
        (each.key, each.events) for each in again.violations
    ]
