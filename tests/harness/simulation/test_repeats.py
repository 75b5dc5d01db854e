"""Plans with every lever give the same history again, in a fresh process too; and what is deleted from them leaves the
fate of all else."""

from pathlib import Path

import msgspec
import pytest

from checkers import files
from checkers.history import History, Message
from harness.plan import Plan, check
from harness.reproduce.replay import first_difference
from harness.stages.simulation.stage import perform
from tests import gate
from tests.harness.simulation.plans import every_kind

SEEDS = range(1, 5)


def overlapping(seed: int) -> Plan:
    """Each link fault of the plan is on from the start of the first to the end of the last."""
    plan = every_kind(seed, down=["r3"] if seed % 2 else None, loss_ppm=10_000)
    links = [
        fault for fault in plan.faults if fault.kind in ("latency", "bandwidth", "slicing", "cut-frame", "flapping")
    ]
    begin, end = min(fault.start_ns for fault in links), max(fault.end_ns for fault in links)
    longer = [msgspec.structs.replace(fault, start_ns=begin, end_ns=end) for fault in links]
    faults = [fault for fault in plan.faults if fault not in links] + longer
    plan = msgspec.structs.replace(plan, faults=faults)
    check(plan, "overlapping")
    return plan


@pytest.mark.parametrize("seed", SEEDS)
def test_again_in_this_process(seed: int) -> None:
    for plan in (every_kind(seed), overlapping(seed)):
        first, again = perform(plan), perform(plan)
        assert files.digest(first) == files.digest(again), first_difference(first, again)


def test_in_a_fresh_process_with_another_hash_seed(tmp_path: Path) -> None:
    for seed in SEEDS:
        gate.keep(overlapping(seed), perform(overlapping(seed)), tmp_path / str(seed))
    outcome = gate.perform_again(tmp_path, "104729")
    assert (outcome.again, outcome.differences) == (len(SEEDS), [])


def test_deleting_a_fault_leaves_the_fate_of_other_messages() -> None:
    """Of those that any operation set off: which of them the network loses by chance. Only a link with a lever on it
    may lose more."""
    plan = every_kind(2, loss_ppm=100_000)
    without = msgspec.structs.replace(plan, faults=[])
    slowed = msgspec.structs.replace(plan, faults=[fault for fault in plan.faults if fault.kind == "latency"])
    assert len(slowed.faults) == 1
    fates = [_lost(perform(each)) for each in (without, slowed)]
    shared = fates[0].keys() & fates[1].keys()
    assert len(shared) > 1000
    assert any(fates[0][cause] for cause in shared)
    assert all(fates[0][cause] == fates[1][cause] for cause in shared)


def _lost(history: History) -> dict[tuple[str, str, str, str, str | None], bool]:
    """Of the first message with each cause, whether it was lost."""
    found: dict[tuple[str, str, str, str, str | None], bool] = {}
    for event in history.events:
        if isinstance(event, Message) and event.origin.startswith("op "):
            found.setdefault((event.sender, event.to, event.origin, event.kind, event.key), event.received is None)
    return found
