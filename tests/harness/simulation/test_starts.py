"""Nodes that start before unrest: their timers count from there."""

import msgspec
import pytest

from checkers import files
from checkers.history import History, Life, Message, Phase
from harness import plan as plans
from harness.plan import MS, Plan
from harness.stages.simulation.stage import perform
from harness.wrong import Wrong
from tests.harness.plans import small_plan


def started(**starts_ms: int) -> Plan:
    starts_ns = {node: start * MS for node, start in starts_ms.items()}
    return msgspec.structs.replace(small_plan(), starts_ns=starts_ns)


def first_rounds(history: History) -> dict[str, int]:
    """When each node began its first round; only nodes with a later peer open exchanges."""
    found: dict[str, int] = {}
    for event in history.events:
        if isinstance(event, Message) and event.origin == f"round {event.sender}/1":
            found.setdefault(event.sender, event.at)
    return found


def test_rounds_count_from_the_start_of_their_node() -> None:
    plan = started(r1=-85, r3=-20)
    history = perform(plan)
    every_ns = plan.policy.round_every_ns
    assert first_rounds(history) == {"r1": every_ns - 85 * MS, "r2": every_ns}
    lives = {event.node: event.at for event in reversed(history.events) if isinstance(event, Life)}
    assert lives == {"r1": -85 * MS, "r2": 0, "r3": -20 * MS}
    unrest = next(event for event in history.events if isinstance(event, Phase))
    assert all(event.at <= 0 for event in history.events[: unrest.seq - 1])
    assert (unrest.name, unrest.at) == ("unrest", 0)


def test_to_start_with_unrest_is_to_say_nothing() -> None:
    """As plans before there was such a thing: they keep their digests."""
    said = started(r1=0, r2=0, r3=0)
    assert files.digest(perform(said)) == files.digest(perform(small_plan()))


@pytest.mark.parametrize(
    ("starts_ns", "said"),
    [({"r9": -1}, "'r9' is not a node"), ({"r1": 1}, "1 is not before unrest"), ({"r1": -(2**63)}, "write 0 or less")],
)
def test_other_starts_are_refused(starts_ns: dict[str, int], said: str) -> None:
    with pytest.raises(Wrong, match=said):
        plans.check(msgspec.structs.replace(small_plan(), starts_ns=starts_ns), "plan")
