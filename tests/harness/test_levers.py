"""A lever is pulled by the first fault that needs it and let go when the last one ends, in whatever order they do."""

from hypothesis import given
from hypothesis import strategies as st

from harness.levers import Action, Board, ends, link

ACTIONS = [Action("block", link(*pair)) for pair in ("ab", "ba", "ac", "ca")] + [
    Action("kill", "a"),
    Action("pause", "b"),
]


@given(st.lists(st.lists(st.sampled_from(ACTIONS), unique=True, max_size=4), max_size=6), st.data())
def test_a_lever_is_let_go_exactly_when_its_last_holder_lets_go(
    faults: list[list[Action]], data: st.DataObject
) -> None:
    board, on, waiting = Board(), list[int](), list(range(len(faults)))
    while waiting or on:
        held = {action for fault in on for action in faults[fault]}
        if waiting and (not on or data.draw(st.booleans())):
            fault = waiting.pop(0)
            on.append(fault)
            assert board.pull(faults[fault]) == [action for action in faults[fault] if action not in held]
        else:
            fault = on.pop(data.draw(st.integers(0, len(on) - 1)))
            still = {action for other in on for action in faults[other]}
            assert board.let_go(faults[fault]) == [action for action in faults[fault] if action not in still]


def test_it_can_be_pulled_again() -> None:
    board, kill = Board(), [Action("kill", "a")]
    for _ in range(2):
        assert board.pull(kill) == kill
        assert board.let_go(kill) == kill


def test_a_link_is_its_ends() -> None:
    assert ends(link("r1", "r2")) == ("r1", "r2")
    assert link("r1", "r2") != link("r2", "r1")
