"""What the page says of linearizability: its orders are followed step by step, with the recorded history alone."""

from itertools import pairwise
from typing import Any

import pytest

from checkers.calls import Call, calls_of
from checkers.history import Invoke, Return
from checkers.models.steps import Spent
from harness.promises import MATRIX
from harness.report.runpage import order
from harness.report.runpage.subject import Subject
from tests.checkers.models.every_order import has_order, prefix
from tests.harness.report.runpage import order_cases

RED = [flaw for cell in MATRIX if cell.property == "linearizability" for flaw in cell.flaws]


def follow(subject: Subject, key: dict[str, Any], steps: list[tuple[int, str, int]]) -> list[int]:
    """The operations of an order in which none is missing. Each took effect after all that returned before it was asked
    for, and read what was there."""
    asked = {event.op: event for event in subject.facts.events if isinstance(event, Invoke)}
    backs = {event.op: event for event in subject.facts.events if isinstance(event, Return) and event.outcome == "ok"}
    ops: list[int] = []
    held = "nothing"
    for place, after, count in steps:
        assert count == 1
        op = key["calls"][place]["op"]
        early = {other for other, back in backs.items() if back.seq < asked[op].seq and asked[other].key == key["key"]}
        assert early <= set(ops)
        assert op not in ops
        ops.append(op)
        if asked[op].kind == "get":
            assert (f'"{backs[op].value}"' if backs[op].value is not None else "nothing") == held
        else:
            held = f'"{asked[op].value}"' if asked[op].kind == "put" else "nothing"
        assert after == held
    return ops


@pytest.mark.parametrize("flaw", RED)
def test_a_flaw_that_breaks_it_gives_an_order_and_what_does_not_fit(flaw: str) -> None:
    it = order_cases.performed(flaw)
    told = order.section(it)
    assert told["said"].startswith("Promised, and broken on 1 of 1 key:")
    [key] = told["keys"]
    ops = follow(it, key, key["orders"][0])
    misfit = key["calls"][key["misfit"]]
    calls = calls_of(it.facts)
    stuck = next(each for each in sorted(calls, key=Call.place) if each.end and not has_order(prefix(calls, each.end)))
    assert misfit["op"] == stuck.id
    assert set(ops) == {call.id for call in calls if call.start < stuck.place()} - {stuck.id}
    assert misfit["value"] == '"w1"'
    assert key["orders"][0][-1][1] == '"w2"'
    assert key["why"][:2] == [
        f'op {misfit["op"]} saw "w1", and fits into no order of all that returned before it.',
        'In each of them it would have found "w2".',
    ]


def test_each_operation_has_the_longest_order_that_it_is_in() -> None:
    it = order_cases.torn()
    first, second = order.section(it)["keys"]
    assert [first["key"], second["key"]] == ["k", "k2"]
    a, b, read_a, read_b, late_a, late_b = (call["op"] for call in second["calls"])
    orders = [follow(it, second, steps) for steps in second["orders"]]
    assert orders == [[a, read_a, b, read_b, late_b], [b, read_b, a, read_a, late_a]]
    assert second["of"] == [0, 0, 0, 0, 1, 0]
    assert second["calls"][second["misfit"]]["op"] == late_a
    assert second["why"] == [
        f'op {late_a} saw "a", and fits into no order of all that returned before it.',
        'In each of them it would have found "b".',
        f"The longest order that has it does without op {late_b}, though that returned earlier.",
    ]


def test_what_is_not_drawn_of_a_long_key_is_counted_in_its_orders() -> None:
    [key] = order.section(order_cases.long())["keys"]
    steps = key["orders"][0]
    drawn = [key["calls"][place] for place, _, _ in steps if place != order.NONE]
    reads = sum(call["kind"] == "get" and call["value"] == '"new"' for call in drawn)
    assert reads + 2 == order.SHOWN - 1  # beside a delete, another read, and the misfit
    assert [(held, count) for place, held, count in steps if place == order.NONE] == [('"new"', 50 - reads)]
    assert [call["value"] for call in drawn if call["kind"] == "put"] == ['"old"', '"new"', '"unheard"']
    assert [held for _, held, _ in steps if held != '"new"'] == ['"old"', "nothing", '"unheard"', '"unheard"']
    assert key["calls"][key["misfit"]]["value"] == '"old"'
    assert key["why"][1] == 'In each of them it would have found nothing or "unheard".'


def test_a_row_is_one_clients_and_its_operations_do_not_overlap() -> None:
    [key] = order.section(order_cases.long())["keys"]
    assert key["rows"] == ["c1", "c2", "c3", "c4", "c5", "c10"]
    for row, client in enumerate(key["rows"]):
        mine = [call for call in key["calls"] if call["row"] == row]
        assert all(call["by"].startswith(f"{client} ") for call in mine)
        assert all(one["until"] < other["from"] for one, other in pairwise(mine))


def test_what_a_client_never_heard_of_has_a_row_of_its_own_beside_what_it_did_later() -> None:
    calls: list[order_cases.Told] = [
        (1, None, "c1", "put", "a"),
        (2, 3, "c1", "get", "a"),
        (4, 5, "c1", "get", None),
    ]
    [key] = order.section(order_cases.drawn_up({"k": calls}))["keys"]
    assert key["rows"] == ["c1", "c1"]
    assert [call["row"] for call in key["calls"]] == [0, 1, 1]


def test_more_keys_than_are_drawn_are_named() -> None:
    stale: list[order_cases.Told] = [(1, 2, "c1", "put", "a"), (3, 4, "c1", "get", None)]
    told = order.section(order_cases.drawn_up({f"k{number:02}": list(stale) for number in range(order.KEYS_MAX + 2)}))
    assert len(told["keys"]) == order.KEYS_MAX
    assert told["more"] == ["k08", "k09"]


def test_where_all_fits_or_nothing_is_known_one_line_says_so() -> None:
    fine: dict[str, list[order_cases.Told]] = {"k": [(1, 2, "c1", "put", "a"), (3, 4, "c1", "get", "a")]}
    assert order.section(order_cases.drawn_up(fine)) == {
        "said": "On every key the operations have an order: 2 that may have taken effect were ordered.",
        "keys": [],
        "more": [],
    }
    siblings = order.section(order_cases.drawn_up(fine, merge="siblings"))
    assert not siblings["keys"]
    assert siblings["said"] == (
        "No order was looked for, or none was found in time: clients are shown siblings, of which the order of a "
        "register says nothing."
    )


def test_an_order_that_is_not_found_in_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def spent(*_: object) -> None:
        raise Spent("the search for it went on for too long")

    monkeypatch.setattr(order, "longest", spent)
    [key] = order.section(order_cases.long())["keys"]
    assert key == {
        "key": "k",
        "unknown": "The longest order is not known: the search for it went on for too long.",
        "calls": [],
    }


def test_a_read_below_its_level_is_no_misfit() -> None:
    """As the verdict has it: else the page would tell of another violation than the report."""
    calls: list[order_cases.Told] = [(1, 2, "c1", "put", "a"), (3, 4, "c1", "get", None), (5, 6, "c1", "get", None)]
    for below, misfit in ((), 2), ([2], 3):
        [key] = order.section(order_cases.drawn_up({"k": calls}, below=below))["keys"]
        assert key["calls"][key["misfit"]]["op"] == misfit
