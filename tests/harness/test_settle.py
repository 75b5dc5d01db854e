"""When the mend phase is over, case by case: a look is what the nodes say at one time."""

import pytest

from harness.settle import Settling
from replicas.system import Health

Look = list[tuple[int, int, int, str | None]]  # of each node: begun, completed, changes, pending

QUIET = (5, 5, 9, None)
WAITS = "2 hints wait"

WITH_ROUNDS: list[tuple[str, int, list[Look], list[str]]] = [
    ("the first look never settles", 9, [[(5, 5, 9, None)]], ["wait"]),
    (
        "a whole round since the look before",
        9,
        [[(5, 5, 9, None)], [(6, 6, 9, None)]],
        ["wait", "settled"],
    ),
    (
        "a round that was under way at the look before may have seen too little",
        9,
        [[(6, 5, 9, None)], [(6, 6, 9, None)], [(7, 7, 9, None)]],
        ["wait", "wait", "settled"],
    ),
    (
        "each node must have had its round",
        9,
        [[QUIET, QUIET], [(6, 6, 9, None), QUIET], [(7, 7, 9, None), (6, 6, 9, None)]],
        ["wait", "wait", "settled"],
    ),
    (
        "a change anywhere begins anew",
        9,
        [[QUIET, QUIET], [(6, 6, 9, None), (6, 6, 10, None)], [(7, 6, 9, None), (7, 6, 10, None)],
         [(7, 7, 9, None), (7, 7, 10, None)]],
        ["wait", "wait", "wait", "settled"],
    ),
    (
        "so does whatever is pending",
        9,
        [[(5, 5, 9, WAITS)], [(6, 6, 9, WAITS)], [(7, 7, 9, None)], [(8, 8, 9, None)]],
        ["wait", "wait", "settled", "settled"],
    ),
    (
        "not mended when every node has begun more rounds than are promised",
        2,
        [[(5, 5, 9, WAITS)], [(6, 6, 9, WAITS)], [(7, 7, 9, WAITS)], [(8, 8, 9, WAITS)]],
        ["wait", "wait", "wait", "not mended"],
    ),
    (
        "a node that is slow at its rounds is waited for",
        2,
        [[(5, 5, 9, WAITS), QUIET], [(50, 50, 9, WAITS), (7, 7, 9, None)], [(51, 51, 9, WAITS), (8, 8, 9, None)]],
        ["wait", "wait", "not mended"],
    ),
    (
        "but not for ever: looks are a round apart",
        1,
        [[(5, 5, 9, WAITS), (5, 5, 9, None)]] + [[(9, 9, 9, WAITS), (5, 5, 9, None)]] * 4,
        ["wait", "wait", "wait", "wait", "not mended"],
    ),
    (
        "settled on the last round is settled",
        1,
        [[(5, 5, 9, None)], [(7, 7, 9, None)]],
        ["wait", "settled"],
    ),
]  # fmt: skip


def statuses(look: Look) -> dict[str, Health]:
    return {f"r{number}": Health(*said) for number, said in enumerate(look, 1)}


@pytest.mark.parametrize(
    ("rounds_max", "looks", "steps"), [c[1:] for c in WITH_ROUNDS], ids=[c[0] for c in WITH_ROUNDS]
)
def test_with_rounds(rounds_max: int, looks: list[Look], steps: list[str]) -> None:
    settling = Settling(rounds_max, has_rounds=True)
    assert [settling.look(statuses(look)) for look in looks] == steps


@pytest.mark.parametrize(
    ("looks", "steps"),
    [
        ([[(0, 0, 9, None)], [(0, 0, 9, None)]], ["wait", "settled"]),
        ([[(0, 0, 9, None)], [(0, 0, 10, None)], [(0, 0, 10, None)]], ["wait", "wait", "settled"]),
        ([[(0, 0, 9, None)], [(0, 0, 9, WAITS)], [(0, 0, 9, None)]], ["wait", "wait", "settled"]),
        ([[(0, 0, 9, WAITS)]] * 4, ["wait", "wait", "wait", "not mended"]),
        ([[(0, 0, change, None)] for change in range(4)], ["wait", "wait", "wait", "not mended"]),
    ],
)
def test_without_rounds_one_quiet_look_is_enough(looks: list[Look], steps: list[str]) -> None:
    settling = Settling(3, has_rounds=False)
    assert [settling.look(statuses(look)) for look in looks] == steps


def test_what_has_not_mended_is_said_in_words() -> None:
    settling = Settling(1, has_rounds=True)
    for number in range(2):
        settling.look(statuses([(5 + number, 5, number, None), (5, 5, 0, None)]))
    assert settling.reason == "copies still change"
    settling.look(statuses([(7, 7, 3, None), (7, 7, 0, WAITS)]))
    assert settling.reason == f"r2: {WAITS}"


def test_a_node_that_begins_no_rounds_is_named() -> None:
    settling = Settling(1, has_rounds=True)
    for number in range(5):
        settling.look(statuses([(5 + number, 5 + number, 9, None), (5, 5, 9, None)]))
    assert settling.reason is not None
    assert settling.reason.startswith("r2 began too few rounds of anti-entropy")


def test_one_more_round_from_here() -> None:
    settling = Settling(9, has_rounds=True)
    assert [settling.look(statuses([look])) for look in (QUIET, (6, 6, 9, None))] == ["wait", "settled"]
    settling.begin_again(statuses([(6, 6, 9, None)]))
    assert settling.look(statuses([(6, 6, 9, None)])) == "wait"
    assert settling.look(statuses([(7, 7, 9, None)])) == "settled"
