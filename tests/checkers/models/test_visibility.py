from collections.abc import Sequence
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.calls import Call
from checkers.history import Outcome
from checkers.models import visibility
from checkers.verdict import Verdict
from tests.checkers.models.weak_registers import never

Part = tuple[str, str, Any]  # function, key, value


def check(calls: Sequence[Call]) -> Verdict:
    return visibility.check(calls, never)


def txn(number: int, *parts: Part, outcome: Outcome = "ok", end: int | None = None) -> Call:
    """Of a process of its own. Each part is a read with what it returned, or a write; they end one after the other."""
    asked = [(function, key, None if function == "read" else value) for function, key, value in parts]
    told = list(parts) if outcome == "ok" else None
    last = None if outcome == "unknown" else end or 2 * number
    return Call(number, f"p{number}", "txn", None, asked, told, outcome, 2 * number - 1, last)


def r(key: str, value: Any) -> Part:
    return "read", key, value


def w(key: str, value: Any) -> Part:
    return "write", key, value


# The definition, by every order.


def lasting(call: Call) -> dict[str, Any]:
    return {key: value for function, key, value in call.value if function == "write"}


def outer_reads(call: Call) -> list[tuple[str, Any]]:
    reads: list[tuple[str, Any]] = []
    own: set[str] = set()
    for function, key, value in call.result if call.outcome == "ok" else []:
        if function == "write":
            own.add(key)
        elif key not in own:
            reads.append((key, value))
    return reads


def sources(call: Call, key: str, value: Any, calls: list[Call]) -> list[int]:
    """Places in the list; -1 is nothing before all."""
    some = [
        at for at, each in enumerate(calls)
        if each is not call and key in lasting(each) and lasting(each)[key] == value
        and (call.end is None or each.start <= call.end)
    ]  # fmt: skip
    return [*some, -1] if value is None else some


def atomic(calls: list[Call], taken: list[tuple[int, str, int]]) -> bool:
    """`taken`: who read which key from whom. In some order each comes after whom it read from, and from none it read
    what one of the others that it read from had overwritten by then."""
    for order in permutations(range(len(calls))):
        place = {-1: -1, **{number: at for at, number in enumerate(order)}}
        after = all(place[source] < place[reader] for reader, _, source in taken)
        whole = all(
            key not in lasting(calls[other]) or place[other] <= place[source]
            for reader, key, source in taken
            for second, _, other in taken
            if second == reader and other >= 0
        )
        if after and whole:
            return True
    return False


def allowed(calls: list[Call]) -> set[str]:
    happened = [call for call in calls if call.outcome != "failed"]
    reads = [(at, key, value) for at, call in enumerate(happened) for key, value in outer_reads(call)]
    choices = [sources(happened[at], key, value, happened) for at, key, value in reads]
    if not all(choices):
        return {"violated"}
    sure = [(at, key, some[0]) for (at, key, _), some in zip(reads, choices, strict=True) if len(some) == 1]
    if not atomic(happened, sure):
        return {"violated"}
    return {"holds"} if len(sure) == len(reads) else {"unknown"}


@st.composite
def histories(draw: st.DrawFn) -> list[Call]:
    values = iter(range(1, 100))
    calls: list[Call] = []
    unique = draw(st.integers(0, 3))
    for number in range(1, draw(st.integers(1, 5)) + 1):
        parts: list[Part] = []
        for _ in range(draw(st.integers(1, 4))):
            key = draw(st.sampled_from("xy"))
            if draw(st.booleans()):
                parts.append(w(key, next(values) if unique else draw(st.sampled_from([1, 2, None]))))
            else:
                seen = [value for call in calls for _, other, value in call.value if other == key and value]
                parts.append(r(key, draw(st.sampled_from([None, *seen, *seen, *seen]))))
        outcome: Outcome = draw(st.sampled_from(["ok", "ok", "ok", "ok", "ok", "unknown", "failed"]))
        calls.append(txn(number, *parts, outcome=outcome, end=draw(st.sampled_from([None, 20]))))
    return calls


@settings(max_examples=125, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_a_history_agrees_with_the_definition(calls: list[Call]) -> None:
    verdict = check(calls)
    assert verdict.outcome in allowed(calls), verdict
    for wrong in verdict.violations:
        assert wrong.events == sorted(set(wrong.events)) != []
        assert set(wrong.events) <= {call.place() for call in calls}


def told(*calls: Call) -> list[int]:
    verdict = check(calls)
    assert verdict.outcome == "violated", verdict
    assert verdict.violations[0].rule == "what a transaction has written is seen as a whole or not at all"
    return verdict.violations[0].events


def test_half_of_a_transaction_and_half_of_another() -> None:
    one, two = txn(1, w("x", 1), w("y", 1)), txn(2, w("x", 2), w("y", 2))
    assert check([one, two, txn(3, r("x", 2), r("y", 2))]).outcome == "holds"
    assert told(one, two, txn(3, r("x", 1), r("y", 2))) == [2, 4, 6]
    assert told(one, txn(2, r("x", 1), r("y", None))) == [2, 4]
    assert check([one, txn(2, r("x", 1), r("y", None))]).reason == (
        "no order shows each transaction as a whole: p1 write x 1, write y 1 (1..2); p2 read x 1, read y null (3..4)"
    )


def test_what_was_written_by_itself_may_be_seen_beside() -> None:
    one, two, three = txn(1, w("x", 1), w("y", 1)), txn(2, w("y", 2)), txn(3, r("x", 1), r("y", 2))
    verdict = check([one, two, three])
    assert (verdict.outcome, verdict.checked) == ("holds", 2)


def test_one_that_reads_and_then_writes_comes_after_what_it_read() -> None:
    """That by itself says which of the two was overwritten."""
    one, two = txn(1, w("x", 1)), txn(2, r("x", 1), w("x", 2), w("y", 2))
    assert told(one, two, txn(3, r("y", 2), r("x", 1))) == [2, 4, 6]


def test_only_the_last_write_of_a_key_can_be_seen() -> None:
    one = txn(1, w("x", 1), w("x", 2))
    assert check([one, txn(2, r("x", 2))]).outcome == "holds"
    verdict = check([one, txn(2, r("x", 1))])
    assert verdict.violations[0].rule == "what is read is what a transaction has left"
    assert verdict.reason == "key x: p2 read x 1 (3..4), and nobody had left 1 there"


def test_one_key_read_twice_in_a_transaction() -> None:
    one, two = txn(1, w("x", 1)), txn(2, w("x", 2))
    assert told(one, two, txn(3, r("x", 1), r("x", 2))) == [2, 4, 6]


def test_what_it_wrote_itself_is_its_own_affair() -> None:
    assert check([txn(1, w("x", 1), r("x", 1), r("x", 7))]).outcome == "holds"


def test_one_of_unknown_outcome_is_seen_as_a_whole_and_one_that_failed_is_not_seen() -> None:
    unknown = txn(1, w("x", 1), w("y", 1), outcome="unknown")
    assert told(unknown, txn(2, r("x", 1), r("y", None))) == [1, 4]
    assert check([unknown, txn(2, r("x", 1), r("y", 1))]).outcome == "holds"
    assert check([unknown, txn(2, r("x", None), r("y", None))]).outcome == "holds"
    failed = txn(1, w("x", 1), outcome="failed")
    assert check([failed, txn(2, r("x", 1))]).outcome == "violated"


def test_single_calls_are_transactions_too() -> None:
    both = txn(2, r("x", 1), w("x", 2), w("y", 2))
    write = Call(1, "a", "write", "x", 1, None, "ok", 1, 2)
    cas = Call(3, "a", "cas", "x", (2, 3), None, "ok", 5, 6)
    assert check([write, both, cas, txn(4, r("x", 3), r("y", 2))]).outcome == "holds"
    assert told(write, both, cas, txn(4, r("x", 1), r("y", 2))) == [2, 4, 8]
    assert told(both, cas, write, txn(4, r("x", 3), r("y", 2)), txn(5, r("x", 2), r("x", 3))) == [4, 6, 10]


def test_what_several_wrote_is_not_decided() -> None:
    verdict = check([txn(1, w("x", 1)), txn(2, w("x", 1)), txn(3, r("x", 1))])
    assert verdict.outcome == "unknown"
    assert "may be from several transactions" in verdict.reason


def test_a_budget_that_is_spent_ends_it() -> None:
    calls = [txn(1, w("x", 1)), txn(2, r("x", 1))]
    assert visibility.check(calls, lambda: "no time is left").reason == "no time is left"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=histories(), data=st.data())
def test_names_and_places_in_the_file_do_not_matter(calls: list[Call], data: st.DataObject) -> None:
    other = [replace(call, process=f"q{call.id}") for call in data.draw(st.permutations(calls))]
    one, two = check(calls), check(other)
    assert (one.outcome, one.checked) == (two.outcome, two.checked)
    assert [wrong.events for wrong in one.violations] == [wrong.events for wrong in two.violations]
