"""Textbook cases, with the calls that cannot be ordered; and what happens where the budget ends."""

from itertools import count, permutations
from random import Random
from typing import Any

import pytest

from checkers.calls import Call, in_order
from checkers.history import OddHistory, Version
from checkers.models.linearizable import check
from checkers.models.table import MODELS
from checkers.verdict import Verdict


def _for_ever() -> str | None:
    return None


def _call(text: str, start: int, end: int | None, *, key: str | None = "k", version: Version | None = None) -> Call:
    """As "p read 1", "p write 1", "p cas 1 2", "p delete"; without an end its outcome is not known."""
    process, function, *values = text.split()
    known: list[Any] = [None if value == "-" else int(value) for value in values]
    value = tuple(known) if function == "cas" else known[0] if function == "write" else None
    result = known[0] if function == "read" and end is not None else None
    outcome = "unknown" if end is None else "ok"
    return Call(start * 100 + len(text), process, function, key, value, result, outcome, start, end, version)  # type: ignore[arg-type]


def _txn(process: str, start: int, end: int | None, *parts: tuple[str, str, Any]) -> Call:
    known = end is not None
    asked = [(function, key, None if function == "read" else value) for function, key, value in parts]
    result = list(parts) if known else None
    return Call(start, process, "txn", None, asked, result, "ok" if known else "unknown", start, end)


def _judged(*calls: Call) -> Verdict:
    return check(in_order(calls), _for_ever)


def _named(*calls: Call) -> list[int]:
    """The events of the one violation that there is."""
    verdict = _judged(*calls)
    assert verdict.outcome == "violated"
    assert len(verdict.violations) == 1
    return verdict.violations[0].events


def test_a_stale_read_is_named_with_the_write_that_it_missed() -> None:
    calls = [
        _call("a write 1", 1, 2),
        _call("b read 1", 3, 4),
        _call("a write 2", 5, 6),
        _call("b read 1", 7, 8),
        _call("b read 2", 9, 10),
    ]
    verdict = _judged(*calls)
    assert verdict.checked == 5
    assert verdict.violations[0].key == "k"
    assert verdict.violations[0].events == [2, 6, 8]
    assert verdict.reason == (
        "key k: a write 1 (1..2), a write 2 (5..6) and b read → 1 (7..8) cannot be put in one order;"
        " all that returned before 8 can"
    )


def test_calls_that_touch_at_an_end_are_concurrent() -> None:
    assert _judged(_call("a write 1", 1, 2), _call("b read -", 2, 3)).outcome == "holds"
    assert _named(_call("a write 1", 1, 2), _call("b read -", 3, 4)) == [2, 4]


def test_a_read_of_what_nobody_wrote_stands_alone() -> None:
    assert _named(_call("a write 1", 1, 2), _call("b read 7", 3, 4), _call("c read 1", 5, 6)) == [4]
    assert _named(_call("b read 1", 1, 2), _call("a write 1", 3, 4)) == [2]  # not yet
    assert _named(_call("b read 1", 1, 2), _call("a cas 2 1", 3, 4), _call("a write 2", 1, 2)) == [2]


def test_two_reads_see_two_writes_in_opposite_orders() -> None:
    writes = [_call("a write 1", 1, 20), _call("b write 2", 2, 20)]
    reads = [_call("c read 1", 3, 4), _call("c read 2", 5, 6), _call("d read 1", 7, 8)]
    assert _judged(*writes, *reads[:2]).outcome == "holds"
    assert _named(*writes, *reads) == [4, 6, 8, 20]


def test_an_update_is_lost() -> None:
    """Both found 1, one after the other."""
    first = _call("a write 1", 1, 2)
    assert _judged(first, _call("a cas 1 2", 3, 6), _call("b read 2", 7, 8)).outcome == "holds"
    assert _named(first, _call("a cas 1 2", 3, 6), _call("b cas 1 3", 4, 5)) == [5, 6]


def test_a_cas_succeeds_that_should_not() -> None:
    assert _named(_call("a write 1", 1, 2), _call("b cas 2 3", 3, 4), _call("c write 2", 5, 6)) == [4]
    assert _named(_call("c write 2", 1, 2), _call("a write 1", 3, 4), _call("b cas 2 3", 5, 6)) == [4, 6]


def test_a_cas_that_failed_says_nothing() -> None:
    failed = Call(9, "b", "cas", "k", (1, 2), None, "failed", 3, 4)
    assert _judged(_call("a write 1", 1, 2), failed, _call("c read 1", 5, 6)).outcome == "holds"
    assert _named(_call("a write 1", 1, 2), failed, _call("c read 2", 5, 6)) == [6]
    assert _judged(_call("a write 1", 1, 2), failed).checked == 1


def test_a_write_of_unknown_outcome_may_be_seen_much_later() -> None:
    pending = [_call("a write 1", 1, 2), _call("b write 2", 3, None), _call("c read 1", 4, 5)]
    assert _judged(*pending).outcome == "holds"
    assert _judged(*pending, _call("c read 2", 100, 101)).outcome == "holds"
    assert _judged(*pending, _call("c read 2", 100, 101), _call("c read 2", 102, 103)).outcome == "holds"


def test_a_write_of_unknown_outcome_that_was_seen_stays() -> None:
    pending = [_call("a write 1", 1, 2), _call("b write 2", 3, None)]
    seen = [_call("c read 2", 4, 5), _call("c read 1", 6, 7)]
    assert _named(*pending, *seen) == [2, 3, 5, 7]


def test_a_cas_of_unknown_outcome_takes_effect_once() -> None:
    pending = [_call("a cas 1 2", 1, None), _call("b write 1", 2, 3), _call("b read 2", 4, 5), _call("b write 1", 6, 7)]
    assert _judged(*pending, _call("c read 1", 8, 9)).outcome == "holds"
    assert _named(*pending, _call("c read 2", 8, 9)) == [1, 3, 5, 7, 9]


def test_what_was_deleted_may_not_come_back() -> None:
    calls = [_call("a write 1", 1, 2), _call("a delete", 3, 4), _call("b read -", 5, 6)]
    assert _judged(*calls).outcome == "holds"
    verdict = _judged(*calls, _call("b read 1", 7, 8))
    assert verdict.violations[0].events == [6, 8]
    assert "whatever was there before" in verdict.reason


def test_versions_decide_nothing_that_values_do_not() -> None:
    """The read names a delete that had not begun; the other one will do."""
    one, other = Version(1, "A"), Version(2, "A")
    calls = [
        _call("a delete", 1, 2, version=one),
        _call("b read -", 3, 4, version=other),
        _call("a write 1", 5, 6),
        _call("a delete", 7, 8, version=other),
        _call("b read -", 9, 10, version=one),
    ]
    assert _judged(*calls).outcome == "holds"
    assert _named(*calls, _call("c read 1", 11, 12, version=one))[-1] == 12


def test_keys_are_judged_apart_and_each_that_is_broken_is_named() -> None:
    calls = [
        Call(number, "a", function, key, value, result, "ok", number * 2, number * 2 + 1)  # type: ignore[arg-type]
        for number, (function, key, value, result) in enumerate(
            [
                ("write", "x", 1, None),
                ("write", "y", 1, None),
                ("read", "y", None, 7),
                ("read", "x", None, None),
                ("write", None, 1, None),
                ("read", None, None, 1),
            ]
        )
    ]
    verdict = _judged(*calls)
    assert [(each.key, each.events) for each in verdict.violations] == [("y", [5]), ("x", [1, 7])]


def test_values_are_equal_by_what_is_in_them() -> None:
    def twice(written: Any, read: Any) -> str:
        return _judged(
            Call(1, "a", "write", "k", written, None, "ok", 1, 2), Call(2, "a", "read", "k", None, read, "ok", 3, 4)
        ).outcome

    assert twice([1, {"a": [2]}], [1, {"a": [2]}]) == "holds"
    assert twice([1, {"a": [2]}], [1, {"a": [3]}]) == "violated"
    assert twice(1, True) == twice("1", 1) == "violated"  # noqa: FBT003 - a value that was read


def test_a_txn_is_atomic() -> None:
    write = _txn("a", 1, 10, ("write", "x", 1), ("write", "y", 1))
    assert _judged(write, _txn("b", 2, 3, ("read", "x", 1), ("read", "y", 1))).outcome == "holds"
    assert _named(write, _txn("b", 2, 3, ("read", "x", 1), ("read", "y", None))) == [3, 10]


def test_writes_skewed_by_two_txns_have_no_order() -> None:
    one = _txn("a", 1, 4, ("read", "x", None), ("write", "y", 1))
    other = _txn("b", 2, 5, ("read", "y", None), ("write", "x", 1))
    verdict = _judged(one, other)
    assert verdict.violations[0].key == "x, y"
    assert verdict.violations[0].events == [4, 5]
    assert 'a txn [["read","x",null]' in verdict.reason


def test_a_txn_sees_its_own_writes() -> None:
    assert _judged(_txn("a", 1, 2, ("write", "x", 1), ("read", "x", 1), ("delete", "x", None))).outcome == "holds"
    assert _named(_txn("a", 1, 2, ("write", "x", 1), ("read", "x", None))) == [2]
    assert _named(_txn("a", 1, 2, ("read", "x", None), ("cas", "x", (1, 2)))) == [2]


def test_a_txn_of_unknown_outcome_is_whole_or_nothing() -> None:
    pending = _txn("a", 1, None, ("write", "x", 1), ("write", "y", 1))
    assert _judged(pending, _txn("b", 2, 3, ("read", "x", None), ("read", "y", None))).outcome == "holds"
    assert _judged(pending, _txn("b", 2, 3, ("read", "x", 1), ("read", "y", 1))).outcome == "holds"
    assert _named(pending, _txn("b", 2, 3, ("read", "x", 1), ("read", "y", None))) == [1, 3]


def test_a_txn_without_its_reads_cannot_be_judged() -> None:
    with pytest.raises(OddHistory, match="operation 1 is a txn of 1 with another result"):
        _judged(Call(1, "a", "txn", None, [("read", "x", None)], None, "ok", 1, 2))


def test_no_calls_are_no_proof() -> None:
    verdict = _judged()
    assert (verdict.outcome, verdict.checked) == ("holds", 0)


def _hard() -> list[Call]:
    """One cas of unknown outcome from each of 6 values to each other, and reads that ask for paths among them."""
    random, numbers = Random("hard"), count(1)
    calls = [Call(0, "w", "write", "k", 0, None, "ok", 0, 1)]
    for pair in permutations(range(6), 2):
        number = next(numbers)
        calls.append(Call(number, f"p{number}", "cas", "k", pair, None, "unknown", 2, None))
    for at in range(10, 70, 2):
        value = (calls[-1].result + random.choice(range(1, 6))) % 6 if calls[-1].result is not None else 0
        calls.append(Call(next(numbers), "r", "read", "k", None, value, "ok", at, at + 1))
    return calls


def test_a_budget_that_is_spent_gives_unknown_and_says_how_far_it_came() -> None:
    easy = Call(1000, "q", "write", "l", 1, None, "ok", 1, 2)
    asked = count()
    verdict = check([easy, *_hard()], lambda: "30 s are over" if next(asked) > 8 else None)
    assert (verdict.outcome, verdict.reason) == ("unknown", "30 s are over, with 1 of 2 keys decided")


def test_a_violation_outweighs_a_budget_that_is_spent_and_claims_no_more_than_is_known() -> None:
    calls = [
        *(_call(f"a write {number % 3}", number * 2, number * 2 + 1) for number in range(1, 12)),
        _call("b read 0", 40, 41),
        _call("b read 1", 42, 43),
    ]
    reasons = set()
    for most in range(40):
        left = iter(range(most))
        verdict = check(calls, lambda left=left: None if next(left, None) is not None else "spent")  # type: ignore[misc]
        assert verdict.outcome in ("unknown", "violated")
        reasons.add(verdict.reason.partition(" cannot be put in one order")[2] or verdict.reason)
    assert "spent, with 0 of 1 keys decided" in reasons
    assert {reason.rpartition("; ")[2] for reason in reasons if "returned" in reason} == {
        "all that returned before 41 can"
    }
    assert "" in {reason.partition(", whatever")[0].partition(";")[0] for reason in reasons}


@pytest.mark.parametrize("functions", [("read", "write"), ("read", "write", "delete"), ("read", "write", "cas")])
def test_a_long_valid_history_of_fifty_clients_is_decided(functions: tuple[str, ...]) -> None:
    random = Random("fifty")
    state: Any = None
    calls: list[Call] = []
    free = [0] * 50
    for point in range(10, 200_010, 10):
        number = len(calls)
        client = min(range(50), key=lambda each: free[each])
        function = random.choice(functions)
        value: Any = None
        if function == "write":
            value = number % 5 if "cas" in functions else number
        elif function == "cas":
            value = (number % 5, number % 3)
        start, end = max(free[client], point - random.randrange(400)), point + random.randrange(400)
        outcome, result = "ok", state if function == "read" else None
        if start > point or (function == "cas" and state != value[0]):
            outcome, result = "failed", None
        elif function != "read":
            state = value[1] if function == "cas" else value
        free[client] = end + 1
        calls.append(Call(number, f"c{client}", function, "k", value, result, outcome, start, max(start, end)))  # type: ignore[arg-type]
    verdict = check(in_order(calls), _for_ever)
    assert verdict.outcome == "holds"
    assert verdict.checked > 10_000


def test_the_models_of_registers_know_their_functions() -> None:
    assert MODELS["register"].functions == ("read", "write", "delete")
    assert "cas" in MODELS["cas-register"].functions
    assert "txn" in MODELS["multi-register"].functions
    assert all("linearizability" in MODELS[name].checks for name in ("register", "cas-register", "multi-register"))
